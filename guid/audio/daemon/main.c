// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qubes-audiod, also called pacat-simple-vchan: plays the sound of one qube and records for it
 * while it has the microphone. docs/audio.md, docs/man/qubes-audiod.1. This file: pid file,
 * signals, rounds. The qube is hostile, the sound server is the session's.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guid/audio/daemon/audiod.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/pidfile.h"

/* How often what the qube asked for may take effect: each time the server has work. */
#define CHANGES_BURST 20
#define CHANGES_PER_SECOND 10
#define CHANGE_PAUSE_MS 100

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

/* What the qube wants takes effect, at a measured pace. */
static void heed(struct audiod *a)
{
	int64_t now = io_now_ms();

	if (a->wishes.record != a->heeded.record || a->wishes.corked != a->heeded.corked) {
		if (!allowance_take(&a->changes, now)) {
			audio_loop_until(&a->loop, now + CHANGE_PAUSE_MS);
			return;
		}
		a->heeded = a->wishes;
	}
	microphone_tell_request(&a->mic, a->heeded.record);
}

static void run(struct audiod *a)
{
	while (!stop && !a->gone) {
		link_step(a);
		pulse_want(&a->pulse, a->link.up);
		if (pulse_step(&a->pulse, &a->loop)) {
			player_reset(a);
			recorder_reset(a);
		}
		microphone_step(&a->mic, &a->loop);
		heed(a);
		player_step(a);
		recorder_step(a);
		audio_loop_round(&a->loop);
	}
	if (a->gone)
		audio_log("domain %u is gone", a->o->domain);
}

static int lock_pid_file(const struct audio_options *o, char *path, size_t n)
{
	int fd;

	if (!qubes_path(path, n, "/run/qubes/pacat.%u", o->domain))
		return -ENAMETOOLONG;
	fd = pidfile_lock(path);
	if (fd == -EALREADY)
		audio_log("already running for domain %u (pid %d)", o->domain,
			  (int)pidfile_holder(path));
	else if (fd < 0)
		audio_log("cannot create %s: %s; is dom0's stack running?", path, strerror(-fd));
	return fd;
}

static int fail(const char *what, int r)
{
	audio_log("%s: %s", what, strerror(-r));
	return 1;
}

static int serve(struct audiod *a)
{
	int r = audio_loop_init(&a->loop, on_signal);

	/* The session sends it when the screen has changed. */
	signal(SIGHUP, SIG_IGN);
	if (r)
		return fail("cannot make the main loop", r);
	r = microphone_init(&a->mic, a->o->name);
	if (r)
		return fail("cannot watch whether the microphone is attached", r);
	r = confine_audiod();
	if (r)
		return fail("cannot confine itself", r);
	pulse_init(&a->pulse, &a->loop, a->o->name, a->o->icon);
	link_init(a);
	player_init(a);
	recorder_init(a);
	run(a);
	microphone_tell_request(&a->mic, false);
	microphone_tell_status(&a->mic, false);
	link_clear(a);
	recorder_clear(a);
	pulse_clear(&a->pulse);
	return 0;
}

int main(int argc, char **argv)
{
	struct audio_options o;
	struct audiod a = {.o = &o,
			   .mic = {.inotify = -1},
			   .changes = {.burst = CHANGES_BURST, .per_second = CHANGES_PER_SECOND}};
	char path[QUBES_PATH_MAX];
	int lock, r = audio_options_parse(&o, argc, argv);

	if (r)
		return r > 0 ? 0 : 1;
	audio_log_set("qubes-audiod", o.name, o.verbose > 0);
	/* libpulse would ask the X server where the sound server is. */
	unsetenv("DISPLAY");
	lock = lock_pid_file(&o, path, sizeof(path));
	if (lock < 0)
		return lock == -EALREADY ? 0 : 1;
	r = serve(&a);
	microphone_clear(&a.mic);
	audio_loop_clear(&a.loop);
	unlink(path);
	close(lock);
	return r;
}
