// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hears of devices that come and go: watches on the QubesDB of running qubes, and the
 * kernel's own messages about dom0's. Both are only reasons to look again, at most every so
 * often: what a qube writes can be as much as it likes.
 */
#include "dom0/qubesd/core/device-private.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/spawn.h"
#include "dom0/qubesd/devices/qdb-devices.h"
#include "qrexec/qubesdb/qubesdb-client.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Between news and looking: more of them come at once. */
#define SETTLE_MS 100
#define WATCH_TIMEOUT_MS 2000
/* Before a connection that ended is made again. */
#define REWATCH_MS 1000
/* Messages that are taken at a time. */
#define DRAIN_MAX 256
#define UEVENT_MAX 8192

struct QdbWatch {
	Domain *d; /* borrowed: part of its run */
	qdb_handle_t h;
	GSource *source, *timer; /* owned; NULL: none */
	bool block, usb;	 /* there was news of these since */
};

struct DeviceMonitor {
	App *app;
	int fd;
	GSource *source, *timer;
};

static void drop(GSource **s)
{
	if (!*s)
		return;
	g_source_destroy(*s);
	g_source_unref(*s);
	*s = NULL;
}

static GSource *later(App *app, guint ms, GSourceFunc fn, gpointer data)
{
	GSource *s = g_timeout_source_new(ms);

	g_source_set_callback(s, fn, data, NULL);
	g_source_attach(s, app->context);
	return s;
}

/* --- QubesDB of a qube --- */

static void hear(struct QdbWatch *w);

/* What there is to hear, but no more than so much. False: the connection is gone. */
static bool drain(struct QdbWatch *w)
{
	for (int i = 0; i < DRAIN_MAX; i++) {
		char *path = qdb_read_watch_timeout(w->h, 0);

		if (!path)
			return errno == ETIMEDOUT;
		w->block |= g_str_has_prefix(path, "/qubes-block-devices");
		w->usb |= g_str_has_prefix(path, "/qubes-usb-devices");
		free(path);
	}
	return true;
}

static void tell(struct QdbWatch *w)
{
	App *app = w->d->h.app;

	if (w->block)
		event_fire(app, w->d, "domain-qdb-change:/qubes-block-devices", "path",
			   "/qubes-block-devices", NULL);
	if (w->usb)
		event_fire(app, w->d, "domain-qdb-change:/qubes-usb-devices", "path",
			   "/qubes-usb-devices", NULL);
	w->block = w->usb = false;
}

static gboolean watch_again(gpointer p)
{
	struct QdbWatch *w = p;

	drop(&w->timer);
	device_watch(w->d);
	return G_SOURCE_REMOVE;
}

/* Some time after the first news, so that a qube that writes without end costs little. */
static gboolean look(gpointer p)
{
	struct QdbWatch *w = p;
	bool alive = drain(w);

	drop(&w->timer);
	tell(w);
	device_refresh_later(w->d);
	if (alive)
		hear(w);
	else /* its daemon was restarted, or gave up on us */
		w->timer = later(w->d->h.app, REWATCH_MS, watch_again, w);
	return G_SOURCE_REMOVE;
}

static gboolean news(gint fd, GIOCondition condition, gpointer p)
{
	struct QdbWatch *w = p;

	g_source_unref(w->source);
	w->source = NULL;
	if (!w->timer)
		w->timer = later(w->d->h.app, SETTLE_MS, look, w);
	return G_SOURCE_REMOVE;
}

static void hear(struct QdbWatch *w)
{
	w->source = g_unix_fd_source_new(qdb_watch_fd(w->h), G_IO_IN);
	g_source_set_callback(w->source, G_SOURCE_FUNC(news), w, NULL);
	g_source_attach(w->source, w->d->h.app->context);
}

void qdb_watch_free(struct QdbWatch *w)
{
	if (!w)
		return;
	drop(&w->source);
	drop(&w->timer);
	qdb_close(w->h);
	g_free(w);
}

void device_unwatch(Domain *d)
{
	if (d->run)
		g_clear_pointer(&d->run->qdb_watch, qdb_watch_free);
}

