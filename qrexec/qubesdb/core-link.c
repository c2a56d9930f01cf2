/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QubesDB daemon's side towards the other daemon (core.h). In dom0 the peer is a
 * hostile qube: it can write and remove entries of its own database, nothing else; what
 * is not a legal message closes the link. In a qube the peer is dom0, trusted.
 */
#include <errno.h>
#include <string.h>

#include "qrexec/qubesdb/core.h"
#include "qrexec/qubesdb/core-internal.h"

static int link_write(struct qdb_core *core, const struct qdb_header *h, const void *data)
{
	if (!qdb_data_ok(data, h->data_len) || !qdb_path_is_entry(h->path) ||
	    qdb_store_set(&core->store, h->path, data, h->data_len, NULL))
		return qdb_peer_answer(&core->link, QDB_ERROR, h);
	qdb_fire_watches(core, h->path);
	return qdb_peer_answer(&core->link, QDB_OK, h);
}

/* Nothing there to remove is what the sender wanted: no error, which would make
 * upstream's daemon exit when both sides remove a path at the same time. */
static int link_rm(struct qdb_core *core, const struct qdb_header *h)
{
	if (h->data_len)
		return qdb_peer_answer(&core->link, QDB_ERROR, h);
	if (qdb_store_remove(&core->store, h->path))
		qdb_fire_watches(core, h->path);
	return qdb_peer_answer(&core->link, QDB_OK, h);
}

static int link_dump(struct qdb_core *core, const struct qdb_header *h)
{
	if (core->role != QDB_ROLE_DOM0 || core->synced || h->data_len)
		return -EPROTO;
	core->synced = true;
	core->ever_synced = true;
	return qdb_send_dump(core, &core->link, h);
}

/* What this side wrote and dom0 does not have (it was restarted, or not there then). */
static int push_local(struct qdb_core *core)
{
	int r = 0;

	for (size_t i = 0; i < core->store.count && !r; i++) {
		struct qdb_entry *e = core->store.entry[i];

		if (e->local && (e->unsent || !e->in_dump))
			r = qdb_peer_send(&core->link, QDB_WRITE, e->path, e->value, e->len);
		e->unsent = e->in_dump = false;
	}
	return r;
}

static bool same_value(const struct qdb_entry *e, const void *data, size_t len)
{
	return e && e->len == len && (!len || memcmp(e->value, data, len) == 0);
}

static int link_dumped(struct qdb_core *core, const struct qdb_header *h, const void *data)
{
	struct qdb_entry *e;

	if (core->role != QDB_ROLE_VM || core->synced)
		return -EPROTO;
	if (!h->path[0]) {
		core->synced = true;
		core->ever_synced = true;
		return push_local(core);
	}
	if (!qdb_path_is_entry(h->path) || !qdb_data_ok(data, h->data_len))
		return -EPROTO;
	e = qdb_store_get(&core->store, h->path);
	if (e && (e->unsent || same_value(e, data, h->data_len))) {
		e->in_dump = true;
		return 0;
	}
	if (qdb_store_set(&core->store, h->path, data, h->data_len, &e))
		return -EPROTO;
	e->in_dump = true;
	qdb_fire_watches(core, h->path);
	return 0;
}

static int link_message(struct qdb_core *core, const struct qdb_header *h, const void *data)
{
	switch (h->type) {
	case QDB_WRITE:
		return link_write(core, h, data);
	case QDB_RM:
		return link_rm(core, h);
	case QDB_MULTIREAD:
		return link_dump(core, h);
	case QDB_R_MULTIREAD:
		return link_dumped(core, h, data);
	default: /* answers to what was forwarded: nobody waits for them */
		return h->data_len ? -EPROTO : 0;
	}
}

int qdb_link_run(struct qdb_core *core)
{
	struct qdb_peer *p = &core->link;
	struct qdb_header h;
	const uint8_t *data;
	int r;

	while ((r = qdb_peer_next(p, QDB_FROM_LINK, &h, &data)) == 1) {
		r = link_message(core, &h, data);
		if (r)
			return r;
		bytebuf_drop(&p->in, QDB_HEADER_SIZE + h.data_len);
	}
	if (r)
		return -EPROTO;
	return p->overflow ? -ENOBUFS : 0;
}

void qdb_link_down(struct qdb_core *core)
{
	qdb_peer_clear(&core->link);
	qdb_peer_init(&core->link);
	core->link_up = core->synced = false;
}

void qdb_link_up(struct qdb_core *core)
{
	qdb_link_down(core);
	core->link_up = true;
	for (size_t i = 0; i < core->store.count; i++)
		core->store.entry[i]->in_dump = false;
	if (core->role == QDB_ROLE_VM)
		qdb_peer_send(&core->link, QDB_MULTIREAD, "", NULL, 0);
}
