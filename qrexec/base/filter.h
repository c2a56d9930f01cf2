/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seccomp filters without a library: a daemon would keep that library's pages and a tenth of
 * a megabyte of its heap for good, and a process of one call would spend its time in it.
 */
#ifndef QUBES_BASE_FILTER_H
#define QUBES_BASE_FILTER_H

#include <stddef.h>
#include <stdint.h>

/* More calls than any architecture has. */
#define FILTER_CALLS_MAX 512
/* The most instructions that a list of n calls becomes. */
#define FILTER_CODE_FOR(n) (6 + 5 * (n))

struct sock_filter;

/*
 * From now on every system call of this process but those numbered in calls (any order,
 * n up to FILTER_CALLS_MAX, not 0) kills it, and so does every call of another
 * architecture's. no_new_privs must be set. 0 or -errno.
 */
int filter_enter(const uint16_t *calls, size_t n);

/*
 * From now on making a socket of another kind than AF_UNIX kills this process. Before
 * filter_enter(), whose list need not have seccomp then. no_new_privs must be set. 0 or -errno.
 */
int filter_unix_sockets(void);

/* Its program alone: how many instructions were written to ret_code, which has room for
 * FILTER_CODE_FOR(n), or -errno. */
int filter_build(const uint16_t *calls, size_t n, struct sock_filter *ret_code);

/* The number of the system call of this name, or -ENOENT on this architecture. */
int filter_number(const char *name);

#endif
