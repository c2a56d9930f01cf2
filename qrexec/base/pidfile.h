/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pid files that cannot lie: the daemon holds a record lock on its file, so a
 * reader learns from the kernel whether it lives and under which pid.
 */
#ifndef QUBES_BASE_PIDFILE_H
#define QUBES_BASE_PIDFILE_H

#include <sys/types.h>

/*
 * Creates path, locks it and writes the calling process's pid and a newline.
 * Returns the descriptor to keep open for the process's life (a record lock does
 * not survive fork: call it in the final process), -EALREADY when another process
 * holds it, or -errno.
 */
int pidfile_lock(const char *path);

/* The pid of the living holder of path, 0 when nobody holds it, or -errno. */
pid_t pidfile_holder(const char *path);

#endif
