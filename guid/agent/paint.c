/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pixels (win.h): when a window was drawn to, the daemon is told which part changed. Unless the
 * image shared with dom0 is the window's own memory, the X server copies that part into it first.
 * Where the X server tells the daemon itself (image.told), only new images are done here.
 *
 * One round trip per update: the region is taken from the damage object, set as the clip of
 * one copy, and fetched; its arrival says that the copy has been made, and that what is drawn
 * from now on is reported anew.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/composite.h>
#include <xcb/damage.h>
#include <xcb/xfixes.h>

#include "guid/agent/agent.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/vchan/vchan.h"

#define MAX_RECTS 4 /* of one update; more are sent as the one around them */
/* Pixels that may be shown twice, so that they are shown sooner. */
#define EARLY_PIXELS (256 * 256)
/* The rest of it may be so much later: by then the first part has been shown. Microseconds. */
#define EARLY_REST_US 1000

static void ignore_damage(struct agent *a, struct win *w)
{
	if (w->damage)
		xcb_damage_destroy(a->x, w->damage);
	if (w->region)
		xcb_xfixes_destroy_region(a->x, w->region);
	w->damage = w->region = 0;
}

void win_release_pixels(struct agent *a, struct win *w)
{
	ignore_damage(a, w);
	if (w->pixmap)
		xcb_free_pixmap(a->x, w->pixmap);
	w->pixmap = 0;
	image_free(a->x, &w->image);
	w->dirty = w->early = w->all = w->stale = w->announce = w->announced = false;
}

static uint16_t limited(uint16_t v, uint16_t max)
{
	return v > max ? max : v;
}

/* Without them it is no image: dom0 would never see it. */
static int grant(struct agent *a, struct win *w)
{
	int r = pages_new(a->link.domain, w->image.fd, w->image.width, w->image.height,
			  &w->image.pages);

	if (r)
		image_free(a->x, &w->image);
	return r;
}

/* A new image for the present size. Its contents follow with the next copy. */
static void make_image(struct agent *a, struct win *w)
{
	int r;

	if (w->pixmap)
		xcb_free_pixmap(a->x, w->pixmap);
	image_free(a->x, &w->image);
	w->pixmap = xcb_generate_id(a->x);
	xcb_composite_name_window_pixmap(a->x, w->id, w->pixmap);
	r = image_of_pixmap(a->x, w->pixmap, a->link.x_tells ? w->id : XCB_NONE, &w->image);
	if (r == -ENOTSUP)
		r = image_new(a->x, a->root, w->depth, limited(w->width, GUI_MAX_WIDTH),
			      limited(w->height, GUI_MAX_HEIGHT), &w->image);
	if (!r && !vchan_is_socket())
		r = grant(a, w);
	if (r)
		fprintf(stderr,
			"qubes-gui-agent: no memory for the image of window 0x%x (%ux%u): %s; it "
			"stays without contents\n",
			w->id, w->width, w->height, strerror(-r));
	w->stale = false;
	w->announce = w->all = w->dirty = r == 0;
}

static void watch_damage(struct agent *a, struct win *w)
{
	w->damage = xcb_generate_id(a->x);
	w->region = xcb_generate_id(a->x);
	xcb_damage_create(a->x, w->damage, w->id, XCB_DAMAGE_REPORT_LEVEL_BOUNDING_BOX);
	xcb_xfixes_create_region(a->x, w->region, 0, NULL);
}

/* True when w should have pixels at the daemon. */
static bool is_shown(const struct win *w)
{
	return w->exists && w->mapped && !w->input_only && (w->depth == 24 || w->depth == 32) &&
	       (w->remote == REMOTE_CREATED || w->remote == REMOTE_MAPPED);
}

int64_t win_paint_due(struct agent *a, const struct win *w, int64_t now, unsigned begun)
{
	bool new_image = !w->pixmap || w->stale || w->announce;
	int64_t wait;

	if (!is_shown(w) || (!new_image && !w->dirty))
		return -1;
	if (new_image)
		return a->wins.dumps_in_flight + begun < WIN_MAX_DUMPS ? 0 : WIN_PAINT_HELD;
	wait = pacer_due(&w->pacer) - now;
	if (w->early && w->early_due - now > wait)
		wait = w->early_due - now;
	return wait > 0 ? wait : 0;
}

