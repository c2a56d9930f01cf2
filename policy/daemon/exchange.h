/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to another process and its whole answer, without blocking: over a Unix
 * socket, or over the standard input and output of a program. On GLib's default main context.
 */
#ifndef QUBES_POLICY_EXCHANGE_H
#define QUBES_POLICY_EXCHANGE_H

#include "policy/engine/text.h"

struct exchange;

/*
 * Called once, never from within exchange_socket() or exchange_program(). error is 0 or a
 * negative errno (-ETIMEDOUT, -EMSGSIZE, -ECHILD: the program failed); reply lives
 * only as long as the call. The exchange is gone when it returns.
 */
typedef void (*exchange_done)(void *ctx, int error, struct pol_str reply);

/*
 * Connects to path, writes data, shuts down writing, reads to the end (at most max_reply bytes).
 * timeout_ms 0: wait for ever. NULL only when out of memory.
 */
struct exchange *exchange_socket(const char *path, struct pol_str data, size_t max_reply,
				 unsigned timeout_ms, exchange_done done, void *ctx);

/* The same with a program. argv[0] is looked for beside this program first (tool_find). */
struct exchange *exchange_program(const char *const *argv, struct pol_str data, size_t max_reply,
				  unsigned timeout_ms, exchange_done done, void *ctx);

/* Forgets the exchange: done is not called. A program is terminated. */
void exchange_cancel(struct exchange *x);

#endif
