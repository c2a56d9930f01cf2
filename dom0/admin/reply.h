/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pure decoder of what qubesd answers (admin-api.md, section 1, "Replies").
 * No I/O. Replies point into the decoded bytes; nothing is owned.
 */
#ifndef QUBES_ADMIN_REPLY_H
#define QUBES_ADMIN_REPLY_H

#include <stddef.h>
#include <sys/types.h>

/* Longest reply that is read, and longest single event. */
#define ADMIN_REPLY_MAX (16u * 1024 * 1024)
#define ADMIN_EVENT_MAX 65536u
/* Arguments of an exception's message and pairs of an event that are kept. */
#define ADMIN_ARGS_MAX 16
#define ADMIN_PAIRS_MAX 32

enum admin_reply_kind { ADMIN_REPLY_OK, ADMIN_REPLY_EXCEPTION };

struct admin_reply {
	enum admin_reply_kind kind;
	/* ADMIN_REPLY_OK: the data, NOT NUL-terminated. */
	const char *data;
	size_t len;
	/* ADMIN_REPLY_EXCEPTION: NUL-terminated strings; args[n_args] fill the format. */
	const char *type, *traceback, *format;
	const char *args[ADMIN_ARGS_MAX];
	size_t n_args;
};

/* Decodes a whole reply. 0; -ENODATA for an empty one; -EPROTO for anything else. */
int admin_reply_decode(const void *data, size_t len, struct admin_reply *ret);

struct admin_event {
	const char *subject; /* name of a qube, "" for the whole system */
	const char *name;
	const char *keys[ADMIN_PAIRS_MAX], *values[ADMIN_PAIRS_MAX];
	size_t n_pairs;
};

/*
 * Decodes the event at the start of data. Bytes used (> 0), 0 when it is not complete
 * yet, -EPROTO when it is not an event, has more than ADMIN_PAIRS_MAX pairs or is
 * longer than ADMIN_EVENT_MAX.
 */
ssize_t admin_event_decode(const void *data, size_t len, struct admin_event *ret);

/* The value of a key, or NULL. */
const char *admin_event_value(const struct admin_event *e, const char *key);

/*
 * Fills a message: %s %d %i %u %r take the next argument, %% is a percent sign, and
 * everything else (also a directive without argument) stays as it is. The daemon's
 * string never reaches printf. Returns a string to free().
 */
char *admin_format_message(const char *format, const char *const *args, size_t n_args);

#endif
