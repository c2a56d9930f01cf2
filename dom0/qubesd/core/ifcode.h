/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interface codes of devices: one letter for the class (b u m p, * any) and six
 * hexadecimal digits or *. specs/admin-api.md section 5. Pure.
 */
#ifndef QUBESD_CORE_IFCODE_H
#define QUBESD_CORE_IFCODE_H

#include "dom0/qubesd/core/error.h"

#define IFCODE_LEN 7

/*
 * Splits concatenated codes, whatever they say, into an array of char* (g_ptr_array_unref).
 * NULL with E_VALUE when the length does not fit.
 */
GPtrArray *ifcodes_parse(const char *untrusted_codes, GError **error);
/* False with E_PROPERTY_VALUE when one of them is malformed. */
bool ifcodes_check(const GPtrArray *codes, GError **error);
/* True when one is in there twice. */
bool ifcodes_have_duplicate(const GPtrArray *codes);
bool ifcodes_contain(const GPtrArray *codes, const char *code);
/* Sorted, each once, joined with sep; g_free. */
char *ifcodes_join(const GPtrArray *codes, const char *sep);

#endif
