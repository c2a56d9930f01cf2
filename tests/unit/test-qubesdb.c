/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QubesDB without descriptors: codec, store, and the rules of the daemon (core.h). */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/qubesdb/core.h"
#include "qrexec/qubesdb/proto.h"
#include "qrexec/qubesdb/store.h"

/* ---- codec ---- */

static void test_header(void)
{
	static const uint8_t wire[QDB_HEADER_SIZE] = {1,   '/', 'n',	     'a',
						      'm', 'e', [68] = 0x04, 0x03};
	struct qdb_header h = qdb_header_make(QDB_WRITE, "/name", 0x304), back;
	uint8_t raw[QDB_HEADER_SIZE];

	qdb_header_encode(&h, raw);
	g_assert_cmpmem(raw, sizeof(raw), wire, sizeof(wire));
	qdb_header_decode(raw, &back);
	g_assert_cmpmem(&back, sizeof(back), &h, sizeof(h));

	/* No NUL on the wire: the last byte counts as one. Rubbish after the NUL is dropped. */
	memset(raw, 'a', sizeof(raw));
	qdb_header_decode(raw, &back);
	g_assert_cmpuint(strlen(back.path), ==, 63);
	raw[5] = '\0';
	qdb_header_decode(raw, &back);
	g_assert_cmpstr(back.path, ==, "aaaa");
	g_assert_cmpint(back.path[10], ==, 0);
	g_assert_cmpuint(back.data_len, ==, 0x61616161);
}

static void test_header_check(void)
{
	static const struct {
		enum qdb_source from;
		unsigned mask; /* of the types that are fine */
	} rules[] = {
		{QDB_FROM_CLIENT, 0x7f},
		{QDB_FROM_LINK, 1 << 1 | 1 << 2 | 1 << 4 | 7 << 7 | 1 << 11},
		{QDB_FROM_DAEMON, 0x3f80},
	};
	struct qdb_header h = {.path = "/a"};

	for (size_t i = 0; i < G_N_ELEMENTS(rules); i++)
		for (unsigned type = 0; type < 256; type++) {
			bool ok = type < 32 && rules[i].mask >> type & 1;

			h.type = (uint8_t)type;
			g_assert_cmpint(qdb_header_check(&h, rules[i].from), ==, ok ? 0 : -EBADMSG);
		}
	h.type = QDB_WRITE;
	h.data_len = QDB_DATA_MAX;
	g_assert_cmpint(qdb_header_check(&h, QDB_FROM_LINK), ==, 0);
	h.data_len++;
	g_assert_cmpint(qdb_header_check(&h, QDB_FROM_LINK), ==, -EBADMSG);
	h.data_len = 0;
	memcpy(h.path, "/a b", 5);
	g_assert_cmpint(qdb_header_check(&h, QDB_FROM_LINK), ==, -EBADMSG);
}

static void test_paths(void)
{
	char long_ok[64], too_long[65];

	memset(long_ok, 'a', 63);
	long_ok[0] = '/';
	long_ok[63] = '\0';
	memset(too_long, 'a', 64);
	too_long[0] = '/';
	too_long[64] = '\0';
	g_assert_true(qdb_path_is_entry("/a"));
	g_assert_true(qdb_path_is_entry("/a/B-9_.:@"));
	g_assert_true(qdb_path_is_entry(long_ok));
	g_assert_false(qdb_path_is_entry(too_long));
	g_assert_false(qdb_path_is_entry(""));
	g_assert_false(qdb_path_is_entry("/"));
	g_assert_false(qdb_path_is_entry("/a/"));
	g_assert_false(qdb_path_is_entry("a"));
	g_assert_false(qdb_path_is_entry("/a\n"));
	g_assert_false(qdb_path_is_entry("/\xc3\xa4"));
	g_assert_true(qdb_path_ok(""));
	g_assert_true(qdb_path_ok("/a/"));
	g_assert_false(qdb_path_ok("-a"));
	g_assert_true(qdb_path_matches("/a", "/a"));
	g_assert_false(qdb_path_matches("/a", "/ab"));
	g_assert_true(qdb_path_matches("/a/", "/a/b"));
	g_assert_true(qdb_path_matches("/a/", "/a/"));
	g_assert_false(qdb_path_matches("/a/", "/a"));
	g_assert_false(qdb_path_matches("", "/a"));
	g_assert_false(qdb_data_ok("a\0b", 3));
	g_assert_true(qdb_data_ok(NULL, 0));
}

