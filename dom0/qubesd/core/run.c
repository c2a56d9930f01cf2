// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be said of a run of a qube. */
#include "dom0/qubesd/core/run.h"

#include "dom0/qubesd/core/watch.h"

#include <unistd.h>

Run *run_new(void)
{
	Run *run = g_new0(Run, 1);

	run->xid = -1;
	run->cancel_fd = -1;
	run->state = HV_HALTED;
	return run;
}

void run_free(Run *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(run->watch); i++)
		watch_free(run->watch[i]);
	qdb_watch_free(run->qdb_watch);
	if (run->cancel_fd >= 0)
		close(run->cancel_fd);
	g_free(run);
}

const char *domain_state(const Domain *d)
{
	const Run *run = d->run;

	if (!domain_is_qube(d))
		return "Running";
	if (!run)
		return d->h.app->hv_known || !d->h.app->hv ? "Halted" : "NA";
	if (!run->created)
		return "Halted";
	if (run->phase == RUN_STOPPING)
		return "Dying";
	if (run->phase == RUN_STARTING)
		return "Transient";
	switch (run->state) {
	case HV_PAUSED:
		return "Paused";
	case HV_SUSPENDED:
		return "Suspended";
	case HV_DYING:
		return "Halting";
	case HV_CRASHED:
		return "Crashed";
	default:
		return run->qrexec && !run->qrexec_up ? "Transient" : "Running";
	}
}

bool domain_is_halted(const Domain *d)
{
	const App *app = d->h.app;

	return domain_is_qube(d) && !d->run && (app->hv_known || !app->hv);
}

bool domain_is_running(const Domain *d)
{
	if (!domain_is_qube(d))
		return true;
	return d->run && d->run->created && d->run->phase != RUN_STOPPING;
}

bool domain_is_paused(const Domain *d)
{
	return domain_is_running(d) && d->run && d->run->phase == RUN_UP &&
	       d->run->state == HV_PAUSED;
}

int domain_xid(const Domain *d)
{
	if (d->h.cls == CLS_ADMIN)
		return 0;
	return d->run && domain_is_running(d) ? d->run->xid : -1;
}

gint64 domain_start_time(const Domain *d)
{
	return d->run && domain_is_running(d) ? d->run->start_time : 0;
}
