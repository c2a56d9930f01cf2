/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's input, put into the qube's X server by XTEST (input.h). Sender: the daemon in
 * dom0, trusted with this qube.
 */
#include "guid/agent/input.h"

#include <stdlib.h>
#include <string.h>
#include <xcb/xkb.h>
#include <xcb/xtest.h>

#include "guid/agent/agent.h"
#include "guid/agent/control.h"
#include "guid/agent/cursor.h"
#include "qrexec/base/cleanup.h"

#define ALL_MODIFIERS 0xffu
#define BUTTON_MASKS 0x1f00u
#define GROUP_SHIFT 13 /* of the keyboard group in an event's state */
#define GROUP_MASK 3u

static void fake(struct agent *a, uint8_t type, uint8_t detail, int16_t x, int16_t y)
{
	xcb_test_fake_input(a->x, type, detail, XCB_CURRENT_TIME, a->root, x, y, 0);
}

static void fake_key(struct agent *a, uint8_t keycode, bool press)
{
	fake(a, press ? XCB_KEY_PRESS : XCB_KEY_RELEASE, keycode, 0, 0);
}

/* --- keyboard --- */

struct keysyms {
	uint8_t min, max;
	const xcb_get_keyboard_mapping_reply_t *map;
};

static uint32_t first_keysym(void *ctx, uint8_t keycode)
{
	const struct keysyms *k = ctx;

	if (keycode < k->min || keycode > k->max || !k->map->keysyms_per_keycode)
		return 0;
	return xcb_get_keyboard_mapping_keysyms(
		k->map)[(keycode - k->min) * k->map->keysyms_per_keycode];
}

static void learn_modifiers(struct agent *a)
{
	const xcb_setup_t *s = xcb_get_setup(a->x);
	struct keysyms k = {.min = s->min_keycode, .max = s->max_keycode};
	xcb_get_modifier_mapping_cookie_t mc = xcb_get_modifier_mapping(a->x);
	xcb_get_keyboard_mapping_cookie_t kc =
		xcb_get_keyboard_mapping(a->x, k.min, (uint8_t)(k.max - k.min + 1));
	_cleanup_free_ xcb_get_modifier_mapping_reply_t *mods =
		xcb_get_modifier_mapping_reply(a->x, mc, NULL);
	_cleanup_free_ xcb_get_keyboard_mapping_reply_t *map =
		xcb_get_keyboard_mapping_reply(a->x, kc, NULL);

	if (!mods || !map)
		return;
	k.map = map;
	modifiers_init(&a->input.modifiers, xcb_get_modifier_mapping_keycodes(mods),
		       mods->keycodes_per_modifier, first_keysym, &k);
	a->input.modifiers_known = true;
}

void input_mapping_changed(struct agent *a)
{
	a->input.modifiers_known = false;
}

void input_no_repeat(struct agent *a)
{
	uint32_t off = XCB_AUTO_REPEAT_MODE_OFF;

	xcb_change_keyboard_control(a->x, XCB_KB_AUTO_REPEAT_MODE, &off);
}

/* The qube's keyboard gets the modifiers and the group that the user's had at the event. */
static void sync_state(struct agent *a, uint32_t state)
{
	struct key_action todo[MODIFIER_MAX_ACTIONS];
	_cleanup_free_ xcb_query_pointer_reply_t *now =
		xcb_query_pointer_reply(a->x, xcb_query_pointer(a->x, a->root), NULL);
	size_t n;

	if (!now)
		return;
	if (!a->input.modifiers_known)
		learn_modifiers(a);
	n = modifiers_plan(&a->input.modifiers, now->mask & ALL_MODIFIERS, state & ALL_MODIFIERS,
			   todo);
	for (size_t i = 0; i < n; i++)
		fake_key(a, todo[i].keycode, todo[i].press);
	if (a->has_xkb && ((now->mask ^ state) >> GROUP_SHIFT & GROUP_MASK))
		xcb_xkb_latch_lock_state(a->x, XCB_XKB_ID_USE_CORE_KBD, 0, 0, 1,
					 state >> GROUP_SHIFT & GROUP_MASK, 0, 0, 0);
}

static void on_key(struct agent *a, const struct gui_press *k)
{
	if (k->detail < 8 || k->detail > 255)
		return;
	if (k->type == XCB_KEY_PRESS)
		sync_state(a, k->state);
	if (k->type == XCB_KEY_PRESS || k->type == XCB_KEY_RELEASE)
		fake_key(a, (uint8_t)k->detail, k->type == XCB_KEY_PRESS);
}

/* Keys that the user has let go while no window of the qube was looking. */
static void on_keymap(struct agent *a, const uint8_t *down)
{
	_cleanup_free_ xcb_query_keymap_reply_t *now =
		xcb_query_keymap_reply(a->x, xcb_query_keymap(a->x), NULL);

	if (!now)
		return;
	for (unsigned i = 8; i < 256; i++)
		if (now->keys[i / 8] & ~down[i / 8] & 1u << i % 8)
			fake_key(a, (uint8_t)i, false);
}

/* --- pointer --- */

static int16_t clamp16(int32_t v, int32_t max)
{
	return (int16_t)(v < 0 ? 0 : v > max ? max : v);
}