/* ---- store ---- */

static void put(struct qdb_store *s, const char *path, const char *value)
{
	g_assert_cmpint(qdb_store_set(s, path, value, strlen(value), NULL), ==, 0);
}

static void test_store(void)
{
	static const char *const paths[] = {"/b", "/a", "/a/x", "/a-b", "/ab", "/a/y/z", "/c"};
	struct qdb_store s = {0};
	size_t first, end;

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
		put(&s, paths[i], paths[i]);
	g_assert_cmpuint(s.count, ==, 7);
	for (size_t i = 1; i < s.count; i++)
		g_assert_cmpint(strcmp(s.entry[i - 1]->path, s.entry[i]->path), <, 0);
	qdb_store_range(&s, "/a", &first, &end); /* text, not a directory */
	g_assert_cmpuint(end - first, ==, 5);
	qdb_store_range(&s, "/a/", &first, &end);
	g_assert_cmpuint(end - first, ==, 2);
	put(&s, "/a", "");
	g_assert_cmpuint(qdb_store_get(&s, "/a")->len, ==, 0);
	g_assert_null(qdb_store_get(&s, "/a/"));
	g_assert_cmpuint(qdb_store_remove(&s, "/nope"), ==, 0);
	g_assert_cmpuint(qdb_store_remove(&s, ""), ==, 0);
	g_assert_cmpuint(qdb_store_remove(&s, "/a/"), ==, 2);
	g_assert_nonnull(qdb_store_get(&s, "/a"));
	g_assert_cmpuint(qdb_store_remove(&s, "/a"), ==, 1);
	g_assert_nonnull(qdb_store_get(&s, "/ab"));
	g_assert_cmpuint(s.bytes, ==, strlen("/b") + strlen("/a-b") + strlen("/ab") + strlen("/c"));
	g_assert_cmpuint(qdb_store_remove(&s, "/"), ==, 4);
	g_assert_cmpuint(s.bytes, ==, 0);
	qdb_store_clear(&s);
}

static void test_store_limits(void)
{
	static char big[QDB_DATA_MAX];
	struct qdb_store s = {0};
	char path[32];
	unsigned n;

	memset(big, 'x', sizeof(big));
	for (n = 0;; n++) {
		g_snprintf(path, sizeof(path), "/%u", n);
		if (qdb_store_set(&s, path, big, sizeof(big), NULL))
			break;
	}
	g_assert_cmpuint(n, ==, QDB_BYTES_MAX / QDB_DATA_MAX);
	g_assert_cmpint(qdb_store_set(&s, "/0", big, sizeof(big), NULL), ==, 0);
	qdb_store_clear(&s);
	for (n = 0;; n++) {
		g_snprintf(path, sizeof(path), "/%u", n);
		if (qdb_store_set(&s, path, "", 0, NULL))
			break;
	}
	g_assert_cmpuint(n, ==, QDB_ENTRIES_MAX);
	g_assert_cmpint(qdb_store_set(&s, "/0", "y", 1, NULL), ==, 0);
	qdb_store_clear(&s);
}

/* ---- core ---- */

static void feed(struct qdb_peer *p, enum qdb_type type, const char *path, const void *data,
		 size_t len)
{
	struct qdb_header h = qdb_header_make(type, path, (uint32_t)len);
	uint8_t raw[QDB_HEADER_SIZE];

	qdb_header_encode(&h, raw);
	g_assert_cmpint(bytebuf_add(&p->in, raw, sizeof(raw)), ==, 0);
	g_assert_cmpint(bytebuf_add(&p->in, data, len), ==, 0);
}

/* The next message in the queue must be this one. */
static void expect(struct qdb_peer *p, enum qdb_type type, const char *path, const char *data)
{
	struct qdb_header h;

	g_assert_cmpuint(p->out.len, >=, QDB_HEADER_SIZE);
	qdb_header_decode(bytebuf_peek(&p->out), &h);
	g_assert_cmpint(h.type, ==, type);
	g_assert_cmpstr(h.path, ==, path);
	bytebuf_drop(&p->out, QDB_HEADER_SIZE);
	g_assert_cmpmem(bytebuf_peek(&p->out), h.data_len, data, strlen(data));
	bytebuf_drop(&p->out, h.data_len);
}

