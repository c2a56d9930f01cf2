// SPDX-License-Identifier: GPL-2.0-or-later
/* Taking away preloaded disposables: too many, out of date, interrupted. */
#include "dom0/qubesd/core/preload.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/life.h"
#include "dom0/qubesd/core/preload-private.h"
#include "dom0/qubesd/core/run.h"

#include <string.h>

static void unref(gpointer p)
{
	domain_unref(p);
}

/* --- taking away --- */

typedef struct {
	Domain *d; /* borrowed */
	bool halted;
} Discard;

static void look_halted(gpointer p)
{
	Discard *x = p;

	x->halted = !x->d->run;
}

/* Whatever it does just now. */
static void discard(Flow *f, Domain *d)
{
	g_autoptr(GError) why = NULL;

	for (int i = 0; i < 3; i++) {
		Discard x = {.d = d};

		g_clear_error(&why);
		life_kill(f, d, NULL); /* an auto_cleanup one is removed by that */
		flow_lock(f, d);
		flow_main(f, look_halted, &x);
		if (x.halted && !d->gone)
			life_remove(f, d, &why);
		flow_unlock(f, d);
		if (d->gone)
			return;
	}
	g_warning("disposable %s cannot be removed: %s", d->name,
		  why ? why->message : "it does not stop");
}

static void discard_flow(Flow *f, gpointer p)
{
	discard(f, p);
}

static gboolean discard_now(gpointer p)
{
	Domain *d = p;

	flow_start(d->h.app, discard_flow, domain_ref(d), unref);
	return G_SOURCE_REMOVE;
}

void preload_discard(Domain *disp, double delay)
{
	if (!disp->gone)
		preload_later(disp, delay, discard_now);
}

typedef struct {
	Domain *t;
	GPtrArray *disps; /* Domain*, a reference each */
} Clear;

static void take_all(gpointer p)
{
	Clear *c = p;
	g_auto(GStrv) list = preload_list(c->t);

	for (char **name = list; *name; name++) {
		Domain *d = app_domain(c->t->h.app, *name);

		if (!d)
			continue;
		preload_forget(d, "their template is being removed");
		g_ptr_array_add(c->disps, domain_ref(d));
	}
}

static void drop_all(gpointer p)
{
	Clear *c = p;

	for (guint i = 0; i < c->disps->len; i++)
		domain_unref(g_ptr_array_index(c->disps, i));
	g_ptr_array_unref(c->disps);
}

void preload_clear(Flow *f, Domain *t)
{
	Clear c = {.t = t, .disps = g_ptr_array_new()};

	flow_main(f, take_all, &c);
	for (guint i = 0; i < c.disps->len; i++)
		discard(f, g_ptr_array_index(c.disps, i));
	flow_main(f, drop_all, &c);
}

/* --- out of date --- */

typedef struct {
	Domain *t;	  /* a reference */
	GPtrArray *disps; /* Domain*, a reference each */
	double delay;
} Refresh;

static void refresh_run(Flow *f, gpointer p)
{
	Refresh *r = p;

	r->disps = preload_outdated(f, r->t);
}

static void refresh_done(gpointer p)
{
	Refresh *r = p;

	for (guint i = 0; i < r->disps->len; i++) {
		Domain *d = g_ptr_array_index(r->disps, i);

		preload_forget(d, "it is out of date");
		preload_discard(d, 0);
	}
	if (r->disps->len)
		preload_start(r->t, "of outdated volume(s)", r->delay);
	g_ptr_array_set_free_func(r->disps, unref);
	g_ptr_array_unref(r->disps);
	domain_unref(r->t);
	g_free(r);
}

void preload_refresh(Domain *t, double delay)
{
	g_auto(GStrv) list = preload_list(t);
	Refresh *r;

	if (!*list)
		return;
	r = g_new0(Refresh, 1);
	r->t = domain_ref(t);
	r->delay = delay;
	flow_start(t->h.app, refresh_run, r, refresh_done);
}

/* --- after a restart --- */

static void drop_absent(Domain *t)
{
	g_auto(GStrv) list = preload_list(t);
	g_autoptr(GPtrArray) there = g_ptr_array_new();
	g_autofree char *text = NULL;

	for (char **name = list; *name; name++)
		if (app_domain(t->h.app, *name))
			g_ptr_array_add(there, *name);
	if (there->len == g_strv_length(list))
		return;
	g_ptr_array_add(there, NULL);
	text = g_strjoinv(" ", (char **)there->pdata);
	feature_set(t, "preload-dispvm", text, NULL);
}

/* It waits, paused, or it was handed out just before the end, or it was being made. */
static void sort_out(Domain *d)
{
	bool done = feature_true(feature_get(d, "preload-dispvm-completed"));

	if (feature_true(feature_get(d, "preload-dispvm-in-progress")) || (done && !d->run)) {
		preload_forget(d, "its preloading was interrupted");
		preload_discard(d, 0);
	} else if (done && !domain_is_paused(d)) {
		preload_forget(d, "it is in use");
	} else if (done) {
		d->preload_ready = true;
	}
}

static bool may_begin(void)
{
	g_autofree char *cmdline = NULL;

	g_file_get_contents("/proc/cmdline", &cmdline, NULL, NULL);
	return !cmdline || !strstr(cmdline, "qubes.skip_autostart");
}

void preload_begin(App *app)
{
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *t = g_ptr_array_index(app->domains, i);

		if (t->h.cls == CLS_DISP)
			sort_out(t);
		if (!preload_is_template(t))
			continue;
		drop_absent(t);
		if (may_begin() && preload_max(t))
			preload_later(t, PRELOAD_GAP_DELAY_MIN, preload_fill_now);
	}
}
