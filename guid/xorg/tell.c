/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damage to dom0 (tell.h). It is noted when something is drawn, and sent when the X server has done
 * all that its clients had asked for: dom0 paints no half of what came in one lot. What comes too
 * often is held back (pacer.h), and what the daemon has no room for waits. It is announced before
 * it is drawn, when that is likely to take less time than the daemon's waking. Nothing is read.
 * When it cannot be sent, the channel ends for all who have it: by that the agent knows that it has
 * to tell. The peers are the qube's X clients, and the daemon, which is trusted with this qube.
 */
#include "guid/xorg/tell.h"

#include <damage.h>
#include <errno.h>
#include <os.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "guid/proto/gui-damage.h"
#include "guid/proto/pacer.h"

#define LIKELY 2    /* times in a row after which something is expected to be drawn the next time */
#define MAX_RECTS 4 /* of one update; more are sent as the one around them */

struct tell {
	LIST_ENTRY(tell) entry;
	TAILQ_ENTRY(tell) drawn_entry;
	struct tell **slot;
	DamagePtr damage;
	uint32_t window;
	Bool drawn; /* in drawn: there is something to be told */
	struct pacer pacer;
};

static int channel = -1; /* owned */
static ClientPtr owner;
static LIST_HEAD(, tell) all;
static TAILQ_HEAD(drawn_list, tell) drawn;
/* Of the server's waking for its clients. */
static struct {
	int64_t at;	  /* the last time; monotonic microseconds */
	unsigned drawing; /* times in a row that something was drawn then */
	Bool quick;	  /* the last time, that was told within GUI_DAMAGE_SOON_US */
	Bool announced;	  /* this time */
} waking = {.quick = TRUE};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Damage that is likely to be told soon. That this cannot be sent is found out then. */
static void announce(void)
{
	static const struct gui_damage d;

	if (!waking.quick || waking.announced || !TAILQ_EMPTY(&drawn))
		return;
	waking.announced = TRUE;
	send(channel, &d, sizeof(d), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The first since the last was told; about to be drawn. */
static void on_damage(DamagePtr damage, RegionPtr region, void *closure)
{
	struct tell *t = closure;
	int64_t now;

	if (t->drawn)
		return;
	now = now_us();
	pacer_damage(&t->pacer, now);
	if (pacer_due(&t->pacer) <= now)
		announce();
	t->drawn = TRUE;
	TAILQ_INSERT_TAIL(&drawn, t, drawn_entry);
}

/* The pixmap goes, or tell_stop(). */
static void on_destroy(DamagePtr damage, void *closure)
{
	struct tell *t = closure;

	if (t->drawn)
		TAILQ_REMOVE(&drawn, t, drawn_entry);
	LIST_REMOVE(t, entry);
	*t->slot = NULL;
	free(t);
}

static void drop_channel(void)
{
	struct tell *t;

	if (channel < 0)
		return;
	while ((t = LIST_FIRST(&all))) {
		DamagePtr damage = t->damage;

		DamageUnregister(damage);
		DamageDestroy(damage);
	}
	shutdown(channel, SHUT_RDWR);
	close(channel);
	channel = -1;
	owner = NULL;
}

static unsigned add_part(struct gui_damage *parts, unsigned n, uint32_t window, const BoxRec *b)
{
	parts[n] = (struct gui_damage){.window = window,
				       .x = b->x1,
				       .y = b->y1,
				       .width = (uint32_t)(b->x2 - b->x1),
				       .height = (uint32_t)(b->y2 - b->y1)};
	return n + 1;
}

/* FALSE: not now. A daemon that has gone ends the channel, which frees t. */
static Bool send_one(struct tell *t)
{
	RegionPtr region = DamageRegion(t->damage);
	int n_rects = RegionNumRects(region);
	const BoxRec *rects = RegionRects(region);
	struct gui_damage parts[MAX_RECTS];
	unsigned n = 0;

	if (n_rects > MAX_RECTS)
		n = add_part(parts, n, t->window, RegionExtents(region));
	for (int i = 0; n_rects <= MAX_RECTS && i < n_rects; i++)
		n = add_part(parts, n, t->window, &rects[i]);
	if (n && send(channel, parts, n * sizeof(*parts), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return FALSE;
	DamageEmpty(t->damage);
	return TRUE;
}

static Bool is_temporary(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS || error == ENOMEM;
}

/* Microseconds until t may be told, 0: it was; -1: the channel is gone, and t. */
static int64_t tell_one(struct tell *t, int64_t now)
{
	int64_t due = pacer_due(&t->pacer) - now;

	if (due > 0)
		return due;
	pacer_updated(&t->pacer, now);
	if (!send_one(t)) {
		if (!is_temporary(errno)) {
			drop_channel();
			return -1;
		}
		pacer_flooded(&t->pacer);
		return PACER_INTERVAL_US;
	}
	t->drawn = FALSE;
	TAILQ_REMOVE(&drawn, t, drawn_entry);
	return 0;
}

/* The server is about to wait for its clients. */
static void before_wait(void *data, void *timeout)
{
	struct tell *t = TAILQ_FIRST(&drawn), *next;
	int64_t now, due, first = 0;

	if (!t) {
		waking.drawing = 0;
		return;
	}
	now = now_us();
	waking.drawing++;
	waking.quick = now - waking.at < GUI_DAMAGE_SOON_US;
	for (; t; t = next) {
		next = TAILQ_NEXT(t, drawn_entry);
		due = tell_one(t, now);
		if (due < 0)
			return;
		if (due && (!first || due < first))
			first = due;
	}
	if (first)
		AdjustWaitForDelay(timeout, (int)((first + 999) / 1000));
}

static void after_wait(void *data, int result)
{
	waking.at = now_us();
	waking.announced = FALSE;
	if (result > 0 && channel >= 0 && waking.drawing >= LIKELY)
		announce();
}

static void on_client(CallbackListPtr *list, void *data, void *call)
{
	const NewClientInfoRec *info = call;

	if (owner && info->client == owner &&
	    (info->client->clientState == ClientStateGone ||
	     info->client->clientState == ClientStateRetained))
		drop_channel();
}

Bool tell_init(void)
{
	LIST_INIT(&all);
	TAILQ_INIT(&drawn);
	return AddCallback(&ClientStateCallback, on_client, NULL) &&
	       RegisterBlockAndWakeupHandlers(before_wait, after_wait, NULL);
}

void tell_set_channel(ClientPtr client, int fd)
{
	drop_channel();
	channel = fd;
	owner = client;
}

Bool tell_start(ClientPtr client, PixmapPtr p, uint32_t window, struct tell **slot)
{
	struct tell *t = *slot;

	if (channel < 0 || owner != client)
		return FALSE;
	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return FALSE;
		/* Composite, which makes windows' pixmaps, has set damage up. */
		t->damage = DamageCreate(on_damage, on_destroy, DamageReportNonEmpty, TRUE,
					 p->drawable.pScreen, t);
		if (!t->damage) {
			free(t);
			return FALSE;
		}
		t->slot = slot;
		*slot = t;
		LIST_INSERT_HEAD(&all, t, entry);
		DamageRegister(&p->drawable, t->damage);
	}
	t->window = window;
	return TRUE;
}
