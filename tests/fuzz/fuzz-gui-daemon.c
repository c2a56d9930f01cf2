/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes what qubes-guid does with messages and X events, without an X server: the xcb calls
 * it makes are defined here, and check that no request breaks a rule: pixels stay inside
 * frames and images, sizes are X's, menus do not cover the screen.
 *
 * Input: records of one byte op, one byte window, and what the op takes. Op 0 to 15: a
 * message of the agent (below), others: events.
 */
#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xcb/xcbext.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/cursor.h"

#define SCREEN_W 1000
#define SCREEN_H 800
#define MAX_BODY 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guid g;
static struct guid_options options;
static jmp_buf end;
static struct cur in;
static int memory = -1;
static uint32_t next_id;
static bool user_moved;

/* --- the parts of the worker that are not under test --- */

void guid_fatal(struct guid *gg, const char *fmt, ...)
{
	longjmp(end, 1);
}

void guid_fatal_dialog(struct guid *gg, const char *fmt, ...)
{
	longjmp(end, 1);
}

void guid_ask(struct guid *gg, const char *what)
{
}

void guid_notify(struct guid *gg, const char *fmt, ...)
{
}

void log_error(const char *fmt, ...)
{
}

void log_info(const char *fmt, ...)
{
}

void log_debug(const char *fmt, ...)
{
}

int ipc_send(int fd, const struct ipc_msg *m, int pass_fd)
{
	return 0;
}

ssize_t vchan_read(struct vchan *v, void *buf, size_t n)
{
	return 0;
}

ssize_t vchan_write(struct vchan *v, const void *buf, size_t n)
{
	return (ssize_t)n;
}

int fdchan_take(struct fdchan *f, uint32_t token, struct gui_memfd_packet *ret, const char **why)
{
	ret->size = 1 << 20;
	return dup(memory);
}

int memfd_check(int fd, const struct gui_memfd_packet *p, const struct gui_window_dump *d,
		const char **why)
{
	*why = "";
	return dup(memory);
}

xcb_cursor_t xconn_cursor(struct xconn *x, int glyph)
{
	assert(glyph >= -1 && glyph < (int)X_CURSORS);
	return 0;
}

void xconn_update_keys(struct xconn *x, const struct guid_options *o)
{
}

void xconn_update_work_area(struct xconn *x)
{
}

void xconn_update_monitors(struct xconn *x)
{
}

void x_set_prop(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint8_t format,
		uint32_t count, const void *data)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < (size_t)count * format / 8; i++)
		sum ^= ((const uint8_t *)data)[i];
	__asm__ volatile("" : : "r"(sum));
}

void x_set_u32(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint32_t v)
{
}

/* Nothing of the qube's may control a terminal or a title bar. */
void x_set_text(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, const char *text)
{
	for (; *text; text++)
		assert((unsigned char)*text >= 0x20 && *text != 0x7f);
}

int x_get_u32s(struct xconn *x, xcb_window_t w, xcb_atom_t name, xcb_atom_t type, uint32_t *ret,
	       uint32_t max)
{
	int n = cur_u8(&in) % 4;

	if ((uint32_t)n > max)
		n = (int)max;
	for (int i = 0; i < n; i++)
		ret[i] = cur_u8(&in) % (X_ATOM_COUNT + 1);
	return n;
}

void x_send_root(struct xconn *x, xcb_window_t w, xcb_atom_t type, const uint32_t data[5])
{
}

void scale_update(struct guid *gg)
{
}

/* --- xcb --- */

static const xcb_void_cookie_t none;

#define VOID_STUB(name, ...)                                                                       \
	xcb_void_cookie_t name(xcb_connection_t *c, __VA_ARGS__)                                   \
	{                                                                                          \
		return none;                                                                       \
	}
