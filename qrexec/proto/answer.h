/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The question to qrexec-policy-daemon and its answer; and the Admin API's frame for
 * the few calls a qrexec-daemon makes. docs/wire-qrexec.md. Pure.
 */
#ifndef QUBES_QREXEC_ANSWER_H
#define QUBES_QREXEC_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "qrexec/proto/wire.h"

#define QRX_ANSWER_MAX 4096

struct qrx_answer {
	bool allow;
	bool autostart;
	/* Below: only when allowed. Pointers into the text that was parsed; NULL: not given. */
	const char *user;
	const char *target;
	const char *target_uuid;
	const char *requested_target;
	const char *service;
	const char *policy_source;
};

/*
 * Parses an answer in place (newlines become NULs). text must have room for a NUL at
 * text[len]. 0, or -EBADMSG for anything malformed.
 */
int qrx_answer_parse(char *text, size_t len, struct qrx_answer *ret);

/*
 * Writes a request; requested_source NULL: none. The length, or -ENAMETOOLONG when
 * it does not fit, or -EINVAL for a field with a newline or NUL.
 */
long qrx_question_write(const char *source, const char *requested_source, const char *target,
			const char *service, char *buf, size_t cap);

/*
 * Writes an Admin API request "METHOD+ARG SRC name DEST\0". The length or
 * -ENAMETOOLONG, -EINVAL.
 */
long qrx_admin_write(const char *method, const char *arg, const char *dest, char *buf, size_t cap);

/*
 * Parses an Admin API reply in place. 0: success, *ret_text is the data. -EREMOTEIO: an exception;
 * *ret_type and *ret_text are its class and message. -EBADMSG. text must have room for
 * a NUL at text[len].
 */
int qrx_admin_parse(char *text, size_t len, const char **ret_type, const char **ret_text);

#endif
