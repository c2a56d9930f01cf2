/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: a client of the X server, with a qube's name on its windows, that does with icons what
 * qubes-guid would not: tray-flood QUBE SECONDS SEED. Docks, maps, resizes, renames, reparents and
 * destroys them at random, some with one step of what docking takes missing, ten thousand times a
 * second if the server can. At the end it destroys them and prints how many steps there were.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xcb/xcb.h>

#include "guid/xcb/tray-client.h"

#define WINDOWS 40
#define BURST 100
#define BURST_NS 10000000
#define LONG_TITLE 65536

struct flood {
	xcb_connection_t *c;
	xcb_screen_t *s;
	xcb_atom_t selection, opcode, info, name, utf8, qube;
	const char *of;
	xcb_window_t tray, windows[WINDOWS];
	uint64_t state;
	char title[LONG_TITLE];
};

static uint32_t rnd(struct flood *f, uint32_t n)
{
	f->state = f->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(f->state >> 33) % n;
}

static void set(struct flood *f, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint8_t format,
		uint32_t n, const void *data)
{
	xcb_change_property(f->c, XCB_PROP_MODE_REPLACE, w, name, type, format, n, data);
}

static void begin(struct flood *f, xcb_window_t *w)
{
	const uint32_t info[] = {0, 1}, values[] = {rnd(f, 0x1000000), rnd(f, 2)};
	uint16_t width = (uint16_t)(1 + rnd(f, 8) * 4000), height = (uint16_t)(1 + rnd(f, 100));

	*w = xcb_generate_id(f->c);
	xcb_create_window(f->c, XCB_COPY_FROM_PARENT, *w, f->s->root, 0, 0, width, height, 0,
			  XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			  XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT, values);
	set(f, *w, f->qube, XCB_ATOM_STRING, 8, (uint32_t)strlen(f->of), f->of);
	if (rnd(f, 8))
		set(f, *w, f->info, f->info, 32, 2, info);
}

static void resize(struct flood *f, xcb_window_t w)
{
	const uint32_t values[] = {1 + rnd(f, 32767), 1 + rnd(f, 50)};

	xcb_configure_window(f->c, w, XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, values);
}

static void rename_it(struct flood *f, xcb_window_t w)
{
	/* Now and then a long one: the server has to copy it. */
	uint32_t n = rnd(f, 200) ? rnd(f, 200) : LONG_TITLE;

	set(f, w, rnd(f, 2) ? f->name : XCB_ATOM_WM_NAME, rnd(f, 2) ? f->utf8 : XCB_ATOM_STRING, 8,
	    n, f->title);
}

static void step(struct flood *f)
{
	xcb_window_t *w = &f->windows[rnd(f, WINDOWS)];
	const uint32_t info[] = {rnd(f, 3), rnd(f, 4)};

	if (!*w)
		begin(f, w);
	switch (rnd(f, 10)) {
	case 0:
	case 1:
	case 2:
		x_ask_to_dock(f->c, f->tray, f->opcode, *w);
		break;
	case 3:
		xcb_map_window(f->c, *w);
		break;
	case 4:
		xcb_unmap_window(f->c, *w);
		break;
	case 5:
		resize(f, *w);
		break;
	case 6:
		rename_it(f, *w);
		break;
	case 7:
		set(f, *w, f->info, f->info, rnd(f, 4) ? 32 : 8, rnd(f, 3), info);
		break;
	case 8:
		xcb_reparent_window(f->c, *w, f->s->root, 0, 0);
		break;
	default:
		xcb_destroy_window(f->c, *w);
		*w = 0;
	}
}

/* What came, errors for the most part. */
static void forget_events(struct flood *f)
{
	xcb_generic_event_t *e;

	while ((e = xcb_poll_for_event(f->c)))
		free(e);
}

int main(int argc, char **argv)
{
	static struct flood f;
	const struct timespec pause = {.tv_nsec = BURST_NS};
	long steps = 0;
	time_t end;

	if (argc != 4)
		return 2;
	f.c = xcb_connect(NULL, NULL);
	if (xcb_connection_has_error(f.c))
		return 1;
	f.s = xcb_setup_roots_iterator(xcb_get_setup(f.c)).data;
	f.selection = x_atom(f.c, "_NET_SYSTEM_TRAY_S0");
	f.opcode = x_atom(f.c, "_NET_SYSTEM_TRAY_OPCODE");
	f.info = x_atom(f.c, "_XEMBED_INFO");
	f.name = x_atom(f.c, "_NET_WM_NAME");
	f.utf8 = x_atom(f.c, "UTF8_STRING");
	f.qube = x_atom(f.c, "_QUBES_VMNAME");
	f.of = argv[1];
	f.state = strtoul(argv[3], NULL, 0);
	/* Markup, and what is no UTF-8. */
	for (size_t i = 0; i < LONG_TITLE; i++)
		f.title[i] = i % 7 ? (char)(0x80 + rnd(&f, 0x80)) : "<&>\"'"[i % 5];
	for (end = time(NULL) + atoi(argv[2]); time(NULL) < end; steps += BURST) {
		f.tray = x_owner(f.c, f.selection);
		for (int i = 0; i < BURST; i++)
			step(&f);
		forget_events(&f);
		nanosleep(&pause, NULL);
	}
	for (int i = 0; i < WINDOWS; i++)
		if (f.windows[i])
			xcb_destroy_window(f.c, f.windows[i]);
	/* An answer tells that all is done. */
	x_owner(f.c, f.selection);
	printf("%ld\n", steps);
	return xcb_connection_has_error(f.c) ? 1 : 0;
}
