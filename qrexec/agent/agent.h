/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-agent, inside: one structure for the daemon's connection, the requests of
 * this qube's programs, and the calls that run here. Private to this folder.
 */
#ifndef QUBES_QREXEC_AGENT_H
#define QUBES_QREXEC_AGENT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "qrexec/base/bytebuf.h"
#include "qrexec/call/lookup.h"
#include "qrexec/call/spare.h"
#include "qrexec/call/spawn.h"
#include "qrexec/proto/trigger.h"
#include "qrexec/proto/wire.h"
#include "qrexec/vchan/vchan.h"

#define MAX_REQUESTS 256 /* of this qube's programs, at once */
#define MAX_CALLS 512	 /* running here, at once */
#define MAX_WAITING 256	 /* for the user's session */
/* Above this much queued for dom0 no new request is read. */
#define OUT_HIGH (128u * 1024)
#define OUT_MAX (1024u * 1024)

/* A program of this qube that calls a service. */
struct request {
	bool used;
	int fd; /* owned */
	enum { REQ_READING, REQ_PENDING, REQ_CONNECTED } state;
	char ident[QRX_IDENT_LEN];
	struct bytebuf in;
	unsigned generation;
	struct qrx_params where; /* REQ_CONNECTED */
};

/* A call of a service here. Either a process of ours or of the fork server. */
struct call {
	pid_t pid; /* 0: none */
	int fd;	   /* connection to the fork server, owned, -1: none */
	bool used;
	unsigned generation;
	struct qrx_params where;
};

/* A call that waits for the user's session. */
struct waiting {
	char *command; /* owned, NULL: free slot */
	uint32_t type;
	unsigned generation;
	struct qrx_params where;
};

struct agent {
	/* Options. */
	const char *socket_path;
	const char *fork_server; /* with one %s for the user, NULL: none */

	/* The daemon. */
	struct vchan *ctl; /* owned */
	enum { CTL_WAITING, CTL_HELLO, CTL_READY } state;
	int version;	     /* negotiated */
	unsigned generation; /* of the connection: a new one knows nothing of the old calls */
	struct bytebuf in, out;
	bool notified, woke_meminfo;

	int listen_fd, signal_fd;
	unsigned next_ident;
	unsigned requests_top, calls_top;
	struct spare spare; /* for the next call */
	bool call_ended;
	pid_t pid;	   /* the agent's, for the processes it makes */
	pid_t session_pid; /* qubes.WaitForSession, 0: none */
	struct lookup_paths paths;
	char self[QRX_USER_MAX + 1]; /* own user, "" for root, who can be anybody */

	/* Slots from the tops on were never used, and their memory was never touched. */
	struct request requests[MAX_REQUESTS];
	struct call calls[MAX_CALLS];
	struct waiting waiting[MAX_WAITING];
};

/* main.c */
void agent_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void agent_log_text(const char *text);

/* control.c: the daemon's connection. */
int control_listen(struct agent *a);		/* 0 or -errno */
void control_step(struct agent *a, bool ready); /* ready: its descriptor polled so */
int control_send(struct agent *a, uint32_t type, const void *body, size_t len);
void control_terminated(struct agent *a, unsigned generation, struct qrx_params where);
bool control_has_room(const struct agent *a);

/* requests.c: programs of this qube. */
void requests_accept(struct agent *a);
void requests_ready(struct agent *a, struct request *r);
void requests_connect(struct agent *a, const char *ident, struct qrx_params where);
void requests_refused(struct agent *a, const uint8_t ident[QRX_IDENT_LEN]);
void requests_daemon_lost(struct agent *a);

/* calls.c: services that run here. */
void calls_execute(struct agent *a, uint32_t type, struct qrx_params where, const char *command,
		   bool may_wait);
void calls_ready(struct agent *a, struct call *c);
void calls_reap(struct agent *a);
/* The daemon is gone: calls that have not met their caller yet end soon. */
void calls_cancel(struct agent *a);
/* To be called when everything else was done: gets ready for the next call. */
void calls_settle(struct agent *a);

/* session.c: wait-for-session. True when the call was taken and will run later. */
bool session_wait(struct agent *a, uint32_t type, struct qrx_params where, const char *command,
		  const struct qrx_command *c);
bool session_reaped(struct agent *a, pid_t pid);

/* login.c: struct spawn's exec for an agent that is root: as the user, with PAM. */
void login_exec(const struct spawn *s);

/* journal.c: a stream into the system's log, under this tag; -1 when there is none. */
int journal_open(const char *tag);

#endif
