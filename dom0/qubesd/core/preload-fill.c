// SPDX-License-Identifier: GPL-2.0-or-later
/* Making preloaded disposables: how many, one, all that are missing. */
#include "dom0/qubesd/core/preload.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/create.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/host.h"
#include "dom0/qubesd/core/life.h"
#include "dom0/qubesd/core/preload-private.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/service.h"
#include "dom0/qubesd/core/store.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define MIB (1024 * 1024)

/* --- how many --- */

/* Memory that may be taken, in bytes; without what is to stay free. */
static guint64 memory_left(App *app)
{
	g_autofree char *path = g_strconcat(app->opt.root, "/run/qubes/qmemman-avail-mem", NULL);
	const char *keep = feature_get(app->dom0, "preload-dispvm-threshold");
	guint64 threshold = keep ? g_ascii_strtoull(keep, NULL, 10) * MIB : 0, left;
	g_autofree char *text = NULL;

	if (g_file_get_contents(path, &text, NULL, NULL))
		left = g_ascii_strtoull(text, NULL, 10);
	else if (app->hv && hypervisor_has_balloon(app->hv))
		return G_MAXUINT64; /* nobody says */
	else
		left = host_memory_available() * 1024;
	return left > threshold ? left - threshold : 0;
}

static unsigned wanted(Domain *t)
{
	g_auto(GStrv) list = preload_list(t);
	int gap = preload_max(t) - (int)g_strv_length(list);
	guint64 each = (guint64)MAX(prop_int(&t->h, P_memory), 1) * MIB;
	guint64 fit = memory_left(t->h.app) / each;

	if (gap > 0 && fit < (guint64)gap)
		g_message("qube %s: %u of %d disposables are not preloaded: not enough memory",
			  t->name, (unsigned)((guint64)gap - fit), gap);
	return gap > 0 ? (unsigned)MIN((guint64)gap, fit) : 0;
}

/* --- one --- */

typedef struct {
	Flow *f;
	Domain *t; /* borrowed */
	Domain *d; /* a reference; the new one */
	bool gui;  /* wait for its session, too */
	int timeout_ms;
	GError *error; /* owned */
} Make;

static bool waits_for_session(Domain *d)
{
	return prop_vm(&d->h, P_guivm) && feature_true(feature_with_template(d, "gui")) &&
	       feature_true(feature_with_template(d, "supported-feature.late-gui-daemon"));
}

static void make_begin(gpointer p)
{
	Make *m = p;
	CreateSpec spec = {.cls = CLS_DISP, .template = m->t, .auto_cleanup = true};

	if (m->t->gone || !preload_is_template(m->t) || !preload_vacancy(m->t))
		return; /* somebody was faster */
	m->d = create_begin(m->t->h.app, &spec, &m->error);
	if (!m->d)
		return;
	m->d->preload_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->gui = waits_for_session(m->d);
	m->timeout_ms = (int)CLAMP(prop_int(&m->d->h, P_qrexec_timeout), 1, 86400) * 1000;
	preload_mark(m->d, NULL);
	m->d->preload_print = preload_print(m->d);
}

/* Until everything in it runs, or somebody wants it as it is. */
static bool make_settle(Make *m)
{
	Domain *d = m->d;

	if (!service_run_until(m->f, d, "qubes.WaitForRunningSystem", m->timeout_ms, d->preload_fd,
			       &m->error))
		return false;
	return !m->gui || service_run_until(m->f, d, "qubes.WaitForSession", m->timeout_ms,
					    d->preload_fd, &m->error);
}

static void look_requested(gpointer p)
{
	Make *m = p;

	m->gui = m->d->preload_requested;
}

static void make_ready(gpointer p)
{
	Make *m = p;
	Domain *d = m->d;

	feature_set(d, "preload-dispvm-completed", "1", NULL);
	if (!d->preload_requested)
		feature_set(d, "preload-dispvm-in-progress", "", NULL);
	d->preload_ready = true;
	store_save(d->h.app, NULL, NULL);
	g_message("disposable %s: preloaded", d->name);
	flow_recheck(d->h.app);
}

static void make_end(gpointer p)
{
	Make *m = p;
	Domain *d = m->d;

	if (!d)
		return;
	if (m->error) {
		preload_forget(d, m->error->message);
		flow_recheck(d->h.app);
	}
	close(d->preload_fd);
	d->preload_fd = -1;
	domain_unref(d);
}

static bool make_one(gpointer item, GError **error)
{
	Make *m = item;
	bool up = false;

	flow_main(m->f, make_begin, m);
	if (m->d && !m->error && create_finish(m->f, m->d, NULL, &m->error))
		up = life_start(m->f, m->d, NULL, &m->error);
	if (up && make_settle(m)) {
		flow_main(m->f, look_requested, m);
		if (m->gui || life_pause(m->f, m->d, &m->error))
			flow_main(m->f, make_ready, m);
	}
	if (up && m->error)
		life_kill(m->f, m->d, NULL);
	if (m->error)
		g_warning("qube %s: a disposable could not be preloaded: %s", m->t->name,
			  m->error->message);
	flow_main(m->f, make_end, m);
	g_clear_error(&m->error);
	return true;
}

/* --- all that are missing --- */

typedef struct {
	Domain *t; /* a reference; NULL where the flow is the caller's */
	const char *reason;
	unsigned n;
	GError *error;
} Fill;

static void count(gpointer p)
{
	Fill *l = p;

	if (l->t->gone || !preload_is_template(l->t))
		return;
	if (!preload_supported(l->t, &l->error))
		return;
	preload_trim(l->t, preload_max(l->t), "there are more than preload-dispvm-max");
	l->n = wanted(l->t);
}

static bool fill(Flow *f, Domain *t, GError **error)
{
	Fill l = {.t = t};
	g_autofree Make *make = NULL;
	g_autofree gpointer *item = NULL;

	flow_main(f, count, &l);
	if (l.error) {
		g_propagate_error(error, l.error);
		return false;
	}
	make = g_new0(Make, l.n);
	item = g_new0(gpointer, l.n);
	for (unsigned i = 0; i < l.n; i++) {
		make[i] = (Make){.f = f, .t = t};
		item[i] = &make[i];
	}
	return flow_parallel(make_one, item, l.n, error);
}

static void fill_flow(Flow *f, gpointer p)
{
	Domain *t = p;
	g_autoptr(GError) why = NULL;

	if (!fill(f, t, &why))
		g_warning("qube %s: nothing is preloaded: %s", t->name, why->message);
}

static void unref(gpointer p)
{
	domain_unref(p);
}

gboolean preload_fill_now(gpointer p)
{
	Domain *t = p;

	flow_start(t->h.app, fill_flow, domain_ref(t), unref);
	return G_SOURCE_REMOVE;
}

static void tell(gpointer p)
{
	Fill *l = p;

	event_fire(l->t->h.app, l->t, "domain-preload-dispvm-start", "reason", l->reason, NULL);
}

bool preload_fill(Flow *f, Domain *t, const char *reason, GError **error)
{
	Fill l = {.t = t, .reason = reason};

	flow_main(f, tell, &l);
	return fill(f, t, error);
}
