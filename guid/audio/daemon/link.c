// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to the qube (audiod.h). The qube is hostile: it may stall, flood, and make and
 * break connections as fast as it can. Nothing here waits for it, and what it costs is
 * bounded. Samples are read by player.c, as fast as they are played.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "guid/audio/daemon/audiod.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"

/* After a connection ended: long enough that a qube which does nothing else is harmless. */
#define RETRY_MS 250
/* Commands are read this much at once, and so often at once and in a second. */
#define READ_SIZE 1024
#define READ_BURST 64
#define READS_PER_SECOND 100
#define FLOOD_PAUSE_MS 20
/* On its way to the qube: a tenth of a second. Older samples of a microphone are of no use. */
#define WINDOW_MS 100

static void disconnect(struct audiod *a)
{
	struct audio_link *l = &a->link;

	vchan_abort(l->play);
	vchan_abort(l->record);
	l->play = l->record = NULL;
	l->up = false;
	a->wishes = (struct audio_wishes){0};
	player_reset(a);
	recorder_reset(a);
}

/* The qube's end went away, or never came to be. */
static void lost(struct audiod *a, const char *why)
{
	if (a->link.up)
		audio_log("the qube's audio agent has gone: %s", why);
	disconnect(a);
	a->link.retry_at_ms = io_now_ms() + RETRY_MS;
}

void link_init(struct audiod *a)
{
	a->link =
		(struct audio_link){.reads = {.burst = READ_BURST, .per_second = READS_PER_SECOND}};
}

void link_clear(struct audiod *a)
{
	disconnect(a);
}

static void begin(struct audiod *a)
{
	struct audio_link *l = &a->link;
	int r = vchan_client_new(a->o->domain, AUDIO_PLAY_PORT, &l->play);

	if (!r)
		r = vchan_client_new(a->o->domain, AUDIO_RECORD_PORT, &l->record);
	if (!r) {
		vchan_set_window(l->record, audio_bytes(WINDOW_MS));
		l->control = (struct audio_control){0};
		return;
	}
	if (r == -ENOENT || r == -ENODEV)
		a->gone = true;
	else
		audio_log("cannot reach domain %u: %s; trying again", a->o->domain, strerror(-r));
	lost(a, strerror(-r));
}

/* Takes what happened on one channel, if that is wanted. False when it is at its end. */
static bool take(struct audiod *a, struct vchan *v, bool wanted)
{
	if (wanted && vchan_wait(v) == -ENODEV)
		a->gone = true;
	return vchan_state(v) != VCHAN_DISCONNECTED;
}

static void read_commands(struct audiod *a, int64_t now)
{
	struct audio_link *l = &a->link;
	uint8_t untrusted[READ_SIZE];
	ssize_t n;

	while (now >= l->quiet_until_ms && vchan_data_ready(l->record)) {
		if (!allowance_take(&l->reads, now)) {
			l->quiet_until_ms = now + FLOOD_PAUSE_MS;
			return;
		}
		n = vchan_read(l->record, untrusted, sizeof(untrusted));
		if (n <= 0)
			return;
		audio_control_feed(&l->control, untrusted, (size_t)n, &a->wishes);
	}
}

static void watch(struct audiod *a, int64_t now)
{
	struct audio_link *l = &a->link;

	/* Samples: where there is room for them, see player.c. */
	if (!l->up)
		audio_loop_watch(&a->loop, vchan_fd(l->play), vchan_events(l->play));
	if (now >= l->quiet_until_ms)
		audio_loop_watch(&a->loop, vchan_fd(l->record), vchan_events(l->record));
	else
		audio_loop_until(&a->loop, l->quiet_until_ms);
}

void link_step(struct audiod *a)
{
	struct audio_link *l = &a->link;
	int64_t now = io_now_ms();

	if (!l->play && now >= l->retry_at_ms)
		begin(a);
	if (!l->play) {
		audio_loop_until(&a->loop, l->retry_at_ms);
		return;
	}
	if (!take(a, l->play, !l->up) || !take(a, l->record, true)) {
		lost(a, "connection closed");
		audio_loop_until(&a->loop, l->retry_at_ms);
		return;
	}
	if (!l->up && vchan_state(l->play) == VCHAN_CONNECTED &&
	    vchan_state(l->record) == VCHAN_CONNECTED) {
		l->up = true;
		l->up_since_ms = now;
		audio_log("connected to the qube's audio agent");
	}
	if (l->up)
		read_commands(a, now);
	watch(a, now);
}
