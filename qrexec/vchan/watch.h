/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for a name to appear in a directory: one descriptor to poll, made of
 * inotify and a timer. Private to this folder.
 */
#ifndef QUBES_VCHAN_WATCH_H
#define QUBES_VCHAN_WATCH_H

#include <stdbool.h>

struct vchan_watch {
	int epoll_fd;	/* owned: readable when something is worth a look */
	int inotify_fd; /* owned, -1 when there is none (yet): then the timer alone */
	int timer_fd;	/* owned */
	int dir_fd;	/* what to watch, the caller's; -1: nothing, or it cannot be watched */
	bool parent_too;
	unsigned delay_us, waited_us;
};

/* 0 or -errno. Only the timer works until vchan_watch_dir(). */
int vchan_watch_open(struct vchan_watch *w);
void vchan_watch_close(struct vchan_watch *w);

/*
 * Watches the directory (whose descriptor must outlive the watch), and its parent for removals if
 * asked: an open descriptor keeps the kernel from reporting the removal on the directory itself.
 * Failure is not an error: the timer does it then.
 */
void vchan_watch_dir(struct vchan_watch *w, int dir_fd, bool parent_too);

/* Makes fd's readability wake the watch too. 0 or -errno. */
int vchan_watch_add(struct vchan_watch *w, int fd);

/* Takes what happened. True when name appeared or changed, a directory went away or
 * the timer ran out. */
bool vchan_watch_take(struct vchan_watch *w, const char *name);

enum vchan_retry {
	VCHAN_RETRY_IDLE,   /* a server: its client's coming wakes it anyway */
	VCHAN_RETRY_ABSENT, /* nothing there: inotify will tell, the timer is only a net */
	VCHAN_RETRY_SOON,   /* something is there that does not accept (yet): back off */
};

/* Arms the timer for the next attempt. */
void vchan_watch_retry(struct vchan_watch *w, enum vchan_retry why);

#endif
