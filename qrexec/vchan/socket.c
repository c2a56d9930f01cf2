/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vchan over Unix stream sockets (vchan.h): a raw byte pipe, no header, no helper
 * thread. The peer is a domain, hostile; it can stall, close and send anything, and the
 * only thing that is decided from what it does is which process may be it (socket-wait.c).
 *
 * Input is taken into a bounded queue when the descriptor polls readable, so that a
 * reader who stops reading is not woken for it; output that the kernel does not take
 * waits in another, flushed when the descriptor polls writable.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/vchan/socket.h"

#define QUEUE_MIN (64u * 1024)
#define QUEUE_MAX (4u * 1024 * 1024)
#define KERNEL_BUFFER (512 * 1024)
#define WINDOW_MIN 4096
#define FILL_AT_ONCE 4096
#define SMALL_READ 8192 /* smaller ones go through the input queue: one call for many */
#define FLUSH_ON_CLOSE_MS 1000

static struct vchan_sock *sock_of(const struct vchan *v)
{
	return (struct vchan_sock *)v;
}

/* Sends what is queued. Errors only mark the channel: what the peer sent before it
 * went must stay readable. */
static void flush_out(struct vchan_sock *s)
{
	while (s->out.len && s->state == VCHAN_CONNECTED) {
		ssize_t r =
			send(s->fd, bytebuf_peek(&s->out), s->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r >= 0)
			bytebuf_drop(&s->out, (size_t)r);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			s->state = VCHAN_DISCONNECTED;
	}
}

static void size_kernel_buffer(struct vchan_sock *s)
{
	setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &s->kernel_buffer, sizeof(s->kernel_buffer));
}

/* What the kernel holds for the peer is what counts; the own queue only takes the rest of a write.
 */
static void sock_set_window(struct vchan *v, size_t bytes)
{
	struct vchan_sock *s = sock_of(v);

	if (bytes < WINDOW_MIN)
		bytes = WINDOW_MIN;
	s->kernel_buffer = bytes > KERNEL_BUFFER ? KERNEL_BUFFER : (int)bytes;
	if (s->out.len <= WINDOW_MIN)
		s->out.max = WINDOW_MIN;
	if (s->fd >= 0)
		size_kernel_buffer(s);
}

void sock_established(struct vchan_sock *s, int fd)
{
	sock_stop_waiting(s);
	s->fd = fd;
	size_kernel_buffer(s);
	s->state = VCHAN_CONNECTED;
	flush_out(s);
}

static void fill_in(struct vchan_sock *s)
{
	size_t room = s->in.max - s->in.len;
	ssize_t r;

	if (s->eof || s->fd < 0 || !room)
		return;
	/* Mostly a message or two, and bulk data goes around this queue: a large buffer here would
	 * only be memory that each idle channel holds. */
	if (room > FILL_AT_ONCE)
		room = FILL_AT_ONCE;
	r = bytebuf_fill(&s->in, s->fd, room);
	if (r > 0 || r == -EAGAIN || r == -EINTR || r == -ENOMEM)
		return;
	/* End of file, or an error: a reset counts as one. */
	s->eof = true;
	s->state = VCHAN_DISCONNECTED;
}

/* With a full input queue the end of file is out of sight, but poll reports it for
 * ever: find out, so that vchan_fd() can hide the descriptor until there is room. */
static void look_for_hangup(struct vchan_sock *s)
{
	struct pollfd p = {.fd = s->fd};

	if (s->in.len == s->in.max && poll(&p, 1, 0) == 1)
		s->hung_up = true;
}

static int sock_wait(struct vchan *v)
{
	struct vchan_sock *s = sock_of(v);

	if (s->state == VCHAN_WAITING)
		return sock_wait_step(s);
	if (s->fd < 0)
		return -EPIPE;
	flush_out(s);
	fill_in(s);
	look_for_hangup(s);
	return s->state == VCHAN_CONNECTED ? 0 : -EPIPE;
}

static size_t sock_data_ready(struct vchan *v)
{
	struct vchan_sock *s = sock_of(v);

	if (!s->in.len)
		fill_in(s);
	return s->in.len;
}

static size_t sock_buffer_space(struct vchan *v)
{
	const struct vchan_sock *s = sock_of(v);

	return s->state == VCHAN_DISCONNECTED ? 0 : s->out.max - s->out.len;
}

static ssize_t read_direct(struct vchan_sock *s, void *buf, size_t n)
{
	ssize_t r = recv(s->fd, buf, n, MSG_DONTWAIT);

	if (r > 0)
		return r;
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	s->eof = true;
	s->state = VCHAN_DISCONNECTED;
	return -EPIPE;
}

static ssize_t sock_read(struct vchan *v, void *buf, size_t n)
{
	struct vchan_sock *s = sock_of(v);

	if (!n)
		return 0;
	if (!s->in.len && n < SMALL_READ)
		fill_in(s);
	if (s->in.len) {
		if (n > s->in.len)
			n = s->in.len;
		memcpy(buf, bytebuf_peek(&s->in), n);
		bytebuf_drop(&s->in, n);
		s->hung_up = false;
		return (ssize_t)n;
	}
	if (s->eof)
		return -EPIPE;
	return s->fd < 0 || n < SMALL_READ ? 0 : read_direct(s, buf, n);
}

