/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the two ends of a socket vchan find each other (socket.h). The peer is a domain, hostile:
 * which process may be it is decided here, by what the kernel says of it (place.h).
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/unixsock.h"
#include "qrexec/vchan/socket.h"

void sock_stop_waiting(struct vchan_sock *s)
{
	if (s->listen_fd >= 0) {
		vchan_place_unlisten(&s->place, s->name, s->ino);
		close(s->listen_fd);
		s->listen_fd = -1;
	}
	vchan_watch_close(&s->watch);
	vchan_place_close(&s->place);
}

static int give_up(struct vchan_sock *s, int err)
{
	sock_stop_waiting(s);
	s->state = VCHAN_DISCONNECTED;
	s->eof = true;
	return err;
}

static bool is_temporary(int err)
{
	return err == -ECONNREFUSED || err == -EACCES || err == -EAGAIN || err == -ENOTSOCK ||
	       err == -EPROTOTYPE || err == -EPERM || err == -ELOOP || err == -EINTR;
}

static int try_connect(struct vchan_sock *s)
{
	int fd = unix_connect_untrusted(s->place.dir_fd, s->name, SOCK_STREAM | SOCK_NONBLOCK);

	if (fd >= 0 && vchan_place_check_peer(&s->place, fd)) {
		close(fd);
		fd = -EACCES;
	}
	if (fd >= 0) {
		sock_established(s, fd);
		return 0;
	}
	if (fd == -ENOENT)
		vchan_watch_retry(&s->watch, VCHAN_RETRY_ABSENT);
	else if (is_temporary(fd))
		vchan_watch_retry(&s->watch, VCHAN_RETRY_SOON);
	else
		return give_up(s, fd);
	return 0;
}

static void watch_place(struct vchan_sock *s)
{
	vchan_watch_dir(&s->watch, s->place.dir_fd, s->place.layout == VCHAN_DOM0);
}

/* The flat directory may come after the client. */
static int find_place(struct vchan_sock *s)
{
	int r;

	if (s->place.dir_fd >= 0)
		return 0;
	r = vchan_place_open(s->domain, &s->place);
	if (!r)
		watch_place(s);
	return r;
}

static int wait_client(struct vchan_sock *s)
{
	int r;

	if (!vchan_watch_take(&s->watch, s->name))
		return 0;
	r = find_place(s);
	if (r)
		return give_up(s, r);
	if (!vchan_place_alive(&s->place))
		return give_up(s, -ENODEV);
	if (s->place.dir_fd < 0) {
		vchan_watch_retry(&s->watch, VCHAN_RETRY_SOON);
		return 0;
	}
	return try_connect(s);
}

static int wait_server(struct vchan_sock *s)
{
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0 && vchan_place_check_peer(&s->place, fd)) {
		close(fd);
		return 0;
	}
	if (fd >= 0) {
		sock_established(s, fd);
		return 0;
	}
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		return give_up(s, -errno);
	if (!vchan_watch_take(&s->watch, s->name))
		return 0;
	if (!vchan_place_alive(&s->place))
		return give_up(s, -ENODEV);
	/* Somebody touched our file: perhaps the directory goes next. */
	vchan_watch_retry(&s->watch, VCHAN_RETRY_IDLE);
	return 0;
}

int sock_wait_begin(struct vchan_sock *s)
{
	int r;

	s->listen_fd = s->place.dir_fd = -1;
	s->watch = (struct vchan_watch){
		.epoll_fd = -1, .inotify_fd = -1, .timer_fd = -1, .dir_fd = -1};
	r = vchan_place_open(s->domain, &s->place);
	if (!r)
		r = vchan_watch_open(&s->watch);
	if (!r)
		watch_place(s);
	return r;
}

int sock_wait_listen(struct vchan_sock *s)
{
	int r;

	s->listen_fd = vchan_place_listen(&s->place, s->name, &s->ino);
	r = s->listen_fd < 0 ? s->listen_fd : vchan_watch_add(&s->watch, s->listen_fd);
	if (!r)
		vchan_watch_retry(&s->watch, VCHAN_RETRY_IDLE);
	return r;
}

int sock_wait_connect(struct vchan_sock *s)
{
	if (s->place.dir_fd >= 0)
		return try_connect(s);
	vchan_watch_retry(&s->watch, VCHAN_RETRY_SOON);
	return 0;
}

int sock_wait_step(struct vchan_sock *s)
{
	return s->is_server ? wait_server(s) : wait_client(s);
}
