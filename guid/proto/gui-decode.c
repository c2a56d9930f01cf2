/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoder of GUI protocol messages. Pure. Input comes from the peer: to the daemon that is
 * a hostile qube, to the agent dom0's daemon. Fields that have a range on the
 * wire are in it afterwards; geometry, hints and texts still want gui-sanitize.h.
 */
#include "guid/proto/gui-proto.h"

#include <errno.h>

#include "qrexec/base/cursor.h"

static void decode_press(struct cur *c, struct gui_press *m)
{
	m->type = cur_u32(c);
	m->x = cur_i32(c);
	m->y = cur_i32(c);
	m->state = cur_u32(c);
	m->detail = cur_u32(c);
}

static void decode_motion(struct cur *c, struct gui_motion *m)
{
	m->x = cur_i32(c);
	m->y = cur_i32(c);
	m->state = cur_u32(c);
	m->is_hint = cur_u32(c);
}

static void decode_crossing(struct cur *c, struct gui_crossing *m)
{
	m->type = cur_u32(c);
	m->x = cur_i32(c);
	m->y = cur_i32(c);
	m->state = cur_u32(c);
	m->mode = cur_u32(c);
	m->detail = cur_u32(c);
	m->focus = cur_u32(c);
}

static void decode_geometry(struct cur *c, struct gui_geometry *m, bool with_parent)
{
	m->x = cur_i32(c);
	m->y = cur_i32(c);
	m->width = cur_u32(c);
	m->height = cur_u32(c);
	m->parent = with_parent ? cur_u32(c) : 0;
	m->override_redirect = cur_u32(c) != 0;
}

static void decode_hints(struct cur *c, struct gui_hints *m)
{
	m->flags = cur_u32(c);
	m->min_width = cur_u32(c);
	m->min_height = cur_u32(c);
	m->max_width = cur_u32(c);
	m->max_height = cur_u32(c);
	m->width_inc = cur_u32(c);
	m->height_inc = cur_u32(c);
	m->base_width = cur_u32(c);
	m->base_height = cur_u32(c);
}

static void decode_text(struct cur *c, char *text, size_t size)
{
	cur_bytes(c, text, size);
	text[size - 1] = '\0';
}

/* NULL, or what is wrong with an image of this size in so many bytes of memory. */
static const char *check_image(uint32_t width, uint32_t height, uint64_t memory)
{
	if (width > GUI_MAX_WIDTH || height > GUI_MAX_HEIGHT)
		return "image width or height too large";
	if ((uint64_t)width * height * 4 > memory)
		return "image larger than the memory offered for it";
	return NULL;
}

static const char *decode_mfndump(struct cur *c, struct gui_mfndump *m)
{
	uint32_t count;

	cur_u32(c); /* shared memory id */
	m->width = cur_u32(c);
	m->height = cur_u32(c);
	m->bpp = cur_u32(c);
	m->offset = cur_u32(c);
	count = cur_u32(c);
	cur_u32(c); /* domain: the sender's, whatever it says */
	if (count > GUI_MAX_PAGES)
		return "too many frame numbers";
	if (m->offset >= GUI_PAGE)
		return "offset beyond the first page";
	if ((uint64_t)count * GUI_PAGE < m->offset)
		return "image larger than the memory offered for it";
	m->pages.count = count;
	m->pages.data = cur_take(c, (size_t)count * 4);
	return check_image(m->width, m->height, (uint64_t)count * GUI_PAGE - m->offset);
}

static const char *decode_memfd(struct cur *c, struct gui_window_dump *m)
{
	uint32_t flags, reserved;

	if (c->left != 24)
		return "body of a memfd dump is not 40 bytes";
	m->memfd.token = cur_u32(c);
	m->memfd.stride = cur_u32(c);
	m->memfd.offset = cur_u64(c);
	flags = cur_u32(c);
	reserved = cur_u32(c);
	if (m->bpp != 32)
		return "memfd image is not 32 bits per pixel";
	if (!m->width || !m->height)
		return "empty memfd image";
	if (!m->memfd.token)
		return "memfd token is zero";
	if (m->memfd.stride != (uint64_t)m->width * 4)
		return "stride of a memfd image is not width * 4";
	if (m->memfd.offset % GUI_PAGE || m->memfd.offset >= GUI_MEMFD_MAX_OFFSET)
		return "offset of a memfd image is not page-aligned or too large";
	if (flags || reserved)
		return "reserved fields of a memfd dump are not zero";
	return NULL;
}

