/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures how long what is drawn on one X display takes to be seen on another.
 *
 *	gui-probe lat|frame|video DRAW-DISPLAY SEEN-DISPLAY COUNT
 *
 * lat: a rectangle of 100 x 100 is drawn, then waited for, after a pause each. frame: a
 * Full-HD picture (MIT-SHM) is drawn, waited for, then the next at once. Both print the
 * median and the 95th percentile in microseconds. video: COUNT Full-HD pictures at 60 a
 * second; prints how many seconds it took. Where the window is on the other display is found
 * by its colour, so that it does not matter by what it comes there.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>
#include <xcb/damage.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>

#define WIDTH 1920
#define HEIGHT 1080
#define FRAMES 2 /* pictures drawn in turn */
#define SIZE ((size_t)WIDTH * HEIGHT * 4)
#define RECT 100
#define LOOK_Y (HEIGHT / 2)
#define TIMEOUT_US 5000000
#define MARK 0xa5135e

struct side {
	xcb_connection_t *x;
	xcb_screen_t *screen;
};

struct probe {
	struct side draw, seen;
	xcb_window_t win;
	xcb_gcontext_t gc;
	xcb_shm_seg_t seg;
	uint32_t *frames;
	int x, y; /* of the window on the other display */
	uint8_t damage_event;
	xcb_damage_damage_t damage;
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(const char *why)
{
	fprintf(stderr, "gui-probe: %s\n", why);
	exit(1);
}

static struct side open_side(const char *name)
{
	struct side s = {.x = xcb_connect(name, NULL)};

