// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told of preloaded disposables, and what is done about them later. */
#include "dom0/qubesd/core/preload.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/preload-private.h"

#include <math.h>

static void unref(gpointer p)
{
	domain_unref(p);
}

/* As a script would print it: 3.0, 0.5. */
static char *seconds(double s)
{
	return s == floor(s) ? g_strdup_printf("%.1f", s) : g_strdup_printf("%g", s);
}

static void attach(App *app, GSource *s, GSourceFunc fn, gpointer data, GDestroyNotify free_data)
{
	g_source_set_callback(s, fn, data, free_data);
	g_source_attach(s, app->context);
	g_source_unref(s);
}

void preload_later(Domain *d, double delay, GSourceFunc fn)
{
	GSource *s = g_timeout_source_new((guint)(CLAMP(fabs(delay), 0, 86400) * 1000));

	attach(d->h.app, s, fn, domain_ref(d), unref);
}

/* News that are told when the change that they follow from is complete. */
typedef struct {
	Domain *t;	     /* a reference */
	char *reason, *disp; /* owned; one of them */
	double delay;
} News;

static void news_free(gpointer p)
{
	News *n = p;

	domain_unref(n->t);
	g_free(n->reason);
	g_free(n->disp);
	g_free(n);
}

static gboolean news_tell(gpointer p)
{
	News *n = p;
	App *app = n->t->h.app;
	g_autofree char *delay = n->disp ? seconds(n->delay) : g_strdup_printf("%g", n->delay);

	if (n->disp)
		event_fire(app, n->t, "domain-preload-dispvm-used", "dispvm", n->disp, "delay",
			   delay, NULL);
	else
		event_fire(app, n->t, "domain-preload-dispvm-start", "reason", n->reason,
			   n->delay != 0 ? "delay" : NULL, delay, NULL);
	preload_later(n->t, n->delay, preload_fill_now);
	return G_SOURCE_REMOVE;
}

static void news(Domain *t, const char *reason, const Domain *disp, double delay)
{
	GSource *s = g_idle_source_new();
	News *n = g_new0(News, 1);

	n->t = domain_ref(t);
	n->reason = g_strdup(reason);
	n->disp = disp ? g_strdup(disp->name) : NULL;
	n->delay = delay;
	g_source_set_priority(s, G_PRIORITY_DEFAULT);
	attach(t->h.app, s, news_tell, n, news_free);
}

void preload_start(Domain *t, const char *reason, double delay)
{
	news(t, reason, NULL, delay);
}

void preload_tell_used(Domain *t, Domain *disp, double delay)
{
	news(t, NULL, disp, delay);
}
