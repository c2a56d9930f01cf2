/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QubesDB daemon without its descriptors: what each message does to the entries, and
 * what is answered to whom (specs/qubesdb.md section 1). The program around it moves
 * bytes between descriptors and the queues of struct qdb_peer.
 *
 * The link is the connection to the other daemon. dom0's peer there is a qube: hostile. A
 * qube's peer is dom0: trusted.
 */
#ifndef QUBES_QUBESDB_CORE_H
#define QUBES_QUBESDB_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qrexec/base/bytebuf.h"
#include "qrexec/qubesdb/proto.h"
#include "qrexec/qubesdb/store.h"

#define QDB_CLIENTS_MAX 256
#define QDB_WATCHES_MAX 1024		/* of one client */
#define QDB_OUT_MAX (16u * 1024 * 1024) /* a whole dump and then some */
#define QDB_IN_MAX (64u * 1024)

enum qdb_role {
	QDB_ROLE_DOM0,	/* serves the link: answers the qube's MULTIREAD with a dump */
	QDB_ROLE_VM,	/* uses it: asks for the dump */
	QDB_ROLE_ALONE, /* dom0's own: no link */
};

struct qdb_peer {
	struct bytebuf in;	   /* bytes that came, whole messages are taken from it */
	struct bytebuf out;	   /* bytes to send */
	uint32_t discard;	   /* data of a refused message that is still to come */
	struct qdb_header refused; /* … and its header, for the answer */
	bool refusing;
	bool overflow; /* something for it did not fit into `out` */
};

struct qdb_client {
	struct qdb_peer peer;
	bool writable;		      /* came by the read-write socket */
	bool broken;		      /* to be removed: it broke the rules or does not read */
	char (*watch)[QDB_PATH_SIZE]; /* owned */
	size_t watches;
};

struct qdb_core {
	enum qdb_role role;
	struct qdb_store store;
	struct qdb_client *client[QDB_CLIENTS_MAX]; /* owned; NULL: free */
	struct qdb_peer link;
	bool link_up;
	bool synced; /* since the link is up: dom0 has dumped, the qube has taken all */
	bool ever_synced;
};

void qdb_core_init(struct qdb_core *core, enum qdb_role role);
void qdb_core_clear(struct qdb_core *core);

/* A slot for a new client, its index in core->client, or -EBUSY, -ENOMEM. */
int qdb_client_add(struct qdb_core *core, bool writable);
void qdb_client_remove(struct qdb_core *core, int index);

/*
 * Does what is in the client's `in`, message by message, as long as its `out` is empty (a
 * client that does not read is not served). 0, or -EPROTO: flush once and remove it.
 */
int qdb_client_run(struct qdb_core *core, int index);

/* The link is connected: a qube's daemon now asks for the dump. / It is gone. */
void qdb_link_up(struct qdb_core *core);
void qdb_link_down(struct qdb_core *core);

/*
 * Does what is in core->link.in. 0, or a negative error: the peer broke the protocol
 * (-EPROTO) or does not read (-ENOBUFS); close the link.
 */
int qdb_link_run(struct qdb_core *core);

#endif
