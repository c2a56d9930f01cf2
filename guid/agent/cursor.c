/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pointer's shape (cursor.h). Names come from the qube's X clients. */
#include "guid/agent/cursor.h"

#include <stdlib.h>
#include <xcb/xfixes.h>

#include "guid/agent/agent.h"
#include "qrexec/base/cleanup.h"

static uint32_t shape_of_name(struct agent *a, xcb_atom_t name)
{
	_cleanup_free_ xcb_get_atom_name_reply_t *r =
		xcb_get_atom_name_reply(a->x, xcb_get_atom_name(a->x, name), NULL);

	return r ? cursor_from_name(xcb_get_atom_name_name(r),
				    (size_t)xcb_get_atom_name_name_length(r))
		 : 0;
}

/* Programs without a cursor theme have cursors of the core protocol, which have no names. */
static uint32_t shape_of_image(struct agent *a)
{
	_cleanup_free_ xcb_xfixes_get_cursor_image_reply_t *r =
		xcb_xfixes_get_cursor_image_reply(a->x, xcb_xfixes_get_cursor_image(a->x), NULL);
	struct cursor_image i;

	if (!r)
		return 0;
	i = (struct cursor_image){.width = r->width,
				  .height = r->height,
				  .xhot = r->xhot,
				  .yhot = r->yhot,
				  .argb = xcb_xfixes_get_cursor_image_cursor_image(r)};
	if (xcb_xfixes_get_cursor_image_cursor_image_length(r) < i.width * i.height)
		return 0;
	return cursor_from_image(&i);
}

void cursor_send(struct agent *a, struct win *w)
{
	struct gui_msg m = {.type = GUI_MSG_CURSOR, .window = w->id, .u.cursor = a->cursor};

	if (w->cursor_sent == a->cursor)
		return;
	w->cursor_sent = a->cursor;
	link_send(a, &m);
}

void cursor_changed(struct agent *a, xcb_atom_t name)
{
	struct win *w = a->input.pointer_win ? win_find_shown(a, a->input.pointer_win) : NULL;

	/* Over the stub it is no window's cursor, but may become that of the next. */
	a->cursor = name ? shape_of_name(a, name) : shape_of_image(a);
	if (w)
		cursor_send(a, w);
}
