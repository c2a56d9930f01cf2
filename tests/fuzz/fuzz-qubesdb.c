/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QubesDB's codec and rules under arbitrary bytes from local clients and from the other
 * daemon. The first byte chooses the role; then come pieces: one byte who sends (and how
 * much is read of what was queued for it), one byte length, the bytes.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "qrexec/base/cursor.h"
#include "qrexec/qubesdb/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENTS 3

static void check_store(const struct qdb_store *s)
{
	size_t bytes = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct qdb_entry *e = s->entry[i];

		assert(qdb_path_is_entry(e->path));
		assert(e->len <= QDB_DATA_MAX && qdb_data_ok(e->value, e->len));
		assert(!i || strcmp(s->entry[i - 1]->path, e->path) < 0);
		bytes += e->len;
	}
	assert(bytes == s->bytes && bytes <= QDB_BYTES_MAX && s->count <= QDB_ENTRIES_MAX);
}

/* Everything that is sent must be legal: for a client, or for the other daemon. */
static void check_output(struct qdb_peer *p, bool drain, enum qdb_source as)
{
	struct qdb_header h;

	assert(p->out.len <= QDB_OUT_MAX);
	while (drain && p->out.len) {
		assert(p->out.len >= QDB_HEADER_SIZE);
		qdb_header_decode(bytebuf_peek(&p->out), &h);
		/* An error carries the path that was refused. */
		if (h.type == QDB_ERROR)
			memset(h.path, 0, sizeof(h.path));
		assert(qdb_header_check(&h, as) == 0);
		assert(p->out.len >= QDB_HEADER_SIZE + h.data_len);
		bytebuf_drop(&p->out, QDB_HEADER_SIZE + h.data_len);
	}
}

static void put(struct qdb_peer *p, const uint8_t *bytes, size_t n)
{
	size_t room = p->in.max - p->in.len;

	bytebuf_add(&p->in, bytes, n < room ? n : room);
}

/* Slots are given lowest first: with all taken, a freed one is the next. */
static void add_client(struct qdb_core *core, int i)
{
	int got = qdb_client_add(core, i != 1);

	assert(got == i);
}

static void client_piece(struct qdb_core *core, int i, bool drain, const uint8_t *bytes, size_t n)
{
	int r;

	put(&core->client[i]->peer, bytes, n);
	do {
		r = qdb_client_run(core, i);
		check_output(&core->client[i]->peer, drain, QDB_FROM_DAEMON);
	} while (!r && drain && core->client[i]->peer.in.len >= QDB_HEADER_SIZE &&
		 !core->client[i]->peer.refusing && n-- > 0);
	if (r) {
		qdb_client_remove(core, i);
		add_client(core, i);
	}
}

static void link_piece(struct qdb_core *core, bool drain, const uint8_t *bytes, size_t n)
{
	int r;

	if (!core->link_up)
		qdb_link_up(core);
	put(&core->link, bytes, n);
	r = qdb_link_run(core);
	check_output(&core->link, drain, QDB_FROM_LINK);
	if (r || core->link.in.len == core->link.in.max)
		qdb_link_down(core);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur c = cur_init(data, size);
	struct qdb_core core;

	qdb_core_init(&core, cur_u8(&c) % 3);
	for (int i = 0; i < CLIENTS; i++)
		add_client(&core, i);
	while (c.left) {
		uint8_t who = cur_u8(&c);
		size_t n = cur_u8(&c);
		const uint8_t *bytes;

		if (n > c.left)
			n = c.left;
		bytes = cur_take(&c, n);
		if (!bytes)
			break;
		if (who % 4 == 3 && core.role != QDB_ROLE_ALONE)
			link_piece(&core, who & 0x80, bytes, n);
		else
			client_piece(&core, who % 4 % CLIENTS, who & 0x80, bytes, n);
		check_store(&core.store);
	}
	qdb_core_clear(&core);
	return 0;
}