typedef struct {
	Domain *d; /* a reference */
	Run *run;  /* compared only */
	qdb_handle_t h;
} Begin;

static void begin_run(Flow *f, gpointer p)
{
	static const char *const paths[] = {"/qubes-block-devices", QDB_BLOCK_DEVICES,
					    "/qubes-usb-devices", QDB_USB_DEVICES};
	Begin *b = p;

	b->h = qdb_open(b->d->name);
	if (!b->h)
		return;
	qdb_set_timeout(b->h, WATCH_TIMEOUT_MS);
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
		qdb_watch(b->h, paths[i]);
	device_refresh(f, b->d);
}

static void begin_done(gpointer p)
{
	Begin *b = p;
	Run *run = b->d->run;
	struct QdbWatch *w;
	int fd = b->h ? qdb_watch_fd(b->h) : -1;

	if (fd < 0 || !run || run != b->run || run->phase == RUN_STOPPING) {
		qdb_close(b->h);
	} else {
		qdb_watch_free(run->qdb_watch);
		w = run->qdb_watch = g_new0(struct QdbWatch, 1);
		w->d = b->d;
		w->h = b->h;
		/* What came while the watches were set. */
		w->timer = later(b->d->h.app, SETTLE_MS, look, w);
	}
	domain_unref(b->d);
	g_free(b);
}

void device_watch(Domain *d)
{
	Begin *b;

	if (!domain_is_qube(d) || !d->run || !helpers_wanted(d->h.app))
		return;
	b = g_new0(Begin, 1);
	b->d = domain_ref(d);
	b->run = d->run;
	flow_start(d->h.app, begin_run, b, begin_done);
}

/* --- dom0's kernel --- */

static gboolean look_at_dom0(gpointer p)
{
	struct DeviceMonitor *m = p;

	drop(&m->timer);
	if (m->app->dom0)
		device_refresh_later(m->app->dom0);
	return G_SOURCE_REMOVE;
}

/* "add@/devices/...", then NUL-terminated KEY=value. */
static bool concerns_us(const char *message, size_t n)
{
	for (const char *p = message; p < message + n; p += strlen(p) + 1)
		if (!strcmp(p, "SUBSYSTEM=block") || !strcmp(p, "SUBSYSTEM=pci"))
			return true;
	return false;
}

static gboolean uevent(gint fd, GIOCondition condition, gpointer p)
{
	struct DeviceMonitor *m = p;
	char message[UEVENT_MAX + 1];
	struct sockaddr_nl from = {0};
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, message, UEVENT_MAX, MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	if (n <= 0 || from.nl_pid != 0)
		return G_SOURCE_CONTINUE; /* only the kernel is listened to */
	message[n] = '\0';
	if (concerns_us(message, (size_t)n) && !m->timer)
		m->timer = later(m->app, SETTLE_MS, look_at_dom0, m);
	return G_SOURCE_CONTINUE;
}

static int open_uevents(void)
{
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void device_watch_dom0(App *app)
{
	struct DeviceMonitor *m;
	int fd;

	device_refresh_later(app->dom0);
	/* The hypervisor in memory has a dom0 whose devices stay as they are. */
	fd = helpers_wanted(app) && !app->opt.test_daemons ? open_uevents() : -1;
	if (fd < 0)
		return;
	m = app->device_monitor = g_new0(struct DeviceMonitor, 1);
	m->app = app;
	m->fd = fd;
	m->source = g_unix_fd_source_new(fd, G_IO_IN);
	g_source_set_callback(m->source, G_SOURCE_FUNC(uevent), m, NULL);
	g_source_attach(m->source, app->context);
}

void device_stop(App *app)
{
	struct DeviceMonitor *m = app->device_monitor;

	if (m) {
		drop(&m->source);
		drop(&m->timer);
		close(m->fd);
		g_free(m);
	}
	app->device_monitor = NULL;
	g_clear_pointer(&app->usb_ids, hwids_free);
	g_clear_pointer(&app->pci_ids, hwids_free);
}