static void expect_nothing(const struct qdb_peer *p)
{
	g_assert_cmpuint(p->out.len, ==, 0);
}

static struct qdb_peer *client(struct qdb_core *c, int i)
{
	return &c->client[i]->peer;
}

/* One request of client 0 and its simple answer. */
static void ask(struct qdb_core *c, int i, enum qdb_type type, const char *path, const char *data,
		enum qdb_type answer, const char *result)
{
	feed(client(c, i), type, path, data, strlen(data));
	g_assert_cmpint(qdb_client_run(c, i), ==, 0);
	expect(client(c, i), answer, path, result);
}

static void test_client(void)
{
	struct qdb_core c;

	qdb_core_init(&c, QDB_ROLE_ALONE);
	g_assert_cmpint(qdb_client_add(&c, true), ==, 0);
	g_assert_cmpint(qdb_client_add(&c, false), ==, 1);
	ask(&c, 0, QDB_READ, "/a", "", QDB_ERROR_NOENT, "");
	ask(&c, 0, QDB_WRITE, "/a", "1", QDB_OK, "");
	ask(&c, 0, QDB_WRITE, "/b/c", "2", QDB_OK, "");
	ask(&c, 0, QDB_READ, "/a", "", QDB_R_READ, "1");
	/* The read-only socket. */
	ask(&c, 1, QDB_READ, "/b/c", "", QDB_R_READ, "2");
	ask(&c, 1, QDB_WRITE, "/a", "3", QDB_ERROR, "");
	ask(&c, 1, QDB_RM, "/a", "", QDB_ERROR, "");
	ask(&c, 1, QDB_READ, "/a", "", QDB_R_READ, "1");
	ask(&c, 0, QDB_RM, "/a", "", QDB_OK, "");
	ask(&c, 1, QDB_READ, "/a", "", QDB_ERROR_NOENT, "");
	qdb_core_clear(&c);
}

static void test_lists(void)
{
	struct qdb_core c;

	qdb_core_init(&c, QDB_ROLE_ALONE);
	qdb_client_add(&c, true);
	ask(&c, 0, QDB_WRITE, "/b", "2", QDB_OK, "");
	ask(&c, 0, QDB_WRITE, "/a", "1", QDB_OK, "");
	feed(client(&c, 0), QDB_LIST, "/", NULL, 0);
	g_assert_cmpint(qdb_client_run(&c, 0), ==, 0);
	expect(client(&c, 0), QDB_R_LIST, "/a", "");
	expect(client(&c, 0), QDB_R_LIST, "/b", "");
	expect(client(&c, 0), QDB_R_LIST, "", "");
	feed(client(&c, 0), QDB_MULTIREAD, "/", NULL, 0);
	g_assert_cmpint(qdb_client_run(&c, 0), ==, 0);
	expect(client(&c, 0), QDB_R_MULTIREAD, "/a", "1");
	expect(client(&c, 0), QDB_R_MULTIREAD, "/b", "2");
	expect(client(&c, 0), QDB_R_MULTIREAD, "", "");
	/* Everything comes backwards. */
	feed(client(&c, 0), QDB_MULTIREAD, "", NULL, 0);
	g_assert_cmpint(qdb_client_run(&c, 0), ==, 0);
	expect(client(&c, 0), QDB_R_MULTIREAD, "/b", "2");
	expect(client(&c, 0), QDB_R_MULTIREAD, "/a", "1");
	expect(client(&c, 0), QDB_R_MULTIREAD, "", "");
	/* While an answer is unread the next request waits. */
	feed(client(&c, 0), QDB_READ, "/a", NULL, 0);
	feed(client(&c, 0), QDB_READ, "/b", NULL, 0);
	g_assert_cmpint(qdb_client_run(&c, 0), ==, 0);
	expect(client(&c, 0), QDB_R_READ, "/a", "1");
	expect_nothing(client(&c, 0));
	g_assert_cmpint(qdb_client_run(&c, 0), ==, 0);
	expect(client(&c, 0), QDB_R_READ, "/b", "2");
	qdb_core_clear(&c);
}

