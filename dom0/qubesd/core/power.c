// SPDX-License-Identifier: GPL-2.0-or-later
/* Shutdown, kill, pause, suspend and back. */
#include "dom0/qubesd/core/life.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/netvm.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/service.h"
#include "dom0/qubesd/core/sysinfo.h"

/* One operation on a running domain. */
typedef struct {
	Domain *d; /* borrowed */
	GError *error;
	bool force, paused, suspended;
	bool over; /* it is down already, and being cleaned up after */
	int timeout_ms;
	HvState to;
	const char *event; /* after it */
} Power;

static bool give(Power *p, GError **error)
{
	if (!p->error)
		return true;
	g_propagate_error(error, p->error);
	return false;
}

/* Classes without a domain of their own. */
static bool real(Domain *d, const char *what, GError **error)
{
	if (domain_is_qube(d))
		return true;
	if (d->h.cls == CLS_ADMIN)
		return fail(error, E_VM, "Cannot %s Dom0 fake domain!", what);
	return fail(error, E_VM, "Cannot %s a RemoteVM: it runs elsewhere", what);
}

static void op_begin(Power *p)
{
	p->d->run->op++;
}

/* The operation succeeded; unless the domain is gone meanwhile, or its news came first. */
static void op_end(gpointer data)
{
	Power *p = data;
	Run *run = p->d->run;

	if (!run || run->phase != RUN_UP)
		return;
	run->op++;
	if (run->state == p->to)
		return;
	run->state = p->to;
	sysinfo_invalidate(p->d->h.app);
	if (p->event)
		event_fire(p->d->h.app, p->d, p->event, NULL);
	if (p->to == HV_RUNNING) {
		netvm_apply_deferred(p->d);
		preload_unpaused(p->d);
	}
}

/* Whether it can be ended; how long that may take. */
static bool up(Power *p, const char *what)
{
	if (!real(p->d, what, &p->error))
		return false;
	p->timeout_ms = (int)CLAMP(prop_int(&p->d->h, P_shutdown_timeout), 1, 86400) * 1000;
	if (domain_is_running(p->d))
		return true;
	p->over = p->d->run && p->d->run->phase == RUN_STOPPING;
	return fail(&p->error, E_VM_NOT_STARTED, "Domain is powered off: '%s'", p->d->name);
}

/* --- shutdown --- */

static void shutdown_begin(gpointer data)
{
	Power *p = data;

	if (!up(p, "shut down"))
		return;
	{
		Event ev = {.name = "domain-pre-shutdown",
			    .subject = p->d,
			    .pre = true,
			    .prop = P_N,
			    .force = p->force,
			    .args = {"force", p->force ? "True" : "False"}};

		event_emit(p->d->h.app, &ev, &p->error);
	}
	p->paused = domain_is_paused(p->d);
	if (!p->error && p->paused && !p->force && !preload_is(p->d))
		fail(&p->error, E_VM_NOT_RUNNING,
		     "Domain not running (either powered off or paused): '%s'", p->d->name);
}

static void shutdown_failed(gpointer data)
{
	Power *p = data;

	if (domain_is_qube(p->d) && domain_is_running(p->d))
		event_fire(p->d->h.app, p->d, "domain-shutdown-failed", "reason", p->error->message,
			   NULL);
}

/* A guest that is frozen cannot shut down. */
static bool ask_to_stop(Flow *f, Power *p)
{
	Hypervisor *hv = flow_app(f)->hv;

	return p->paused ? hypervisor_destroy(hv, p->d->uuid, &p->error)
			 : hypervisor_shutdown(hv, p->d->uuid, &p->error);
}

static void gone(gpointer data)
{
	Power *p = data;

	life_stopped(p->d);
}

bool life_shutdown(Flow *f, Domain *d, bool force, bool wait, GError **error)
{
	Power p = {.d = d, .force = force};

	flow_main(f, shutdown_begin, &p);
	if (!p.error)
		hypervisor_await(flow_app(f)->hv);
	if (!p.error && ask_to_stop(f, &p) && p.paused)
		flow_main(f, gone, &p);
	/* Who waits may use its volumes then, whoever it was that ended it. */
	if ((!p.error || p.over) && wait && !flow_wait_halted(f, d, p.timeout_ms)) {
		g_clear_error(&p.error);
		fail(&p.error, E_VM_SHUTDOWN_TIMEOUT,
		     "Domain shutdown timed out: '%s': wait longer, or kill it with qvm-kill",
		     d->name);
	}
	if (p.error)
		flow_main(f, shutdown_failed, &p);
	return give(&p, error);
}

