// SPDX-License-Identifier: GPL-2.0-or-later
/* Streams: events, and figures of running qubes. They end when the client leaves. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/api/permission.h"
#include "dom0/qubesd/api/server.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/host.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/run.h"

/* Each may hold STREAM_QUEUE_MAX of unread events; of all other qubes than dom0. */
#define STREAMS_PER_QUBE 16

/* Counts one more of the caller's; false: it was refused. */
static bool stream_begin(Call *c)
{
	g_autoptr(GError) why = NULL;

	if (c->src->h.cls == CLS_ADMIN || c->src->streams < STREAMS_PER_QUBE) {
		c->src->streams++;
		return true;
	}
	fail(&why, E_QUBES, "%s listens to %d streams already: end some of them", c->src->name,
	     STREAMS_PER_QUBE);
	connection_reply(c->conn, NULL, why);
	call_free(c);
	return false;
}

static void stream_end(Call *c)
{
	c->src->streams--;
	call_free(c);
}

/* --- events --- */

typedef struct {
	Call *call; /* owned */
	Connection *conn;
	Subscription *sub;
} Events;

static void events_gone(gpointer p)
{
	Events *e = p;

	event_unsubscribe(e->call->app, e->sub);
	stream_end(e->call);
	g_free(e);
}

static void events_send(const Event *ev, gpointer p)
{
	Events *e = p;

	/* What has no subject may be about one all the same. */
	if (may_hear(e->call, ev->name, ev->subject ? ev->subject : ev->about))
		connection_event(e->conn, ev->subject ? ev->subject->name : "", ev->name, ev->args);
}

STREAM(m_events)
{
	Events *e;

	if (!stream_begin(c))
		return;
	e = g_new0(Events, 1);
	e->call = c;
	e->conn = c->conn;
	e->sub = event_subscribe(c->app, c->dest->h.cls == CLS_ADMIN ? NULL : c->dest, events_send,
				 e);
	connection_stream(c->conn, events_gone, e);
	connection_event(e->conn, "", "connection-established", NULL);
}

/* --- figures --- */

typedef struct {
	guint64 cpu_ns;
	gint64 at_us;
} Sample;

typedef struct {
	int refs;	  /* one of the stream, one of a flow under way */
	Call *call;	  /* owned */
	Connection *conn; /* NULL: the client is gone */
	GSource *timer;
	GHashTable *last; /* uuid -> Sample* */
	GHashTable *list; /* of the flow: uuid -> HvInfo* */
	HvInfo host;
} Stats;

static void stats_unref(Stats *s)
{
	if (--s->refs)
		return;
	g_hash_table_unref(s->last);
	stream_end(s->call);
	g_free(s);
}

static void stats_gone(gpointer p)
{
	Stats *s = p;

	s->conn = NULL;
	if (s->timer) {
		g_source_destroy(s->timer);
		g_clear_pointer(&s->timer, g_source_unref);
	}
	stats_unref(s);
}

/* Percent of its processors since the last time. */
static unsigned usage(Stats *s, const Domain *d, const HvInfo *info)
{
	gint64 now = g_get_monotonic_time();
	Sample *last = g_hash_table_lookup(s->last, d->uuid);
	unsigned percent = 0;

	if (!last) {
		last = g_new0(Sample, 1);
		g_hash_table_insert(s->last, g_strdup(d->uuid), last);
	} else if (now > last->at_us && info->cpu_time_ns > last->cpu_ns) {
		percent = (unsigned)((info->cpu_time_ns - last->cpu_ns) / 10 /
				     (guint64)(now - last->at_us) / MAX(info->vcpus, 1));
	}
	*last = (Sample){info->cpu_time_ns, now};
	return percent;
}

static void send_one(Stats *s, const Domain *d, const HvInfo *info)
{
	char mem[24], max[24], time[24], percent[24], cpus[24];
	const char *const args[] = {"memory_kb",
				    mem,
				    "memory_assigned_total",
				    max,
				    "memory_assigned_usable",
				    mem,
				    "memory_with_swap_used",
				    mem,
				    "cpu_time",
				    time,
				    "cpu_usage",
				    percent,
				    "online_vcpus",
				    cpus,
				    NULL};

	g_snprintf(mem, sizeof(mem), "%" G_GUINT64_FORMAT, info->memory_kib);
	g_snprintf(max, sizeof(max), "%" G_GUINT64_FORMAT, info->max_memory_kib);
	g_snprintf(time, sizeof(time), "%" G_GUINT64_FORMAT, info->cpu_time_ns / 1000000);
	g_snprintf(percent, sizeof(percent), "%u", usage(s, d, info));
	g_snprintf(cpus, sizeof(cpus), "%u", info->vcpus);
	connection_event(s->conn, d->name, "vm-stats", args);
}

static void stats_measure(Flow *f, gpointer p)
{
	Stats *s = p;

	s->list = hypervisor_list(flow_app(f)->hv, NULL);
	host_figures(&s->host.memory_kib, &s->host.cpu_time_ns);
}

static void stats_send(gpointer p)
{
	Stats *s = p;
	App *app = s->call->app;
	Domain *only = s->call->dest->h.cls == CLS_ADMIN ? NULL : s->call->dest;

	s->host.max_memory_kib = s->host.memory_kib;
	s->host.vcpus = app->host_cpus;
	for (guint i = 0; i < app->domains->len && s->conn; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);
		HvInfo *info = s->list ? g_hash_table_lookup(s->list, d->uuid) : NULL;

		if (d->h.cls == CLS_ADMIN)
			info = &s->host;
		if (info && (!only || only == d) && may_see(s->call, d))
			send_one(s, d, info);
	}
	g_clear_pointer(&s->list, g_hash_table_unref);
	stats_unref(s);
}

static gboolean stats_tick(gpointer p)
{
	Stats *s = p;

	if (s->refs > 1)
		return G_SOURCE_CONTINUE; /* the last one is not done yet */
	s->refs++;
	flow_start(s->call->app, stats_measure, s, stats_send);
	return G_SOURCE_CONTINUE;
}

STREAM(m_stats)
{
	guint interval = (guint)CLAMP(prop_int(&c->app->h, P_stats_interval), 1, 3600);
	Stats *s;

	if (!stream_begin(c))
		return;
	s = g_new0(Stats, 1);
	s->refs = 1;
	s->call = c;
	s->conn = c->conn;
	s->last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	connection_stream(c->conn, stats_gone, s);
	connection_event(s->conn, "", "connection-established", NULL);
	s->timer = g_timeout_source_new_seconds(interval);
	g_source_set_callback(s->timer, stats_tick, s, NULL);
	g_source_attach(s->timer, c->app->context);
	stats_tick(s);
}
