/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What core.c and core-link.c share. Private to this folder. */
#ifndef QUBES_QUBESDB_CORE_INTERNAL_H
#define QUBES_QUBESDB_CORE_INTERNAL_H

#include "qrexec/qubesdb/core.h"

void qdb_peer_init(struct qdb_peer *p);
void qdb_peer_clear(struct qdb_peer *p);

/* Queues a message. 0, -ENOBUFS when the peer has let too much pile up, -ENOMEM. */
int qdb_peer_send(struct qdb_peer *p, enum qdb_type type, const char *path, const void *data,
		  size_t len);

/* The same without data, about the path of a request. */
int qdb_peer_answer(struct qdb_peer *p, enum qdb_type type, const struct qdb_header *h);

/*
 * The next whole message in p->in, which stays there: its header, checked, and its data (which
 * point into the queue). 1; 0 when there is none yet; -EBADMSG with the raw header set.
 */
int qdb_peer_next(const struct qdb_peer *p, enum qdb_source from, struct qdb_header *ret_h,
		  const uint8_t **ret_data);

/* The R_MULTIREAD messages for the prefix in h->path. */
int qdb_send_dump(struct qdb_core *core, struct qdb_peer *p, const struct qdb_header *h);

/* Tells all clients that watch path; one that does not read is marked broken. */
void qdb_fire_watches(struct qdb_core *core, const char *path);

#endif
