/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files about one connection share. Not for others. */
#ifndef QUBES_POLICY_CALL_INTERNAL_H
#define QUBES_POLICY_CALL_INTERNAL_H

#include "policy/daemon/call.h"
#include "policy/daemon/wire.h"
#include "qrexec/base/bytebuf.h"

enum call_state { READING, WAITING, ASKING, WRITING };

struct call {
	struct service *service;
	GList link; /* in service->calls */
	enum call_kind kind;
	enum call_state state;
	int fd; /* owned */
	guint watch, timer;
	struct bytebuf in, out;
	struct pol_wire_eval asked; /* borrows from in; the caller only of Eval calls */
	uint64_t ticket;	    /* qubesd_ticket() */
	struct pol_policy *policy;  /* owned reference */
	struct pol_sysinfo *info;   /* owned reference */
	struct pol_decision decision;
	struct exchange *question; /* to the policy agent */
};

/* Decides c, if what it takes is there; else c stays WAITING. */
void call_decide(struct call *c);

/* Answers and closes. text empty: closes without an answer. */
void call_answer(struct call *c, struct pol_str text);

void call_free(struct call *c);

/* The lines in the log. detail: p == NULL for none. */
void call_log(const struct call *c, const char *what, struct pol_str detail);

#endif
