// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The connection to libvirtd: made at the first call, and made anew after libvirtd
 * ended, without ever letting a caller hang. The peer is libvirtd, which is trusted, but
 * it may be dead, stopped or slow.
 *
 * virConnectOpen() has no time limit, so it runs in a thread of its own that nobody waits
 * for longer than HV_CONNECT_TIMEOUT_MS; keep-alive messages guard the calls after it. They
 * are patient: giving up on a libvirtd that is only busy would fail the start of a qube.
 */
#include "dom0/qubesd/hypervisor/private.h"

#include <libvirt/virterror.h>

#define KEEPALIVE_SECONDS 1
#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS 2000

struct HvLink {
	gint refs;
	char *uri;	   /* owned */
	unsigned silent_s; /* how long a libvirtd that works may not answer */
	HvSink *sink;	   /* owned reference */
	GMutex lock;
	GCond changed;	    /* of all below */
	virConnectPtr conn; /* owned, or NULL */
	GSList *dead;	    /* owned connections to be given up */
	bool opening;	    /* a thread is in virConnectOpen() */
	bool retrying;	    /* a thread tries from time to time */
	bool closed;
	gint64 lost_us; /* when the last connection was lost; 0: there was none */
	char *why;	/* owned; the last failure */
};

HvLink *hv_link_new(const char *uri, unsigned silent_s)
{
	HvLink *l = g_new0(HvLink, 1);

	l->refs = 1;
	l->uri = g_strdup(uri);
	l->silent_s = silent_s;
	l->sink = hv_sink_new();
	g_mutex_init(&l->lock);
	g_cond_init(&l->changed);
	return l;
}

HvLink *hv_link_ref(HvLink *l)
{
	g_atomic_int_inc(&l->refs);
	return l;
}

void hv_link_unref(HvLink *l)
{
	if (!l || !g_atomic_int_dec_and_test(&l->refs))
		return;
	hv_sink_unref(l->sink);
	g_mutex_clear(&l->lock);
	g_cond_clear(&l->changed);
	g_free(l->why);
	g_free(l->uri);
	g_free(l);
}

HvSink *hv_link_sink(HvLink *l)
{
	return l->sink;
}

void hv_link_set_callback(HvLink *l, HvCallback cb, gpointer data)
{
	hv_sink_set(l->sink, cb, data);
}

/* Locked. What is left of a connection is closed by give_up_dead(). */
static void lose(HvLink *l)
{
	l->dead = g_slist_prepend(l->dead, g_steal_pointer(&l->conn));
	l->lost_us = g_get_monotonic_time();
}

static void start_retrying(HvLink *l);
static void on_close(virConnectPtr conn, int reason, void *opaque);

/*
 * Not locked, and not in on_close(): libvirt holds a lock of its own around that, and
 * takes it in these calls.
 */
static void give_up_dead(HvLink *l)
{
	GSList *dead;

	g_mutex_lock(&l->lock);
	dead = g_steal_pointer(&l->dead);
	g_mutex_unlock(&l->lock);
	for (GSList *c = dead; c; c = c->next) {
		virConnectUnregisterCloseCallback(c->data, on_close);
		virConnectClose(c->data);
	}
	g_slist_free(dead);
}

void hv_link_close(HvLink *l)
{
	hv_sink_set(l->sink, NULL, NULL);
	g_mutex_lock(&l->lock);
	l->closed = true;
	if (l->conn)
		l->dead = g_slist_prepend(l->dead, g_steal_pointer(&l->conn));
	g_cond_broadcast(&l->changed);
	g_mutex_unlock(&l->lock);
	give_up_dead(l);
	hv_link_unref(l);
}

/* In libvirt's thread: the connection is gone. */
static void on_close(virConnectPtr conn, int reason, void *opaque)
{
	HvLink *l = opaque;
	bool ours;

	g_mutex_lock(&l->lock);
	ours = l->conn == conn;
	if (ours) {
		lose(l);
		start_retrying(l);
	}
	g_mutex_unlock(&l->lock);
	if (ours)
		hv_sink_post(l->sink, HV_EVENT_DISCONNECTED, NULL);
}

