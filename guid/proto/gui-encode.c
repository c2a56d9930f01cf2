/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoder of GUI protocol messages, for both ends. Pure. Input is the program's own. */
#include "guid/proto/gui-proto.h"

#include <errno.h>

#include "qrexec/base/cursor.h"

static void encode_press(struct wcur *w, const struct gui_press *m)
{
	wcur_u32(w, m->type);
	wcur_i32(w, m->x);
	wcur_i32(w, m->y);
	wcur_u32(w, m->state);
	wcur_u32(w, m->detail);
}

static void encode_crossing(struct wcur *w, const struct gui_crossing *m)
{
	wcur_u32(w, m->type);
	wcur_i32(w, m->x);
	wcur_i32(w, m->y);
	wcur_u32(w, m->state);
	wcur_u32(w, m->mode);
	wcur_u32(w, m->detail);
	wcur_u32(w, m->focus);
}

static void encode_geometry(struct wcur *w, const struct gui_geometry *m, bool with_parent)
{
	wcur_i32(w, m->x);
	wcur_i32(w, m->y);
	wcur_u32(w, m->width);
	wcur_u32(w, m->height);
	if (with_parent)
		wcur_u32(w, m->parent);
	wcur_u32(w, m->override_redirect);
}

static void encode_hints(struct wcur *w, const struct gui_hints *m)
{
	wcur_u32(w, m->flags);
	wcur_u32(w, m->min_width);
	wcur_u32(w, m->min_height);
	wcur_u32(w, m->max_width);
	wcur_u32(w, m->max_height);
	wcur_u32(w, m->width_inc);
	wcur_u32(w, m->height_inc);
	wcur_u32(w, m->base_width);
	wcur_u32(w, m->base_height);
}

static void encode_mfndump(struct wcur *w, const struct gui_mfndump *m)
{
	wcur_u32(w, 0);
	wcur_u32(w, m->width);
	wcur_u32(w, m->height);
	wcur_u32(w, m->bpp);
	wcur_u32(w, m->offset);
	wcur_u32(w, m->pages.count);
	wcur_u32(w, 0);
	wcur_bytes(w, m->pages.data, (size_t)m->pages.count * 4);
}

static void encode_dump(struct wcur *w, const struct gui_window_dump *m)
{
	wcur_u32(w, m->dump_type);
	wcur_u32(w, m->width);
	wcur_u32(w, m->height);
	wcur_u32(w, m->bpp);
	if (m->dump_type == GUI_DUMP_MEMFD) {
		wcur_u32(w, m->memfd.token);
		wcur_u32(w, m->memfd.stride);
		wcur_u64(w, m->memfd.offset);
		wcur_u32(w, 0);
		wcur_u32(w, 0);
	} else {
		wcur_bytes(w, m->pages.data, (size_t)m->pages.count * 4);
	}
}

static void encode_from_daemon(struct wcur *w, const struct gui_msg *m)
{
	switch (m->type) {
	case GUI_MSG_KEYPRESS:
	case GUI_MSG_BUTTON:
		encode_press(w, &m->u.press);
		break;
	case GUI_MSG_MOTION:
		wcur_i32(w, m->u.motion.x);
		wcur_i32(w, m->u.motion.y);
		wcur_u32(w, m->u.motion.state);
		wcur_u32(w, m->u.motion.is_hint);
		break;
	case GUI_MSG_CROSSING:
		encode_crossing(w, &m->u.crossing);
		break;
	case GUI_MSG_FOCUS:
		wcur_u32(w, m->u.focus.type);
		wcur_u32(w, m->u.focus.mode);
		wcur_u32(w, m->u.focus.detail);
		break;
	case GUI_MSG_KEYMAP_NOTIFY:
		wcur_bytes(w, m->u.keymap, sizeof(m->u.keymap));
		break;
	}
}

static void encode_body(struct wcur *w, const struct gui_msg *m)
{
	switch (m->type) {
	case GUI_MSG_CREATE:
	case GUI_MSG_CONFIGURE:
		encode_geometry(w, &m->u.geometry, m->type == GUI_MSG_CREATE);
		break;
	case GUI_MSG_MAP:
		wcur_u32(w, m->u.map.transient_for);
		wcur_u32(w, m->u.map.override_redirect);
		break;
	case GUI_MSG_SHMIMAGE:
		wcur_i32(w, m->u.rect.x);
		wcur_i32(w, m->u.rect.y);
		wcur_u32(w, m->u.rect.width);
		wcur_u32(w, m->u.rect.height);
		break;
	case GUI_MSG_CLIPBOARD_DATA:
		wcur_bytes(w, m->u.clipboard.data, m->u.clipboard.len);
		break;
	case GUI_MSG_WMNAME:
		wcur_bytes(w, m->u.wmname.text, sizeof(m->u.wmname.text));
		break;
	case GUI_MSG_WMCLASS:
		wcur_bytes(w, m->u.wmclass.res_class, sizeof(m->u.wmclass.res_class));
		wcur_bytes(w, m->u.wmclass.res_name, sizeof(m->u.wmclass.res_name));
		break;
	case GUI_MSG_WINDOW_HINTS:
		encode_hints(w, &m->u.hints);
		break;
	case GUI_MSG_WINDOW_FLAGS:
		wcur_u32(w, m->u.flags.set);
		wcur_u32(w, m->u.flags.unset);
		break;
	case GUI_MSG_CURSOR:
		wcur_u32(w, m->u.cursor);
		break;
	case GUI_MSG_MFNDUMP:
		encode_mfndump(w, &m->u.mfndump);
		break;
	case GUI_MSG_WINDOW_DUMP:
		encode_dump(w, &m->u.dump);
		break;
	default:
		encode_from_daemon(w, m);
	}
}

static uint32_t body_size(const struct gui_msg *m, const struct gui_msg_info *info)
{
	switch (m->type) {
	case GUI_MSG_CLIPBOARD_DATA:
		return m->u.clipboard.len;
	case GUI_MSG_MFNDUMP:
		return 28 + 4 * m->u.mfndump.pages.count;
	case GUI_MSG_WINDOW_DUMP:
		if (m->u.dump.dump_type == GUI_DUMP_MEMFD)
			return 40;
		return 16 + 4 * m->u.dump.pages.count;
	}
	return info->min_len;
}

size_t gui_msg_size(enum gui_dir dir, const struct gui_msg *m)
{
	const struct gui_msg_info *info = gui_msg_info(m->type);

	return GUI_HDR_SIZE + (info ? body_size(m, info) : 0);
}

int gui_msg_encode(enum gui_dir dir, uint32_t version, const struct gui_msg *m, void *buf,
		   size_t cap, size_t *ret_len)
{
	const struct gui_msg_info *info = gui_msg_info(m->type);
	struct wcur w = wcur_init(buf, cap);
	struct gui_hdr hdr = {.type = m->type, .window = m->window};
	uint32_t expected;

	if (!info || !(info->dirs & dir))
		return -EINVAL;
	hdr.len = body_size(m, info);
	if (m->type == GUI_MSG_CLIPBOARD_DATA && dir == GUI_FROM_DAEMON &&
	    version < GUI_VERSION_CLIP_LEN_IN_LEN)
		hdr.window = hdr.len;
	if (gui_body_len(dir, version, &hdr, &expected, NULL) || expected != hdr.len)
		return -EINVAL;
	wcur_u32(&w, hdr.type);
	wcur_u32(&w, hdr.window);
	wcur_u32(&w, hdr.len);
	encode_body(&w, m);
	if (w.failed)
		return -ENOBUFS;
	*ret_len = w.len;
	return 0;
}