bool win_paint_begin(struct agent *a, struct win *w, unsigned *ret_cookie)
{
	xcb_gcontext_t gc = w->depth == 32 ? a->gc32 : a->gc24;

	if (!w->pixmap || w->stale)
		make_image(a, w);
	if (w->image.told)
		ignore_damage(a, w);
	else if (!w->damage)
		watch_damage(a, w);
	w->dirty = false;
	*ret_cookie = 0;
	if (w->image.fd < 0)
		return false;
	if (w->image.told)
		return true;
	xcb_damage_subtract(a->x, w->damage, XCB_NONE, w->region);
	if (w->image.pixmap) {
		xcb_xfixes_set_gc_clip_region(a->x, gc, w->all ? XCB_NONE : w->region, 0, 0);
		xcb_copy_area(a->x, w->pixmap, w->image.pixmap, gc, 0, 0, 0, 0, w->image.width,
			      w->image.height);
	}
	*ret_cookie = xcb_xfixes_fetch_region(a->x, w->region).sequence;
	return true;
}

/* How dom0 gets at the image: by its grants, or by the side channel. 0 or -errno. */
static int describe(struct agent *a, struct win *w, struct gui_window_dump *d)
{
	const struct pages *p = &w->image.pages;

	if (p->fd >= 0) {
		d->dump_type = GUI_DUMP_GRANT_REFS;
		d->pages = (struct gui_pages){(const uint8_t *)p->refs, p->count};
		return 0;
	}
	d->dump_type = GUI_DUMP_MEMFD;
	d->memfd.stride = d->width * 4;
	return sidechan_send(&a->link.side, w->image.fd, w->image.size, &d->memfd.token);
}

static void announce(struct agent *a, struct win *w)
{
	struct gui_msg m = {.type = GUI_MSG_WINDOW_DUMP, .window = w->id};
	struct gui_window_dump *d = &m.u.dump;
	int r;

	d->width = w->image.width;
	d->height = w->image.height;
	d->bpp = 32;
	r = describe(a, w, d);
	w->announce = false;
	if (r == -ENOTCONN)
		return; /* said when the daemon came */
	if (r) {
		fprintf(stderr, "qubes-gui-agent: cannot pass an image to dom0: %s\n",
			strerror(-r));
		a->link.failed = true;
		return;
	}
	w->announced = true;
	link_send(a, &m);
	if (a->link.version >= GUI_VERSION_DUMP_ACK) {
		w->in_flight++;
		a->wins.dumps_in_flight++;
	}
}

static void send_damage(struct agent *a, const struct win *w, const xcb_rectangle_t *r)
{
	struct gui_msg m = {.type = GUI_MSG_SHMIMAGE, .window = w->id};

	if (!w->announced || !r->width || !r->height)
		return;
	pages_copy(&w->image.pages, r->x, r->y, r->width, r->height);
	m.u.rect = (struct gui_rect){r->x, r->y, r->width, r->height};
	link_send(a, &m);
}

static void send_region(struct agent *a, const struct win *w,
			const xcb_xfixes_fetch_region_reply_t *region)
{
	const xcb_rectangle_t *r = xcb_xfixes_fetch_region_rectangles(region);
	int n = xcb_xfixes_fetch_region_rectangles_length(region);

	if (n > MAX_RECTS) {
		send_damage(a, w, &region->extents);
		return;
	}
	for (int i = 0; i < n; i++)
		send_damage(a, w, &r[i]);
}

/*
 * A round trip sooner. What is drawn into the same part until the X server is asked is not
 * reported; the update that follows has all of it, soon, and at once when there was more.
 */
void win_paint_early(struct agent *a, struct win *w, const xcb_rectangle_t *area)
{
	if (w->early)
		w->early_due = 0;
	if (w->early || w->all || w->stale || w->announce || w->remote != REMOTE_MAPPED ||
	    w->image.fd < 0 || w->image.pixmap || !pacer_is_calm(&w->pacer) ||
	    (uint32_t)area->width * area->height > EARLY_PIXELS || !link_is_clear(&a->link))
		return;
	w->early = true;
	w->early_due = io_now_us() + EARLY_REST_US;
	send_damage(a, w, area);
	link_flush(a);
}

void win_paint_end(struct agent *a, struct win *w, unsigned cookie)
{
	_cleanup_free_ xcb_xfixes_fetch_region_reply_t *region = NULL;
	const xcb_rectangle_t whole = {0, 0, w->image.width, w->image.height};
	bool all = w->all;

	if (!w->image.told)
		region = xcb_xfixes_fetch_region_reply(
			a->x, (xcb_xfixes_fetch_region_cookie_t){cookie}, NULL);
	pacer_updated(&w->pacer, io_now_us());
	if (!region && !w->image.told)
		return; /* destroyed meanwhile */
	w->all = w->early = false;
	if (w->announce)
		announce(a, w);
	if (w->remote == REMOTE_CREATED)
		win_send_map(a, w);
	if (all)
		send_damage(a, w, &whole);
	else if (region)
		send_region(a, w, region);
}
