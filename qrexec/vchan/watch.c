/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for a rendezvous file (watch.h). The directory may belong to a hostile
 * domain: events are hints to look again, at most one bufferful is taken per call.
 */
#include "qrexec/vchan/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* A data channel's server comes within a millisecond or two: look often, but not for long. */
#define DELAY_FIRST_US 60
#define FIRST_FOR_US 2000
#define DELAY_BLIND_US 50000 /* at most, without inotify */
#define DELAY_MAX_US 1000000 /* with it, and for an idle server */
#define INOTIFY_AFTER_US 100000

#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define PARENT_EVENTS (IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)
#define GONE_EVENTS                                                                                \
	(IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_Q_OVERFLOW)

int vchan_watch_add(struct vchan_watch *w, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

void vchan_watch_dir(struct vchan_watch *w, int dir_fd, bool parent_too)
{
	w->dir_fd = dir_fd;
	w->parent_too = parent_too;
}

/* False when the directory cannot be watched. */
static bool start_inotify(struct vchan_watch *w)
{
	char path[40];
	bool ok;

	w->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", w->dir_fd);
	ok = w->inotify_fd >= 0 && vchan_watch_add(w, w->inotify_fd) == 0 &&
	     inotify_add_watch(w->inotify_fd, path, EVENTS) >= 0;
	if (ok && w->parent_too) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d/..", w->dir_fd);
		ok = inotify_add_watch(w->inotify_fd, path, PARENT_EVENTS) >= 0;
	}
	if (!ok && w->inotify_fd >= 0) {
		close(w->inotify_fd);
		w->inotify_fd = -1;
	}
	return ok;
}

int vchan_watch_open(struct vchan_watch *w)
{
	int r = 0;

	w->delay_us = w->waited_us = 0;
	w->inotify_fd = w->dir_fd = -1;
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (w->epoll_fd < 0 || w->timer_fd < 0)
		r = -errno;
	if (!r)
		r = vchan_watch_add(w, w->timer_fd);
	if (r)
		vchan_watch_close(w);
	return r;
}

void vchan_watch_close(struct vchan_watch *w)
{
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	if (w->inotify_fd >= 0)
		close(w->inotify_fd);
	if (w->timer_fd >= 0)
		close(w->timer_fd);
	w->epoll_fd = w->inotify_fd = w->timer_fd = -1;
}

static bool event_matters(const struct inotify_event *ev, const char *name)
{
	if (ev->mask & GONE_EVENTS)
		return true;
	return ev->len && strcmp(ev->name, name) == 0;
}

static bool take_inotify(int fd, const char *name)
{
	_Alignas(struct inotify_event) char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));
	bool hit = false;

	for (ssize_t off = 0; off < n;) {
		const struct inotify_event *ev = (const void *)(buf + off);

		hit |= event_matters(ev, name);
		off += (ssize_t)(sizeof(*ev) + ev->len);
	}
	return hit;
}

bool vchan_watch_take(struct vchan_watch *w, const char *name)
{
	uint64_t ticks;
	bool hit = false;

	if (w->inotify_fd >= 0 && take_inotify(w->inotify_fd, name)) {
		w->delay_us = 0;
		hit = true;
	}
	if (read(w->timer_fd, &ticks, sizeof(ticks)) == (ssize_t)sizeof(ticks))
		hit = true;
	return hit;
}

static unsigned next_delay(const struct vchan_watch *w, enum vchan_retry why)
{
	unsigned max = w->inotify_fd >= 0 ? DELAY_MAX_US : DELAY_BLIND_US;

	if (why != VCHAN_RETRY_SOON && w->inotify_fd >= 0)
		return DELAY_MAX_US;
	if (why == VCHAN_RETRY_IDLE)
		return w->waited_us ? DELAY_MAX_US : INOTIFY_AFTER_US;
	if (w->delay_us == 0 || w->waited_us < FIRST_FOR_US)
		return DELAY_FIRST_US;
	return w->delay_us > max / 2 ? max : w->delay_us * 2;
}

void vchan_watch_retry(struct vchan_watch *w, enum vchan_retry why)
{
	struct itimerspec at = {0};

	if (w->inotify_fd < 0 && w->dir_fd >= 0 && w->waited_us >= INOTIFY_AFTER_US) {
		/* What happened before the watch was there is found by one more look, soon. */
		if (start_inotify(w))
			why = VCHAN_RETRY_SOON;
		else
			w->dir_fd = -1;
		w->delay_us = 0;
	}
	w->delay_us = next_delay(w, why);
	if (w->waited_us < INOTIFY_AFTER_US)
		w->waited_us += w->delay_us;
	at.it_value.tv_sec = w->delay_us / 1000000;
	at.it_value.tv_nsec = (long)(w->delay_us % 1000000) * 1000;
	timerfd_settime(w->timer_fd, 0, &at, NULL);
}
