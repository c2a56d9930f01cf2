/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GUI protocol, versions 1.0 to 1.8, both directions, as a pure codec: bytes in,
 * typed structures out, and back. No descriptors, no X11, no logging. docs/wire-gui.md
 *
 * "Agent" is the end in the qube (vchan server), "daemon" the one in dom0 (client).
 * On the wire everything is little-endian without padding: a 12-byte header
 * {type, window, length of the body} and the body. The handshake has no headers.
 *
 * Errors are negative: -EPROTO (a value that the protocol forbids), -EMSGSIZE (a body of the
 * wrong length), -EOPNOTSUPP (unknown type), -ENOBUFS (encoder: buffer too small),
 * -EINVAL (encoder: value the protocol forbids). Where a const char **ret_why is given, it
 * receives a constant text for the log on failure; it may be NULL.
 */
#ifndef QUBES_GUID_GUI_PROTO_H
#define QUBES_GUID_GUI_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUI_VCHAN_PORT 6000

/* Versions are major << 16 | minor. */
#define GUI_VERSION(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))
#define GUI_VERSION_MAJOR 1
#define GUI_VERSION_MINOR 8
#define GUI_VERSION_CURRENT GUI_VERSION(GUI_VERSION_MAJOR, GUI_VERSION_MINOR)
#define GUI_VERSION_CLIP_LEN_IN_LEN GUI_VERSION(1, 2)
#define GUI_VERSION_NEGOTIATED GUI_VERSION(1, 4)
#define GUI_VERSION_DESTROY_ACK GUI_VERSION(1, 5)
#define GUI_VERSION_STRICT_LENGTH GUI_VERSION(1, 6)
#define GUI_VERSION_DUMP_ACK GUI_VERSION(1, 7)
#define GUI_VERSION_BIG_CLIPBOARD GUI_VERSION(1, 8)

/* Limits. */
#define GUI_MAX_WIDTH 16384
#define GUI_MAX_HEIGHT 6144
#define GUI_PAGE 4096
/* Pages of the largest image; grant references or frame numbers of one dump. */
#define GUI_MAX_PAGES ((uint32_t)GUI_MAX_WIDTH * GUI_MAX_HEIGHT * 4 / GUI_PAGE)
#define GUI_MAX_CLIPBOARD 256000    /* 1.8; one byte more on the wire means "too big" */
#define GUI_MAX_CLIPBOARD_OLD 65000 /* up to 1.7 */
#define GUI_MIN_CLIPBOARD 256	    /* least limit that can be configured */
#define GUI_DEFAULT_CLIPBOARD 64000
#define GUI_CURSOR_X11 0x100u /* + glyph of the X cursor font */
#define GUI_CURSOR_END 0x19au /* first invalid value */
#define GUI_WMNAME_SIZE 128
#define GUI_WMCLASS_SIZE 64
#define GUI_KEYMAP_SIZE 32
#define GUI_MEMFD_MAX_OFFSET (UINT64_C(1) << 40)
/* The largest body in each direction; what a reader may have to hold. */
#define GUI_MAX_BODY (28u + 4u * GUI_MAX_PAGES)
#define GUI_HDR_SIZE 12
#define GUI_XCONF_SIZE 16

/* Window id 0 is the whole screen (qubes without an agent for windows). */
#define GUI_WINDOW_SCREEN 0

enum gui_msg_type {
	GUI_MSG_KEYPRESS = 124,
	GUI_MSG_BUTTON = 125,
	GUI_MSG_MOTION = 126,
	GUI_MSG_CROSSING = 127,
	GUI_MSG_FOCUS = 128,
	GUI_MSG_CREATE = 130,
	GUI_MSG_DESTROY = 131,
	GUI_MSG_MAP = 132,
	GUI_MSG_UNMAP = 133,
	GUI_MSG_CONFIGURE = 134,
	GUI_MSG_MFNDUMP = 135,
	GUI_MSG_SHMIMAGE = 136,
	GUI_MSG_CLOSE = 137,
	GUI_MSG_CLIPBOARD_REQ = 139,
	GUI_MSG_CLIPBOARD_DATA = 140,
	GUI_MSG_WMNAME = 141,
	GUI_MSG_KEYMAP_NOTIFY = 142,
	GUI_MSG_DOCK = 143,
	GUI_MSG_WINDOW_HINTS = 144,
	GUI_MSG_WINDOW_FLAGS = 145,
	GUI_MSG_WMCLASS = 146,
	GUI_MSG_WINDOW_DUMP = 147,
	GUI_MSG_CURSOR = 148,
	GUI_MSG_WINDOW_DUMP_ACK = 149,
};

