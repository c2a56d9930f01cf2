/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Service configuration, /etc/qubes/rpc-config/SERVICE: a small subset of TOML.
 * docs/wire-qrexec.md. Pure.
 */
#ifndef QUBES_QREXEC_RPCCONF_H
#define QUBES_QREXEC_RPCCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "qrexec/proto/command.h"

#define QRX_RPCCONF_MAX 65536 /* bytes of a file */

struct qrx_rpcconf {
	bool wait_for_session;
	bool has_user;
	char user[QRX_USER_MAX + 1]; /* force-user */
	bool skip_descriptor;
	bool exit_on_client_eof;
	bool exit_on_service_eof;
	unsigned unknown_line; /* the first line with a key we do not know, 0: none */
};

/* What a service without a file has. */
void qrx_rpcconf_defaults(struct qrx_rpcconf *c);

/*
 * Parses a whole file. 0, or -EINVAL with *ret_line (1-based; 0: the file as a
 * whole) and *ret_why.
 */
int qrx_rpcconf_parse(const char *text, size_t len, struct qrx_rpcconf *ret, unsigned *ret_line,
		      const char **ret_why);

#endif
