// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events: libvirt calls back in a thread of its own, qubesd wants to hear in its main
 * loop. The peer is libvirtd, which is trusted.
 */
#include "dom0/qubesd/hypervisor/private.h"

#include <libvirt/virterror.h>

struct HvSink {
	gint refs;
	GMutex lock;
	GMainContext *context; /* owned; where cb runs */
	HvCallback cb;
	gpointer data;
};

/* Libvirt has one event loop per process, so this is the layer's one global. */
static gpointer run_loop(gpointer data)
{
	for (;;) {
		if (virEventRunDefaultImpl() < 0)
			g_usleep(100000);
	}
	return NULL;
}

static void ignore_error(void *data, virErrorPtr error)
{
}

/* The loop sleeps without end unless it has a timer. */
static void tick(int timer, void *opaque)
{
}

static gpointer start(gpointer data)
{
	virSetErrorFunc(NULL, ignore_error);
	virEventRegisterDefaultImpl();
	virEventAddTimeout(1000, tick, NULL, NULL);
	g_thread_unref(g_thread_new("libvirt-events", run_loop, NULL));
	return NULL;
}

void hv_events_start(void)
{
	static GOnce once = G_ONCE_INIT;

	g_once(&once, start, NULL);
}

HvSink *hv_sink_new(void)
{
	HvSink *s = g_new0(HvSink, 1);

	s->refs = 1;
	g_mutex_init(&s->lock);
	s->context = g_main_context_ref_thread_default();
	return s;
}

static HvSink *sink_ref(HvSink *s)
{
	g_atomic_int_inc(&s->refs);
	return s;
}

void hv_sink_unref(HvSink *s)
{
	if (!s || !g_atomic_int_dec_and_test(&s->refs))
		return;
	g_main_context_unref(s->context);
	g_mutex_clear(&s->lock);
	g_free(s);
}

void hv_sink_set(HvSink *s, HvCallback cb, gpointer data)
{
	g_mutex_lock(&s->lock);
	s->cb = cb;
	s->data = data;
	g_mutex_unlock(&s->lock);
}

typedef struct {
	HvSink *sink; /* owned reference */
	HvEvent event;
	char *uuid; /* owned */
} Post;

static void post_free(gpointer data)
{
	Post *p = data;

	hv_sink_unref(p->sink);
	g_free(p->uuid);
	g_free(p);
}

static gboolean deliver(gpointer data)
{
	Post *p = data;
	HvCallback cb;
	gpointer cb_data;

	g_mutex_lock(&p->sink->lock);
	cb = p->sink->cb;
	cb_data = p->sink->data;
	g_mutex_unlock(&p->sink->lock);
	if (cb)
		cb(p->event, p->uuid, cb_data);
	return G_SOURCE_REMOVE;
}

void hv_sink_post(HvSink *s, HvEvent event, const char *uuid)
{
	Post *p = g_new0(Post, 1);
	GSource *source = g_idle_source_new();

	p->sink = sink_ref(s);
	p->event = event;
	p->uuid = g_strdup(uuid);
	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, deliver, p, post_free);
	g_source_attach(source, s->context);
	g_source_unref(source);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *opaque)
{
	char uuid[VIR_UUID_STRING_BUFLEN];
	HvEvent e;

	switch (event) {
	case VIR_DOMAIN_EVENT_STARTED:
		e = HV_EVENT_STARTED;
		break;
	case VIR_DOMAIN_EVENT_SUSPENDED:
		e = HV_EVENT_PAUSED;
		break;
	case VIR_DOMAIN_EVENT_RESUMED:
		e = HV_EVENT_RESUMED;
		break;
	case VIR_DOMAIN_EVENT_STOPPED:
		e = detail == VIR_DOMAIN_EVENT_STOPPED_CRASHED ? HV_EVENT_CRASHED
							       : HV_EVENT_STOPPED;
		break;
	case VIR_DOMAIN_EVENT_CRASHED:
		e = HV_EVENT_CRASHED;
		break;
	default:
		return 0;
	}
	if (virDomainGetUUIDString(dom, uuid) == 0)
		hv_sink_post(opaque, e, uuid);
	return 0;
}

static void drop_sink(void *opaque)
{
	hv_sink_unref(opaque);
}

void hv_sink_watch(HvSink *s, virConnectPtr conn)
{
	if (virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
					     VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), sink_ref(s),
					     drop_sink) < 0)
		hv_sink_unref(s);
}
