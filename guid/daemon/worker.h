/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worker: the process that talks to the qube and to X, confined. One per connection. */
#ifndef QUBES_GUID_WORKER_H
#define QUBES_GUID_WORKER_H

#include "guid/daemon/options.h"

/* Exit statuses. */
enum worker_exit {
	WORKER_DONE = 0,      /* the domain is gone */
	WORKER_FAILED = 1,    /* message logged */
	WORKER_RECONNECT = 3, /* the agent went away: start another worker */
};

/* Runs to the end of the connection. supervisor: socket of ipc.h. An exit status. */
int worker_run(const struct guid_options *o, int supervisor);

#endif