static void test_bad_requests(void)
{
	struct qdb_core c;
	char data[5000] = {0};

	qdb_core_init(&c, QDB_ROLE_ALONE);
	qdb_client_add(&c, true);
	/* A bad header: its data is skipped, an error answered, the next request served. */
	feed(client(&c, 0), QDB_WRITE, "/a b", "data", 4);
	feed(client(&c, 0), QDB_WRITE, "/big", data, sizeof(data));
	feed(client(&c, 0), 77, "/x", "data", 4);
	feed(client(&c, 0), QDB_R_READ, "/x", NULL, 0);
	feed(client(&c, 0), QDB_WRITE, "/nul", "a\0b", 3);
	feed(client(&c, 0), QDB_LIST, "/", "x", 1);
	feed(client(&c, 0), QDB_READ, "/a", NULL, 0);
	static const char *const paths[] = {"/a b", "/big", "/x", "/x", "/nul", "/"};
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_assert_cmpint(qdb_client_run(&c, 0), ==, 0);
		expect(client(&c, 0), QDB_ERROR, paths[i], "");
	}
	g_assert_cmpint(qdb_client_run(&c, 0), ==, 0);
	expect(client(&c, 0), QDB_ERROR_NOENT, "/a", "");
	g_assert_cmpuint(client(&c, 0)->in.len, ==, 0);
	/* A length that lies: the data is waited for, not kept. */
	struct qdb_header h = qdb_header_make(QDB_WRITE, "/a", 0xffffffff);
	uint8_t raw[QDB_HEADER_SIZE];
	qdb_header_encode(&h, raw);
	bytebuf_add(&client(&c, 0)->in, raw, sizeof(raw));
	bytebuf_add(&client(&c, 0)->in, data, sizeof(data));
	g_assert_cmpint(qdb_client_run(&c, 0), ==, 0);
	g_assert_cmpuint(client(&c, 0)->in.len, ==, 0);
	expect_nothing(client(&c, 0));
	qdb_client_remove(&c, 0);
	/* These end the connection. */
	qdb_client_add(&c, true);
	feed(client(&c, 0), QDB_WRITE, "/a/", "x", 1);
	g_assert_cmpint(qdb_client_run(&c, 0), ==, -EPROTO);
	expect(client(&c, 0), QDB_ERROR, "/a/", "");
	qdb_client_remove(&c, 0);
	qdb_client_add(&c, true);
	feed(client(&c, 0), QDB_READ, "/a", "x", 1);
	g_assert_cmpint(qdb_client_run(&c, 0), ==, -EPROTO);
	g_assert_cmpuint(c.store.count, ==, 0);
	qdb_core_clear(&c);
}

static void test_watches(void)
{
	struct qdb_core c;

	qdb_core_init(&c, QDB_ROLE_ALONE);
	qdb_client_add(&c, true);
	qdb_client_add(&c, false);
	ask(&c, 1, QDB_WATCH, "/a", "", QDB_OK, "");
	ask(&c, 1, QDB_WATCH, "/d/", "", QDB_OK, "");
	ask(&c, 1, QDB_WATCH, "/d/", "", QDB_OK, "");
	ask(&c, 0, QDB_WRITE, "/a", "1", QDB_OK, "");
	ask(&c, 0, QDB_WRITE, "/ab", "1", QDB_OK, "");
	ask(&c, 0, QDB_WRITE, "/d/e", "1", QDB_OK, "");
	expect(client(&c, 1), QDB_R_WATCH, "/a", "");
	expect(client(&c, 1), QDB_R_WATCH, "/d/e", ""); /* registered twice, told twice */
	expect(client(&c, 1), QDB_R_WATCH, "/d/e", "");
	ask(&c, 0, QDB_RM, "/d/", "", QDB_OK, "");
	expect(client(&c, 1), QDB_R_WATCH, "/d/", "");
	expect(client(&c, 1), QDB_R_WATCH, "/d/", "");
	ask(&c, 0, QDB_RM, "/d/", "", QDB_ERROR_NOENT, "");
	expect_nothing(client(&c, 1));
	ask(&c, 1, QDB_UNWATCH, "/d/", "", QDB_OK, "");
	ask(&c, 0, QDB_WRITE, "/d/e", "1", QDB_OK, "");
	expect(client(&c, 1), QDB_R_WATCH, "/d/e", "");
	expect_nothing(client(&c, 1));
	ask(&c, 1, QDB_UNWATCH, "/d/", "", QDB_OK, "");
	ask(&c, 1, QDB_UNWATCH, "/d/", "", QDB_ERROR_NOENT, "");
	/* Watchers of their own writes get the answer first. */
	ask(&c, 0, QDB_WATCH, "/a", "", QDB_OK, "");
	ask(&c, 0, QDB_WRITE, "/a", "1", QDB_OK, "");
	expect(client(&c, 0), QDB_R_WATCH, "/a", "");
	qdb_core_clear(&c);
}