static ssize_t sock_write(struct vchan *v, const void *buf, size_t n)
{
	struct vchan_sock *s = sock_of(v);
	size_t done = 0;
	ssize_t r;

	flush_out(s);
	if (s->state == VCHAN_DISCONNECTED)
		return -EPIPE;
	if (s->state == VCHAN_CONNECTED && !s->out.len && n) {
		r = send(s->fd, buf, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (r > 0)
			done = (size_t)r;
		else if (r < 0 && errno != EAGAIN && errno != EINTR) {
			s->state = VCHAN_DISCONNECTED;
			return -EPIPE;
		}
	}
	if (n - done > s->out.max - s->out.len)
		n = done + s->out.max - s->out.len;
	r = bytebuf_add(&s->out, (const char *)buf + done, n - done);
	return r && !done ? r : (ssize_t)(r ? done : n);
}

static int sock_fd(const struct vchan *v)
{
	const struct vchan_sock *s = sock_of(v);

	if (s->state == VCHAN_WAITING)
		return s->watch.epoll_fd;
	return s->hung_up && !s->eof ? -1 : s->fd;
}

static short sock_events(const struct vchan *v)
{
	const struct vchan_sock *s = sock_of(v);
	short ev = 0;

	if (s->state == VCHAN_WAITING)
		return POLLIN;
	if (s->in.len < s->in.max)
		ev |= POLLIN;
	if (s->out.len && s->state == VCHAN_CONNECTED)
		ev |= POLLOUT;
	return ev;
}

static enum vchan_state sock_state(const struct vchan *v)
{
	return sock_of(v)->state;
}

static size_t sock_unsent(const struct vchan *v)
{
	const struct vchan_sock *s = sock_of(v);

	return s->state == VCHAN_CONNECTED ? s->out.len : 0;
}

static void flush_last(struct vchan_sock *s)
{
	int64_t end = io_now_ms() + FLUSH_ON_CLOSE_MS;

	for (;;) {
		struct pollfd p = {.fd = s->fd, .events = POLLOUT};
		int64_t left = end - io_now_ms();

		flush_out(s);
		if (!s->out.len || s->state != VCHAN_CONNECTED || left <= 0)
			return;
		poll(&p, 1, (int)left);
	}
}

static void sock_free(struct vchan *v, bool flush)
{
	struct vchan_sock *s = sock_of(v);

	if (flush)
		flush_last(s);
	sock_stop_waiting(s);
	if (s->fd >= 0)
		close(s->fd);
	bytebuf_clear(&s->in);
	bytebuf_clear(&s->out);
	free(s);
}

static const struct vchan_ops sock_ops = {
	.free = sock_free,
	.set_window = sock_set_window,
	.fd = sock_fd,
	.events = sock_events,
	.wait = sock_wait,
	.state = sock_state,
	.data_ready = sock_data_ready,
	.buffer_space = sock_buffer_space,
	.read = sock_read,
	.write = sock_write,
	.unsent = sock_unsent,
};

static size_t queue_size(size_t want)
{
	if (want < QUEUE_MIN)
		return QUEUE_MIN;
	return want > QUEUE_MAX ? QUEUE_MAX : want;
}

static int sock_new(unsigned domain, size_t read_min, size_t write_min, struct vchan_sock **ret)
{
	struct vchan_sock *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->base.ops = &sock_ops;
	s->state = VCHAN_WAITING;
	s->kernel_buffer = KERNEL_BUFFER;
	s->domain = domain;
	s->fd = -1;
	bytebuf_init(&s->in, queue_size(read_min));
	bytebuf_init(&s->out, queue_size(write_min));
	r = sock_wait_begin(s);
	if (r) {
		sock_free(&s->base, false);
		return r;
	}
	*ret = s;
	return 0;
}

int vchan_socket_server(unsigned domain, unsigned port, size_t read_min, size_t write_min,
			struct vchan **ret)
{
	struct vchan_sock *s;
	int r = sock_new(domain, read_min, write_min, &s);

	if (r)
		return r;
	s->is_server = true;
	vchan_socket_name(s->name, vchan_own_domid(), domain, port);
	r = sock_wait_listen(s);
	if (r) {
		sock_free(&s->base, false);
		return r;
	}
	*ret = &s->base;
	return 0;
}

int vchan_socket_client(unsigned domain, unsigned port, struct vchan **ret)
{
	struct vchan_sock *s;
	int r = sock_new(domain, 0, 0, &s);

	if (r)
		return r;
	vchan_socket_name(s->name, domain, vchan_own_domid(), port);
	r = sock_wait_connect(s);
	if (r) {
		sock_free(&s->base, false);
		return r;
	}
	*ret = &s->base;
	return 0;
}