#define COOKIE_STUB(name, ...)                                                                     \
	name##_cookie_t name(xcb_connection_t *c, __VA_ARGS__)                                     \
	{                                                                                          \
		return (name##_cookie_t){0};                                                       \
	}
/* Some questions are not answered: the window is gone. */
#define REPLY_STUB(name, fill)                                                                     \
	name##_reply_t *name##_reply(xcb_connection_t *c, name##_cookie_t k,                       \
				     xcb_generic_error_t **e)                                      \
	{                                                                                          \
		name##_reply_t *r = cur_u8(&in) % 8 ? calloc(1, sizeof(*r) + 64) : NULL;           \
                                                                                                   \
		if (r)                                                                             \
			fill;                                                                      \
		return r;                                                                          \
	}

VOID_STUB(xcb_delete_property, xcb_window_t w, xcb_atom_t a)
VOID_STUB(xcb_destroy_window, xcb_window_t w)
VOID_STUB(xcb_map_window, xcb_window_t w)
VOID_STUB(xcb_unmap_window, xcb_window_t w)
VOID_STUB(xcb_reparent_window, xcb_window_t w, xcb_window_t p, int16_t x, int16_t y)
VOID_STUB(xcb_send_event, uint8_t p, xcb_window_t d, uint32_t m, const char *e)
VOID_STUB(xcb_set_input_focus, uint8_t r, xcb_window_t f, xcb_timestamp_t t)
VOID_STUB(xcb_shm_detach, xcb_shm_seg_t s)
VOID_STUB(xcb_ungrab_pointer, xcb_timestamp_t t)
VOID_STUB(xcb_change_window_attributes, xcb_window_t w, uint32_t m, const void *v)
VOID_STUB(xcb_poly_fill_rectangle, xcb_drawable_t d, xcb_gcontext_t gc, uint32_t n,
	  const xcb_rectangle_t *r)
COOKIE_STUB(xcb_get_geometry, xcb_drawable_t d)
COOKIE_STUB(xcb_get_property, uint8_t d, xcb_window_t w, xcb_atom_t p, xcb_atom_t t, uint32_t o,
	    uint32_t l)
COOKIE_STUB(xcb_get_selection_owner, xcb_atom_t a)
COOKIE_STUB(xcb_query_tree, xcb_window_t w)
COOKIE_STUB(xcb_get_window_attributes, xcb_window_t w)
COOKIE_STUB(xcb_translate_coordinates, xcb_window_t s, xcb_window_t d, int16_t x, int16_t y)
REPLY_STUB(xcb_get_geometry, (r->width = cur_u16(&in), r->height = cur_u16(&in)))
REPLY_STUB(xcb_get_selection_owner, r->owner = cur_u8(&in) & 1)
REPLY_STUB(xcb_get_property, (void)0)
REPLY_STUB(xcb_get_window_attributes, r->map_state = cur_u8(&in) % 3)
REPLY_STUB(xcb_query_tree, r->parent = 1)
REPLY_STUB(xcb_query_keymap, (void)0)
REPLY_STUB(xcb_translate_coordinates,
	   (r->dst_x = (int16_t)cur_u16(&in), r->dst_y = (int16_t)cur_u16(&in)))

xcb_query_keymap_cookie_t xcb_query_keymap(xcb_connection_t *c)
{
	return (xcb_query_keymap_cookie_t){0};
}

xcb_get_input_focus_cookie_t xcb_get_input_focus(xcb_connection_t *c)
{
	return (xcb_get_input_focus_cookie_t){1};
}

int xcb_get_property_value_length(const xcb_get_property_reply_t *r)
{
	return 0;
}

void *xcb_get_property_value(const xcb_get_property_reply_t *r)
{
	return (void *)(uintptr_t)(r + 1);
}

int xcb_query_tree_children_length(const xcb_query_tree_reply_t *r)
{
	return 2;
}

xcb_window_t *xcb_query_tree_children(const xcb_query_tree_reply_t *r)
{
	return (xcb_window_t *)(uintptr_t)(r + 1);
}

uint32_t xcb_generate_id(xcb_connection_t *c)
{
	return ++next_id;
}

