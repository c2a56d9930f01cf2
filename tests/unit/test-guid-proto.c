/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GUI protocol's codec, reader and checks: bytes against values, every limit. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "guid/proto/gui-damage.h"
#include "guid/proto/gui-memfd.h"
#include "guid/proto/gui-reader.h"
#include "guid/proto/gui-sanitize.h"

static void put(GByteArray *b, uint32_t v)
{
	uint8_t w[4];

	gui_u32_encode(w, v);
	g_byte_array_append(b, w, 4);
}

/* Feeds b to an agent-to-daemon reader; result and message of the last gui_reader_next(). */
static int feed(struct gui_reader *r, GByteArray *b, struct gui_msg *m)
{
	size_t space, done = 0;
	int k = 0;

	while (done < b->len && k >= 0) {
		void *room = gui_reader_room(r, &space);
		size_t n = MIN(space, b->len - done);

		g_assert_nonnull(room);
		g_assert_cmpuint(space, >, 0);
		memcpy(room, b->data + done, n);
		gui_reader_added(r, n);
		done += n;
		k = gui_reader_next(r, m);
	}
	return k;
}

static int one(uint32_t version, uint32_t type, uint32_t window, const uint32_t *words, uint32_t n,
	       struct gui_msg *m)
{
	g_autoptr(GByteArray) b = g_byte_array_new();
	static struct gui_reader r;
	int k;

	put(b, type);
	put(b, window);
	put(b, n * 4);
	for (uint32_t i = 0; i < n; i++)
		put(b, words[i]);
	gui_reader_clear(&r);
	gui_reader_init(&r, GUI_FROM_AGENT);
	r.version = version;
	k = feed(&r, b, m);
	if (k < 1)
		gui_reader_clear(&r);
	return k;
}

#define ONE(type, m, ...)                                                                          \
	one(GUI_VERSION_CURRENT, type, 7, (uint32_t[]){__VA_ARGS__},                               \
	    sizeof((uint32_t[]){__VA_ARGS__}) / 4, m)

static void test_create(void)
{
	struct gui_msg m;

	g_assert_cmpint(ONE(GUI_MSG_CREATE, &m, 10, (uint32_t)-20, 300, 200, 5, 1), ==, 1);
	g_assert_cmpuint(m.window, ==, 7);
	g_assert_cmpint(m.u.geometry.y, ==, -20);
	g_assert_cmpuint(m.u.geometry.height, ==, 200);
	g_assert_true(m.u.geometry.override_redirect);
	g_assert_cmpint(ONE(GUI_MSG_CONFIGURE, &m, 1, 2, 3, 4, 0), ==, 1);
	g_assert_cmpuint(m.u.geometry.height, ==, 4);
	g_assert_false(m.u.geometry.override_redirect);
}

static void test_lengths(void)
{
	struct gui_msg m;

	for (uint32_t type = 0; type < 200; type++) {
		const struct gui_msg_info *info = gui_msg_info(type);
		struct gui_hdr hdr = {.type = type};
		uint32_t len;

		if (!info || !(info->dirs & GUI_FROM_AGENT)) {
			g_assert_cmpint(
				gui_body_len(GUI_FROM_AGENT, GUI_VERSION_CURRENT, &hdr, &len, NULL),
				==, -EOPNOTSUPP);
			continue;
		}
		g_assert_cmpuint(info->max_len, <=, GUI_MAX_BODY);
		hdr.len = info->max_len;
		g_assert_cmpint(gui_body_len(GUI_FROM_AGENT, GUI_VERSION_CURRENT, &hdr, &len, NULL),
				==, 0);
		hdr.len++;
		g_assert_cmpint(gui_body_len(GUI_FROM_AGENT, GUI_VERSION_CURRENT, &hdr, &len, NULL),
				==, -EMSGSIZE);
		hdr.len = info->min_len - 1;
		if (info->min_len)
			g_assert_cmpint(
				gui_body_len(GUI_FROM_AGENT, GUI_VERSION(1, 6), &hdr, &len, NULL),
				==, -EMSGSIZE);
		if (info->min_len && info->min_len == info->max_len) {
			g_assert_cmpint(
				gui_body_len(GUI_FROM_AGENT, GUI_VERSION(1, 5), &hdr, &len, NULL),
				==, 0);
			g_assert_cmpuint(len, ==, info->min_len);
		}
	}
	g_assert_cmpint(ONE(GUI_MSG_MAP, &m, 1), ==, -EMSGSIZE);
	g_assert_cmpint(ONE(GUI_MSG_KEYPRESS, &m, 1, 2, 3, 4, 5), ==, -EOPNOTSUPP);
}

