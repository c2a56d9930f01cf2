/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours, -p properties and keys (xsetup.h, xconn.h). Peer: dom0's X server, trusted. */
#include "guid/daemon/xsetup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"

#define MAX_SUPPORTED 512
#define MAX_CARDINALS 64

static xcb_colormap_t default_colormap(struct xconn *x)
{
	xcb_screen_iterator_t it = xcb_setup_roots_iterator(xcb_get_setup(x->c));

	while (it.rem && it.data->root != x->root)
		xcb_screen_next(&it);
	return it.rem ? it.data->default_colormap : XCB_NONE;
}

static int parse_color(struct xconn *x, const char *text, uint32_t *ret)
{
	_cleanup_free_ xcb_lookup_color_reply_t *reply = NULL;
	unsigned long v;
	char *end;

	while (*text == ' ')
		text++;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		v = strtoul(text + 2, &end, 16);
		if (end == text + 2 || *end || v > 0xffffff)
			goto bad;
		*ret = (uint32_t)v;
		return 0;
	}
	reply = xcb_lookup_color_reply(
		x->c, xcb_lookup_color(x->c, default_colormap(x), (uint16_t)strlen(text), text),
		NULL);
	if (!reply)
		goto bad;
	*ret = (uint32_t)(reply->exact_red >> 8) << 16 | (uint32_t)(reply->exact_green >> 8) << 8 |
	       (uint32_t)(reply->exact_blue >> 8);
	return 0;
bad:
	log_error("'%s' is not a colour: expected a name known to X or 0xRRGGBB", text);
	return -EINVAL;
}

int xsetup_colors(struct xconn *x, const struct guid_options *o)
{
	uint32_t values[2] = {0, 0};
	int r = parse_color(x, o->color, &x->label_rgb);

	if (!r)
		r = parse_color(x, o->background, &x->background);
	if (r)
		return r;
	x->gc = xcb_generate_id(x->c);
	x->frame_gc = xcb_generate_id(x->c);
	x->back_gc = xcb_generate_id(x->c);
	/* No GraphicsExpose or NoExpose events. */
	xcb_create_gc(x->c, x->gc, x->root, XCB_GC_GRAPHICS_EXPOSURES, values);
	values[0] = x->label_rgb;
	xcb_create_gc(x->c, x->frame_gc, x->root, XCB_GC_FOREGROUND | XCB_GC_GRAPHICS_EXPOSURES,
		      values);
	values[0] = x->background;
	xcb_create_gc(x->c, x->back_gc, x->root, XCB_GC_FOREGROUND | XCB_GC_GRAPHICS_EXPOSURES,
		      values);
	return 0;
}

static xcb_atom_t intern(struct xconn *x, const char *name, size_t n)
{
	_cleanup_free_ xcb_intern_atom_reply_t *reply =
		xcb_intern_atom_reply(x->c, xcb_intern_atom(x->c, 0, (uint16_t)n, name), NULL);

	return reply ? reply->atom : XCB_ATOM_NONE;
}

static int parse_cardinals(struct x_prop *p, const char *text)
{
	uint32_t *v = calloc(MAX_CARDINALS, sizeof(*v));
	char *end;

	if (!v)
		return -ENOMEM;
	p->data = v;
	do {
		unsigned long n = strtoul(text, &end, 0);

		if (end == text || n > UINT32_MAX || p->count == MAX_CARDINALS ||
		    (*end && *end != ','))
			return -EINVAL;
		v[p->count++] = (uint32_t)n;
		text = end + 1;
	} while (*end);
	p->type = XCB_ATOM_CARDINAL;
	p->format = 32;
	return 0;
}