static const char *decode_dump(struct cur *c, struct gui_window_dump *m)
{
	const char *why;

	m->dump_type = cur_u32(c);
	m->width = cur_u32(c);
	m->height = cur_u32(c);
	m->bpp = cur_u32(c);
	why = check_image(m->width, m->height, UINT64_MAX);
	if (why)
		return why;
	if (m->dump_type == GUI_DUMP_MEMFD)
		return decode_memfd(c, m);
	if (m->dump_type != GUI_DUMP_GRANT_REFS)
		return "unknown window dump type";
	if (c->left % 4 || c->left / 4 > GUI_MAX_PAGES)
		return "invalid number of grant references";
	m->pages.count = (uint32_t)(c->left / 4);
	m->pages.data = cur_take(c, c->left);
	return check_image(m->width, m->height, (uint64_t)m->pages.count * GUI_PAGE);
}

/* Messages that the daemon sends, and no agent. */
static void decode_from_daemon(struct cur *c, struct gui_msg *m)
{
	switch (m->type) {
	case GUI_MSG_KEYPRESS:
	case GUI_MSG_BUTTON:
		decode_press(c, &m->u.press);
		break;
	case GUI_MSG_MOTION:
		decode_motion(c, &m->u.motion);
		break;
	case GUI_MSG_CROSSING:
		decode_crossing(c, &m->u.crossing);
		break;
	case GUI_MSG_FOCUS:
		m->u.focus.type = cur_u32(c);
		m->u.focus.mode = cur_u32(c);
		m->u.focus.detail = cur_u32(c);
		break;
	case GUI_MSG_KEYMAP_NOTIFY:
		cur_bytes(c, m->u.keymap, sizeof(m->u.keymap));
		break;
	}
}

static const char *decode_body(struct cur *c, struct gui_msg *m)
{
	switch (m->type) {
	case GUI_MSG_CREATE:
	case GUI_MSG_CONFIGURE:
		decode_geometry(c, &m->u.geometry, m->type == GUI_MSG_CREATE);
		break;
	case GUI_MSG_MAP:
		m->u.map.transient_for = cur_u32(c);
		m->u.map.override_redirect = cur_u32(c) != 0;
		break;
	case GUI_MSG_SHMIMAGE:
		m->u.rect.x = cur_i32(c);
		m->u.rect.y = cur_i32(c);
		m->u.rect.width = cur_u32(c);
		m->u.rect.height = cur_u32(c);
		break;
	case GUI_MSG_CLIPBOARD_DATA:
		m->u.clipboard.len = (uint32_t)c->left;
		m->u.clipboard.data = cur_take(c, c->left);
		break;
	case GUI_MSG_WMNAME:
		decode_text(c, m->u.wmname.text, sizeof(m->u.wmname.text));
		break;
	case GUI_MSG_WMCLASS:
		decode_text(c, m->u.wmclass.res_class, sizeof(m->u.wmclass.res_class));
		decode_text(c, m->u.wmclass.res_name, sizeof(m->u.wmclass.res_name));
		break;
	case GUI_MSG_WINDOW_HINTS:
		decode_hints(c, &m->u.hints);
		break;
	case GUI_MSG_WINDOW_FLAGS:
		m->u.flags.set = cur_u32(c);
		m->u.flags.unset = cur_u32(c);
		break;
	case GUI_MSG_CURSOR:
		m->u.cursor = cur_u32(c);
		break;
	case GUI_MSG_MFNDUMP:
		return decode_mfndump(c, &m->u.mfndump);
	case GUI_MSG_WINDOW_DUMP:
		return decode_dump(c, &m->u.dump);
	default:
		decode_from_daemon(c, m);
	}
	return NULL;
}

int gui_msg_decode(enum gui_dir dir, uint32_t version, const struct gui_hdr *hdr,
		   const uint8_t *body, size_t len, struct gui_msg *ret, const char **ret_why)
{
	const struct gui_msg_info *info = gui_msg_info(hdr->type);
	struct cur c = cur_init(body, len);
	struct gui_msg m = {.type = hdr->type, .window = hdr->window};
	const char *why = NULL;
	uint32_t expected;
	int r = gui_body_len(dir, version, hdr, &expected, ret_why);

	if (r)
		return r;
	if (len != expected) {
		why = "incorrect length of the body";
	} else if (!info || !(info->dirs & dir)) {
		m.u.skipped.count = (uint32_t)len;
		m.u.skipped.data = cur_take(&c, len);
	} else {
		why = decode_body(&c, &m);
		if (!why && !cur_done(&c))
			why = "incorrect length of the body";
	}
	if (why) {
		if (ret_why)
			*ret_why = why;
		return -EPROTO;
	}
	*ret = m;
	return 0;
}
