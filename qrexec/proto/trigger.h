/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TRIGGER_SERVICE, 3 and 4: a qube asks for a service. docs/wire-qrexec.md.
 * Pure codec; the bytes are a hostile qube's.
 */
#ifndef QUBES_QREXEC_TRIGGER_H
#define QUBES_QREXEC_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qrexec/proto/wire.h"

/* What a request asks for, safe to hand on: every byte is in the field's set. */
struct qrx_trigger {
	bool has_source;		   /* TRIGGER_SERVICE4: source is there, maybe empty */
	char source[QRX_NAME_FIELD];	   /* [A-Za-z0-9_.-@:]* */
	char target[QRX_NAME_FIELD];	   /* the same */
	char service[QRX_SERVICE_MAX + 1]; /* [A-Za-z0-9_.+-]+, not starting with + */
};

/*
 * Decodes the body of a trigger message of this type whose header passed
 * qrx_check_from_agent(). *ret_ident receives the 32 bytes of the ident as sent, to
 * be returned verbatim in an answer, in either case.
 *
 * 0: *ret is filled. -EBADMSG: malformed as a whole (the agent broke the
 * protocol; *ret_ident is zeroed). -EINVAL: this request must be refused (bad ident
 * or service name).
 */
int qrx_trigger_decode(uint32_t type, const void *body, size_t len, struct qrx_trigger *ret,
		       uint8_t ret_ident[QRX_IDENT_LEN]);

/* True when ident is [0-9A-Za-z_. -]* and NULs to the end, at least one. */
bool qrx_ident_ok(const uint8_t ident[QRX_IDENT_LEN]);

/*
 * Encodes a whole TRIGGER_SERVICE4 message, header included, into buf of size cap.
 * Names longer than 63 bytes or a service longer than the limit: -ENAMETOOLONG.
 * Returns the length.
 */
long qrx_trigger_encode(const char *source, const char *target, const char *ident,
			const char *service, void *buf, size_t cap);

/*
 * The same request for a daemon that negotiated an older version. body: len bytes of a
 * TRIGGER_SERVICE4, its header checked. Returns the message type; *ret_body is within body, or
 * is buf. -EOPNOTSUPP: that version cannot say it (a source qube, names that are too long).
 */
int qrx_trigger_for_version(int version, const uint8_t *body, size_t len,
			    uint8_t buf[QRX_TRIGGER2_LEN], const uint8_t **ret_body,
			    size_t *ret_len);

#endif
