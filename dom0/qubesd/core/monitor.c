// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the hypervisor says about qubes: events, and the list of what runs, at start and
 * after libvirtd came back. News may be old by the time they arrive, so an event is only
 * a reason to look; and what was seen counts only if nothing was done meanwhile.
 */
#include "dom0/qubesd/core/life.h"

#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/monitor.h"
#include "dom0/qubesd/core/netvm.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/sysinfo.h"

#include <sys/eventfd.h>

/* Between two attempts to reach libvirtd: it may just be starting, too. */
#define RETRY_FIRST_MS 50
#define RETRY_MAX_MS 2000

/* --- the end of a run --- */

typedef struct {
	Domain *d; /* a reference */
	bool clean;
} Ending;

static void ending_check(gpointer p)
{
	Ending *e = p;

	e->clean = e->d->run && e->d->run->phase == RUN_STOPPING;
}

static void ending_run(Flow *f, gpointer p)
{
	Ending *e = p;

	flow_lock(f, e->d);
	flow_main(f, ending_check, e);
	if (e->clean)
		life_clean_up(f, e->d);
	flow_unlock(f, e->d);
}

static void ending_done(gpointer p)
{
	Ending *e = p;

	domain_unref(e->d);
	g_free(e);
}

void life_stopped(Domain *d)
{
	Ending *e;

	if (!d->run || !d->run->created || d->run->phase == RUN_STOPPING)
		return;
	if (d->run->phase == RUN_STARTING) {
		/* The flow that starts it has the lock; it sees this and cleans up. */
		d->run->died = true;
		eventfd_write(d->run->cancel_fd, 1);
		return;
	}
	life_gone(d);
	e = g_new0(Ending, 1);
	e->d = domain_ref(d);
	flow_start(d->h.app, ending_run, e, ending_done);
}

/* --- one qube: what is it now? --- */

typedef struct {
	Domain *d; /* a reference */
	Run *run;  /* compared only */
	unsigned op;
	HvInfo info;
	bool ok;
} Look;

void monitor_apply(Domain *d, const HvInfo *info)
{
	Run *run = d->run;
	HvState old = run->state;

	if (info->state == HV_HALTED || info->state == HV_CRASHED || info->xid < 0) {
		life_stopped(d);
		return;
	}
	if (run->phase != RUN_UP || info->state == old)
		return;
	run->state = info->state;
	sysinfo_invalidate(d->h.app);
	if (info->state == HV_PAUSED)
		event_fire(d->h.app, d, "domain-paused", NULL);
	else if (info->state == HV_RUNNING && old == HV_PAUSED) {
		event_fire(d->h.app, d, "domain-unpaused", NULL);
		netvm_apply_deferred(d);
		preload_unpaused(d);
	}
}

static void look_run(Flow *f, gpointer p)
{
	Look *l = p;

	l->ok = hypervisor_info(flow_app(f)->hv, l->d->uuid, &l->info, NULL);
}

static void look_again(Domain *d);

static void look_done(gpointer p)
{
	Look *l = p;
	Run *run = l->d->run;

	if (l->ok && run && run == l->run && run->created) {
		if (run->op == l->op)
			monitor_apply(l->d, &l->info);
		else
			look_again(l->d); /* something was done meanwhile */
	}
	domain_unref(l->d);
	g_free(l);
}

static void look_again(Domain *d)
{
	Look *l = g_new0(Look, 1);

	l->d = domain_ref(d);
	l->run = d->run;
	l->op = d->run->op;
	flow_start(d->h.app, look_run, l, look_done);
}

/* --- all of them --- */

void monitor_event(HvEvent event, const char *uuid, gpointer data)
{
	App *app = data;
	Domain *d = uuid ? app_domain_by_uuid(app, uuid) : NULL;

	if (event == HV_EVENT_DISCONNECTED) {
		g_warning("connection to %s is lost; running qubes go on", app->opt.uri);
		return;
	}
	if (event == HV_EVENT_CONNECTED) {
		monitor_survey(app, NULL, NULL);
		return;
	}
	if (d && d->run && d->run->created && d->run->phase != RUN_STOPPING)
		look_again(d);
}

typedef struct {
	App *app;
	GHashTable *list; /* owned */
	guint64 mib;
	unsigned cpus;
	GError *error;
	void (*ready)(gpointer data);
	gpointer data;
} Survey;

static void survey_run(Flow *f, gpointer p)
{
	Survey *s = p;

	s->list = hypervisor_list(s->app->hv, &s->error);
	if (s->list)
		hypervisor_host_info(s->app->hv, &s->mib, &s->cpus, NULL);
}

static gboolean retry(gpointer p)
{
	App *app = p;

	if (!app->hv_known)
		monitor_survey(app, NULL, NULL);
	return G_SOURCE_REMOVE;
}

/* Nothing is known yet, so nothing may be cleaned up or started. */
static void survey_failed(Survey *s)
{
	App *app = s->app;
	GSource *src;

	if (!app->hv_retry_ms)
		g_warning("%s does not answer: %s; trying again", app->opt.uri, s->error->message);
	app->hv_retry_ms = CLAMP(app->hv_retry_ms * 2, RETRY_FIRST_MS, RETRY_MAX_MS);
	src = g_timeout_source_new(app->hv_retry_ms);
	g_source_set_callback(src, retry, app, NULL);
	g_source_attach(src, app->context);
	g_source_unref(src);
}

static void compare(Survey *s)
{
	GPtrArray *halted = g_ptr_array_new_with_free_func((GDestroyNotify)domain_unref);
	bool first = !s->app->hv_known;

	s->app->hv_known = true;
	if (s->app->hv_retry_ms)
		g_message("%s answers now", s->app->opt.uri);
	sysinfo_invalidate(s->app);
	if (s->mib) {
		s->app->host_mib = s->mib;
		s->app->host_cpus = s->cpus;
	}
	for (guint i = 0; i < s->app->domains->len; i++) {
		Domain *d = g_ptr_array_index(s->app->domains, i);
		HvInfo *info = g_hash_table_lookup(s->list, d->uuid);

		if (!domain_is_qube(d))
			continue;
		if (d->run) {
			if (d->run->created && d->run->phase != RUN_STOPPING)
				look_again(d);
		} else if (info && info->xid >= 0) {
			adopt_running(d, info);
		} else if (first) {
			g_ptr_array_add(halted, domain_ref(d));
		}
	}
	adopt_remains(s->app, halted);
	if (first) {
		device_watch_dom0(s->app);
		preload_begin(s->app);
	}
}

static void survey_done(gpointer p)
{
	Survey *s = p;

	if (s->list)
		compare(s);
	else if (!s->app->hv_known)
		survey_failed(s);
	if (s->ready)
		s->ready(s->data);
	g_clear_pointer(&s->list, g_hash_table_unref);
	g_clear_error(&s->error);
	g_free(s);
}

void monitor_survey(App *app, void (*ready)(gpointer data), gpointer data)
{
	Survey *s = g_new0(Survey, 1);

	s->app = app;
	s->ready = ready;
	s->data = data;
	flow_start(app, survey_run, s, survey_done);
}

void life_begin(App *app, void (*ready)(gpointer data), gpointer data)
{
	hypervisor_set_callback(app->hv, monitor_event, app);
	monitor_survey(app, ready, data);
}