static void test_clipboard_length(void)
{
	struct gui_hdr hdr = {.type = GUI_MSG_CLIPBOARD_DATA, .window = 9, .len = 65001};
	uint32_t len;

	g_assert_cmpint(gui_body_len(GUI_FROM_AGENT, GUI_VERSION(1, 7), &hdr, &len, NULL), ==,
			-EMSGSIZE);
	g_assert_cmpint(gui_body_len(GUI_FROM_AGENT, GUI_VERSION(1, 8), &hdr, &len, NULL), ==, 0);
	hdr.len = 256001;
	g_assert_cmpint(gui_body_len(GUI_FROM_AGENT, GUI_VERSION(1, 8), &hdr, &len, NULL), ==, 0);
	hdr.len = 256002;
	g_assert_cmpint(gui_body_len(GUI_FROM_AGENT, GUI_VERSION(1, 8), &hdr, &len, NULL), ==,
			-EMSGSIZE);
	g_assert_cmpint(gui_body_len(GUI_FROM_DAEMON, GUI_VERSION(1, 1), &hdr, &len, NULL), ==, 0);
	g_assert_cmpuint(len, ==, 9);
}

static void test_grant_dump(void)
{
	struct gui_msg m;

	/* 32 x 32 x 4 is exactly one page. */
	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 0, 32, 32, 24, 0xabc), ==, 1);
	g_assert_cmpuint(m.u.dump.pages.count, ==, 1);
	g_assert_cmpuint(gui_page(&m.u.dump.pages, 0), ==, 0xabc);
	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 0, 33, 32, 24, 0xabc), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 5, 32, 32, 24, 0xabc), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 0, 16385, 0, 24), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 0, 0, 6145, 24), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 0, 65536, 65536, 24), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 0, 0, 0, 24), ==, 1);
}

static void test_mfndump(void)
{
	struct gui_msg m;

	g_assert_cmpint(ONE(GUI_MSG_MFNDUMP, &m, 0, 32, 32, 24, 0, 1, 0, 77), ==, 1);
	g_assert_cmpuint(gui_page(&m.u.mfndump.pages, 0), ==, 77);
	g_assert_cmpint(ONE(GUI_MSG_MFNDUMP, &m, 0, 32, 32, 24, 1, 1, 0, 77), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_MFNDUMP, &m, 0, 2, 2, 24, 4096, 1, 0, 77), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_MFNDUMP, &m, 0, 2, 2, 24, 0, 98305, 0, 77), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_MFNDUMP, &m, 0, 2, 2, 24, 0, 2, 0, 77), ==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_MFNDUMP, &m, 0, 2, 2, 24, 0, 0, 0, 77), ==, -EPROTO);
}

static void test_memfd_dump(void)
{
	struct gui_msg m;

	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 0x100, 30, 20, 32, 9, 120, 8192, 3, 0, 0), ==,
			1);
	g_assert_cmpuint(m.u.dump.memfd.token, ==, 9);
	g_assert_cmpuint(m.u.dump.memfd.offset, ==, (UINT64_C(3) << 32) + 8192);
	/* each field wrong in turn */
	static const uint32_t bad[][10] = {
		{0x100, 30, 20, 24, 9, 120, 0, 0, 0, 0},   {0x100, 30, 20, 32, 0, 120, 0, 0, 0, 0},
		{0x100, 30, 20, 32, 9, 124, 0, 0, 0, 0},   {0x100, 30, 20, 32, 9, 120, 8, 0, 0, 0},
		{0x100, 30, 20, 32, 9, 120, 0, 256, 0, 0}, {0x100, 30, 20, 32, 9, 120, 0, 0, 1, 0},
		{0x100, 30, 20, 32, 9, 120, 0, 0, 0, 1},   {0x100, 0, 20, 32, 9, 0, 0, 0, 0, 0},
		{0x100, 30, 6145, 32, 9, 120, 0, 0, 0, 0}, {0x101, 30, 20, 32, 9, 120, 0, 0, 0, 0},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(one(GUI_VERSION_CURRENT, GUI_MSG_WINDOW_DUMP, 1, bad[i], 10, &m),
				==, -EPROTO);
	g_assert_cmpint(ONE(GUI_MSG_WINDOW_DUMP, &m, 0x100, 30, 20, 32, 9, 120, 0, 0, 0), ==,
			-EPROTO);
}

