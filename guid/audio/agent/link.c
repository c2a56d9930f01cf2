// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two channels to the audio domain (agent.h): servers, made again when the other end has
 * gone. The peer is trusted with this qube.
 */
#include <string.h>

#include "guid/audio/agent/agent.h"
#include "guid/audio/log.h"
#include "qrexec/base/io.h"

/* As upstream's: what is on its way is what a program hears late. */
#define RING 8192
#define RING_SMALL 128
#define WINDOW_MS 60
#define RETRY_MS 500
#define COMMANDS_MAX 1024

static int open_servers(struct agent *a)
{
	struct agent_link *l = &a->link;
	int r = vchan_server_new(a->o->domain, AUDIO_PLAY_PORT, RING_SMALL, RING, &l->play);

	if (!r)
		r = vchan_server_new(a->o->domain, AUDIO_RECORD_PORT, RING, RING_SMALL, &l->record);
	if (r)
		return r;
	vchan_set_window(l->play, audio_bytes(WINDOW_MS));
	return 0;
}

static void drop(struct agent *a)
{
	struct agent_link *l = &a->link;

	vchan_abort(l->play);
	vchan_abort(l->record);
	l->play = l->record = NULL;
	bytebuf_drop(&l->commands, l->commands.len);
	l->up = false;
}

int link_start(struct agent *a)
{
	int r;

	bytebuf_init(&a->link.commands, COMMANDS_MAX);
	r = open_servers(a);
	if (r)
		drop(a);
	return r;
}

void link_clear(struct agent *a)
{
	drop(a);
	bytebuf_clear(&a->link.commands);
}

void link_command(struct agent *a, enum audio_command command)
{
	uint8_t word[AUDIO_WORD];

	if (!a->link.up)
		return;
	audio_command_encode(word, command);
	/* A peer that does not read them is none. */
	if (bytebuf_add(&a->link.commands, word, sizeof(word)))
		drop(a);
}

static void flush_commands(struct agent_link *l)
{
	while (l->commands.len) {
		ssize_t n = vchan_write(l->record, bytebuf_peek(&l->commands), l->commands.len);

		if (n <= 0)
			return;
		bytebuf_drop(&l->commands, (size_t)n);
	}
}

/* The other end knows nothing of us yet: corked and recording are as at the beginning. */
static void came_up(struct agent *a)
{
	a->link.up = true;
	a->out.corked = false;
	a->in.asked = false;
	audio_log("connected to the audio domain");
}

static void restart(struct agent *a)
{
	struct agent_link *l = &a->link;
	int r;

	if (l->play && l->up)
		audio_log("connection to the audio domain ended");
	drop(a);
	r = open_servers(a);
	if (!r)
		return;
	drop(a);
	audio_log("cannot offer audio to domain %u: %s; trying again", a->o->domain, strerror(-r));
	l->retry_at_ms = io_now_ms() + RETRY_MS;
}

static bool alive(struct vchan *v)
{
	vchan_wait(v);
	return vchan_state(v) != VCHAN_DISCONNECTED;
}

void link_step(struct agent *a)
{
	struct agent_link *l = &a->link;

	if (!l->play && io_now_ms() >= l->retry_at_ms)
		restart(a);
	if (l->play && !(alive(l->play) & alive(l->record)))
		restart(a);
	if (!l->play) {
		audio_loop_until(&a->loop, l->retry_at_ms);
		return;
	}
	if (!l->up && vchan_state(l->play) == VCHAN_CONNECTED &&
	    vchan_state(l->record) == VCHAN_CONNECTED)
		came_up(a);
	if (l->up)
		flush_commands(l);
}
