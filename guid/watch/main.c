/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-gui-watch: writes what the qubes of a session follow, and again whenever it changes:
 * monitors, resolution, keyboard layout. qvm-start-daemon runs it and passes it on. Its peer is the
 * session's X server, which is trusted; no qube is.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>
#include <xcb/xcb.h>
#include <unistd.h>
#include <xcb/xkb.h>

#include "guid/proto/gui-scale.h"
#include "guid/watch/describe.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

/* A change of monitors is many events: so long nothing more must come. */
#define QUIET_MS 250
#define MAX_RESOURCE_WORDS 65536

struct watch {
	xcb_connection_t *x;
	xcb_window_t root;
	xcb_atom_t rules; /* _XKB_RULES_NAMES */
	bool has_xkb;
	uint8_t xkb_event;
	char layout[DESCRIBE_TEXT_MAX], keyboard[DESCRIBE_TEXT_MAX]; /* as written last */
};

static xcb_get_property_reply_t *root_text(struct watch *w, xcb_atom_t atom)
{
	return xcb_get_property_reply(
		w->x,
		xcb_get_property(w->x, 0, w->root, atom, XCB_ATOM_STRING, 0, MAX_RESOURCE_WORDS),
		NULL);
}

static unsigned find_dpi(struct watch *w)
{
	_cleanup_free_ xcb_get_property_reply_t *r = root_text(w, XCB_ATOM_RESOURCE_MANAGER);

	return r ? gui_dpi_of_resources(xcb_get_property_value(r),
					(size_t)xcb_get_property_value_length(r))
		 : GUI_DPI_NORMAL;
}

/* The monitors, the primary one first. */
static unsigned find_monitors(struct watch *w, struct watched_monitor *m)
{
	_cleanup_free_ xcb_randr_get_monitors_reply_t *r =
		xcb_randr_get_monitors_reply(w->x, xcb_randr_get_monitors(w->x, w->root, 1), NULL);
	xcb_randr_monitor_info_iterator_t i;
	unsigned n = 0;

	if (!r)
		return 0;
	for (int primary = 1; primary >= 0; primary--) {
		for (i = xcb_randr_get_monitors_monitors_iterator(r);
		     i.rem && n < DESCRIBE_MONITORS_MAX; xcb_randr_monitor_info_next(&i)) {
			const xcb_randr_monitor_info_t *d = i.data;

			if ((d->primary != 0) != (primary != 0))
				continue;
			m[n++] = (struct watched_monitor){d->x,
							  d->y,
							  d->width,
							  d->height,
							  d->width_in_millimeters,
							  d->height_in_millimeters};
		}
	}
	return n;
}

static void say(const char *what, const char *text, char *last)
{
	if (!*text || !strcmp(text, last))
		return;
	strcpy(last, text);
	printf("%s %s\n", what, text);
	fflush(stdout);
}

static void say_layout(struct watch *w)
{
	struct watched_monitor m[DESCRIBE_MONITORS_MAX];
	char text[DESCRIBE_TEXT_MAX];

	describe_layout(m, find_monitors(w, m), find_dpi(w), text);
	say("layout", text, w->layout);
}

static void say_keyboard(struct watch *w)
{
	_cleanup_free_ xcb_get_property_reply_t *names = root_text(w, w->rules);
	_cleanup_free_ xcb_xkb_get_state_reply_t *state = NULL;
	char text[DESCRIBE_TEXT_MAX];

	if (w->has_xkb)
		state = xcb_xkb_get_state_reply(
			w->x, xcb_xkb_get_state(w->x, XCB_XKB_ID_USE_CORE_KBD), NULL);
	if (names && !describe_keyboard(xcb_get_property_value(names),
					(size_t)xcb_get_property_value_length(names),
					state ? state->lockedGroup : 0, text))
		say("keyboard", text, w->keyboard);
}