static void test_texts_terminated(void)
{
	uint32_t words[32];
	struct gui_msg m;

	memset(words, 'A', sizeof(words));
	g_assert_cmpint(one(GUI_VERSION_CURRENT, GUI_MSG_WMNAME, 1, words, 32, &m), ==, 1);
	g_assert_cmpuint(strlen(m.u.wmname.text), ==, 127);
	g_assert_cmpint(one(GUI_VERSION_CURRENT, GUI_MSG_WMCLASS, 1, words, 32, &m), ==, 1);
	g_assert_cmpuint(strlen(m.u.wmclass.res_class), ==, 63);
	g_assert_cmpuint(strlen(m.u.wmclass.res_name), ==, 63);
}

/* One byte at a time, and a large message after small ones. */
static void test_reader_pieces(void)
{
	g_autoptr(GByteArray) b = g_byte_array_new();
	struct gui_reader r;
	struct gui_msg m;
	uint32_t count = 0, pages = 2000;
	size_t space;

	for (int i = 0; i < 3; i++) {
		put(b, GUI_MSG_UNMAP), put(b, (uint32_t)i), put(b, 0);
	}
	put(b, GUI_MSG_WINDOW_DUMP), put(b, 5), put(b, 16 + 4 * pages);
	put(b, 0), put(b, 100), put(b, 100), put(b, 24);
	for (uint32_t i = 0; i < pages; i++)
		put(b, i);
	gui_reader_init(&r, GUI_FROM_AGENT);
	for (guint i = 0; i < b->len; i++) {
		uint8_t *room = gui_reader_room(&r, &space);

		*room = b->data[i];
		gui_reader_added(&r, 1);
		while (gui_reader_next(&r, &m) == 1)
			count++;
	}
	g_assert_cmpuint(count, ==, 4);
	g_assert_false(gui_reader_partial(&r));
	g_assert_cmpuint(gui_page(&m.u.dump.pages, pages - 1), ==, pages - 1);
	gui_reader_clear(&r);
}

static void test_handshake(void)
{
	struct gui_xconf x = {1920, 1080, 24, 8101}, y;
	uint8_t buf[GUI_XCONF_SIZE];
	uint32_t v;

	g_assert_cmpint(gui_version_negotiate(GUI_VERSION(1, 3), &v), ==, 0);
	g_assert_cmphex(v, ==, GUI_VERSION(1, 3));
	g_assert_cmpint(gui_version_negotiate(GUI_VERSION(1, 77), &v), ==, 0);
	g_assert_cmphex(v, ==, GUI_VERSION(1, 8));
	g_assert_cmpint(gui_version_negotiate(GUI_VERSION(2, 0), &v), ==, -EPROTO);
	g_assert_cmpint(gui_version_negotiate(8, &v), ==, -EPROTO);
	gui_xconf_encode(buf, &x);
	gui_xconf_decode(buf, &y);
	g_assert_cmpmem(&x, sizeof(x), &y, sizeof(y));
}