/* Who watches and never reads is thrown out, not kept in memory for. */
static void test_deaf_watcher(void)
{
	struct qdb_core c;
	unsigned n = 0;

	qdb_core_init(&c, QDB_ROLE_ALONE);
	qdb_client_add(&c, true);
	qdb_client_add(&c, false);
	for (int i = 0; i < QDB_WATCHES_MAX; i++)
		ask(&c, 1, QDB_WATCH, "/a", "", QDB_OK, "");
	ask(&c, 1, QDB_WATCH, "/a", "", QDB_ERROR, "");
	while (!c.client[1]->broken && n++ < 1000000)
		ask(&c, 0, QDB_WRITE, "/a", "1", QDB_OK, "");
	g_assert_cmpuint(client(&c, 1)->out.len, <=, QDB_OUT_MAX);
	g_assert_cmpint(qdb_client_run(&c, 1), ==, -EPROTO);
	qdb_core_clear(&c);
}

/* Moves what one daemon sent to the other, both ways, until nothing moves. */
static void carry(struct qdb_core *a, struct qdb_core *b)
{
	while (a->link.out.len || b->link.out.len) {
		for (int i = 0; i < 2; i++) {
			struct qdb_core *from = i ? b : a, *to = i ? a : b;

			while (from->link.out.len) {
				size_t n = MIN(from->link.out.len, 1000);

				bytebuf_add(&to->link.in, bytebuf_peek(&from->link.out), n);
				bytebuf_drop(&from->link.out, n);
				g_assert_cmpint(qdb_link_run(to), ==, 0);
			}
		}
	}
}

static void connect_cores(struct qdb_core *dom0, struct qdb_core *vm)
{
	qdb_link_up(dom0);
	qdb_link_up(vm);
	carry(dom0, vm);
	g_assert_true(dom0->synced && vm->synced);
}

static void assert_same(const struct qdb_core *a, const struct qdb_core *b)
{
	g_assert_cmpuint(a->store.count, ==, b->store.count);
	for (size_t i = 0; i < a->store.count; i++) {
		const struct qdb_entry *x = a->store.entry[i], *y = b->store.entry[i];

		g_assert_cmpstr(x->path, ==, y->path);
		g_assert_cmpmem(x->value, x->len, y->value, y->len);
	}
}

static void test_link(void)
{
	struct qdb_core dom0, vm;

	qdb_core_init(&dom0, QDB_ROLE_DOM0);
	qdb_core_init(&vm, QDB_ROLE_VM);
	qdb_client_add(&dom0, true);
	qdb_client_add(&vm, true);
	ask(&dom0, 0, QDB_WRITE, "/name", "work", QDB_OK, "");
	ask(&dom0, 0, QDB_WRITE, "/type", "AppVM", QDB_OK, "");
	connect_cores(&dom0, &vm);
	assert_same(&dom0, &vm);
	/* Both ways. */
	ask(&vm, 0, QDB_WRITE, "/x", "1", QDB_OK, "");
	ask(&dom0, 0, QDB_WATCH, "/x", "", QDB_OK, "");
	ask(&dom0, 0, QDB_RM, "/type", "", QDB_OK, "");
	carry(&dom0, &vm);
	expect(client(&dom0, 0), QDB_R_WATCH, "/x", "");
	assert_same(&dom0, &vm);
	/* Both remove the same at once: no harm. */
	ask(&vm, 0, QDB_RM, "/x", "", QDB_OK, "");
	ask(&dom0, 0, QDB_RM, "/x", "", QDB_OK, "");
	carry(&dom0, &vm);
	assert_same(&dom0, &vm);
	qdb_core_clear(&dom0);
	qdb_core_clear(&vm);
}

