/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of dom0 that drivers run: lvm, cryptsetup, the commands of a callback pool. */
#ifndef QUBESD_STORAGE_COMMAND_H
#define QUBESD_STORAGE_COMMAND_H

#include <glib.h>

/*
 * Runs argv (found in PATH, NULL-terminated) with nothing on its standard input and waits for
 * its end: worker threads only. *ret_out (may be NULL): its output, g_free. FALSE with a
 * STORAGE_ERROR made of what it said when it cannot be run or fails.
 */
gboolean command_run(const char *const *argv, char **ret_out, GError **error);

#endif
