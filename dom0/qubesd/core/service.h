/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services in a running qube that dom0 itself calls: qubes.ResizeDisk, qubes.Suspend*. */
#ifndef QUBESD_CORE_SERVICE_H
#define QUBESD_CORE_SERVICE_H

#include "dom0/qubesd/core/flow.h"

/* As upstream. */
#define SUSPEND_TIMEOUT_MS 60000

/*
 * Calls service as root in d through qrexec-client with input (may be NULL) and waits for
 * its end. True when it succeeded, and when d has no agent to call (nothing happens then).
 * Blocks.
 */
bool service_run(Flow *f, Domain *d, const char *service, const char *input, int timeout_ms,
		 GError **error);

/* The same, given up (with success) when cancel_fd becomes readable; -1: none. */
bool service_run_until(Flow *f, Domain *d, const char *service, int timeout_ms, int cancel_fd,
		       GError **error);

/* Before and after the computer sleeps: tells all running qubes, suspends and resumes them. */
bool sleep_begin(Flow *f, GError **error);
bool sleep_end(Flow *f, GError **error);

#endif
