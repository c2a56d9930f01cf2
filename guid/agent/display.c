/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connecting to the qube's X server (display.h). It is as trusted as the qube; without it
 * there is nothing to do, so that errors end the program and systemd starts it anew.
 */
#include "guid/agent/display.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/composite.h>
#include <xcb/randr.h>
#include <xcb/shm.h>
#include <xcb/xfixes.h>
#include <xcb/xkb.h>
#include <xcb/xtest.h>

#include "guid/agent/agent.h"
#include "guid/agent/control.h"
#include "qrexec/base/cleanup.h"

#define ALPHA_DEPTH 32

struct needed {
	xcb_extension_t *ext;
	const char *name;
	bool optional;
};

static const struct needed extensions[] = {
	{&xcb_composite_id, "Composite", false}, {&xcb_damage_id, "DAMAGE", false},
	{&xcb_shm_id, "MIT-SHM", false},	 {&xcb_xfixes_id, "XFIXES", false},
	{&xcb_test_id, "XTEST", false},		 {&xcb_randr_id, "RANDR", true},
	{&xcb_xkb_id, "XKEYBOARD", true},
};

static bool has(struct agent *a, xcb_extension_t *ext)
{
	const xcb_query_extension_reply_t *r = xcb_get_extension_data(a->x, ext);

	return r && r->present;
}

static int check_extensions(struct agent *a)
{
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		xcb_prefetch_extension_data(a->x, extensions[i].ext);
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++) {
		if (extensions[i].optional || has(a, extensions[i].ext))
			continue;
		fprintf(stderr, "qubes-gui-agent: the X server lacks the extension %s\n",
			extensions[i].name);
		return -1;
	}
	a->has_randr = has(a, &xcb_randr_id);
	a->has_xkb = has(a, &xcb_xkb_id);
	a->damage_event = xcb_get_extension_data(a->x, &xcb_damage_id)->first_event;
	a->xfixes_event = xcb_get_extension_data(a->x, &xcb_xfixes_id)->first_event;
	return 0;
}

/* Servers want to be told the version before anything else of an extension. */
static int check_versions(struct agent *a)
{
	xcb_composite_query_version_cookie_t cc =
		xcb_composite_query_version(a->x, XCB_COMPOSITE_MAJOR_VERSION, 2);
	xcb_damage_query_version_cookie_t dc =
		xcb_damage_query_version(a->x, XCB_DAMAGE_MAJOR_VERSION, 1);
	xcb_shm_query_version_cookie_t sc = xcb_shm_query_version(a->x);
	xcb_xfixes_query_version_cookie_t fc = xcb_xfixes_query_version(a->x, 4, 0);
	_cleanup_free_ void *c = xcb_composite_query_version_reply(a->x, cc, NULL);
	_cleanup_free_ void *d = xcb_damage_query_version_reply(a->x, dc, NULL);
	_cleanup_free_ xcb_shm_query_version_reply_t *s =
		xcb_shm_query_version_reply(a->x, sc, NULL);
	_cleanup_free_ void *f = xcb_xfixes_query_version_reply(a->x, fc, NULL);

	if (!c || !d || !s || !f) {
		fprintf(stderr, "qubes-gui-agent: the X server does not answer\n");
		return -1;
	}
	if (!s->shared_pixmaps || s->pixmap_format != XCB_IMAGE_FORMAT_Z_PIXMAP ||
	    s->major_version < 1 || (s->major_version == 1 && s->minor_version < 2)) {
		fprintf(stderr, "qubes-gui-agent: the X server cannot share pixmaps through "
				"descriptors (MIT-SHM 1.2)\n");
		return -1;
	}
	if (a->has_randr)
		free(xcb_randr_query_version_reply(a->x, xcb_randr_query_version(a->x, 1, 3),
						   NULL));
	if (a->has_xkb)
		free(xcb_xkb_use_extension_reply(a->x, xcb_xkb_use_extension(a->x, 1, 0), NULL));
	return 0;
}

static int intern_atoms(struct agent *a)
{
	static const char *const names[ATOM_COUNT] = {
#define ATOM_NAME(name) [A_##name] = #name,
#define ATOM_NAME_OTHER(name, text) [A_##name] = text,
		ATOMS(ATOM_NAME) ATOMS_OTHER(ATOM_NAME_OTHER)};
	xcb_intern_atom_cookie_t c[ATOM_COUNT];
	int r = 0;

	for (size_t i = 0; i < ATOM_COUNT; i++)
		c[i] = xcb_intern_atom(a->x, 0, (uint16_t)strlen(names[i]), names[i]);
	for (size_t i = 0; i < ATOM_COUNT; i++) {
		_cleanup_free_ xcb_intern_atom_reply_t *reply =
			xcb_intern_atom_reply(a->x, c[i], NULL);

		if (reply)
			a->atom[i] = reply->atom;
		else
			r = -1;
	}
	return r;
}

/* A context for copies between drawables of depth. */
static xcb_gcontext_t make_gc(struct agent *a, uint8_t depth)
{
	const uint32_t values[] = {XCB_SUBWINDOW_MODE_INCLUDE_INFERIORS, 0};
	xcb_pixmap_t like = xcb_generate_id(a->x);
	xcb_gcontext_t gc = xcb_generate_id(a->x);

	xcb_create_pixmap(a->x, depth, like, a->root, 1, 1);
	xcb_create_gc(a->x, gc, like, XCB_GC_SUBWINDOW_MODE | XCB_GC_GRAPHICS_EXPOSURES, values);
	xcb_free_pixmap(a->x, like);
	return gc;
}