/* dom0's daemon is restarted: what the qube wrote comes back, what dom0 writes wins. */
static void test_resync(void)
{
	struct qdb_core dom0, vm;

	qdb_core_init(&dom0, QDB_ROLE_DOM0);
	qdb_core_init(&vm, QDB_ROLE_VM);
	qdb_client_add(&dom0, true);
	qdb_client_add(&vm, true);
	ask(&dom0, 0, QDB_WRITE, "/name", "work", QDB_OK, "");
	connect_cores(&dom0, &vm);
	ask(&vm, 0, QDB_WRITE, "/mine", "1", QDB_OK, "");
	carry(&dom0, &vm);

	qdb_core_clear(&dom0);
	qdb_core_init(&dom0, QDB_ROLE_DOM0);
	qdb_link_down(&vm);
	qdb_client_add(&dom0, true);
	ask(&vm, 0, QDB_WRITE, "/while-down", "2", QDB_OK, "");
	ask(&vm, 0, QDB_WATCH, "/", "", QDB_OK, "");
	ask(&dom0, 0, QDB_WRITE, "/name", "work", QDB_OK, "");
	ask(&dom0, 0, QDB_WRITE, "/new", "3", QDB_OK, "");
	connect_cores(&dom0, &vm);
	assert_same(&dom0, &vm);
	g_assert_cmpuint(dom0.store.count, ==, 4);
	expect(client(&vm, 0), QDB_R_WATCH, "/new", ""); /* only what changed */
	expect_nothing(client(&vm, 0));

	/* The qube's daemon is restarted: it gets everything. */
	qdb_core_clear(&vm);
	qdb_core_init(&vm, QDB_ROLE_VM);
	qdb_link_down(&dom0);
	connect_cores(&dom0, &vm);
	assert_same(&dom0, &vm);
	qdb_core_clear(&dom0);
	qdb_core_clear(&vm);
}

/* A qube's clients cannot write between the halves of a dump. */
static void test_write_during_dump(void)
{
	struct qdb_core vm;

	qdb_core_init(&vm, QDB_ROLE_VM);
	qdb_client_add(&vm, true);
	qdb_link_up(&vm);
	expect(&vm.link, QDB_MULTIREAD, "", "");
	feed(client(&vm, 0), QDB_WRITE, "/a", "mine", 4);
	g_assert_cmpint(qdb_client_run(&vm, 0), ==, 0);
	expect_nothing(client(&vm, 0));
	feed(&vm.link, QDB_R_MULTIREAD, "/a", "old", 3);
	feed(&vm.link, QDB_R_MULTIREAD, "", NULL, 0);
	g_assert_cmpint(qdb_link_run(&vm), ==, 0);
	g_assert_cmpint(qdb_client_run(&vm, 0), ==, 0);
	expect(client(&vm, 0), QDB_OK, "/a", "");
	expect(&vm.link, QDB_WRITE, "/a", "mine");
	qdb_core_clear(&vm);
}

