/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of the GUI protocol: what exists, who sends it, how long it is. The
 * reader, the codec, the tests and the fuzzer all go by it. Pure; input is hostile.
 */
#include "guid/proto/gui-proto.h"

#include <errno.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/cursor.h"

#define GUI_MSG_FIRST GUI_MSG_KEYPRESS
#define AGENT GUI_FROM_AGENT
#define DAEMON GUI_FROM_DAEMON
#define ROW(type, dirs_, min_, max_)                                                               \
	[GUI_MSG_##type - GUI_MSG_FIRST] = {                                                       \
		.name = #type, .dirs = (dirs_), .min_len = (min_), .max_len = (max_)}

static const struct gui_msg_info table[] = {
	ROW(KEYPRESS, DAEMON, 20, 20),
	ROW(BUTTON, DAEMON, 20, 20),
	ROW(MOTION, DAEMON, 16, 16),
	ROW(CROSSING, DAEMON, 28, 28),
	ROW(FOCUS, DAEMON, 12, 12),
	ROW(CREATE, AGENT, 24, 24),
	ROW(DESTROY, AGENT | DAEMON, 0, 0),
	ROW(MAP, AGENT | DAEMON, 8, 8),
	ROW(UNMAP, AGENT, 0, 0),
	ROW(CONFIGURE, AGENT | DAEMON, 20, 20),
	ROW(MFNDUMP, AGENT, 28, GUI_MAX_BODY),
	ROW(SHMIMAGE, AGENT, 16, 16),
	ROW(CLOSE, DAEMON, 0, 0),
	ROW(CLIPBOARD_REQ, DAEMON, 0, 0),
	ROW(CLIPBOARD_DATA, AGENT | DAEMON, 0, GUI_MAX_CLIPBOARD + 1),
	ROW(WMNAME, AGENT, GUI_WMNAME_SIZE, GUI_WMNAME_SIZE),
	ROW(KEYMAP_NOTIFY, DAEMON, GUI_KEYMAP_SIZE, GUI_KEYMAP_SIZE),
	ROW(DOCK, AGENT, 0, 0),
	ROW(WINDOW_HINTS, AGENT, 36, 36),
	ROW(WINDOW_FLAGS, AGENT | DAEMON, 8, 8),
	ROW(WMCLASS, AGENT, 2 * GUI_WMCLASS_SIZE, 2 * GUI_WMCLASS_SIZE),
	ROW(WINDOW_DUMP, AGENT, 16, 16 + 4 * GUI_MAX_PAGES),
	ROW(CURSOR, AGENT, 4, 4),
	ROW(WINDOW_DUMP_ACK, DAEMON, 0, 0),
};

const struct gui_msg_info *gui_msg_info(uint32_t type)
{
	if (type < GUI_MSG_FIRST || type - GUI_MSG_FIRST >= ARRAY_LEN(table) ||
	    !table[type - GUI_MSG_FIRST].name)
		return NULL;
	return &table[type - GUI_MSG_FIRST];
}

const char *gui_msg_name(uint32_t type)
{
	const struct gui_msg_info *info = gui_msg_info(type);

	return info ? info->name : "unknown message";
}

static int fail(int error, const char *why, const char **ret_why)
{
	if (ret_why)
		*ret_why = why;
	return error;
}

static int clipboard_len(enum gui_dir dir, uint32_t version, const struct gui_hdr *hdr,
			 uint32_t *ret_len, const char **ret_why)
{
	uint32_t max =
		version < GUI_VERSION_BIG_CLIPBOARD ? GUI_MAX_CLIPBOARD_OLD : GUI_MAX_CLIPBOARD + 1;
	uint32_t len = hdr->len;

	/* Before 1.2 the daemon put the length where the window belongs. */
	if (dir == GUI_FROM_DAEMON && version < GUI_VERSION_CLIP_LEN_IN_LEN)
		len = hdr->window;
	if (len > max)
		return fail(-EMSGSIZE, "clipboard data longer than the protocol allows", ret_why);
	*ret_len = len;
	return 0;
}

int gui_body_len(enum gui_dir dir, uint32_t version, const struct gui_hdr *hdr, uint32_t *ret_len,
		 const char **ret_why)
{
	const struct gui_msg_info *info = gui_msg_info(hdr->type);

	if (!info || !(info->dirs & dir)) {
		if (dir != GUI_FROM_DAEMON || hdr->len > GUI_MAX_BODY)
			return fail(-EOPNOTSUPP, "unknown message type", ret_why);
		*ret_len = hdr->len;
		return 0;
	}
	if (hdr->type == GUI_MSG_CLIPBOARD_DATA)
		return clipboard_len(dir, version, hdr, ret_len, ret_why);
	if (info->min_len == info->max_len && version < GUI_VERSION_STRICT_LENGTH) {
		*ret_len = info->min_len;
		return 0;
	}
	if (hdr->len < info->min_len || hdr->len > info->max_len)
		return fail(-EMSGSIZE, "incorrect length of the body", ret_why);
	*ret_len = hdr->len;
	return 0;
}

void gui_hdr_decode(const uint8_t buf[GUI_HDR_SIZE], struct gui_hdr *ret)
{
	struct cur c = cur_init(buf, GUI_HDR_SIZE);

	ret->type = cur_u32(&c);
	ret->window = cur_u32(&c);
	ret->len = cur_u32(&c);
}

void gui_hdr_encode(uint8_t buf[GUI_HDR_SIZE], const struct gui_hdr *hdr)
{
	struct wcur w = wcur_init(buf, GUI_HDR_SIZE);

	wcur_u32(&w, hdr->type);
	wcur_u32(&w, hdr->window);
	wcur_u32(&w, hdr->len);
}

uint32_t gui_u32_decode(const uint8_t buf[4])
{
	struct cur c = cur_init(buf, 4);

	return cur_u32(&c);
}

void gui_u32_encode(uint8_t buf[4], uint32_t value)
{
	struct wcur w = wcur_init(buf, 4);

	wcur_u32(&w, value);
}

int gui_version_negotiate(uint32_t untrusted_version, uint32_t *ret_version)
{
	uint32_t minor = untrusted_version & 0xffff;

	if (untrusted_version >> 16 != GUI_VERSION_MAJOR)
		return -EPROTO;
	*ret_version = GUI_VERSION(GUI_VERSION_MAJOR,
				   minor < GUI_VERSION_MINOR ? minor : GUI_VERSION_MINOR);
	return 0;
}

void gui_xconf_encode(uint8_t buf[GUI_XCONF_SIZE], const struct gui_xconf *x)
{
	struct wcur w = wcur_init(buf, GUI_XCONF_SIZE);

	wcur_u32(&w, x->width);
	wcur_u32(&w, x->height);
	wcur_u32(&w, x->depth);
	wcur_u32(&w, x->mem);
}

void gui_xconf_decode(const uint8_t buf[GUI_XCONF_SIZE], struct gui_xconf *ret)
{
	struct cur c = cur_init(buf, GUI_XCONF_SIZE);

	ret->width = cur_u32(&c);
	ret->height = cur_u32(&c);
	ret->depth = cur_u32(&c);
	ret->mem = cur_u32(&c);
}

uint32_t gui_page(const struct gui_pages *p, uint32_t i)
{
	struct cur c = cur_init(p->data, (size_t)p->count * 4);

	cur_take(&c, (size_t)i * 4);
	return cur_u32(&c);
}