/* --- kill --- */

static void kill_begin(gpointer data)
{
	Power *p = data;

	up(p, "kill");
}

bool life_kill(Flow *f, Domain *d, GError **error)
{
	Power p = {.d = d};

	flow_main(f, kill_begin, &p);
	if (!p.error)
		hypervisor_await(flow_app(f)->hv);
	if (!p.error && hypervisor_destroy(flow_app(f)->hv, d->uuid, &p.error)) {
		flow_main(f, gone, &p);
		p.over = true;
	}
	if (p.over)
		flow_wait_halted(f, d, -1);
	return give(&p, error);
}

/* --- pause and suspend --- */

static bool check_running(Power *p, const char *what)
{
	if (!real(p->d, what, &p->error))
		return false;
	if (domain_is_running(p->d) && p->d->run->phase == RUN_UP)
		return true;
	return fail(&p->error, E_VM_NOT_RUNNING,
		    "Domain not running (either powered off or paused): '%s'", p->d->name);
}

static void pause_begin(gpointer data)
{
	Power *p = data;

	if (!check_running(p, "pause"))
		return;
	p->paused = domain_is_paused(p->d);
	if (event_ask(p->d->h.app, p->d, &p->error, "domain-pre-paused", NULL) && !p->paused)
		op_begin(p);
}

bool life_pause(Flow *f, Domain *d, GError **error)
{
	Power p = {.d = d, .to = HV_PAUSED, .event = "domain-paused"};

	flow_main(f, pause_begin, &p);
	if (!p.error && !p.paused && hypervisor_pause(flow_app(f)->hv, d->uuid, &p.error))
		flow_main(f, op_end, &p);
	return give(&p, error);
}

static void unpause_begin(gpointer data)
{
	Power *p = data;

	if (!real(p->d, "unpause", &p->error))
		return;
	if (!domain_is_paused(p->d)) {
		fail(&p->error, E_VM_NOT_PAUSED, "Domain is not paused: '%s'", p->d->name);
		return;
	}
	if (event_ask(p->d->h.app, p->d, &p->error, "domain-pre-unpaused", NULL))
		op_begin(p);
}

bool life_unpause(Flow *f, Domain *d, GError **error)
{
	Power p = {.d = d, .to = HV_RUNNING, .event = "domain-unpaused"};

	flow_main(f, unpause_begin, &p);
	if (!p.error && hypervisor_unpause(flow_app(f)->hv, d->uuid, &p.error))
		flow_main(f, op_end, &p);
	return give(&p, error);
}

static void suspend_begin(gpointer data)
{
	Power *p = data;

	if (check_running(p, "suspend"))
		op_begin(p);
}

bool life_suspend(Flow *f, Domain *d, GError **error)
{
	Power p = {.d = d, .to = HV_SUSPENDED};
	g_autoptr(GError) why = NULL;

	flow_main(f, suspend_begin, &p);
	if (p.error)
		return give(&p, error);
	if (!service_run(f, d, "qubes.SuspendPre", NULL, SUSPEND_TIMEOUT_MS, &why))
		g_warning("qube %s: %s; suspending anyway", d->name, why->message);
	g_clear_error(&why);
	/* Not every guest can: then it is paused. */
	if (!hypervisor_suspend(flow_app(f)->hv, d->uuid, &why))
		return life_pause(f, d, error);
	flow_main(f, op_end, &p);
	return true;
}

static void resume_begin(gpointer data)
{
	Power *p = data;

	p->suspended = domain_is_running(p->d) && p->d->run && p->d->run->phase == RUN_UP &&
		       p->d->run->state == HV_SUSPENDED;
	if (p->suspended)
		op_begin(p);
}

bool life_resume(Flow *f, Domain *d, GError **error)
{
	Power p = {.d = d, .to = HV_RUNNING, .event = "domain-resumed"};
	g_autoptr(GError) why = NULL;

	flow_main(f, resume_begin, &p);
	if (!p.suspended)
		return life_unpause(f, d, error);
	if (hypervisor_resume(flow_app(f)->hv, d->uuid, &p.error)) {
		flow_main(f, op_end, &p);
		if (!service_run(f, d, "qubes.SuspendPost", NULL, SUSPEND_TIMEOUT_MS, &why))
			g_warning("qube %s: %s", d->name, why->message);
	}
	return give(&p, error);
}