xcb_generic_event_t *xcb_poll_for_event(xcb_connection_t *c)
{
	return NULL;
}

xcb_generic_event_t *xcb_poll_for_queued_event(xcb_connection_t *c)
{
	return NULL;
}

int xcb_poll_for_reply(xcb_connection_t *c, unsigned int seq, void **reply, xcb_generic_error_t **e)
{
	return cur_u8(&in) & 1;
}

xcb_generic_error_t *xcb_request_check(xcb_connection_t *c, xcb_void_cookie_t k)
{
	return cur_u8(&in) % 16 ? NULL : calloc(1, sizeof(xcb_generic_error_t));
}

xcb_void_cookie_t xcb_shm_attach_fd_checked(xcb_connection_t *c, xcb_shm_seg_t s, int32_t fd,
					    uint8_t read_only)
{
	assert(read_only);
	close(fd);
	return none;
}

xcb_void_cookie_t xcb_create_window(xcb_connection_t *c, uint8_t depth, xcb_window_t w,
				    xcb_window_t parent, int16_t x, int16_t y, uint16_t width,
				    uint16_t height, uint16_t border, uint16_t class,
				    xcb_visualid_t visual, uint32_t mask, const void *values)
{
	assert(width && height && !border);
	return none;
}

xcb_void_cookie_t xcb_configure_window(xcb_connection_t *c, xcb_window_t w, uint16_t mask,
				       const void *values)
{
	const uint32_t *v = values; /* one for each bit of the mask, in their order */

	for (uint16_t bit = XCB_CONFIG_WINDOW_X; bit <= XCB_CONFIG_WINDOW_STACK_MODE; bit <<= 1) {
		if (!(mask & bit))
			continue;
		if (bit == XCB_CONFIG_WINDOW_WIDTH || bit == XCB_CONFIG_WINDOW_HEIGHT)
			assert(*v > 0 && *v < 32768);
		v++;
	}
	return none;
}

/* The rule that matters: nothing is painted where a frame is. */
static void check_target(xcb_drawable_t d, int x, int y, int width, int height)
{
	struct gwin *w = window_by_local(&g, d);
	int edge = 0;

	assert(w && d == w->win);
	if (w->override_redirect)
		edge = GUID_OR_FRAME;
	if (w->dock)
		edge = g.o->tray.border;
	assert(width > 0 && height > 0 && x >= edge && y >= edge &&
	       x + width <= w->box.width - edge && y + height <= w->box.height - edge);
}

xcb_void_cookie_t xcb_shm_put_image(xcb_connection_t *c, xcb_drawable_t d, xcb_gcontext_t gc,
				    uint16_t total_width, uint16_t total_height, uint16_t src_x,
				    uint16_t src_y, uint16_t width, uint16_t height, int16_t x,
				    int16_t y, uint8_t depth, uint8_t format, uint8_t send,
				    xcb_shm_seg_t seg, uint32_t offset)
{
	assert(seg && src_x + width <= total_width && src_y + height <= total_height);
	check_target(d, x, y, width, height);
	return none;
}

xcb_void_cookie_t xcb_put_image(xcb_connection_t *c, uint8_t format, xcb_drawable_t d,
				xcb_gcontext_t gc, uint16_t width, uint16_t height, int16_t x,
				int16_t y, uint8_t pad, uint8_t depth, uint32_t n,
				const uint8_t *data)
{
	assert(n == (uint32_t)width * height * 4);
	x_set_prop(NULL, 0, 0, 0, 8, n, data);
	check_target(d, x, y, width, height);
	return none;
}

/* --- input --- */

static const uint32_t kinds[16] = {
	GUI_MSG_CREATE,	      GUI_MSG_DESTROY,	      GUI_MSG_MAP,	 GUI_MSG_UNMAP,
	GUI_MSG_CONFIGURE,    GUI_MSG_SHMIMAGE,	      GUI_MSG_WMNAME,	 GUI_MSG_DOCK,
	GUI_MSG_WINDOW_HINTS, GUI_MSG_WINDOW_FLAGS,   GUI_MSG_WMCLASS,	 GUI_MSG_CURSOR,
	GUI_MSG_WINDOW_DUMP,  GUI_MSG_CLIPBOARD_DATA, GUI_MSG_CONFIGURE, GUI_MSG_SHMIMAGE,
};