/* Puts a fresh connection, or why there is none, in its place. */
static void opened(HvLink *l, virConnectPtr conn)
{
	g_autofree char *why = conn ? NULL : g_strdup(virGetLastErrorMessage());
	bool wanted;

	if (conn) {
		virConnectSetKeepAlive(conn, KEEPALIVE_SECONDS, l->silent_s / KEEPALIVE_SECONDS);
		hv_sink_watch(l->sink, conn);
		/* Without a reference: it is unregistered before the link is freed, and not
		 * all drivers would ever drop it. */
		virConnectRegisterCloseCallback(conn, on_close, l, NULL);
	}
	g_mutex_lock(&l->lock);
	wanted = conn && !l->closed;
	l->opening = false;
	g_free(l->why);
	l->why = g_steal_pointer(&why);
	if (wanted)
		l->conn = conn;
	g_cond_broadcast(&l->changed);
	g_mutex_unlock(&l->lock);
	if (!wanted) {
		if (conn) {
			virConnectUnregisterCloseCallback(conn, on_close);
			virConnectClose(conn);
		}
		return;
	}
	hv_sink_post(l->sink, HV_EVENT_CONNECTED, NULL);
}

static gpointer open_thread(gpointer data)
{
	HvLink *l = data;

	opened(l, virConnectOpen(l->uri));
	hv_link_unref(l);
	return NULL;
}

/* Locked. */
static bool is_alive(HvLink *l)
{
	if (!l->conn)
		return false;
	if (virConnectIsAlive(l->conn) == 1)
		return true;
	lose(l);
	hv_sink_post(l->sink, HV_EVENT_DISCONNECTED, NULL);
	return false;
}

/* Locked. Starts connecting unless somebody does, and waits for the outcome. */
static bool ensure(HvLink *l, gint64 deadline)
{
	if (is_alive(l))
		return true;
	if (!l->opening) {
		l->opening = true;
		g_thread_unref(g_thread_new("libvirt-open", open_thread, hv_link_ref(l)));
	}
	while (l->opening && !l->closed) {
		if (!g_cond_wait_until(&l->changed, &l->lock, deadline))
			return false;
	}
	return l->conn != NULL;
}

static gpointer retry_thread(gpointer data)
{
	HvLink *l = data;
	unsigned delay = RETRY_FIRST_MS;

	g_mutex_lock(&l->lock);
	while (!l->closed) {
		gint64 until = g_get_monotonic_time() + delay * G_TIME_SPAN_MILLISECOND;

		while (!l->closed && g_cond_wait_until(&l->changed, &l->lock, until))
			;
		if (l->closed || ensure(l, g_get_monotonic_time() +
						   HV_CONNECT_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND))
			break;
		delay = MIN(delay * 2, RETRY_MAX_MS);
	}
	l->retrying = false;
	g_mutex_unlock(&l->lock);
	give_up_dead(l);
	hv_link_unref(l);
	return NULL;
}

/* Locked. So that events go on and the owner learns when libvirtd is back. */
static void start_retrying(HvLink *l)
{
	if (l->retrying)
		return;
	l->retrying = true;
	g_thread_unref(g_thread_new("libvirt-retry", retry_thread, hv_link_ref(l)));
}

virConnectPtr hv_link_get(HvLink *l, GError **error)
{
	gint64 deadline = g_get_monotonic_time() + HV_CONNECT_TIMEOUT_MS * G_TIME_SPAN_MILLISECOND;
	virConnectPtr conn = NULL;

	hv_events_start();
	g_mutex_lock(&l->lock);
	if (ensure(l, deadline)) {
		conn = l->conn;
		virConnectRef(conn);
	} else {
		if (!l->closed)
			start_retrying(l);
		hv_error(error, HYPERVISOR_ERROR_UNREACHABLE,
			 "libvirt at %s cannot be reached: %s. Is libvirtd running?", l->uri,
			 l->opening ? "it does not answer"
			 : l->why   ? l->why
				    : "it ended");
	}
	g_mutex_unlock(&l->lock);
	give_up_dead(l);
	return conn;
}

void hv_link_await(HvLink *l, unsigned ms)
{
	g_mutex_lock(&l->lock);
	if (!is_alive(l) && l->lost_us && !l->closed) {
		gint64 end = l->lost_us + ms * G_TIME_SPAN_MILLISECOND;

		start_retrying(l);
		while (!l->conn && !l->closed && g_cond_wait_until(&l->changed, &l->lock, end))
			;
	}
	g_mutex_unlock(&l->lock);
	give_up_dead(l);
}