	if (xcb_connection_has_error(s.x))
		fail("cannot connect to a display");
	s.screen = xcb_setup_roots_iterator(xcb_get_setup(s.x)).data;
	return s;
}

static void make_window(struct probe *p)
{
	const uint32_t values[] = {MARK};
	xcb_connection_t *x = p->draw.x;

	p->win = xcb_generate_id(x);
	p->gc = xcb_generate_id(x);
	xcb_create_window(x, XCB_COPY_FROM_PARENT, p->win, p->draw.screen->root, 40, 40, WIDTH,
			  HEIGHT, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			  XCB_CW_BACK_PIXEL, values);
	xcb_create_gc(x, p->gc, p->win, 0, NULL);
	xcb_map_window(x, p->win);
	xcb_flush(x);
}

static void share_frames(struct probe *p)
{
	int id = shmget(IPC_PRIVATE, SIZE * FRAMES, IPC_CREAT | 0600);

	p->frames = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
	if (p->frames == (void *)-1)
		fail("no shared memory");
	p->seg = xcb_generate_id(p->draw.x);
	free(xcb_request_check(p->draw.x,
			       xcb_shm_attach_checked(p->draw.x, p->seg, (uint32_t)id, 1)));
	shmctl(id, IPC_RMID, NULL);
	for (size_t f = 0; f < FRAMES; f++)
		for (size_t i = 0; i < SIZE / 4; i++)
			p->frames[f * SIZE / 4 + i] = (uint32_t)((i * 2654435761u >> 8) & 0xffffff);
}

/* A pixel, or row of pixels, of the other display. */
static xcb_get_image_reply_t *look(struct probe *p, int x, int y, uint16_t w)
{
	return xcb_get_image_reply(p->seen.x,
				   xcb_get_image(p->seen.x, XCB_IMAGE_FORMAT_Z_PIXMAP,
						 p->seen.screen->root, (int16_t)x, (int16_t)y, w, 1,
						 UINT32_MAX),
				   NULL);
}

static uint32_t pixel(struct probe *p, int x, int y)
{
	xcb_get_image_reply_t *r = look(p, p->x + x, p->y + y, 1);
	uint32_t v = 0;

	if (r)
		memcpy(&v, xcb_get_image_data(r), 4);
	free(r);
	return v & 0xffffff;
}

/* The first marked pixel of the row; -1: none. */
static int marked(struct probe *p, int y)
{
	uint16_t w = p->seen.screen->width_in_pixels;
	xcb_get_image_reply_t *r = look(p, 0, y, w);
	const uint32_t *v = r ? (const uint32_t *)(const void *)xcb_get_image_data(r) : NULL;
	int found = -1;

	for (int i = 0; v && i < w && found < 0; i++)
		if ((v[i] & 0xffffff) == MARK)
			found = i;
	free(r);
	return found;
}

/* Window managers move a window after it is mapped: found when in one place for a while. */
static void find_window(struct probe *p)
{
	int64_t end = now_us() + 2 * TIMEOUT_US;
	int lx = -1, ly = -1, same = 0;

	while (now_us() < end) {
		int x = -1, y = 0;

		for (; y < p->seen.screen->height_in_pixels && x < 0; y++)
			x = marked(p, y);
		same = x >= 0 && x == lx && y == ly ? same + 1 : 0;
		lx = x;
		ly = y;
		if (same == 3) {
			p->x = x;
			p->y = y - 1;
			return;
		}
		usleep(50000);
	}
	fail("the window does not appear on the other display");
}

static void watch(struct probe *p)
{
	const xcb_query_extension_reply_t *r = xcb_get_extension_data(p->seen.x, &xcb_damage_id);

	if (!r || !r->present)
		fail("the other display has no DAMAGE");
	p->damage_event = r->first_event;
	free(xcb_damage_query_version_reply(p->seen.x, xcb_damage_query_version(p->seen.x, 1, 1),
					    NULL));
	p->damage = xcb_generate_id(p->seen.x);
	xcb_damage_create(p->seen.x, p->damage, p->seen.screen->root,
			  XCB_DAMAGE_REPORT_LEVEL_NON_EMPTY);
}

/* Until the pixel has the colour; looks whenever something was drawn on the other display. */
static void wait_for(struct probe *p, int x, int y, uint32_t color)
{
	int64_t end = now_us() + TIMEOUT_US;

	while (pixel(p, x, y) != color) {
		struct pollfd f = {.fd = xcb_get_file_descriptor(p->seen.x), .events = POLLIN};
		xcb_generic_event_t *e = xcb_poll_for_event(p->seen.x);

		if (!e) {
			poll(&f, 1, 100);
			e = xcb_poll_for_event(p->seen.x);
		}
		for (; e; e = xcb_poll_for_event(p->seen.x))
			free(e);
		xcb_damage_subtract(p->seen.x, p->damage, XCB_NONE, XCB_NONE);
		if (now_us() > end)
			fail("what was drawn is not seen");
	}
}

static void draw_rect(struct probe *p, uint32_t color)
{
	const xcb_rectangle_t r = {WIDTH / 2, LOOK_Y, RECT, RECT};

	xcb_change_gc(p->draw.x, p->gc, XCB_GC_FOREGROUND, &color);
	xcb_poly_fill_rectangle(p->draw.x, p->win, p->gc, 1, &r);
	xcb_flush(p->draw.x);
}

/* Marks a picture in its last pixel and has it drawn. */
static void draw_frame(struct probe *p, unsigned n, uint32_t color)
{
	p->frames[(n % FRAMES + 1) * SIZE / 4 - 1] = color;
	xcb_shm_put_image(p->draw.x, p->win, p->gc, WIDTH, HEIGHT, 0, 0, WIDTH, HEIGHT, 0, 0, 24,
			  XCB_IMAGE_FORMAT_Z_PIXMAP, 0, p->seg, (uint32_t)(n % FRAMES * SIZE));
	xcb_flush(p->draw.x);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(struct probe *p, unsigned count, int frames)
{
	int64_t *t = calloc(count, sizeof(*t));

	for (unsigned i = 0; t && i < count; i++) {
		uint32_t color = (i * 7919 + 1) & 0xffffff;
		int64_t start;

		if (!frames)
			usleep(2000 + i * 37 % 2000);
		start = now_us();
		if (frames) {
			draw_frame(p, i, color);
			wait_for(p, WIDTH - 1, HEIGHT - 1, color);
		} else {
			draw_rect(p, color);
			wait_for(p, WIDTH / 2 + RECT - 1, LOOK_Y + RECT - 1, color);
		}
		t[i] = now_us() - start;
	}
	if (!t)
		fail("no memory");
	qsort(t, count, sizeof(*t), compare);
	printf("%lld %lld\n", (long long)t[count / 2], (long long)t[count * 95 / 100]);
	free(t);
}

static void play(struct probe *p, unsigned count)
{
	int64_t start = now_us(), due = start;

	for (unsigned i = 0; i < count; i++) {
		draw_frame(p, i, i);
		due += 1000000 / 60;
		if (due > now_us())
			usleep((useconds_t)(due - now_us()));
	}
	wait_for(p, WIDTH - 1, HEIGHT - 1, count - 1);
	printf("%.3f\n", (double)(now_us() - start) / 1e6);
}

int main(int argc, char **argv)
{
	struct probe p = {0};
	unsigned count = argc == 5 ? (unsigned)atoi(argv[4]) : 0;

	if (!count) {
		fprintf(stderr,
			"usage: gui-probe lat|frame|video DRAW-DISPLAY SEEN-DISPLAY COUNT\n");
		return 2;
	}
	p.draw = open_side(argv[2]);
	p.seen = open_side(argv[3]);
	share_frames(&p);
	make_window(&p);
	find_window(&p);
	watch(&p);
	if (!strcmp(argv[1], "video"))
		play(&p, count);
	else
		measure(&p, count, !strcmp(argv[1], "frame"));
	xcb_disconnect(p.draw.x);
	xcb_disconnect(p.seen.x);
	return 0;
}
