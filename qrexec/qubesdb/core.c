/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QubesDB daemon's rules (core.h). Peers: local programs, any user's; and the other
 * daemon, which for dom0 is a hostile qube. Each message is checked by the codec before
 * it gets here; all queues and the store are bounded.
 */
#include "qrexec/qubesdb/core.h"
#include "qrexec/qubesdb/core-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- sending ---- */

int qdb_peer_send(struct qdb_peer *p, enum qdb_type type, const char *path, const void *data,
		  size_t len)
{
	struct qdb_header h = qdb_header_make(type, path, (uint32_t)len);
	uint8_t raw[QDB_HEADER_SIZE];
	int r;

	if (p->out.max - p->out.len < sizeof(raw) + len)
		return -ENOBUFS;
	qdb_header_encode(&h, raw);
	r = bytebuf_add(&p->out, raw, sizeof(raw));
	return r ? r : bytebuf_add(&p->out, data, len);
}

int qdb_peer_answer(struct qdb_peer *p, enum qdb_type type, const struct qdb_header *h)
{
	return qdb_peer_send(p, type, h->path, NULL, 0);
}

void qdb_fire_watches(struct qdb_core *core, const char *path)
{
	for (int i = 0; i < QDB_CLIENTS_MAX; i++) {
		struct qdb_client *c = core->client[i];

		if (!c || c->broken)
			continue;
		for (size_t w = 0; w < c->watches; w++)
			if (qdb_path_matches(c->watch[w], path) &&
			    qdb_peer_send(&c->peer, QDB_R_WATCH, path, NULL, 0))
				c->broken = true;
	}
}

/* Tells the other daemon of a local change. An overflow shows in qdb_link_run(). */
static void forward(struct qdb_core *core, enum qdb_type type, const struct qdb_header *h,
		    const void *data)
{
	/* dom0's dump is still to come and will have it. */
	if (!core->link_up || (core->role == QDB_ROLE_DOM0 && !core->synced))
		return;
	if (qdb_peer_send(&core->link, type, h->path, data, h->data_len))
		core->link.overflow = true;
}

/* ---- requests of local clients ---- */

static int do_read(struct qdb_core *core, struct qdb_peer *p, const struct qdb_header *h)
{
	const struct qdb_entry *e = qdb_store_get(&core->store, h->path);

	if (h->data_len)
		return -EPROTO;
	if (!e)
		return qdb_peer_answer(p, QDB_ERROR_NOENT, h);
	return qdb_peer_send(p, QDB_R_READ, h->path, e->value, e->len);
}

static int do_list(struct qdb_core *core, struct qdb_peer *p, const struct qdb_header *h)
{
	size_t i, end;
	int r = 0;

	qdb_store_range(&core->store, h->path, &i, &end);
	for (; i < end && !r; i++)
		r = qdb_peer_send(p, QDB_R_LIST, core->store.entry[i]->path, NULL, 0);
	return r ? r : qdb_peer_send(p, QDB_R_LIST, "", NULL, 0);
}

/* Everything comes in reverse order: upstream's receiver inserts at the front. */
int qdb_send_dump(struct qdb_core *core, struct qdb_peer *p, const struct qdb_header *h)
{
	size_t first, end;
	int r = 0;

	qdb_store_range(&core->store, h->path, &first, &end);
	for (size_t n = 0; n < end - first && !r; n++) {
		const struct qdb_entry *e = core->store.entry[h->path[0] ? first + n : end - 1 - n];

		r = qdb_peer_send(p, QDB_R_MULTIREAD, e->path, e->value, e->len);
	}
	return r ? r : qdb_peer_send(p, QDB_R_MULTIREAD, "", NULL, 0);
}

static int do_watch(struct qdb_client *c, const struct qdb_header *h)
{
	void *more;

	if (h->data_len || c->watches >= QDB_WATCHES_MAX)
		return qdb_peer_answer(&c->peer, QDB_ERROR, h);
	more = reallocarray(c->watch, c->watches + 1, sizeof(*c->watch));
	if (!more)
		return qdb_peer_answer(&c->peer, QDB_ERROR, h);
	c->watch = more;
	memcpy(c->watch[c->watches++], h->path, QDB_PATH_SIZE);
	return qdb_peer_answer(&c->peer, QDB_OK, h);
}

static int do_unwatch(struct qdb_client *c, const struct qdb_header *h)
{
	for (size_t i = 0; i < c->watches; i++) {
		if (strcmp(c->watch[i], h->path) != 0)
			continue;
		memmove(c->watch[i], c->watch[--c->watches], QDB_PATH_SIZE);
		return qdb_peer_answer(&c->peer, QDB_OK, h);
	}
	return qdb_peer_answer(&c->peer, QDB_ERROR_NOENT, h);
}

static int client_write(struct qdb_core *core, struct qdb_client *c, const struct qdb_header *h,
			const void *data)
{
	struct qdb_entry *e;
	int r;

	if (!qdb_data_ok(data, h->data_len))
		return qdb_peer_answer(&c->peer, QDB_ERROR, h);
	if (!qdb_path_is_entry(h->path) ||
	    qdb_store_set(&core->store, h->path, data, h->data_len, &e)) {
		qdb_peer_answer(&c->peer, QDB_ERROR, h);
		return -EPROTO;
	}
	e->local = true;
	e->unsent = !core->link_up;
	forward(core, QDB_WRITE, h, data);
	r = qdb_peer_answer(&c->peer, QDB_OK, h);
	qdb_fire_watches(core, h->path);
	return r;
}

