/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run of a qube: from the beginning of its start to the end of the clean-up after it.
 * Main thread. The flows that drive it are start.c, stop.c and power.c.
 */
#ifndef QUBESD_CORE_RUN_H
#define QUBESD_CORE_RUN_H

#include "dom0/qubesd/core/model.h"

typedef enum {
	RUN_STARTING, /* a flow is at it, see start.c */
	RUN_UP,
	RUN_STOPPING, /* the domain is gone, its remains are being cleaned up */
} RunPhase;

typedef struct Watch Watch;

struct Run {
	RunPhase phase;
	bool created;	/* the hypervisor has it */
	bool died;	/* while starting: the domain went away */
	bool adopted;	/* it ran before this qubesd did */
	bool qrexec;	/* it has an agent that is waited for */
	bool qrexec_up; /* and the daemon has a connection to it */
	HvState state;
	int xid;
	unsigned op;	   /* counts operations, so that late news of the hypervisor are noticed */
	int cancel_fd;	   /* eventfd: readable when the start must be given up; -1: none */
	gint64 start_time; /* seconds since 1970 */
	struct QdbWatch *qdb_watch; /* owned; see device-watch.c */
	Watch *watch[2];   /* owned; supervision of qubesdb-daemon and qrexec-daemon */
};

/* device-watch.c */
void qdb_watch_free(struct QdbWatch *w);

Run *run_new(void);
void run_free(Run *run);

/* "Halted", "Transient", "Running", "Paused"... Static. */
const char *domain_state(const Domain *d);
/* Nothing of it is left from a run; false while nobody knows, see life_begin(). */
bool domain_is_halted(const Domain *d);
/* The hypervisor has it, running, paused or suspended. */
bool domain_is_running(const Domain *d);
bool domain_is_paused(const Domain *d);
/* -1 unless running. */
int domain_xid(const Domain *d);
gint64 domain_start_time(const Domain *d);

#endif
