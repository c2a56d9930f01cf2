/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-daemon, inside. Three kinds of process:
 *
 *   the daemon    talks to the qube's agent (hostile) and to local clients; confined,
 *                 cannot execute anything
 *   the spawner   forked before that; hears only what the daemon has checked, checks it
 *                 again, and forks a job per request
 *   a job         asks the policy, connects the two ends; for a service in dom0 it starts
 *                 the service, confines itself and carries the data
 */
#ifndef QUBES_QREXEC_DAEMON_H
#define QUBES_QREXEC_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "qrexec/base/bytebuf.h"
#include "qrexec/daemon/ports.h"
#include "qrexec/proto/trigger.h"
#include "qrexec/proto/wire.h"
#include "qrexec/vchan/vchan.h"

#define MAX_CLIENTS 256
#define MAX_PENDING 256
/* Above this much queued for the agent nothing new is taken, from it or for it. */
#define OUT_HIGH (128u * 1024)
#define OUT_MAX (1024u * 1024)

#define EXIT_NO_AGENT 3

/* Set once, from the command line. */
struct config {
	unsigned domid;
	const char *name, *uuid, *default_user;
	const char *socket_dir;
	const char *policy_program;
	long qubes_gid; /* of the group "qubes", -1: none */
};

/* A local client's connection: one request. */
struct client {
	bool used;
	int fd; /* owned */
	enum { CLIENT_HELLO, CLIENT_REQUEST, CLIENT_RUNNING } state;
	bool greeted; /* our HELLO was sent */
	struct bytebuf in;
	unsigned port; /* closed when this one is released, 0: none */
};

/* A request of the agent that a job works on. */
struct pending {
	uint32_t job;  /* 0: free slot */
	bool answered; /* SERVICE_CONNECT was sent */
	bool done;     /* the job has ended well, its SERVICE_CONNECT is on its way to us */
	bool over;     /* the caller has ended the call */
	struct qrx_params where; /* once answered */
	uint8_t ident[QRX_IDENT_LEN];
};

struct daemon {
	struct config cfg;

	struct vchan *agent; /* owned; NULL: AGENT_AWAY */
	enum { AGENT_AWAY, AGENT_CONNECTING, AGENT_HELLO, AGENT_READY } state;
	int64_t since_ms;    /* when the agent connected */
	int64_t retry_at_ms; /* AGENT_AWAY: when to connect again */
	unsigned pause_ms;   /* before that; grows while connections do not last */
	int version;
	struct bytebuf in, out;
	bool unread; /* there was no room for answers to more of what the agent sent */

	struct qrx_trigger *trigger; /* owned; room for the one being handled */

	int listen_fd, signal_fd, spawner_fd; /* owned; -1: none */
	struct ports ports;
	unsigned clients_top; /* slots from here on were never used */
	uint32_t next_job;

	int64_t deadline_ms; /* for the first connection, -1: none */
	int ready_fd;	     /* tells the waiting parent, -1: none */

	/* Mostly not used, and then no memory. */
	struct client clients[MAX_CLIENTS];
	struct pending pending[MAX_PENDING];
};

/* main.c */
void daemon_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void daemon_log_text(const char *text);

/* agent.c: the qube's end. Each returns 0, or -errno when the daemon must end. */
int agent_connect(struct daemon *d);
int agent_step(struct daemon *d, bool ready);
int agent_send(struct daemon *d, uint32_t type, const void *head, size_t head_len, const void *body,
	       size_t len);
bool agent_has_room(const struct daemon *d);
/* The start is over: lets the process go that waits for it, if there is one. */
void agent_tell_parent(struct daemon *d);
/* When agent_step() wants to be called without anything having happened, -1: never. */
int64_t agent_wakes_at_ms(const struct daemon *d);
/* Before hanging up on an agent that broke the protocol: lets it finish its sentence. */
void agent_linger(struct daemon *d);

/* clients.c: local clients. */
void clients_accept(struct daemon *d);
void clients_ready(struct daemon *d, struct client *c);
void clients_port_released(struct daemon *d, unsigned port);
void clients_close_all(struct daemon *d);
bool clients_full(const struct daemon *d);

/* pending.c: requests of the agent, and the spawner's word on them. */
void pending_start(struct daemon *d, const struct qrx_trigger *t,
		   const uint8_t ident[QRX_IDENT_LEN]);
void pending_refuse(struct daemon *d, const uint8_t ident[QRX_IDENT_LEN]);
/* An open request with this ident that was not answered, NULL: there is none. */
struct pending *pending_find(struct daemon *d, const char *ident);
void pending_answer(struct pending *p, struct qrx_params where);
/* The qube's program is done with the call at this place. */
void pending_over(struct daemon *d, struct qrx_params where);
int pending_results(struct daemon *d); /* the spawner's descriptor is readable */
void pending_forget(struct daemon *d);

/* sockets.c: qrexec.DOMID and its links. */
int sockets_create(struct daemon *d); /* 0 or -errno */
void sockets_remove(struct daemon *d);

/* spawner.c: forks the spawner; its descriptor or -errno. */
int spawner_start(const struct config *cfg);
/* What the daemon sends it: one packet. And what comes back. */
struct spawn_request {
	uint32_t job;
	uint8_t has_source;
	char ident[QRX_IDENT_LEN + 1];
	char source[QRX_NAME_FIELD];
	char target[QRX_NAME_FIELD];
	char service[QRX_SERVICE_MAX + 1]; /* only as long as needed is sent */
};
struct spawn_result {
	uint32_t job;
	int32_t code; /* exit code, 128 + signal */
};

/* A job's exit code: the request was answered, and the target has ended the call. */
#define JOB_TARGET_ENDED 1

/* job.c: works on one request; the exit code. */
int job_run(const struct config *cfg, const struct spawn_request *r);

/* confine.c: 0 or -errno. */
int confine_daemon(void);

#endif
