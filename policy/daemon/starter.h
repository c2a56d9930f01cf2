/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The starter: a process of the policy daemon's that starts qrexec-client, for the policy agent in
 * a GUI qube. The daemon itself, which reads what qubes ask for, cannot start programs.
 */
#ifndef QUBES_POLICY_STARTER_H
#define QUBES_POLICY_STARTER_H

#include <stdbool.h>

#include "policy/engine/text.h"

#define STARTER_QUBE_MAX 64 /* bytes of a qube's name, with NUL */

/*
 * Starts it; enter(ctx) (or NULL) confines it first. It ends with the last copy of the
 * descriptor that is returned. A descriptor, or -errno.
 */
int starter_start(int (*enter)(const void *ctx), const void *ctx);

/*
 * Calls policy.Ask (or policy.Notify) in the qube, with in and out as its standard input and
 * output; they stay the caller's. When the call has ended, one byte follows what it
 * wrote to out: 0 when all went well. It is ended when nobody reads out any more.
 * 0 or -errno.
 */
int starter_call(int starter, bool notify, struct pol_str qube, int in, int out);

#endif