static void select_events(struct watch *w)
{
	const uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY;
	const xcb_xkb_select_events_details_t details = {
		.affectState = XCB_XKB_STATE_PART_GROUP_LOCK,
		.stateDetails = XCB_XKB_STATE_PART_GROUP_LOCK};

	xcb_change_window_attributes(w->x, w->root, XCB_CW_EVENT_MASK, &mask);
	xcb_randr_select_input(w->x, w->root,
			       XCB_RANDR_NOTIFY_MASK_SCREEN_CHANGE |
				       XCB_RANDR_NOTIFY_MASK_CRTC_CHANGE |
				       XCB_RANDR_NOTIFY_MASK_OUTPUT_CHANGE);
	if (w->has_xkb)
		xcb_xkb_select_events_aux(w->x, XCB_XKB_ID_USE_CORE_KBD,
					  XCB_XKB_EVENT_TYPE_STATE_NOTIFY, 0, 0, 0, 0, &details);
}

static int open_x(struct watch *w)
{
	const xcb_query_extension_reply_t *randr, *xkb;
	_cleanup_free_ xcb_intern_atom_reply_t *atom = NULL;
	_cleanup_free_ void *version = NULL, *use = NULL;
	static const char rules[] = "_XKB_RULES_NAMES";

	w->x = xcb_connect(NULL, NULL);
	if (xcb_connection_has_error(w->x)) {
		fprintf(stderr, "qubes-gui-watch: cannot connect to the X server\n");
		return -1;
	}
	w->root = xcb_setup_roots_iterator(xcb_get_setup(w->x)).data->root;
	randr = xcb_get_extension_data(w->x, &xcb_randr_id);
	xkb = xcb_get_extension_data(w->x, &xcb_xkb_id);
	if (!randr || !randr->present) {
		fprintf(stderr, "qubes-gui-watch: the X server lacks the extension RANDR\n");
		return -1;
	}
	version = xcb_randr_query_version_reply(w->x, xcb_randr_query_version(w->x, 1, 5), NULL);
	if (xkb && xkb->present)
		use = xcb_xkb_use_extension_reply(w->x, xcb_xkb_use_extension(w->x, 1, 0), NULL);
	w->has_xkb = use != NULL;
	atom = xcb_intern_atom_reply(
		w->x, xcb_intern_atom(w->x, 0, (uint16_t)(sizeof(rules) - 1), rules), NULL);
	w->rules = atom ? atom->atom : XCB_NONE;
	select_events(w);
	return 0;
}

/* Whether the event may have changed what was written. */
static bool matters(const struct watch *w, const xcb_generic_event_t *e)
{
	const xcb_property_notify_event_t *p = (const void *)e;

	if ((e->response_type & 0x7f) != XCB_PROPERTY_NOTIFY)
		return e->response_type != 0;
	return p->atom == XCB_ATOM_RESOURCE_MANAGER || p->atom == w->rules;
}

static bool drain(struct watch *w)
{
	xcb_generic_event_t *e;
	bool any = false;

	while ((e = xcb_poll_for_event(w->x))) {
		any |= matters(w, e);
		free(e);
	}
	return any;
}

/* Until the X server, or who reads us, has gone. */
static void run(struct watch *w, bool once)
{
	int64_t due = 0;

	for (;;) {
		struct pollfd p[2] = {{.fd = xcb_get_file_descriptor(w->x), .events = POLLIN},
				      {.fd = STDOUT_FILENO}};
		int64_t now = io_now_ms();

		if (drain(w))
			due = now + QUIET_MS;
		if (due <= now && due >= 0) {
			say_layout(w);
			say_keyboard(w);
			due = -1;
			/* Answers may have brought events. */
			continue;
		}
		xcb_flush(w->x);
		if ((once && due < 0) || xcb_connection_has_error(w->x))
			return;
		if (poll(p, 2, due < 0 ? -1 : (int)(due - now)) < 0 && errno != EINTR)
			return;
		if (p[1].revents & (POLLERR | POLLHUP))
			return;
	}
}

int main(int argc, char **argv)
{
	static const char usage[] = "Usage: qubes-gui-watch [--once]\n"
				    "Writes the monitors and the keyboard layout of this X "
				    "display, and again when they change.\n";
	struct watch w = {0};
	bool once = argc == 2 && !strcmp(argv[1], "--once");

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 2 || (argc == 2 && !once)) {
		fputs(usage, stderr);
		return 2;
	}
	if (open_x(&w))
		return 1;
	run(&w, once);
	xcb_disconnect(w.x);
	return 0;
}
