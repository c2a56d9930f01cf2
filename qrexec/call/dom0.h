/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What dom0's programs say to qrexec-daemon on its local socket and to qubesd. Both are
 * trusted. docs/wire-qrexec.md, "Local sockets". All calls block.
 */
#ifndef QUBES_QREXEC_DOM0_H
#define QUBES_QREXEC_DOM0_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qrexec/call/lookup.h"
#include "qrexec/proto/wire.h"

/* The folder of the daemons' sockets: dir when not NULL, else $QUBES_ROOT/run/qubes. */
const char *dom0_socket_dir(const char *dir, char *buf, size_t n);

/*
 * Connects to the daemon of a qube, by name, uuid:UUID or number; waits up to two seconds for one
 * that was killed to be started again. A descriptor, -ENOENT or -ECONNREFUSED when no daemon is
 * running, or -errno. *e is set on failure.
 */
int dom0_connect(const char *dir, const char *qube, struct qrx_error *e);

/*
 * Shakes hands and sends one request (EXEC_CMDLINE, JUST_EXEC, SERVICE_CONNECT). body:
 * the command with its NUL, or the ident field. When p->port is 0 the daemon's answer
 * replaces *p. 0 or -errno with *e set.
 */
int dom0_request(int fd, uint32_t type, struct qrx_params *p, const void *body, size_t len,
		 struct qrx_error *e);

/*
 * Tells the daemon of domain `source` that its request `ident` is answered at *p. A
 * descriptor that the daemon closes when the call ends if p->port was 0, or -errno with
 * *e set.
 */
int dom0_service_connect(const char *dir, unsigned source, const char *ident, struct qrx_params *p,
			 struct qrx_error *e);

/*
 * Calls an Admin API method as dom0. The reply's data, to be freed, in *ret_text (may be
 * NULL). 0, -EREMOTEIO for an exception (its class in ret_type[64] when not NULL), or
 * -errno; *e is set on failure.
 */
int dom0_admin(const char *method, const char *arg, const char *dest, const char *payload,
	       char **ret_text, char ret_type[64], struct qrx_error *e);

/* A call that connects two qubes, or one qube with a new disposable. */
struct dom0_call {
	const char *dir;
	const char *target;  /* name, uuid:U, @dispvm:NAME or @dispvm:uuid:U */
	bool by_uuid;	     /* of a disposable: address it by uuid */
	bool autostart;	     /* start the target when it is halted */
	unsigned source;     /* domain that asked */
	const char *ident;   /* its request */
	const char *command; /* user:command for the target */
	bool just_exec;
	bool wait_end; /* return only when the call is over */
	/* How long to watch what the target makes of it, unless a DOM0_STOP_WATCHING comes, or the
	 * parent process goes. */
	int watch_ms;
};

/* To be blocked before, so that it does not come too early. Others ignore it. */
#define DOM0_STOP_WATCHING SIGURG

#define DOM0_CALL_ENDED 1

/*
 * Connects the two; a disposable is created before and killed after the call. 0,
 * DOM0_CALL_ENDED (the target has ended the call while we watched), or -errno with *e set.
 */
int dom0_connect_qubes(const struct dom0_call *c, struct qrx_error *e);

#endif
