/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is below qubesdb-client.h: whole messages with a deadline, and requests. Private. */
#ifndef QUBES_QUBESDB_CLIENT_IO_H
#define QUBES_QUBESDB_CLIENT_IO_H

#include <stddef.h>
#include <stdint.h>

#include "qrexec/qubesdb/proto.h"

/* Events that came between answers, at most this many. */
#define QDB_PENDING_MAX 65536

struct qdb_pending {
	struct qdb_pending *next; /* owned */
	char path[QDB_PATH_SIZE];
};

struct qdb_handle {
	char *path;    /* owned; of the read-write socket */
	char *ro_path; /* owned */
	int fd;	       /* owned, -1: not connected */
	int timeout_ms;
	int patience_ms;		   /* for a daemon that was killed */
	struct qdb_pending *first, **last; /* events, oldest first */
	size_t pending;
	char (*watch)[QDB_PATH_SIZE]; /* owned: to be set again after a reconnection */
	size_t watches;
};

/* All return 0 or -errno; deadline: io_now_ms() time, -1 for ever. */
int qdb_io_connect(struct qdb_handle *h, int64_t deadline);
void qdb_io_close(struct qdb_handle *h);
int qdb_io_send(struct qdb_handle *h, const struct qdb_header *hdr, const void *data,
		int64_t deadline);

/* The next message, whatever it is; *ret_data (QDB_DATA_MAX + 1 bytes) gets the data and a NUL.
 * -ENODATA when the daemon closed the connection before it. */
int qdb_io_receive(struct qdb_handle *h, struct qdb_header *ret_hdr, char *ret_data,
		   int64_t deadline);

/* Keeps an event for qdb_read_watch(). */
int qdb_io_keep(struct qdb_handle *h, const char *path);

/* --- client.c: requests, for calls whose answer is more than one message --- */

/* Sends a request and gets the (first) answer. 0 or -errno; *ret_deadline is this call's. */
int qdb_request(struct qdb_handle *h, enum qdb_type type, const char *path, const void *data,
		size_t len, struct qdb_header *ret_hdr, char *ret_data, int64_t *ret_deadline);
/* The next answer; events on the way are kept. */
int qdb_get_answer(struct qdb_handle *h, struct qdb_header *ret_hdr, char *ret_data,
		   int64_t deadline);
/* An answer that makes no sense, -EPROTO: the stream cannot be trusted any more. */
int qdb_nonsense(struct qdb_handle *h);
/* NULL, with errno set to -err. */
void *qdb_fail(int err);

#endif