/* While the pointer is elsewhere on the user's screen, a window of ours is under it. */
static void stub_map(struct agent *a)
{
	uint32_t place[] = {(uint32_t)a->input.root_x, (uint32_t)a->input.root_y,
			    XCB_STACK_MODE_ABOVE};

	if (a->input.stub_mapped)
		return;
	xcb_configure_window(
		a->x, a->own,
		XCB_CONFIG_WINDOW_X | XCB_CONFIG_WINDOW_Y | XCB_CONFIG_WINDOW_STACK_MODE, place);
	xcb_map_window(a->x, a->own);
	a->input.stub_mapped = true;
}

static void stub_unmap(struct agent *a)
{
	if (a->input.stub_mapped)
		xcb_unmap_window(a->x, a->own);
	a->input.stub_mapped = false;
}

/* What is under the user's pointer is on top of his screen: so be it in the qube. */
static void pointer_into(struct agent *a, struct win *w)
{
	uint32_t above = XCB_STACK_MODE_ABOVE;

	stub_unmap(a);
	if (a->input.pointer_win == w->id)
		return;
	a->input.pointer_win = w->id;
	xcb_configure_window(a->x, w->id, XCB_CONFIG_WINDOW_STACK_MODE, &above);
	cursor_send(a, w);
}

/* While a button is down, events are told of the window where it was pressed, whatever is
 * under the pointer now: a menu that opened since must stay on top. */
static void pointer_seen(struct agent *a, struct win *w, uint32_t state)
{
	if (state & BUTTON_MASKS)
		stub_unmap(a);
	else
		pointer_into(a, w);
}

static void move_pointer(struct agent *a, const struct win *w, int32_t x, int32_t y)
{
	/* Coordinates of a window come from dom0, but its place may be odd: no overflow. */
	x = x < -GUI_MAX_WIDTH || x > GUI_MAX_WIDTH ? 0 : x + w->x;
	y = y < -GUI_MAX_WIDTH || y > GUI_MAX_WIDTH ? 0 : y + w->y;
	a->input.root_x = clamp16(x, INT16_MAX);
	a->input.root_y = clamp16(y, INT16_MAX);
	fake(a, XCB_MOTION_NOTIFY, 0, a->input.root_x, a->input.root_y);
}

static void on_button(struct agent *a, struct win *w, const struct gui_press *b)
{
	if (b->detail < 1 || b->detail > 255)
		return;
	pointer_seen(a, w, b->state);
	move_pointer(a, w, b->x, b->y);
	if (b->type == XCB_BUTTON_PRESS || b->type == XCB_BUTTON_RELEASE)
		fake(a, (uint8_t)b->type, (uint8_t)b->detail, 0, 0);
}

static void on_crossing(struct agent *a, struct win *w, const struct gui_crossing *c)
{
	if (c->mode != XCB_NOTIFY_MODE_NORMAL)
		return;
	if (c->type == XCB_ENTER_NOTIFY) {
		pointer_into(a, w);
		move_pointer(a, w, c->x, c->y);
	} else if (c->type == XCB_LEAVE_NOTIFY && a->input.pointer_win == w->id) {
		stub_map(a);
		a->input.pointer_win = 0;
	}
}

void input_forget(struct agent *a, xcb_window_t id)
{
	if (a->input.pointer_win == id)
		a->input.pointer_win = 0;
	if (a->input.focus_win == id)
		a->input.focus_win = 0;
}

/* --- all messages --- */

static void on_window_message(struct agent *a, struct win *w, const struct gui_msg *m)
{
	switch (m->type) {
	case GUI_MSG_BUTTON:
		on_button(a, w, &m->u.press);
		break;
	case GUI_MSG_MOTION:
		pointer_seen(a, w, m->u.motion.state);
		move_pointer(a, w, m->u.motion.x, m->u.motion.y);
		break;
	case GUI_MSG_CROSSING:
		on_crossing(a, w, &m->u.crossing);
		break;
	case GUI_MSG_FOCUS:
		control_focus(a, w, m->u.focus.type == XCB_FOCUS_IN);
		break;
	case GUI_MSG_CONFIGURE:
		control_configure(a, w, &m->u.geometry);
		break;
	case GUI_MSG_MAP:
		/* It was never unmapped here; only the application may do that. */
		control_flags(a, w, (struct gui_flags){.unset = GUI_FLAG_MINIMIZE});
		break;
	case GUI_MSG_CLOSE:
		control_close(a, w);
		break;
	case GUI_MSG_WINDOW_FLAGS:
		control_flags(a, w, m->u.flags);
		break;
	}
}

void input_message(struct agent *a, const struct gui_msg *m)
{
	struct win *w;

	switch (m->type) {
	case GUI_MSG_KEYPRESS:
		on_key(a, &m->u.press);
		return;
	case GUI_MSG_KEYMAP_NOTIFY:
		on_keymap(a, m->u.keymap);
		return;
	case GUI_MSG_CLIPBOARD_REQ:
		clipboard_request(a, m->window);
		return;
	case GUI_MSG_CLIPBOARD_DATA:
		clipboard_set(a, m->u.clipboard.data, m->u.clipboard.len);
		return;
	case GUI_MSG_DESTROY:
		win_destroy_acked(a, m->window);
		return;
	case GUI_MSG_WINDOW_DUMP_ACK:
		win_dump_acked(a, m->window);
		return;
	}
	w = win_find_shown(a, m->window);
	if (w)
		on_window_message(a, w, m);
}
