/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the GUI daemons ask of the session service: dialogs and notices, by a Unix stream
 * socket, one request for each connection:
 *
 *	KIND NUL QUBE NUL COLOR NUL TEXT, then the end of the stream
 *
 * KIND is "ask", "error" or "notify"; QUBE a qube's name, COLOR its label's as 0xRRGGBB, TEXT
 * UTF-8 (which the service checks). The answer to "ask" is "terminate" or "ignore", to the others
 *nothing; a connection that ends without one means that the user was not asked.
 */
#ifndef QUBES_GUID_SESSION_H
#define QUBES_GUID_SESSION_H

#include <stddef.h>
#include <stdint.h>

#define SESSION_SOCKET "/run/qubes/gui-session.sock"
#define SESSION_REQUEST_MAX 4096
#define SESSION_NAME_MAX 31

enum session_kind { SESSION_ASK, SESSION_ERROR, SESSION_NOTIFY };

struct session_request {
	enum session_kind kind;
	char qube[SESSION_NAME_MAX + 1];
	uint32_t color; /* 0xrrggbb */
	char text[SESSION_REQUEST_MAX + 1];
};

/* The answers to "ask". */
#define SESSION_TERMINATE "terminate"
#define SESSION_IGNORE "ignore"

/* Encodes into buf. Pure. The length, or 0 when it does not fit. */
size_t session_request_format(const struct session_request *rq, char *buf, size_t n);

/* Decodes len bytes. Pure. 0, -EMSGSIZE or -EPROTO. */
int session_request_parse(const void *data, size_t len, struct session_request *ret);

#endif