/* Who sends: a bit each. */
enum gui_dir {
	GUI_FROM_AGENT = 1,
	GUI_FROM_DAEMON = 2,
};

/* Bits of WINDOW_FLAGS. */
#define GUI_FLAG_FULLSCREEN 1u
#define GUI_FLAG_DEMANDS_ATTENTION 2u
#define GUI_FLAG_MINIMIZE 4u

/* Bits of WINDOW_HINTS: those of X11's WM_NORMAL_HINTS. */
#define GUI_HINT_US_POSITION 1u
#define GUI_HINT_P_POSITION 4u
#define GUI_HINT_MIN_SIZE 16u
#define GUI_HINT_MAX_SIZE 32u
#define GUI_HINT_RESIZE_INC 64u
#define GUI_HINT_BASE_SIZE 256u

enum gui_dump_type {
	GUI_DUMP_GRANT_REFS = 0,
	GUI_DUMP_MEMFD = 0x100, /* ours: gui.md section 6 */
};

struct gui_xconf {
	uint32_t width, height, depth;
	uint32_t mem; /* KiB of video memory */
};

struct gui_hdr {
	uint32_t type;
	uint32_t window; /* the agent's X id */
	uint32_t len;	 /* of the body, as sent: not checked */
};

/* KEYPRESS (type 2 press, 3 release) and BUTTON (4, 5): detail is the keycode or button. */
struct gui_press {
	uint32_t type;
	int32_t x, y;
	uint32_t state;
	uint32_t detail;
};

struct gui_motion {
	int32_t x, y;
	uint32_t state;
	uint32_t is_hint;
};

struct gui_crossing {
	uint32_t type; /* 7 enter, 8 leave */
	int32_t x, y;
	uint32_t state, mode, detail, focus;
};

struct gui_focus {
	uint32_t type; /* 9 in, 10 out */
	uint32_t mode, detail;
};

/*
 * Geometry as sent; the receiver of CREATE and CONFIGURE clamps it (gui-sanitize.h).
 * parent only in CREATE.
 */
struct gui_geometry {
	int32_t x, y;
	uint32_t width, height;
	uint32_t parent;
	bool override_redirect;
};

struct gui_map {
	uint32_t transient_for; /* the agent's id of a window, 0: none */
	bool override_redirect;
};

struct gui_rect {
	int32_t x, y;
	uint32_t width, height;
};

struct gui_clipboard {
	const uint8_t *data; /* not owned: inside the decoded body */
	uint32_t len;
};

struct gui_hints {
	uint32_t flags;
	uint32_t min_width, min_height, max_width, max_height;
	uint32_t width_inc, height_inc, base_width, base_height;
};

struct gui_flags {
	uint32_t set, unset;
};

/* Texts as sent: unsanitised bytes, but always NUL-terminated by the decoder. */
struct gui_wmname {
	char text[GUI_WMNAME_SIZE];
};
struct gui_wmclass {
	char res_class[GUI_WMCLASS_SIZE];
	char res_name[GUI_WMCLASS_SIZE];
};

/* MFNDUMP and WINDOW_DUMP of grant references: little-endian u32 each, see gui_page(). */
struct gui_pages {
	const uint8_t *data; /* not owned */
	uint32_t count;
};

struct gui_mfndump {
	uint32_t width, height, bpp;
	uint32_t offset; /* < GUI_PAGE */
	struct gui_pages pages;
};

