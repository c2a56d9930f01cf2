/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Incremental reader of the GUI protocol: takes bytes as they come, gives whole messages,
 * never waits. A peer that stalls in the middle of a message costs nothing but its bytes.
 *
 *	while ((room = gui_reader_room(r, &space)) && (n = vchan_read(v, room, space)) > 0) {
 *		gui_reader_added(r, n);
 *		while ((k = gui_reader_next(r, &msg)) == 1)
 *			handle(&msg);
 *		if (k < 0)
 *			fatal(r->why);
 *	}
 *
 * One reader serves one connection; the handshake comes first, as raw words.
 */
#ifndef QUBES_GUID_GUI_READER_H
#define QUBES_GUID_GUI_READER_H

#include "guid/proto/gui-proto.h"

/* What is read ahead when messages are small. */
#define GUI_READ_AHEAD 16384

struct gui_reader {
	enum gui_dir dir;   /* who sends */
	uint32_t version;   /* to be set after the handshake, before the first message */
	const char *why;    /* after a failure: constant text */
	struct gui_hdr hdr; /* after a failure: the header in question */
	uint8_t *buf;	    /* owned */
	size_t head, len, cap;
};

void gui_reader_init(struct gui_reader *r, enum gui_dir dir);
void gui_reader_clear(struct gui_reader *r);

/*
 * Room for *ret_space (at least 1) bytes to be read into; NULL when out of memory. Never
 * holds more than one message of maximum size and GUI_READ_AHEAD. All messages that
 * are complete must have been taken before.
 */
void *gui_reader_room(struct gui_reader *r, size_t *ret_space);
void gui_reader_added(struct gui_reader *r, size_t n);

/* True when bytes of an incomplete message are held. */
bool gui_reader_partial(const struct gui_reader *r);

/* Takes a word of the handshake. 1, or 0 when it is not complete. */
int gui_reader_word(struct gui_reader *r, uint32_t *ret);
/* Takes the handshake's last part (for an agent). 1, or 0. */
int gui_reader_xconf(struct gui_reader *r, struct gui_xconf *ret);

/*
 * The next message: 1 and *ret, which points into the reader until its next call; 0 when
 * it is not complete; or the codec's error, for good.
 */
int gui_reader_next(struct gui_reader *r, struct gui_msg *ret);

#endif