/* What a hostile qube can send to dom0. */
static void test_hostile_link(void)
{
	static const enum qdb_type fatal[] = {QDB_READ,	   QDB_LIST,	QDB_WATCH,
					      QDB_UNWATCH, QDB_R_READ,	QDB_R_MULTIREAD,
					      QDB_R_LIST,  QDB_R_WATCH, 99};
	struct qdb_core c;
	unsigned n;

	qdb_core_init(&c, QDB_ROLE_DOM0);
	for (size_t i = 0; i < G_N_ELEMENTS(fatal); i++) {
		qdb_link_up(&c);
		feed(&c.link, fatal[i], "/a", NULL, 0);
		g_assert_cmpint(qdb_link_run(&c), ==, -EPROTO);
	}
	/* One dump a connection. */
	qdb_link_up(&c);
	feed(&c.link, QDB_MULTIREAD, "", NULL, 0);
	g_assert_cmpint(qdb_link_run(&c), ==, 0);
	feed(&c.link, QDB_MULTIREAD, "", NULL, 0);
	g_assert_cmpint(qdb_link_run(&c), ==, -EPROTO);
	/* Bad values are refused and change nothing. */
	qdb_link_up(&c);
	feed(&c.link, QDB_WRITE, "/a", "x\0y", 3);
	feed(&c.link, QDB_WRITE, "a", "x", 1);
	feed(&c.link, QDB_WRITE, "/a/", "x", 1);
	feed(&c.link, QDB_RM, "/a", "x", 1);
	feed(&c.link, QDB_OK, "/whatever", NULL, 0);
	g_assert_cmpint(qdb_link_run(&c), ==, 0);
	expect(&c.link, QDB_ERROR, "/a", "");
	expect(&c.link, QDB_ERROR, "a", "");
	expect(&c.link, QDB_ERROR, "/a/", "");
	expect(&c.link, QDB_ERROR, "/a", "");
	expect_nothing(&c.link);
	g_assert_cmpuint(c.store.count, ==, 0);
	/* One who writes and never reads the answers. */
	qdb_link_up(&c);
	for (n = 0; n < 1000000; n++) {
		feed(&c.link, QDB_WRITE, "/a", "1", 1);
		if (qdb_link_run(&c))
			break;
	}
	g_assert_cmpuint(n, <, 1000000);
	g_assert_cmpuint(c.link.out.len, <=, QDB_OUT_MAX);
	qdb_core_clear(&c);
}

/* A qube that does not read what dom0 forwards loses its link; dom0's clients go on. */
static void test_deaf_link(void)
{
	struct qdb_core c;
	static char big[QDB_DATA_MAX + 1];
	unsigned n = 0;

	memset(big, 'x', QDB_DATA_MAX);
	qdb_core_init(&c, QDB_ROLE_DOM0);
	qdb_client_add(&c, true);
	qdb_link_up(&c);
	feed(&c.link, QDB_MULTIREAD, "", NULL, 0);
	g_assert_cmpint(qdb_link_run(&c), ==, 0);
	while (qdb_link_run(&c) == 0 && n++ < 100000)
		ask(&c, 0, QDB_WRITE, "/a", big, QDB_OK, "");
	g_assert_cmpint(qdb_link_run(&c), ==, -ENOBUFS);
	qdb_link_down(&c);
	ask(&c, 0, QDB_WRITE, "/a", "1", QDB_OK, "");
	qdb_core_clear(&c);
}

static void test_clients_max(void)
{
	struct qdb_core c;

	qdb_core_init(&c, QDB_ROLE_ALONE);
	for (int i = 0; i < QDB_CLIENTS_MAX; i++)
		g_assert_cmpint(qdb_client_add(&c, true), ==, i);
	g_assert_cmpint(qdb_client_add(&c, true), ==, -EBUSY);
	qdb_client_remove(&c, 17);
	g_assert_cmpint(qdb_client_add(&c, true), ==, 17);
	qdb_core_clear(&c);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qubesdb/header", test_header);
	g_test_add_func("/qubesdb/header-check", test_header_check);
	g_test_add_func("/qubesdb/paths", test_paths);
	g_test_add_func("/qubesdb/store", test_store);
	g_test_add_func("/qubesdb/store-limits", test_store_limits);
	g_test_add_func("/qubesdb/client", test_client);
	g_test_add_func("/qubesdb/lists", test_lists);
	g_test_add_func("/qubesdb/bad-requests", test_bad_requests);
	g_test_add_func("/qubesdb/watches", test_watches);
	g_test_add_func("/qubesdb/deaf-watcher", test_deaf_watcher);
	g_test_add_func("/qubesdb/link", test_link);
	g_test_add_func("/qubesdb/resync", test_resync);
	g_test_add_func("/qubesdb/write-during-dump", test_write_during_dump);
	g_test_add_func("/qubesdb/hostile-link", test_hostile_link);
	g_test_add_func("/qubesdb/deaf-link", test_deaf_link);
	g_test_add_func("/qubesdb/clients-max", test_clients_max);
	return g_test_run();
}
