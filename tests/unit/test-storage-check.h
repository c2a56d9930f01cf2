/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a call of storage is to do, for tests: it takes &error. */
#ifndef TEST_STORAGE_CHECK_H
#define TEST_STORAGE_CHECK_H

#include "dom0/qubesd/storage/storage.h"

#define OK(call)                                                                                   \
	do {                                                                                       \
		g_autoptr(GError) error = NULL;                                                    \
		gboolean ok_ = (call);                                                             \
		g_assert_no_error(error);                                                          \
		g_assert_true(ok_);                                                                \
	} while (0)
#define FAILS(call, code)                                                                          \
	do {                                                                                       \
		g_autoptr(GError) error = NULL;                                                    \
		gboolean ok_ = (call);                                                             \
		g_assert_error(error, STORAGE_ERROR, code);                                        \
		g_assert_false(ok_);                                                               \
	} while (0)

#endif
