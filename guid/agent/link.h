/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the daemon: the vchan (server, port 6000), the handshake and the side
 * channels for images and damage. When the daemon goes, a new server waits for the next one.
 * specs/gui.md sections 1, 2, 6.2.
 */
#ifndef QUBES_GUID_AGENT_LINK_H
#define QUBES_GUID_AGENT_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "guid/agent/sidechan.h"
#include "guid/proto/gui-proto.h"
#include "guid/proto/gui-reader.h"
#include "qrexec/base/bytebuf.h"

struct agent;
struct vchan;

enum link_state {
	LINK_DOWN,    /* no server; tried again later */
	LINK_WAITING, /* for a daemon */
	LINK_VERSION, /* our version was sent, the daemon's comes */
	LINK_XCONF,   /* its screen comes */
	LINK_UP,
};

struct link {
	enum link_state state;
	unsigned domain;     /* where the daemon is */
	struct vchan *vchan; /* owned */
	struct sidechan side, damage;
	struct gui_reader reader;
	struct bytebuf out;
	uint32_t version;    /* negotiated */
	int64_t retry_at_ms; /* LINK_DOWN: when */
	bool x_tells;	     /* the X server tells the daemon what is drawn, where it can */
	bool failed;	     /* to be restarted at the next step */
};

/* What is queued for a daemon that does not read; more makes it a lost one. */
#define LINK_MAX_QUEUE (8u * 1024 * 1024)

/* Makes the server. 0 or -errno: that nobody can ever connect. */
int link_start(struct agent *a, unsigned domain);
void link_clear(struct link *l);

/* Accepts, reads, handles messages, restarts. True when something happened. */
bool link_step(struct agent *a);

/* The connection for damage has ended: the X server could not send, or the daemon does not read it
 * any more. Not when the daemon has gone, which link_step() finds before. */
void link_damage_ended(struct agent *a);

/* Queues a message; dropped while the link is not up. */
void link_send(struct agent *a, const struct gui_msg *m);
/* Writes what can be written without blocking. */
void link_flush(struct agent *a);

/* True when the daemon has taken all that was sent, as far as can be seen. */
bool link_is_clear(const struct link *l);

/* What to poll. fd -1: nothing. */
int link_fd(const struct link *l);
short link_events(const struct link *l);
/* Milliseconds until link_step() has to be called, -1: no need. */
int link_timeout(const struct link *l, int64_t now_ms);

#endif