static int parse_prop(struct xconn *x, struct x_prop *p, const char *text)
{
	const char *eq = strchr(text, '='), *value = eq + 3;
	xcb_atom_t atom;

	p->name = intern(x, text, (size_t)(eq - text));
	switch (eq[1]) {
	case 'c':
		return parse_cardinals(p, value);
	case 'a':
		atom = intern(x, value, strlen(value));
		p->data = malloc(sizeof(atom));
		if (p->data)
			memcpy(p->data, &atom, sizeof(atom));
		p->type = XCB_ATOM_ATOM;
		p->format = 32;
		p->count = 1;
		break;
	default:
		p->data = strdup(value);
		p->type = XCB_ATOM_STRING;
		p->format = 8;
		p->count = (uint32_t)strlen(value);
	}
	return p->data ? 0 : -ENOMEM;
}

int xsetup_props(struct xconn *x, const struct guid_options *o)
{
	for (unsigned i = 0; i < o->n_props; i++) {
		int r = parse_prop(x, &x->props[x->n_props++], o->props[i]);

		if (r) {
			log_error("property '%s' is not valid: expected numbers, separated by "
				  "commas, after 'c:'",
				  o->props[i]);
			return r;
		}
	}
	return 0;
}

void xsetup_start_time(struct xconn *x)
{
	uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;
	xcb_window_t w = xcb_generate_id(x->c);
	xcb_generic_event_t *e;

	xcb_create_window(x->c, 0, w, x->root, -2, -2, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY,
			  XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &mask);
	xcb_change_property(x->c, XCB_PROP_MODE_APPEND, w, XCB_ATOM_WM_NAME, XCB_ATOM_STRING, 8, 0,
			    "");
	xcb_destroy_window(x->c, w);
	xcb_flush(x->c);
	while (!x->user_time && (e = xcb_wait_for_event(x->c))) {
		if ((e->response_type & 0x7f) == XCB_PROPERTY_NOTIFY)
			x->user_time = ((xcb_property_notify_event_t *)(void *)e)->time;
		free(e);
	}
}

void xsetup_time_window(struct xconn *x)
{
	uint32_t supported[MAX_SUPPORTED];
	int n = x_get_u32s(x, x->root, x->atoms[X__NET_SUPPORTED], XCB_ATOM_ATOM, supported,
			   MAX_SUPPORTED);

	x->group = xcb_generate_id(x->c);
	xcb_create_window(x->c, 0, x->group, x->root, -2, -2, 1, 1, 0, XCB_WINDOW_CLASS_INPUT_ONLY,
			  XCB_COPY_FROM_PARENT, 0, NULL);
	for (int i = 0; i < n; i++)
		if (supported[i] == x->atoms[X__NET_WM_USER_TIME_WINDOW])
			x->time_win = x->group;
	if (x->time_win)
		x_set_u32(x, x->time_win, x->atoms[X__NET_WM_USER_TIME], XCB_ATOM_CARDINAL,
			  x->user_time);
}

/* The first key that has a symbol, looking at the unshifted symbols of all keys first. */
static xcb_keycode_t find_key(const xcb_get_keyboard_mapping_reply_t *m, xcb_keycode_t first,
			      uint32_t keysym)
{
	const xcb_keysym_t *syms = xcb_get_keyboard_mapping_keysyms(m);
	int per = m->keysyms_per_keycode;
	int keys = per ? xcb_get_keyboard_mapping_keysyms_length(m) / per : 0;

	for (int col = 0; keysym && col < per; col++)
		for (int k = 0; k < keys; k++)
			if (syms[k * per + col] == keysym)
				return (xcb_keycode_t)(first + k);
	return 0;
}

void xconn_update_keys(struct xconn *x, const struct guid_options *o)
{
	const xcb_setup_t *s = xcb_get_setup(x->c);
	_cleanup_free_ xcb_get_keyboard_mapping_reply_t *m = xcb_get_keyboard_mapping_reply(
		x->c,
		xcb_get_keyboard_mapping(x->c, s->min_keycode,
					 (uint8_t)(s->max_keycode - s->min_keycode + 1)),
		NULL);

	if (!m)
		return;
	x->copy_key = find_key(m, s->min_keycode, o->copy.keysym);
	x->paste_key = find_key(m, s->min_keycode, o->paste.keysym);
}
