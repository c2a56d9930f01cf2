/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QubesDB daemon's link (server.h). In dom0 the peer is a hostile qube: whatever it
 * does to the link closes that link and nothing else, and it is let in again after a
 * pause that grows. In a qube the peer is dom0.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "qrexec/base/io.h"
#include "qrexec/qubesdb/daemon/server.h"
#include "qrexec/vchan/vchan.h"

#define DELAY_MIN_MS 20
#define DELAY_MAX_MS 5000
#define GOOD_LIFE_MS 2000 /* a link that lived that long was no accident */
#define ROUNDS 8	  /* queuefuls taken before local clients get their turn */

int server_open_link(struct server *s)
{
	if (s->core.role == QDB_ROLE_ALONE)
		return 0;
	if (s->core.role == QDB_ROLE_DOM0)
		return vchan_server_new(s->domid, QDB_VCHAN_PORT, QDB_RING_SIZE, QDB_RING_SIZE,
					&s->vchan);
	return vchan_client_new(s->domid, QDB_VCHAN_PORT, &s->vchan);
}

static void schedule_retry(struct server *s)
{
	int64_t now = io_now_ms();

	if (s->core.link_up && now - s->up_ms > GOOD_LIFE_MS)
		s->delay_ms = 0;
	else
		s->delay_ms = s->delay_ms ? s->delay_ms * 2 : DELAY_MIN_MS;
	if (s->delay_ms > DELAY_MAX_MS)
		s->delay_ms = DELAY_MAX_MS;
	s->retry_ms = now + s->delay_ms;
}

static void close_link(struct server *s, const char *why)
{
	fprintf(stderr, "link to domain %u closed: %s\n", s->domid, why);
	schedule_retry(s);
	vchan_abort(s->vchan);
	s->vchan = NULL;
	qdb_link_down(&s->core);
}

static void reopen(struct server *s)
{
	int r;

	if (io_now_ms() < s->retry_ms)
		return;
	r = server_open_link(s);
	if (!r)
		return;
	s->vchan = NULL;
	if (r == -ENOENT && s->core.role == QDB_ROLE_DOM0) {
		s->gone = true;
		return;
	}
	fprintf(stderr, "cannot open the link to domain %u: %s\n", s->domid, strerror(-r));
	schedule_retry(s);
}

/* Takes input until there is none or the turn is over. 0 or a negative error. */
static int take_input(struct server *s)
{
	struct bytebuf *in = &s->core.link.in;
	int r = 0;

	for (int i = 0; i < ROUNDS && !r; i++) {
		size_t n = vchan_data_ready(s->vchan), room = in->max - in->len;
		ssize_t got;
		void *p;

		if (!n)
			return qdb_link_run(&s->core);
		p = bytebuf_reserve(in, n < room ? n : room);
		if (!p)
			return -ENOMEM;
		got = vchan_read(s->vchan, p, n < room ? n : room);
		if (got > 0)
			bytebuf_added(in, (size_t)got);
		r = qdb_link_run(&s->core);
	}
	s->more = true;
	return r;
}

static int send_output(struct server *s)
{
	struct bytebuf *out = &s->core.link.out;

	while (out->len) {
		ssize_t n = vchan_write(s->vchan, bytebuf_peek(out), out->len);

		if (n < 0)
			return -EPIPE;
		if (n == 0)
			return 0;
		bytebuf_drop(out, (size_t)n);
	}
	return 0;
}

static const char *reason(int err)
{
	switch (err) {
	case -EPROTO:
		return "the other side broke the protocol";
	case -ENOBUFS:
		return "the other side does not read";
	case -EPIPE:
		return "the other side went away";
	default:
		return strerror(-err);
	}
}

static int link_io(struct server *s)
{
	int r = take_input(s);

	if (!r)
		r = send_output(s);
	if (!r && vchan_state(s->vchan) == VCHAN_DISCONNECTED && !vchan_data_ready(s->vchan))
		r = -EPIPE;
	return r;
}

void server_link_step(struct server *s, bool polled)
{
	int r = 0;

	s->more = false;
	if (s->core.role == QDB_ROLE_ALONE)
		return;
	if (!s->vchan)
		reopen(s);
	if (!s->vchan)
		return;
	if (polled)
		r = vchan_wait(s->vchan);
	if (r == -ENODEV && s->core.role == QDB_ROLE_DOM0) {
		s->gone = true;
		return;
	}
	if (!s->core.link_up && vchan_state(s->vchan) == VCHAN_CONNECTED) {
		s->up_ms = io_now_ms();
		qdb_link_up(&s->core);
	}
	if (s->core.link_up)
		r = link_io(s);
	else
		r = vchan_state(s->vchan) == VCHAN_DISCONNECTED ? -EPIPE : 0;
	if (r)
		close_link(s, reason(r));
}

int server_link_timeout(struct server *s)
{
	int64_t left;

	if (s->core.role == QDB_ROLE_ALONE)
		return -1;
	if (s->more || (s->vchan && s->core.link.out.len && vchan_buffer_space(s->vchan)))
		return 0;
	if (s->vchan)
		return -1;
	left = s->retry_ms - io_now_ms();
	return left > 0 ? (int)left : 0;
}