static void message(uint8_t op, uint8_t window)
{
	const struct gui_msg_info *info = gui_msg_info(kinds[op]);
	struct gui_hdr hdr = {.type = kinds[op], .window = window & 15};
	uint8_t body[MAX_BODY] = {0};
	struct gui_msg m;
	size_t n;

	hdr.len = info->min_len == info->max_len ? info->min_len : cur_u8(&in);
	n = hdr.len < in.left ? hdr.len : in.left;
	cur_bytes(&in, body, n);
	if (!gui_msg_decode(GUI_FROM_AGENT, GUI_VERSION_CURRENT, &hdr, body, hdr.len, &m, NULL))
		agent_handle(&g, &m);
}

union event {
	xcb_generic_event_t any;
	xcb_configure_notify_event_t configure;
	xcb_reparent_notify_event_t reparent;
	xcb_map_notify_event_t map;
	xcb_destroy_notify_event_t destroy;
	xcb_property_notify_event_t property;
	xcb_client_message_event_t client;
	xcb_expose_event_t expose;
	xcb_key_press_event_t key;
	xcb_enter_notify_event_t crossing;
	xcb_focus_in_event_t focus;
};

static void event(uint8_t op, struct gwin *w)
{
	static const uint8_t types[] = {
		XCB_CONFIGURE_NOTIFY, XCB_REPARENT_NOTIFY, XCB_MAP_NOTIFY,   XCB_PROPERTY_NOTIFY,
		XCB_CLIENT_MESSAGE,   XCB_EXPOSE,	   XCB_KEY_PRESS,    XCB_KEY_RELEASE,
		XCB_BUTTON_PRESS,     XCB_MOTION_NOTIFY,   XCB_ENTER_NOTIFY, XCB_FOCUS_IN,
	};
	bool destroyed = op % 64 == 63;
	union event e = {.any.response_type =
				 destroyed ? XCB_DESTROY_NOTIFY : types[op % sizeof(types)]};
	xcb_window_t id = op & 64 ? w->win : w->top;

	switch (e.any.response_type) {
	case XCB_CONFIGURE_NOTIFY:
		user_moved = true;
		e.configure.window = id;
		e.configure.x = (int16_t)cur_u16(&in);
		e.configure.y = (int16_t)cur_u16(&in);
		e.configure.width = (cur_u16(&in) & 4095) + 1;
		e.configure.height = (cur_u16(&in) & 4095) + 1;
		break;
	case XCB_REPARENT_NOTIFY:
		e.reparent.window = id;
		e.reparent.parent = cur_u8(&in) & 1;
		break;
	case XCB_MAP_NOTIFY:
		e.map.window = id;
		break;
	case XCB_DESTROY_NOTIFY:
		e.destroy.window = id;
		break;
	case XCB_PROPERTY_NOTIFY:
		e.property.window = id;
		e.property.atom = cur_u8(&in) % X_ATOM_COUNT;
		e.property.state = cur_u8(&in) & 1;
		break;
	case XCB_CLIENT_MESSAGE:
		e.client.window = id;
		e.client.format = 32;
		e.client.type = cur_u8(&in) % X_ATOM_COUNT;
		for (int i = 0; i < 5; i++)
			e.client.data.data32[i] = cur_u8(&in);
		break;
	case XCB_EXPOSE:
		e.expose.window = id;
		e.expose.x = cur_u16(&in);
		e.expose.y = cur_u16(&in);
		e.expose.width = cur_u16(&in);
		e.expose.height = cur_u16(&in);
		break;
	case XCB_FOCUS_IN:
		e.focus.event = id;
		e.focus.detail = cur_u8(&in) % 8;
		break;
	case XCB_ENTER_NOTIFY:
		e.crossing.event = id;
		break;
	default:
		e.key.event = id;
		e.key.detail = cur_u8(&in);
		e.key.state = cur_u16(&in);
	}
	xevents_dispatch(&g, &e.any);
}

