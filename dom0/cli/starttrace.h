/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-start --trace: how long the stages of a start took. */
#ifndef QUBES_CLI_STARTTRACE_H
#define QUBES_CLI_STARTTRACE_H

#include "dom0/cli/ctx.h"

/* Monotonic times of a qube's system, in microseconds; 0: not known. */
struct trace_times {
	guint64 init;	/* when its first process began */
	guint64 agent;	/* when the qrexec agent was started */
	bool container; /* its clock is that of the machine: init tells nothing about a kernel */
};

/* Reads what the qube says about itself. Pure; false when it makes no sense. */
bool trace_parse_times(const char *untrusted_text, struct trace_times *ret);

/*
 * Starts qubes one after the other, so that the times are those of one start, and prints the
 * milliseconds of each stage: volumes, domain, kernel (until the first process), init (until the
 * agent starts), agent (until it is connected), session, and others there may be. Adds to failed
 * (power.h).
 */
void trace_start(struct ctx *c, GPtrArray *vms, GPtrArray *failed);

#endif
