/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pointer's shape (cursor.h). Names come from the qube's X clients. */
#include "guid/agent/cursor.h"

#include <stdlib.h>

#include "guid/agent/agent.h"
#include "qrexec/base/cleanup.h"

static uint32_t shape_of(struct agent *a, xcb_atom_t name)
{
	_cleanup_free_ xcb_get_atom_name_reply_t *r =
		name ? xcb_get_atom_name_reply(a->x, xcb_get_atom_name(a->x, name), NULL) : NULL;

	return r ? cursor_from_name(xcb_get_atom_name_name(r),
				    (size_t)xcb_get_atom_name_name_length(r))
		 : 0;
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
	a->cursor = shape_of(a, name);
	if (w)
		cursor_send(a, w);
}
