/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of the Admin API: METHOD[+ARG] SP SRC SP DESTTYPE SP DEST NUL PAYLOAD.
 * specs/admin-api.md section 1. Pure: bytes in, parts out.
 *
 * A request that breaks the framing gets no reply at all: the connection is closed.
 */
#ifndef QUBESD_API_REQUEST_H
#define QUBESD_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

/* Whole request, header and payload. */
#define REQUEST_MAX 65536u

/* Views into the request's buffer, which is cut into NUL-terminated strings in place. */
typedef struct {
	char *method;
	char *arg; /* "" when there is none */
	char *src;
	char *dest; /* a name or "uuid:..."; "dom0" for the keyword adminvm */
	const char *payload;
	size_t payload_len;
} Request;

/*
 * Takes apart untrusted_buf of len bytes; untrusted_buf[len] must be writable and is set to
 * NUL, so that the payload is a string, too. False: framing error.
 */
bool request_decode(char *untrusted_buf, size_t len, Request *ret);

#endif
