/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Incremental reader (gui-reader.h). Pure but for its one buffer. Input is hostile. */
#include "guid/proto/gui-reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void gui_reader_init(struct gui_reader *r, enum gui_dir dir)
{
	*r = (struct gui_reader){.dir = dir, .version = GUI_VERSION_CURRENT};
}

void gui_reader_clear(struct gui_reader *r)
{
	free(r->buf);
	r->buf = NULL;
	r->head = r->len = r->cap = 0;
}

/* Bytes of the message in front that are still missing; 0 when it cannot be told. */
static size_t missing(const struct gui_reader *r)
{
	struct gui_hdr hdr;
	uint32_t body;

	if (r->len < GUI_HDR_SIZE)
		return 0;
	gui_hdr_decode(r->buf + r->head, &hdr);
	if (gui_body_len(r->dir, r->version, &hdr, &body, NULL) ||
	    GUI_HDR_SIZE + (size_t)body <= r->len)
		return 0;
	return GUI_HDR_SIZE + (size_t)body - r->len;
}

static int grow(struct gui_reader *r, size_t cap)
{
	uint8_t *bigger = realloc(r->buf, cap);

	if (!bigger)
		return -ENOMEM;
	r->buf = bigger;
	r->cap = cap;
	return 0;
}

void *gui_reader_room(struct gui_reader *r, size_t *ret_space)
{
	size_t want = missing(r);

	if (want < GUI_READ_AHEAD / 2)
		want = GUI_READ_AHEAD / 2;
	if (r->head) {
		memmove(r->buf, r->buf + r->head, r->len);
		r->head = 0;
	}
	if (!r->len && r->cap > GUI_READ_AHEAD) {
		/* A large message has passed: do not keep its room. */
		gui_reader_clear(r);
	}
	if (r->cap < GUI_READ_AHEAD && grow(r, GUI_READ_AHEAD))
		return NULL;
	if (r->cap - r->len < want && grow(r, r->len + want))
		return NULL;
	*ret_space = r->cap - r->len;
	return r->buf + r->len;
}

void gui_reader_added(struct gui_reader *r, size_t n)
{
	r->len += n;
}

bool gui_reader_partial(const struct gui_reader *r)
{
	return r->len > 0;
}

static void drop(struct gui_reader *r, size_t n)
{
	r->head += n;
	r->len -= n;
}

int gui_reader_word(struct gui_reader *r, uint32_t *ret)
{
	if (r->len < 4)
		return 0;
	*ret = gui_u32_decode(r->buf + r->head);
	drop(r, 4);
	return 1;
}

int gui_reader_xconf(struct gui_reader *r, struct gui_xconf *ret)
{
	if (r->len < GUI_XCONF_SIZE)
		return 0;
	gui_xconf_decode(r->buf + r->head, ret);
	drop(r, GUI_XCONF_SIZE);
	return 1;
}

int gui_reader_next(struct gui_reader *r, struct gui_msg *ret)
{
	uint32_t body;
	int k;

	if (r->len < GUI_HDR_SIZE)
		return 0;
	gui_hdr_decode(r->buf + r->head, &r->hdr);
	k = gui_body_len(r->dir, r->version, &r->hdr, &body, &r->why);
	if (k)
		return k;
	if (r->len - GUI_HDR_SIZE < body)
		return 0;
	k = gui_msg_decode(r->dir, r->version, &r->hdr, r->buf + r->head + GUI_HDR_SIZE, body, ret,
			   &r->why);
	if (k)
		return k;
	drop(r, GUI_HDR_SIZE + body);
	return 1;
}
