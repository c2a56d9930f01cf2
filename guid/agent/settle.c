/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The work that events left, done when their queue is empty (win.h: windows_settle). */
#include "guid/agent/agent.h"
#include "qrexec/base/io.h"

#define BATCH 32 /* windows whose round trips overlap */

struct batch {
	struct win *win[BATCH];
	unsigned cookie[BATCH];
	unsigned n;
	unsigned images; /* new ones among them */
	bool held;	 /* a window had to wait for acknowledgements */
};

static void finish(struct agent *a, struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++)
		win_paint_end(a, b->win[i], b->cookie[i]);
	b->n = b->images = 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

/* Windows without an image (no memory, odd depth) are shown all the same. */
static void map_bare(struct agent *a, struct win *w)
{
	if (w->exists && w->mapped && w->remote == REMOTE_CREATED && w->image.fd < 0)
		win_send_map(a, w);
}

static int64_t settle_one(struct agent *a, struct win *w, struct batch *b, int64_t now)
{
	int64_t due;

	win_present(a, w);
	due = win_paint_due(a, w, now, b->images);
	if (due == 0) {
		if (b->n == BATCH)
			finish(a, b);
		if (win_paint_begin(a, w, &b->cookie[b->n])) {
			b->win[b->n++] = w;
			b->images += w->announce;
		}
		due = -1;
	} else if (due == WIN_PAINT_HELD) {
		b->held = true;
		due = -1;
	}
	/* What waits for an acknowledgement need not wait with being shown. */
	map_bare(a, w);
	return due;
}

int64_t windows_settle(struct agent *a)
{
	struct batch b = {.n = 0};
	int64_t next = -1, now = io_now_us();
	struct win *w;

	if (!a->wins.work || a->link.state != LINK_UP)
		return -1;
	a->wins.work = false;
	TAILQ_FOREACH(w, &a->wins.list, entry)
	next = sooner(next, settle_one(a, w, &b, now));
	finish(a, &b);
	/* Not all that were begun came to anything: there may be no acknowledgement to wait for. */
	if (b.held && a->wins.dumps_in_flight < WIN_MAX_DUMPS)
		next = 0;
	if (next >= 0)
		a->wins.work = true;
	return next;
}
