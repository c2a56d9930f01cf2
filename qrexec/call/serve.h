/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serving one call: connect to the caller's data vchan, start the service, carry its
 * data. One process does one call; it may block.
 */
#ifndef QUBES_QREXEC_SERVE_H
#define QUBES_QREXEC_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "qrexec/call/lookup.h"
#include "qrexec/call/spawn.h"
#include "qrexec/proto/wire.h"

struct serve {
	uint32_t type;		 /* QRX_EXEC_CMDLINE or QRX_JUST_EXEC */
	struct qrx_params where; /* the caller's domain and the port it listens on */
	const struct lookup_paths *paths;
	const struct qrx_command *cmd; /* NULL: could not be parsed, answer `failure` */
	const struct qrx_rpcconf *conf;
	int failure;	   /* exit code to answer without starting anything, 0: none */
	bool dom0;	   /* stderr is not sent */
	int timeout_ms;	   /* for the caller's channel to appear; -1: none */
	int call_fd;	   /* as for relay_meet(); closed when the caller was met */
	const char *shell; /* as in struct spawn */
	void (*exec)(const struct spawn *s); /* as in struct spawn */
	/* A socket that takes a copy of stderr, tagged for the log; -1: none. NULL: never. */
	int (*open_log)(const char *tag);
	void (*log)(const char *text);
	/* Called before the caller's data is looked at, with the service's process running. */
	int (*confine)(void);
};

/* Runs the call to its end. The exit code of the service, or QRX_EXIT_*. */
int serve_run(const struct serve *s);

/*
 * Runs qubes.WaitForSession to its end; for dom0, where calls may block on it.
 * 0 or -errno (it is not installed: -ENOENT).
 */
int serve_wait_session(const struct lookup_paths *p, const struct qrx_command *c);

#endif
