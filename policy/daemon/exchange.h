/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to another process and its whole answer, without blocking: over a Unix
 * socket, or to the policy agent of a qube. On GLib's default main context.
 */
#ifndef QUBES_POLICY_EXCHANGE_H
#define QUBES_POLICY_EXCHANGE_H

#include <stdbool.h>

#include "policy/engine/text.h"

struct exchange;

/*
 * Called once, never from within exchange_socket() or exchange_qube(). error is 0 or a
 * negative errno (-ETIMEDOUT, -EMSGSIZE, -ECHILD: the call failed); reply lives
 * only as long as the call. The exchange is gone when it returns.
 */
typedef void (*exchange_done)(void *ctx, int error, struct pol_str reply);

/*
 * Connects to path, writes data, shuts down writing, reads to the end (at most max_reply bytes).
 * timeout_ms 0: wait for ever. NULL only when out of memory.
 */
struct exchange *exchange_socket(const char *path, struct pol_str data, size_t max_reply,
				 unsigned timeout_ms, exchange_done done, void *ctx);

/* The same with policy.Ask (or policy.Notify) of a qube, by way of the starter (starter.h). */
struct exchange *exchange_qube(int starter, bool notify, struct pol_str qube, struct pol_str data,
			       size_t max_reply, unsigned timeout_ms, exchange_done done,
			       void *ctx);

/* Forgets the exchange: done is not called. A call of a qube is ended. */
void exchange_cancel(struct exchange *x);

#endif
