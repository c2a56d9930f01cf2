/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the GUI daemon (link.h). The peer is dom0's: trusted with this qube, but a
 * message that makes no sense ends the connection all the same.
 */
#include "guid/agent/link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guid/agent/agent.h"
#include "guid/agent/image.h"
#include "guid/proto/gui-damage.h"
#include "guid/proto/gui-memfd.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/vchan/vchan.h"

#define RING_SIZE 4096
#define RETRY_MS 1000
/* The oldest daemon that tells which version it speaks. */
#define OLDEST_VERSION GUI_VERSION_NEGOTIATED

static int make_server(struct link *l)
{
	int r = vchan_server_new(l->domain, GUI_VCHAN_PORT, RING_SIZE, RING_SIZE, &l->vchan);

	if (r)
		return r;
	gui_reader_init(&l->reader, GUI_FROM_DAEMON);
	bytebuf_init(&l->out, LINK_MAX_QUEUE);
	l->failed = false;
	l->state = LINK_WAITING;
	return 0;
}

int link_start(struct agent *a, unsigned domain)
{
	struct link *l = &a->link;
	int r;

	*l = (struct link){.domain = domain, .side = SIDECHAN_INIT, .damage = SIDECHAN_INIT};
	if (vchan_is_socket()) {
		r = sidechan_listen(&l->side, GUI_MEMFD_SOCKET, domain);
		if (!r)
			r = sidechan_listen(&l->damage, GUI_DAMAGE_SOCKET, domain);
		if (r)
			return r;
	}
	return make_server(l);
}

void link_clear(struct link *l)
{
	vchan_free(l->vchan);
	l->vchan = NULL;
	gui_reader_clear(&l->reader);
	bytebuf_clear(&l->out);
	sidechan_clear(&l->side);
	sidechan_clear(&l->damage);
}

/* Forgets the daemon and waits for the next. */
static void restart(struct agent *a, const char *why)
{
	struct link *l = &a->link;
	bool was_up = l->state > LINK_WAITING;
	/* A daemon that we do not understand will come again at once. */
	bool pause = l->failed && l->state < LINK_UP;
	int r;

	if (was_up)
		fprintf(stderr, "qubes-gui-agent: connection to the GUI daemon ended: %s\n", why);
	vchan_free(l->vchan);
	l->vchan = NULL;
	gui_reader_clear(&l->reader);
	bytebuf_clear(&l->out);
	sidechan_reset(&l->side);
	sidechan_reset(&l->damage);
	windows_forget_remote(a);
	l->state = LINK_DOWN;
	l->x_tells = false;
	l->retry_at_ms = io_now_ms() + RETRY_MS;
	l->failed = false;
	r = pause ? 0 : make_server(l);
	if (r)
		fprintf(stderr,
			"qubes-gui-agent: cannot offer the GUI to domain %u: %s; trying again\n",
			l->domain, strerror(-r));
}

static void fail(struct link *l)
{
	l->failed = true;
}

static void queue(struct link *l, const void *data, size_t n)
{
	if (bytebuf_add(&l->out, data, n))
		fail(l);
}

/* For -vv. Where windows are is what the two sides disagree about, if they do. */
static void trace(const struct agent *a, char direction, const struct gui_msg *m)
{
	const struct gui_geometry *g = &m->u.geometry;

	if (a->verbose < 2)
		return;
	fprintf(stderr, "qubes-gui-agent: %c %s 0x%x", direction, gui_msg_name(m->type), m->window);
	if (m->type == GUI_MSG_CREATE || m->type == GUI_MSG_CONFIGURE)
		fprintf(stderr, " %d,%d %ux%u", g->x, g->y, g->width, g->height);
	fputc('\n', stderr);
}

void link_send(struct agent *a, const struct gui_msg *m)
{
	struct link *l = &a->link;
	size_t n = gui_msg_size(GUI_FROM_AGENT, m);
	void *room;

	if (l->state != LINK_UP || l->failed)
		return;
	room = bytebuf_reserve(&l->out, n);
	if (!room) {
		fail(l);
		return;
	}
	if (gui_msg_encode(GUI_FROM_AGENT, l->version, m, room, n, &n)) {
		fprintf(stderr, "qubes-gui-agent: cannot send %s of window 0x%x\n",
			gui_msg_name(m->type), m->window);
		return;
	}
	bytebuf_added(&l->out, n);
	trace(a, '>', m);
}

void link_flush(struct agent *a)
{
	struct link *l = &a->link;

	while (l->vchan && l->out.len && !l->failed) {
		ssize_t r = vchan_write(l->vchan, bytebuf_peek(&l->out), l->out.len);

		if (r < 0)
			fail(l);
		if (r <= 0)
			return;
		bytebuf_drop(&l->out, (size_t)r);
	}
}

bool link_is_clear(const struct link *l)
{
	return !l->out.len;
}

static void greet(struct link *l)
{
	uint8_t version[4];

	sidechan_reset(&l->side);
	sidechan_reset(&l->damage);
	gui_u32_encode(version, GUI_VERSION_CURRENT);
	queue(l, version, sizeof(version));
	l->state = LINK_VERSION;
}

