/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data phase of a call with its I/O: local descriptors on one side, a vchan on the
 * other. Used by everything that carries a call: qrexec-client, qrexec-client-vm, the
 * agent's and the fork server's service processes, and qrexec-daemon's for services in
 * dom0. What a message means is decided in qrexec/proto/dataphase.h.
 */
#ifndef QUBES_QREXEC_RELAY_H
#define QUBES_QREXEC_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "qrexec/call/stdio.h"
#include "qrexec/proto/dataphase.h"
#include "qrexec/vchan/vchan.h"

struct relay {
	/* Set by the caller. Descriptors are taken over and closed. */
	struct vchan *v; /* connected, after the handshake; stays the caller's */
	enum dp_role role;
	int version;	/* negotiated on this channel */
	int in_fd;	/* written with what the peer sends */
	int out_fd;	/* read and sent to the peer; may be the same as in_fd */
	int err_fd;	/* service: its stderr, -1: none (the peer is told at once) */
	int errout_fd;	/* client: where stderr of the service goes, -1: dropped */
	bool inherited; /* the descriptors are our own 0, 1 and 2 */
	/* Service: a socket to get a copy of its stderr, opened with the first byte by this
	 * function (a descriptor or -1); NULL: none. */
	int (*open_log)(const char *tag);
	const char *log_tag; /* what is called, for log() too */
	pid_t child;	     /* the local process, 0: none */
	int signal_fd;	     /* from relay_signals(); -1: no child and no SIGUSR1 */
	const void *prefix;  /* sent before what out_fd gives */
	size_t prefix_len;
	const void *first; /* service: written to in_fd before the peer's data */
	size_t first_len;
	bool replace_out, replace_err; /* dp_replace_chars() on what goes to in_fd, errout_fd */
	bool exit_on_client_eof, exit_on_service_eof;
	void (*log)(const char *text);
	/* Called once, before the first byte of the peer is looked at; NULL: not. */
	int (*confine)(void);
};

/*
 * Blocks SIGCHLD, SIGUSR1 (and ignores SIGPIPE) and returns a descriptor that tells of
 * them. To be called before the child is started; the child undoes it with
 * relay_signals_reset(). -errno on failure.
 */
int relay_signals(void);
void relay_signals_reset(void);

/*
 * Runs until the call is over, and waits for the child. Returns the exit code
 * 0..255 of dp_result(), or -1 when the channel was lost before it was known.
 */
int relay_run(struct relay *r);

/* A service that could not be started: sends both ends of file and the exit code. In dom0
 * (stderr_first) the order differs. Flushes and lingers. */
void relay_send_failure(struct vchan *v, int code, bool stderr_first);

/* The answer to JUST_EXEC. Flushes and lingers. */
void relay_send_exit(struct vchan *v, int code);

/* Waits until the peer can see everything written, or has gone. */
void relay_flush(struct vchan *v);

/*
 * After the exit code: the caller may still be sending what nobody will read. Takes it
 * until the caller has gone, for a tenth of a second at most, so that it sees our answer
 * and not a broken channel.
 */
void relay_linger(struct vchan *v);

/* For relay_meet(): the side that waits, whose peer may be at the door; the one that connects. */
#define RELAY_GRACE_MS 300
#define RELAY_NO_GRACE 0

/*
 * Waits for the other side of the data channel. call_fd: readable when the call is over for
 * daemon or agent, or they have died; -1: none. Who waits on then could meet another call, which
 * was given the same port. 0, -ETIMEDOUT, -ECANCELED when call_fd said so and nobody came for
 * grace_ms more, or -errno. timeout_ms -1: for ever.
 */
int relay_meet(struct vchan *v, int call_fd, int grace_ms, int timeout_ms);

/* Whether call_fd says now that the call is over. */
bool relay_call_over(int call_fd);

/*
 * HELLO on a data channel, both ways; within timeout_ms (-1: for ever). The version to
 * use, or -errno: -EPROTO too old, -EBADMSG no HELLO, -ETIMEDOUT, -EPIPE.
 */
int relay_handshake(struct vchan *v, int timeout_ms);

/* The same in two steps: 0 or -errno; and the second. */
int relay_hello(struct vchan *v);
int relay_await_hello(struct vchan *v, int timeout_ms);

#endif
