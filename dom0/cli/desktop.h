/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running what is the desktop user's to do, also when root gave the command. */
#ifndef QUBES_CLI_DESKTOP_H
#define QUBES_CLI_DESKTOP_H

#include <glib.h>

/*
 * Runs argv (argv[0] is searched in PATH), as the user of the desktop and in their home where we
 * are root, and waits for it. Its exit code, 128 + N when signal N ended it; -1 with err set when
 * it did not start; 0 where root is told of no desktop: there is nobody to do it for.
 */
int desktop_run(const char *const *argv, GError **err);

#endif
