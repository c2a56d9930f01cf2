// SPDX-License-Identifier: GPL-2.0-or-later
/* Handing over preloaded disposables. */
#include "dom0/qubesd/core/preload.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/life.h"
#include "dom0/qubesd/core/netvm.h"
#include "dom0/qubesd/core/preload-private.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/store.h"
#include "dom0/qubesd/core/volume.h"

#include <string.h>
#include <sys/eventfd.h>

static double delay_of(const Domain *t)
{
	const char *v = feature_with_adminvm(t, "preload-dispvm-delay");

	if (!v)
		return PRELOAD_DELAY_DEFAULT;
	return *v ? g_ascii_strtod(v, NULL) : 0;
}

/* With a negative delay, gaps are filled only when all are gone. */
static bool may_fill(const Domain *t)
{
	g_auto(GStrv) list = preload_list(t);

	return delay_of(t) >= 0 || !*list;
}

/* --- used --- */

static void show(Domain *d, const Domain *t)
{
	if (!feature_true(feature_get(t, "internal")) && feature_get(d, "internal"))
		feature_remove(d, "internal", NULL);
}

static void use(Domain *d)
{
	Domain *t = prop_vm(&d->h, P_template);

	show(d, t);
	if (d->preload_requested) {
		d->preload_requested = false;
		prop_fire_reset(d, P_is_preload, NULL);
		netvm_apply_deferred(d);
		if (feature_get(d, "preload-dispvm-in-progress"))
			feature_remove(d, "preload-dispvm-in-progress", NULL);
	} else {
		g_warning("disposable %s was resumed without being asked for: it is in use now",
			  d->name);
		preload_forget(d, "it is in use");
		netvm_apply_deferred(d);
		feature_set(d, "preload-dispvm-in-progress", "", NULL);
	}
	/* Nobody waits for that: what runs and is listed counts as used after a restart. */
	store_save(d->h.app, NULL, NULL);
	if (may_fill(t))
		preload_tell_used(t, d, delay_of(t));
}

void preload_unpaused(Domain *disp)
{
	const Run *run = disp->run;

	if (run && run->phase == RUN_UP && preload_is(disp))
		use(disp);
}

/* --- out of date --- */

typedef struct {
	Domain *t;	    /* borrowed */
	Domain *d;	    /* a reference; the one at hand, NULL: no more */
	guint next;	    /* of the list */
	GPtrArray *volumes; /* VolumeCopy*, of d; NULL: no need to look */
	bool outdated;
} Look;

/* The next one of the list; with its volumes, which are looked at off the main thread. */
static void look_next(gpointer p)
{
	Look *l = p;
	g_auto(GStrv) list = preload_list(l->t);
	Domain *d = NULL;

	l->volumes = NULL;
	while (!d && l->next < g_strv_length(list))
		d = app_domain(l->t->h.app, list[l->next++]);
	l->d = d ? domain_ref(d) : NULL;
	if (!d)
		return;
	l->outdated = preload_properties_differ(d);
	/* While it starts, its snapshots are just being taken. */
	if (!l->outdated && d->run && d->run->phase == RUN_UP)
		l->volumes = volume_copies(d, NULL);
}

static void look_volumes(Look *l)
{
	for (guint i = 0; l->volumes && i < l->volumes->len; i++) {
		const VolumeCopy *c = g_ptr_array_index(l->volumes, i);

		if (c->spec.snap_on_start && volume_is_outdated(&c->spec))
			l->outdated = true;
	}
}

static void look_done(gpointer p)
{
	Look *l = p;

	if (l->volumes)
		g_ptr_array_unref(l->volumes);
	domain_unref(l->d);
}

GPtrArray *preload_outdated(Flow *f, Domain *t)
{
	GPtrArray *found = g_ptr_array_new();
	Look l = {.t = t};

	for (;;) {
		flow_main(f, look_next, &l);
		if (!l.d)
			return found;
		look_volumes(&l);
		if (l.outdated)
			g_ptr_array_add(found, domain_ref(l.d));
		flow_main(f, look_done, &l);
	}
}

/* --- asked for --- */

typedef struct {
	Domain *t; /* borrowed */
	Domain *d; /* borrowed from a Look, then a reference */
	bool claimed, paused, ok;
	int timeout_ms;
} Claim;

static void claim(gpointer p)
{
	Claim *c = p;
	Domain *d = c->d;
	g_auto(GStrv) list = preload_list(c->t);

	if (d->gone || !g_strv_contains((const char *const *)list, d->name))
		return; /* somebody was faster */
	feature_set(d, "preload-dispvm-in-progress", "1", NULL);
	preload_forget(d, "it was asked for");
	d->preload_requested = true;
	prop_fire_reset(d, P_is_preload, NULL);
	if (d->preload_fd >= 0)
		eventfd_write(d->preload_fd, 1); /* as it is */
	c->timeout_ms = (int)CLAMP(prop_int(&d->h, P_qrexec_timeout), 1, 86400) * 1200;
	c->claimed = true;
	domain_ref(d);
}

static void reject(gpointer p)
{
	Domain *d = p;

	preload_forget(d, "it is out of date");
	preload_discard(d, PRELOAD_DISCARD_DELAY);
}

static void fill_gap(gpointer p)
{
	Domain *t = p;

	if (preload_is_template(t) && preload_vacancy(t) && may_fill(t))
		preload_start(t, "there is a gap", MAX(PRELOAD_GAP_DELAY_MIN, delay_of(t)));
}

static bool claim_one(Flow *f, Claim *c)
{
	Look l = {.t = c->t};

	while (!c->claimed) {
		flow_main(f, look_next, &l);
		if (!l.d)
			return false;
		look_volumes(&l);
		c->d = l.d;
		flow_main(f, l.outdated ? reject : claim, l.outdated ? (gpointer)l.d : (gpointer)c);
		flow_main(f, look_done, &l);
		l.next = 0; /* the list is another one now */
	}
	return true;
}

static bool settled(gpointer p)
{
	const Claim *c = p;

	return c->d->preload_ready || c->d->gone;
}

static void look_paused(gpointer p)
{
	Claim *c = p;

	c->ok = settled(c) && !c->d->gone && domain_is_running(c->d);
	c->paused = domain_is_paused(c->d);
}

static void use_running(gpointer p)
{
	Claim *c = p;

	if (c->d->run && preload_is(c->d))
		use(c->d);
	c->ok = c->d->run && c->d->run->phase == RUN_UP && c->d->run->state == HV_RUNNING;
}

static void give_up(gpointer p)
{
	Claim *c = p;

	g_warning("disposable %s was asked for and is not usable: another is made", c->d->name);
	c->d->preload_requested = false;
	preload_discard(c->d, PRELOAD_DISCARD_DELAY);
	domain_unref(c->d);
}

Domain *preload_obtain(Flow *f, Domain *t)
{
	Claim c = {.t = t};

	flow_main(f, fill_gap, t);
	if (!claim_one(f, &c))
		return NULL;
	flow_wait_until(f, settled, &c, c.timeout_ms);
	flow_main(f, look_paused, &c);
	if (c.ok && c.paused)
		c.ok = life_unpause(f, c.d, NULL);
	if (c.ok)
		flow_main(f, use_running, &c);
	if (c.ok)
		return c.d;
	flow_main(f, give_up, &c);
	return NULL;
}
