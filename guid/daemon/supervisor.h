/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The supervisor: the process whose number is in the pid file. Starts a worker, does for it
 * what a confined process can't (jobs.h), and starts another when the agent went away.
 */
#ifndef QUBES_GUID_SUPERVISOR_H
#define QUBES_GUID_SUPERVISOR_H

#include "guid/daemon/options.h"

/* Blocks the signals that supervisor_run() heeds: they wait for it. A descriptor, or -errno. */
int supervisor_signals(void);

/*
 * Runs until the domain is gone, SIGTERM or a failure. notify_fd (or -1): gets one byte once
 * an agent has connected. signal_fd: from supervisor_signals(). The program's exit status.
 */
int supervisor_run(const struct guid_options *o, int notify_fd, int signal_fd);

#endif
