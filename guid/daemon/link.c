/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes to and from the agent, which is hostile: it may stall, flood and lie. Nothing
 * here waits for it. Private to this folder (guid.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/io.h"

/* Read from one qube before its X events get their turn: bytes. */
#define READ_BUDGET (64 * 1024)

void link_flush(struct guid *g)
{
	while (g->out.len && !g->agent_gone) {
		ssize_t n = vchan_write(g->vchan, bytebuf_peek(&g->out), g->out.len);

		if (n < 0)
			g->agent_gone = true;
		if (n <= 0)
			return;
		bytebuf_drop(&g->out, (size_t)n);
	}
}

static void queue(struct guid *g, const void *data, size_t n)
{
	int r = bytebuf_add(&g->out, data, n);

	if (r == -ENOBUFS)
		link_flush(g), r = bytebuf_add(&g->out, data, n);
	if (r)
		guid_fatal_dialog(g,
				  "The qube %s does not read its input any more: its GUI agent "
				  "hangs. Its windows were closed; restart the qube, or kill it "
				  "with qvm-kill %s.",
				  g->o->name, g->o->name);
}

void link_send(struct guid *g, const struct gui_msg *m)
{
	size_t size = gui_msg_size(GUI_FROM_DAEMON, m), len;
	uint8_t small[128], *buf = size <= sizeof(small) ? small : malloc(size);

	if (!buf)
		guid_fatal(g, "out of memory");
	if (gui_msg_encode(GUI_FROM_DAEMON, g->version, m, buf, size, &len))
		log_error("a %s message could not be encoded", gui_msg_name(m->type));
	else
		queue(g, buf, len);
	if (buf != small)
		free(buf);
}

void link_send_empty(struct guid *g, uint32_t type, uint32_t window)
{
	struct gui_msg m = {.type = type, .window = window};

	link_send(g, &m);
}

void link_greet(struct guid *g)
{
	struct gui_xconf conf = {.depth = 24};
	uint8_t word[4], buf[GUI_XCONF_SIZE];

	conf.width = ((uint32_t)g->x.root_width + 7) & ~7u;
	conf.height = (uint32_t)g->x.root_height;
	conf.mem = conf.width * conf.height * 4 / 1024 + 1;
	if (g->version >= GUI_VERSION_NEGOTIATED) {
		gui_u32_encode(word, g->version);
		queue(g, word, sizeof(word));
	}
	gui_xconf_encode(buf, &conf);
	queue(g, buf, sizeof(buf));
	link_flush(g);
}

/* Handles the messages that are complete. False when the time is over before the messages are. */
static bool handle_messages(struct guid *g, int64_t until)
{
	struct gui_msg m;
	int k;

	while (!g->asking) {
		if (io_now_ms() >= until)
			return false;
		k = gui_reader_next(&g->reader, &m);
		if (k == 0)
			break;
		if (k < 0)
			guid_fatal(g, "protocol error: %s (%s, window 0x%x, length %u)",
				   g->reader.why, gui_msg_name(g->reader.hdr.type),
				   g->reader.hdr.window, g->reader.hdr.len);
		agent_handle(g, &m);
	}
	return true;
}

bool link_read(struct guid *g)
{
	int64_t until = io_now_ms() + GUID_READ_MS;
	size_t done = 0, space;
	ssize_t n;

	if (!handle_messages(g, until))
		return true;
	while (!g->asking && done < READ_BUDGET) {
		void *room = gui_reader_room(&g->reader, &space);

		if (!room)
			guid_fatal(g, "out of memory");
		n = vchan_read(g->vchan, room, space);
		if (n < 0)
			g->agent_gone = true;
		if (n <= 0)
			return false;
		gui_reader_added(&g->reader, (size_t)n);
		done += (size_t)n;
		if (!handle_messages(g, until))
			return true;
	}
	/* What is left when the user is asked waits for the answer, which wakes us. */
	return !g->asking;
}