static int client_rm(struct qdb_core *core, struct qdb_client *c, const struct qdb_header *h)
{
	int r;

	if (!qdb_store_remove(&core->store, h->path))
		return qdb_peer_answer(&c->peer, QDB_ERROR_NOENT, h);
	forward(core, QDB_RM, h, NULL);
	r = qdb_peer_answer(&c->peer, QDB_OK, h);
	qdb_fire_watches(core, h->path);
	return r;
}

static int client_message(struct qdb_core *core, struct qdb_client *c, const struct qdb_header *h,
			  const void *data)
{
	if (!c->writable && (h->type == QDB_WRITE || h->type == QDB_RM))
		return qdb_peer_answer(&c->peer, QDB_ERROR, h);
	if (h->data_len && (h->type == QDB_RM || h->type == QDB_LIST || h->type == QDB_MULTIREAD))
		return qdb_peer_answer(&c->peer, QDB_ERROR, h);
	switch (h->type) {
	case QDB_READ:
		return do_read(core, &c->peer, h);
	case QDB_WRITE:
		return client_write(core, c, h, data);
	case QDB_MULTIREAD:
		return qdb_send_dump(core, &c->peer, h);
	case QDB_LIST:
		return do_list(core, &c->peer, h);
	case QDB_RM:
		return client_rm(core, c, h);
	case QDB_WATCH:
		return do_watch(c, h);
	default:
		return do_unwatch(c, h);
	}
}

/* ---- taking messages out of a queue ---- */

/* Drops the data of a refused message as it comes; then the sender gets its error. */
static int discard(struct qdb_peer *p)
{
	size_t n = p->discard < p->in.len ? p->discard : p->in.len;

	bytebuf_drop(&p->in, n);
	p->discard -= (uint32_t)n;
	if (p->discard)
		return 0;
	p->refusing = false;
	return qdb_peer_answer(p, QDB_ERROR, &p->refused);
}

/* The next whole message. 1, 0 when there is none yet, -EBADMSG with the header set. */
int qdb_peer_next(const struct qdb_peer *p, enum qdb_source from, struct qdb_header *ret_h,
		  const uint8_t **ret_data)
{
	if (p->in.len < QDB_HEADER_SIZE)
		return 0;
	qdb_header_decode(bytebuf_peek(&p->in), ret_h);
	if (qdb_header_check(ret_h, from))
		return -EBADMSG;
	if (p->in.len - QDB_HEADER_SIZE < ret_h->data_len)
		return 0;
	*ret_data = bytebuf_peek(&p->in) + QDB_HEADER_SIZE;
	return 1;
}

/* A qube's database does not change under a dump that is coming in. */
static bool must_wait(const struct qdb_core *core, const struct qdb_header *h)
{
	return core->role == QDB_ROLE_VM && core->link_up && !core->synced &&
	       (h->type == QDB_WRITE || h->type == QDB_RM);
}

int qdb_client_run(struct qdb_core *core, int index)
{
	struct qdb_client *c = core->client[index];
	struct qdb_peer *p = &c->peer;
	struct qdb_header h;
	const uint8_t *data;
	int r = 0;

	while (!r && !c->broken && !p->out.len && p->in.len) {
		if (p->refusing) {
			r = discard(p);
			continue;
		}
		r = qdb_peer_next(p, QDB_FROM_CLIENT, &h, &data);
		if (r == 0 || (r == 1 && must_wait(core, &h)))
			return 0;
		if (r == 1) {
			r = client_message(core, c, &h, data);
			bytebuf_drop(&p->in, QDB_HEADER_SIZE + h.data_len);
			continue;
		}
		bytebuf_drop(&p->in, QDB_HEADER_SIZE);
		p->refusing = true;
		p->refused = h;
		p->discard = h.data_len;
		r = h.data_len ? 0 : discard(p);
	}
	return r || c->broken ? -EPROTO : 0;
}

/* ---- life ---- */

void qdb_peer_init(struct qdb_peer *p)
{
	*p = (struct qdb_peer){0};
	bytebuf_init(&p->in, QDB_IN_MAX);
	bytebuf_init(&p->out, QDB_OUT_MAX);
}

void qdb_peer_clear(struct qdb_peer *p)
{
	bytebuf_clear(&p->in);
	bytebuf_clear(&p->out);
}

void qdb_core_init(struct qdb_core *core, enum qdb_role role)
{
	*core = (struct qdb_core){.role = role};
	qdb_peer_init(&core->link);
}

void qdb_core_clear(struct qdb_core *core)
{
	for (int i = 0; i < QDB_CLIENTS_MAX; i++)
		qdb_client_remove(core, i);
	qdb_peer_clear(&core->link);
	qdb_store_clear(&core->store);
}

int qdb_client_add(struct qdb_core *core, bool writable)
{
	for (int i = 0; i < QDB_CLIENTS_MAX; i++) {
		struct qdb_client *c;

		if (core->client[i])
			continue;
		c = calloc(1, sizeof(*c));
		if (!c)
			return -ENOMEM;
		qdb_peer_init(&c->peer);
		c->writable = writable;
		core->client[i] = c;
		return i;
	}
	return -EBUSY;
}

void qdb_client_remove(struct qdb_core *core, int index)
{
	struct qdb_client *c = core->client[index];

	if (!c)
		return;
	qdb_peer_clear(&c->peer);
	free(c->watch);
	free(c);
	core->client[index] = NULL;
}