/* What must be true after each step. */
static void check_windows(void)
{
	struct gui_box menus[GUID_OR_MAX];
	unsigned n = 0, count = 0;

	for (struct gwin *w = g.windows; w; w = w->next) {
		count++;
		assert(w->box.width > 0 && w->box.height > 0 && w->n_damage <= GUID_MAX_DAMAGE);
		assert((w->top == w->win) == (w->inset == 0));
		assert(!(w->override_redirect && (w->inset || w->dock)));
		assert(window_by_remote(&g, w->remote) == w && window_by_local(&g, w->win) == w &&
		       window_by_local(&g, w->top) == w);
		if (w->override_redirect && w->mapped) {
			assert(n < GUID_OR_MAX);
			menus[n++] = w->box;
		}
	}
	assert(count == g.n_windows);
	/* The user, by the window manager, may do what the qube may not. */
	assert(user_moved || !boxes_cover(menus, n, &g.x.work));
	for (unsigned i = 0; i < g.x.n_monitors; i++)
		assert(user_moved || !boxes_cover(menus, n, &g.x.monitors[i]));
}

static void start(void)
{
	options = (struct guid_options){.name = "work",
					.max_clipboard = 100,
					.max_windows = 12,
					.override_redirect = true,
					.override_redirect_protection = true,
					.copy = {'c', 5},
					.paste = {'v', 5}};
	options.wm_draws_frame = cur_u8(&in) & 1;
	options.utf8_titles = cur_u8(&in) & 1;
	options.allow_fullscreen = cur_u8(&in) & 1;
	options.tray.style = cur_u8(&in) % 3;
	options.tray.border = options.tray.style == TRAY_BORDER ? 1 : cur_u8(&in) % 3;
	options.screensavers[0] = "xscreensaver";
	g = (struct guid){.o = &options, .version = GUI_VERSION_CURRENT, .gntdev = -1};
	g.delayed_end = &g.delayed;
	g.x.root = 1;
	g.x.root_width = SCREEN_W;
	g.x.root_height = SCREEN_H;
	g.x.work = (struct gui_box){0, 30, SCREEN_W, SCREEN_H - 30};
	/* Beside each other, the second one lower by 60, within the work area. */
	g.x.monitors[0] = (struct gui_box){0, 30, SCREEN_W / 2, SCREEN_H - 90};
	g.x.monitors[1] = (struct gui_box){SCREEN_W / 2, 90, SCREEN_W / 2, SCREEN_H - 90};
	g.x.n_monitors = 2;
	g.x.copy_key = 54;
	g.x.paste_key = 55;
	for (int i = 0; i < X_ATOM_COUNT; i++)
		g.x.atoms[i] = (xcb_atom_t)i;
	g.scale = 1;
	bytebuf_init(&g.out, GUID_BACKLOG_MAX);
	tray_init(&g);
	next_id = 100;
	user_moved = false;
	if (memory < 0) {
		memory = memfd_create("image", MFD_CLOEXEC);
		assert(memory >= 0 && !ftruncate(memory, 1 << 20));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = cur_init(data, size);
	start();
	if (!setjmp(end)) {
		while (in.left) {
			uint8_t op = cur_u8(&in), window = cur_u8(&in);
			struct gwin *w = window_by_remote(&g, window & 15);

			if (op < 128)
				message(op & 15, window);
			else if (w)
				event(op & 127, w);
			if ((op & 3) == 0)
				paint_flush(&g);
			check_windows();
			/* A message may have failed in the middle of the bytes: go on. */
			in.failed = false;
			g.out.head = g.out.len = 0;
		}
	}
	while (g.windows)
		window_free(&g, g.windows);
	bytebuf_clear(&g.out);
	return 0;
}