struct gui_memfd_ref {
	uint32_t token;	 /* not 0; names a descriptor of the side channel */
	uint32_t stride; /* bytes; width * 4 */
	uint64_t offset; /* multiple of GUI_PAGE, < GUI_MEMFD_MAX_OFFSET */
};

/* width and height are 1..GUI_MAX_WIDTH, 1..GUI_MAX_HEIGHT for memfd, may be 0 for grants. */
struct gui_window_dump {
	uint32_t dump_type; /* enum gui_dump_type */
	uint32_t width, height, bpp;
	struct gui_pages pages;	    /* GUI_DUMP_GRANT_REFS */
	struct gui_memfd_ref memfd; /* GUI_DUMP_MEMFD */
};

struct gui_msg {
	uint32_t type;
	uint32_t window;
	union {
		struct gui_press press; /* KEYPRESS, BUTTON */
		struct gui_motion motion;
		struct gui_crossing crossing;
		struct gui_focus focus;
		struct gui_geometry geometry; /* CREATE, CONFIGURE */
		struct gui_map map;
		struct gui_rect rect; /* SHMIMAGE */
		struct gui_clipboard clipboard;
		struct gui_wmname wmname;
		uint8_t keymap[GUI_KEYMAP_SIZE];
		struct gui_hints hints;
		struct gui_flags flags;
		struct gui_wmclass wmclass;
		struct gui_mfndump mfndump;
		struct gui_window_dump dump;
		uint32_t cursor;
		struct gui_pages skipped; /* unknown type, agent's reader only; count in bytes */
	} u;
};

/* What is known about a message type. */
struct gui_msg_info {
	const char *name;
	uint8_t dirs;		   /* enum gui_dir bits */
	uint32_t min_len, max_len; /* of the body; equal: fixed */
};

/* NULL for types that are not in the protocol. */
const struct gui_msg_info *gui_msg_info(uint32_t type);
/* The type's name, or "unknown message". */
const char *gui_msg_name(uint32_t type);

/* --- handshake --- */

/*
 * The version both ends speak, from the agent's: 0, or -EPROTO when the major number
 * is not 1.
 */
int gui_version_negotiate(uint32_t untrusted_version, uint32_t *ret_version);
uint32_t gui_u32_decode(const uint8_t buf[4]);
void gui_u32_encode(uint8_t buf[4], uint32_t value);
void gui_xconf_encode(uint8_t buf[GUI_XCONF_SIZE], const struct gui_xconf *x);
void gui_xconf_decode(const uint8_t buf[GUI_XCONF_SIZE], struct gui_xconf *ret);

/* --- messages --- */

void gui_hdr_decode(const uint8_t buf[GUI_HDR_SIZE], struct gui_hdr *ret);
void gui_hdr_encode(uint8_t buf[GUI_HDR_SIZE], const struct gui_hdr *hdr);

/*
 * How many body bytes follow this header on the wire. Checks type and length before
 * anything is read: no more than GUI_MAX_BODY. Before 1.6 a wrong length of a fixed-size
 * message is not an error: the fixed size is returned. The agent's reader
 * (dir GUI_FROM_DAEMON) accepts unknown types, to be skipped.
 */
int gui_body_len(enum gui_dir dir, uint32_t version, const struct gui_hdr *hdr, uint32_t *ret_len,
		 const char **ret_why);

/*
 * Decodes a body of exactly the length that gui_body_len() told. *ret points into body.
 */
int gui_msg_decode(enum gui_dir dir, uint32_t version, const struct gui_hdr *hdr,
		   const uint8_t *body, size_t len, struct gui_msg *ret, const char **ret_why);

/* Bytes of the encoded message, header and body. */
size_t gui_msg_size(enum gui_dir dir, const struct gui_msg *m);

/*
 * Encodes header and body into buf. *ret_len: bytes written. Types that dir does not send
 * and values that a decoder would refuse give -EINVAL.
 */
int gui_msg_encode(enum gui_dir dir, uint32_t version, const struct gui_msg *m, void *buf,
		   size_t cap, size_t *ret_len);

/* The i-th grant reference or frame number; i < count. */
uint32_t gui_page(const struct gui_pages *p, uint32_t i);

#endif
