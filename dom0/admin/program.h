/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding and starting the helper programs of our own tree. */
#ifndef QUBES_ADMIN_PROGRAM_H
#define QUBES_ADMIN_PROGRAM_H

#include <glib.h>
#include <sys/types.h>

/*
 * The path of a helper: $env when env is not NULL and set; else name next to the
 * running program; else /usr/lib/qubes/name; else name itself, for PATH. Free with
 * g_free().
 */
char *program_find(const char *name, const char *env);

/*
 * Starts argv (argv[0] is searched in PATH when it has no slash) with the given
 * descriptors as 0, 1 and 2; -1 means /dev/null. All signals are back to default in
 * the child. The pid, or -1 with err set to one clear line.
 */
pid_t program_spawn(const char *const *argv, int in, int out, int errfd, GError **err);

/* Waits for a child. Its exit code, 128 + N when signal N ended it. */
int program_wait(pid_t pid);

#endif
