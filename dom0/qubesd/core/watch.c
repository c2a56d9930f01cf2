// SPDX-License-Identifier: GPL-2.0-or-later
/* Supervision of qubesdb-daemon and qrexec-daemon. */
#include "dom0/qubesd/core/watch.h"

#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/flow.h"
#include "dom0/qubesd/core/netvm.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/qdb-private.h"
#include "dom0/qubesd/core/sysinfo.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 60000
/* One that lived this long gets a fresh start. */
#define STEADY_S 60

struct Watch {
	Domain *d; /* borrowed: a watch is part of its run */
	Helper which;
	int pidfd;	 /* owned; -1: not running */
	GSource *source; /* of pidfd, or of the pause before the next start */
	unsigned backoff_ms;
	gint64 since_us;
};

static const char *const names[HELPERS] = {"qubesdb-daemon", "qrexec-daemon"};

static void drop_source(Watch *w)
{
	if (w->source) {
		g_source_destroy(w->source);
		g_source_unref(w->source);
		w->source = NULL;
	}
}

void watch_free(Watch *w)
{
	if (!w)
		return;
	drop_source(w);
	if (w->pidfd >= 0)
		close(w->pidfd);
	g_free(w);
}

static Watch *get(Domain *d, Helper which)
{
	Watch *w = d->run->watch[which];

	if (!w) {
		w = g_new0(Watch, 1);
		w->d = d;
		w->which = which;
		w->pidfd = -1;
		w->backoff_ms = BACKOFF_FIRST_MS;
		d->run->watch[which] = w;
	}
	return w;
}

int watch_take(Run *run, Helper which)
{
	Watch *w = run->watch[which];
	int fd = w ? w->pidfd : -1;

	if (w) {
		w->pidfd = -1;
		drop_source(w);
	}
	return fd;
}

static void connected(Domain *d, bool up)
{
	if (d->run->qrexec_up == up)
		return;
	d->run->qrexec_up = up;
	sysinfo_invalidate(d->h.app);
}

static gboolean restart_now(gpointer p)
{
	Watch *w = p;

	drop_source(w);
	watch_restart(w->d, w->which);
	return G_SOURCE_REMOVE;
}

static void restart_later(Watch *w)
{
	gint64 lived_us = g_get_monotonic_time() - w->since_us;

	if (lived_us > STEADY_S * G_USEC_PER_SEC)
		w->backoff_ms = BACKOFF_FIRST_MS;
	drop_source(w);
	w->source = g_timeout_source_new(w->backoff_ms);
	g_source_set_callback(w->source, restart_now, w, NULL);
	g_source_attach(w->source, w->d->h.app->context);
	w->backoff_ms = MIN(w->backoff_ms * 4, BACKOFF_MAX_MS);
}

static gboolean died(gint fd, GIOCondition condition, gpointer p)
{
	Watch *w = p;

	close(w->pidfd);
	w->pidfd = -1;
	if (w->which == HELPER_QREXEC)
		connected(w->d, false);
	if (w->d->run->phase == RUN_UP) {
		g_warning("qube %s: its %s is gone, starting it again", w->d->name,
			  names[w->which]);
		restart_later(w);
	} else {
		drop_source(w);
	}
	return G_SOURCE_REMOVE;
}

void watch_set(Domain *d, Helper which, int pidfd)
{
	Watch *w = get(d, which);

	drop_source(w);
	if (w->pidfd >= 0)
		close(w->pidfd);
	w->pidfd = pidfd;
	w->since_us = g_get_monotonic_time();
	w->source = g_unix_fd_source_new(pidfd, G_IO_IN);
	g_source_set_callback(w->source, G_SOURCE_FUNC(died), w, NULL);
	g_source_attach(w->source, d->h.app->context);
	if (which == HELPER_QREXEC)
		connected(d, true);
}

/* --- restarting, as a flow --- */

typedef struct {
	Domain *d; /* a reference */
	Helper which;
	Run *run; /* compared only */
	HelperSpec *spec;
	GPtrArray *keys;
	int pidfd;
	bool go;
	GError *error;
} Restart;

static bool still_wanted(const Restart *r)
{
	return r->d->run && r->d->run == r->run && r->run->phase == RUN_UP;
}

static void restart_begin(gpointer p)
{
	Restart *r = p;

	r->go = still_wanted(r);
	if (!r->go)
		return;
	r->spec = helper_spec_new(r->d, r->which);
	if (r->which == HELPER_QUBESDB) {
		r->keys = qdb_keys(r->d);
		for (guint i = 0; i < r->keys->len; i++) {
			const DocPair *key = g_ptr_array_index(r->keys, i);

			if (!strcmp(key->name, QDB_RANDOM_SEED)) {
				g_ptr_array_remove_index(r->keys, i);
				break;
			}
		}
	}
}

static void restart_end(gpointer p)
{
	Restart *r = p;

	if (r->error)
		g_warning("qube %s: %s", r->d->name, r->error->message);
	if (!still_wanted(r))
		return;
	if (r->pidfd >= 0) {
		if (r->which == HELPER_QUBESDB) {
			netvm_publish_all(r->d);
			device_watch(r->d);
		}
		watch_set(r->d, r->which, r->pidfd);
		r->pidfd = -1;
	} else {
		restart_later(get(r->d, r->which));
	}
}

static void restart_run(Flow *f, gpointer p)
{
	Restart *r = p;

	flow_lock(f, r->d);
	flow_main(f, restart_begin, r);
	if (r->go) {
		if (helper_start(r->spec, r->which, &r->pidfd, &r->error) && r->keys)
			qdb_write_keys(r->spec->name, r->keys, &r->error);
		flow_main(f, restart_end, r);
		helper_kill(r->pidfd); /* not wanted any more */
	}
	flow_unlock(f, r->d);
}

static void restart_done(gpointer p)
{
	Restart *r = p;

	helper_spec_free(r->spec);
	if (r->keys)
		g_ptr_array_unref(r->keys);
	g_clear_error(&r->error);
	domain_unref(r->d);
	g_free(r);
}

void watch_restart(Domain *d, Helper which)
{
	Restart *r = g_new0(Restart, 1);

	r->d = domain_ref(d);
	r->which = which;
	r->run = d->run;
	r->pidfd = -1;
	flow_start(d->h.app, restart_run, r, restart_done);
}
