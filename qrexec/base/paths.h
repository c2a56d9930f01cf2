/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relocatable paths. Every path under /etc/qubes, /etc/qubes-rpc, /run/qubes,
 * /run/qubesd*.sock, /var/lib/qubes and /var/log/qubes can live below another
 * root, so that several dom0s run side by side and tests never touch the host.
 */
#ifndef QUBES_BASE_PATHS_H
#define QUBES_BASE_PATHS_H

#include <stddef.h>

#define QUBES_PATH_MAX 1024

/*
 * The root: $QUBES_ROOT without trailing slashes, "" when unset. Programs that
 * take --root call setenv("QUBES_ROOT") before anything else, so their children
 * agree with them. The pointer stays valid until the environment changes.
 */
const char *qubes_root(void);

/*
 * Writes root + the formatted absolute path to buf (of size n) and returns buf;
 * NULL when it does not fit. fmt must start with '/'.
 */
char *qubes_path(char *buf, size_t n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