/* Never seen by the user: it takes the pointer, owns selections, marks the manager. */
static void make_own_window(struct agent *a)
{
	const uint32_t values[] = {1, XCB_EVENT_MASK_PROPERTY_CHANGE};

	a->own = xcb_generate_id(a->x);
	xcb_create_window(a->x, XCB_COPY_FROM_PARENT, a->own, a->root, -1, -1, 1, 1, 0,
			  XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT,
			  XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
}

/* Windows without a cursor show the root's; the server's own is not what anybody expects. */
static void set_root_cursor(struct agent *a)
{
	static const char name[] = "cursor";
	const uint16_t arrow = 68;
	xcb_font_t font = xcb_generate_id(a->x);
	xcb_cursor_t cursor = xcb_generate_id(a->x);

	xcb_open_font(a->x, font, sizeof(name) - 1, name);
	xcb_create_glyph_cursor(a->x, cursor, font, font, arrow, arrow + 1, 0, 0, 0, UINT16_MAX,
				UINT16_MAX, UINT16_MAX);
	xcb_change_window_attributes(a->x, a->root, XCB_CW_CURSOR, &cursor);
	xcb_free_cursor(a->x, cursor);
	xcb_close_font(a->x, font);
}

/* Manual: nobody looks at the root, so that nothing is painted there. */
static int take_over(struct agent *a)
{
	const uint32_t mask = XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY;
	xcb_generic_error_t *e =
		xcb_request_check(a->x, xcb_composite_redirect_subwindows_checked(
						a->x, a->root, XCB_COMPOSITE_REDIRECT_MANUAL));

	if (e) {
		free(e);
		fprintf(stderr, "qubes-gui-agent: another program composes this X display's "
				"windows; only one can\n");
		return -1;
	}
	xcb_change_window_attributes(a->x, a->root, XCB_CW_EVENT_MASK, &mask);
	xcb_xfixes_select_cursor_input(a->x, a->root, XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
	return 0;
}

static void watch_keyboard(struct agent *a)
{
	const uint16_t events = XCB_XKB_EVENT_TYPE_NEW_KEYBOARD_NOTIFY;
	const xcb_query_extension_reply_t *r = xcb_get_extension_data(a->x, &xcb_xkb_id);

	if (a->has_xkb) {
		a->xkb_event = r->first_event;
		xcb_xkb_select_events(a->x, XCB_XKB_ID_USE_CORE_KBD, events, 0, events, 0, 0, NULL);
	}
	input_no_repeat(a);
}

int display_open(struct agent *a, const char *display)
{
	int number = 0;
	xcb_screen_iterator_t i;

	a->x = xcb_connect(display, &number);
	if (xcb_connection_has_error(a->x)) {
		fprintf(stderr, "qubes-gui-agent: cannot connect to the X server %s\n",
			display		    ? display
			: getenv("DISPLAY") ? getenv("DISPLAY")
					    : "(DISPLAY is not set)");
		return -1;
	}
	i = xcb_setup_roots_iterator(xcb_get_setup(a->x));
	while (number-- && i.rem)
		xcb_screen_next(&i);
	a->screen = i.data;
	a->root = a->screen->root;
	if (a->screen->root_depth != 24) {
		fprintf(stderr, "qubes-gui-agent: the X screen has depth %u, 24 is needed\n",
			a->screen->root_depth);
		return -1;
	}
	if (check_extensions(a) || check_versions(a) || intern_atoms(a))
		return -1;
	make_own_window(a);
	a->gc24 = make_gc(a, a->screen->root_depth);
	a->gc32 = make_gc(a, ALPHA_DEPTH);
	if (take_over(a))
		return -1;
	control_announce(a);
	tray_announce(a);
	set_root_cursor(a);
	watch_keyboard(a);
	windows_adopt(a);
	xcb_flush(a->x);
	return 0;
}

void display_name_rules(struct agent *a, const char *rules)
{
	static const char built_in[] = "base";
	xcb_atom_t atom = a->atom[A__XKB_RULES_NAMES];
	_cleanup_free_ xcb_get_property_reply_t *r = xcb_get_property_reply(
		a->x, xcb_get_property(a->x, 0, a->root, atom, XCB_ATOM_STRING, 0, 64), NULL);
	size_t n = r ? (size_t)xcb_get_property_value_length(r) : 0;
	const char *old = r ? xcb_get_property_value(r) : NULL;

	if (n < sizeof(built_in) || memcmp(old, built_in, sizeof(built_in)) != 0)
		return;
	/* The other names, from the NUL on, stay. */
	xcb_change_property(a->x, XCB_PROP_MODE_REPLACE, a->root, atom, XCB_ATOM_STRING, 8,
			    (uint32_t)strlen(rules), rules);
	xcb_change_property(a->x, XCB_PROP_MODE_APPEND, a->root, atom, XCB_ATOM_STRING, 8,
			    (uint32_t)(n - strlen(built_in)), old + strlen(built_in));
}

void display_close(struct agent *a)
{
	if (!a->x)
		return;
	windows_clear(a);
	xcb_disconnect(a->x);
	a->x = NULL;
}