static bool take_version(struct agent *a)
{
	struct link *l = &a->link;

	if (!gui_reader_word(&l->reader, &l->version))
		return false;
	if (l->version >> 16 != GUI_VERSION_MAJOR || l->version < OLDEST_VERSION ||
	    l->version > GUI_VERSION_CURRENT) {
		fprintf(stderr,
			"qubes-gui-agent: the GUI daemon wants protocol %u.%u, this is %u.%u\n",
			l->version >> 16, l->version & 0xffff, GUI_VERSION_MAJOR,
			GUI_VERSION_MINOR);
		fail(l);
		return false;
	}
	l->reader.version = l->version;
	l->state = LINK_XCONF;
	return true;
}

/* A daemon that does not take damage from the X server has not opened that. */
static void let_x_tell(struct agent *a)
{
	struct link *l = &a->link;
	int fd = sidechan_accept(&l->damage) ? -1 : sidechan_share(&l->damage);

	l->x_tells = fd >= 0 && !image_set_channel(a->x, fd);
	if (!l->x_tells)
		sidechan_drop(&l->damage);
}

void link_damage_ended(struct agent *a)
{
	struct link *l = &a->link;

	if (l->state != LINK_UP)
		return;
	sidechan_drop(&l->damage);
	if (!l->x_tells)
		return;
	l->x_tells = false;
	windows_untold(a);
	fprintf(stderr, "qubes-gui-agent: the X server's channel to the GUI daemon has ended: "
			"the agent tells it what is drawn\n");
}

static bool take_xconf(struct agent *a)
{
	struct link *l = &a->link;
	struct gui_xconf conf;

	if (!gui_reader_xconf(&l->reader, &conf))
		return false;
	if (vchan_is_socket() && sidechan_accept(&l->side))
		fprintf(stderr, "qubes-gui-agent: the GUI daemon has not opened the side channel: "
				"windows will have no contents\n");
	let_x_tell(a);
	if (a->verbose)
		fprintf(stderr, "qubes-gui-agent: connected, protocol %u.%u, screen %ux%u\n",
			l->version >> 16, l->version & 0xffff, conf.width, conf.height);
	l->state = LINK_UP;
	monitors_size(a, conf.width, conf.height);
	a->wins.work = true;
	return true;
}

/* Handles one thing that was read; false when there is nothing complete. */
static bool take_message(struct agent *a)
{
	struct link *l = &a->link;
	struct gui_msg m;
	int r;

	if (l->failed)
		return false;
	if (l->state == LINK_VERSION)
		return take_version(a);
	if (l->state == LINK_XCONF)
		return take_xconf(a);
	r = gui_reader_next(&l->reader, &m);
	if (r == 1) {
		trace(a, '<', &m);
		input_message(a, &m);
	}
	if (r < 0) {
		fprintf(stderr, "qubes-gui-agent: %s from the GUI daemon: %s\n",
			gui_msg_name(l->reader.hdr.type),
			l->reader.why ? l->reader.why : strerror(-r));
		fail(l);
	}
	return r == 1;
}

/* Reads once; true when bytes came. */
static bool read_some(struct agent *a)
{
	struct link *l = &a->link;
	size_t space;
	void *room = gui_reader_room(&l->reader, &space);
	ssize_t n;

	if (!room) {
		fail(l);
		return false;
	}
	n = vchan_read(l->vchan, room, space);
	if (n < 0)
		fail(l);
	if (n <= 0)
		return false;
	gui_reader_added(&l->reader, (size_t)n);
	while (take_message(a))
		;
	return true;
}

bool link_step(struct agent *a)
{
	struct link *l = &a->link;
	bool did = false;

	if (l->state == LINK_DOWN) {
		if (io_now_ms() >= l->retry_at_ms)
			restart(a, "");
		return false;
	}
	if (l->failed) {
		restart(a, "protocol error or too slow");
		return true;
	}
	vchan_wait(l->vchan);
	if (l->state == LINK_WAITING) {
		if (vchan_state(l->vchan) == VCHAN_CONNECTED)
			greet(l);
		else if (vchan_state(l->vchan) == VCHAN_DISCONNECTED)
			restart(a, "lost");
	}
	if (l->state > LINK_WAITING) {
		did = read_some(a);
		if (!did && vchan_state(l->vchan) == VCHAN_DISCONNECTED &&
		    !vchan_data_ready(l->vchan)) {
			restart(a, "the daemon has gone");
			did = true;
		}
	}
	return did;
}

int link_fd(const struct link *l)
{
	return l->vchan ? vchan_fd(l->vchan) : -1;
}

short link_events(const struct link *l)
{
	if (!l->vchan)
		return 0;
	return (short)(vchan_events(l->vchan) | (l->out.len ? POLLOUT : 0));
}

int link_timeout(const struct link *l, int64_t now_ms)
{
	if (l->state != LINK_DOWN)
		return l->failed ? 0 : -1;
	return l->retry_at_ms > now_ms ? (int)(l->retry_at_ms - now_ms) : 0;
}