static void test_encode(void)
{
	uint8_t buf[64];
	static const uint8_t map[] = {132, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	struct gui_msg m = {.type = GUI_MSG_MAP, .window = 5};
	size_t len;

	g_assert_cmpint(
		gui_msg_encode(GUI_FROM_DAEMON, GUI_VERSION_CURRENT, &m, buf, sizeof(buf), &len),
		==, 0);
	g_assert_cmpmem(buf, len, map, sizeof(map));
	g_assert_cmpint(gui_msg_encode(GUI_FROM_DAEMON, GUI_VERSION_CURRENT, &m, buf, 19, &len), ==,
			-ENOBUFS);
	m.type = GUI_MSG_KEYPRESS;
	g_assert_cmpint(
		gui_msg_encode(GUI_FROM_AGENT, GUI_VERSION_CURRENT, &m, buf, sizeof(buf), &len), ==,
		-EINVAL);
	m = (struct gui_msg){.type = GUI_MSG_CLIPBOARD_DATA, .u.clipboard = {(void *)"abc", 3}};
	g_assert_cmpint(
		gui_msg_encode(GUI_FROM_DAEMON, GUI_VERSION(1, 0), &m, buf, sizeof(buf), &len), ==,
		0);
	g_assert_cmpuint(gui_u32_decode(buf + 4), ==, 3);
}

static void test_unknown_skipped_by_agent(void)
{
	g_autoptr(GByteArray) b = g_byte_array_new();
	struct gui_reader r;
	struct gui_msg m;

	put(b, 4711), put(b, 1), put(b, 8), put(b, 0), put(b, 0);
	gui_reader_init(&r, GUI_FROM_DAEMON);
	g_assert_cmpint(feed(&r, b, &m), ==, 1);
	g_assert_cmpuint(m.type, ==, 4711);
	g_assert_cmpuint(m.u.skipped.count, ==, 8);
	gui_reader_clear(&r);
}

static void test_geometry(void)
{
	struct gui_geometry g = {.x = 99999, .y = -99999, .width = 99999, .height = 0};
	struct gui_box b;

	g_assert_cmpint(gui_check_geometry(&g, true, &b), ==, -EPROTO);
	g_assert_cmpint(gui_check_geometry(&g, false, &b), ==, 0);
	g_assert_cmpint(b.x, ==, 16384);
	g_assert_cmpint(b.y, ==, -6144);
	g_assert_cmpint(b.width, ==, 16384);
	g_assert_cmpint(b.height, ==, 1);
	g.width = 0x80000000u;
	g_assert_cmpint(gui_check_geometry(&g, false, &b), ==, -EPROTO);
	g.height = UINT32_MAX;
	g_assert_cmpint(gui_check_geometry(&g, true, &b), ==, 0);
	g_assert_cmpint(b.width, ==, 16384);
	g_assert_cmpint(b.height, ==, 6144);
}

static void test_damage(void)
{
	struct gui_rect r = {10, 10, 1000, 1000};
	struct gui_box b;

	g_assert_true(gui_check_damage(&r, 100, 50, &b));
	g_assert_cmpint(b.width, ==, 90);
	g_assert_cmpint(b.height, ==, 40);
	r = (struct gui_rect){INT32_MAX, 0, INT32_MAX, 5};
	g_assert_false(gui_check_damage(&r, 100, 50, &b));
	r = (struct gui_rect){-1, 0, 5, 5};
	g_assert_false(gui_check_damage(&r, 100, 50, &b));
	r = (struct gui_rect){0, 0, 0xffffffffu, 5};
	g_assert_false(gui_check_damage(&r, 100, 50, &b));
}

static void check_title(const char *in, bool utf8, const char *out)
{
	char text[64];

	g_strlcpy(text, in, sizeof(text));
	gui_sanitize_title(text, utf8);
	g_assert_cmpstr(text, ==, out);
}

static void test_titles(void)
{
	check_title("plain ~title", false, "plain ~title");
	check_title("a\033[31mb\n\x7f", false, "a_[31mb__");
	check_title("z\xc5\xbc\xe2\x82\xac", false, "z_____");
	check_title("z\xc5\xbc\xe2\x82\xac", true, "z\xc5\xbc\xe2\x82\xac");
	check_title("long\xe2\x80\xa6", false, "long...");
	check_title("long\xe2\x80\xa6", true, "long\xe2\x80\xa6");
	check_title("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xff", true, "__________");
	check_title("\xe2\x82", true, "__");
	check_title("\xf0\x9f\x98\x80!", true, "\xf0\x9f\x98\x80!");
	check_title("a\xe2\x80\xae"
		    "b\xc2\x9b",
		    true, "a___b__");
	/* What is not seen: soft hyphen, Hangul fillers, empty Braille, joiner, tag. */
	check_title("a\u00ad\u3164\u115f\u1160\uffa0\u2800\u034f\U000e0041z", true,
		    "a"
		    "__"
		    "___"
		    "___"
		    "___"
		    "___"
		    "___"
		    "__"
		    "____"
		    "z");
	check_title("\u00ac\u00ae\u115e\u3163\u27ff\u2801\ufff0", true,
		    "\u00ac\u00ae\u115e\u3163\u27ff\u2801___");
	check_title("\u2764\ufe0f!", true, "\u2764\ufe0f!");
	check_title("\xe2\x80\ufe0f\xae", true, "__\ufe0f_");
}

static void test_hints(void)
{
	struct gui_hints h = {.flags = 0xffffffff,
			      .min_width = 10,
			      .min_height = 10,
			      .max_width = 5,
			      .max_height = 50,
			      .width_inc = 0,
			      .height_inc = 1,
			      .base_width = 99999};

	gui_sanitize_hints(&h);
	g_assert_cmphex(h.flags, ==, GUI_HINT_US_POSITION | GUI_HINT_P_POSITION);
	h = (struct gui_hints){.flags = GUI_HINT_MIN_SIZE | GUI_HINT_MAX_SIZE | GUI_HINT_RESIZE_INC,
			       .min_width = 5,
			       .min_height = 5,
			       .max_width = 16384,
			       .max_height = 6144,
			       .width_inc = 7,
			       .height_inc = 9};
	gui_sanitize_hints(&h);
	g_assert_cmphex(h.flags, ==, GUI_HINT_MIN_SIZE | GUI_HINT_MAX_SIZE | GUI_HINT_RESIZE_INC);
}

static void test_flags_cursor(void)
{
	struct gui_flags f = {0xffffffff, 0};
	int glyph;

	g_assert_true(gui_flags_consistent(&f));
	f = gui_sanitize_flags(f);
	g_assert_cmphex(f.set, ==, GUI_FLAG_DEMANDS_ATTENTION | GUI_FLAG_MINIMIZE);
	f = gui_sanitize_flags((struct gui_flags){1, 6});
	g_assert_cmphex(f.unset, ==, 2);
	g_assert_false(gui_flags_consistent(&(struct gui_flags){3, 1}));
	g_assert_true(gui_check_cursor(0, &glyph) && glyph == -1);
	g_assert_true(gui_check_cursor(0x122, &glyph) && glyph == 0x22);
	g_assert_true(gui_check_cursor(0x199, &glyph) && glyph == -1);
	g_assert_false(gui_check_cursor(0x19a, &glyph));
	g_assert_false(gui_check_cursor(1, &glyph));
	g_assert_false(gui_check_cursor(0x80000100, &glyph));
}

static void test_damage_packet(void)
{
	const struct gui_damage sent[2] = {{7, -1, 2, 3, 4}, {8, 5, -6, 7, UINT32_MAX}};
	uint8_t buf[GUI_DAMAGE_MAX_SIZE + GUI_DAMAGE_PART_SIZE] = {0};
	struct gui_damage got[GUI_DAMAGE_MAX_PARTS];

	memcpy(buf, sent, sizeof(sent));
	g_assert_cmpint(gui_damage_decode(buf, sizeof(sent), got), ==, 2);
	g_assert_cmpint(memcmp(sent, got, sizeof(sent)), ==, 0);
	g_assert_cmpint(gui_damage_decode(buf, GUI_DAMAGE_MAX_SIZE, got), ==, GUI_DAMAGE_MAX_PARTS);
	g_assert_cmpint(gui_damage_decode(buf, 0, got), ==, -EPROTO);
	g_assert_cmpint(gui_damage_decode(buf, 19, got), ==, -EPROTO);
	g_assert_cmpint(gui_damage_decode(buf, 21, got), ==, -EPROTO);
	g_assert_cmpint(gui_damage_decode(buf, sizeof(buf), got), ==, -EPROTO);
}

static void test_memfd_packet(void)
{
	struct gui_memfd_packet p = {3, 1 << 20}, q;
	uint8_t buf[GUI_MEMFD_PACKET_SIZE];

	gui_memfd_packet_encode(buf, &p);
	g_assert_cmpint(gui_memfd_packet_decode(buf, 16, &q), ==, 0);
	g_assert_cmpuint(q.size, ==, 1 << 20);
	g_assert_cmpint(gui_memfd_packet_decode(buf, 15, &q), ==, -EPROTO);
	buf[0]++;
	g_assert_cmpint(gui_memfd_packet_decode(buf, 16, &q), ==, -EPROTO);
	p.token = 0;
	gui_memfd_packet_encode(buf, &p);
	g_assert_cmpint(gui_memfd_packet_decode(buf, 16, &q), ==, -EPROTO);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gui-proto/create", test_create);
	g_test_add_func("/gui-proto/lengths", test_lengths);
	g_test_add_func("/gui-proto/clipboard-length", test_clipboard_length);
	g_test_add_func("/gui-proto/grant-dump", test_grant_dump);
	g_test_add_func("/gui-proto/mfndump", test_mfndump);
	g_test_add_func("/gui-proto/memfd-dump", test_memfd_dump);
	g_test_add_func("/gui-proto/texts-terminated", test_texts_terminated);
	g_test_add_func("/gui-proto/reader-pieces", test_reader_pieces);
	g_test_add_func("/gui-proto/handshake", test_handshake);
	g_test_add_func("/gui-proto/encode", test_encode);
	g_test_add_func("/gui-proto/unknown-skipped-by-agent", test_unknown_skipped_by_agent);
	g_test_add_func("/gui-proto/geometry", test_geometry);
	g_test_add_func("/gui-proto/damage", test_damage);
	g_test_add_func("/gui-proto/titles", test_titles);
	g_test_add_func("/gui-proto/hints", test_hints);
	g_test_add_func("/gui-proto/flags-cursor", test_flags_cursor);
	g_test_add_func("/gui-proto/memfd-packet", test_memfd_packet);
	g_test_add_func("/gui-proto/damage-packet", test_damage_packet);
	return g_test_run();
}
