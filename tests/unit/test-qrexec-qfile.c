/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files from qube to qube: the byte format, names and links, and the receiver against
 * senders that lie. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/filecopy/unpack.h"

static void test_crc(void)
{
	g_autofree char *text = g_strnfill(1000, 'a');
	uint32_t whole = qfile_crc(0, text, 1000), parts = 0;

	g_assert_cmphex(qfile_crc(0, "123456789", 9), ==, 0xcbf43926);
	for (size_t i = 0; i < 1000; i += 7)
		parts = qfile_crc(parts, text + i, MIN(7, 1000 - i));
	g_assert_cmphex(parts, ==, whole);
}

/* Blocks of zeroes are summed by another way. */
static void test_crc_zeroes(void)
{
	const size_t size = 20000;
	g_autofree char *data = g_malloc0(size);

	for (size_t k = 0; k < 40; k++) {
		uint32_t whole = qfile_crc((uint32_t)k * 0x9e3779b9u, data, size);
		uint32_t parts = (uint32_t)k * 0x9e3779b9u;

		for (size_t i = 0; i < size; i += 1000)
			parts = qfile_crc(parts, data + i, 1000);
		g_assert_cmphex(parts, ==, whole);
		data[k * 577 % size] = (char)(k + 1);
	}
}

static void test_chars(void)
{
	static const uint32_t good[] = {' ',	'~',	0xe4,	0x3b1, 0x44f,
					0x4e2d, 0xac00, 0x30ab, 0x20ac};
	static const uint32_t bad[] = {0x1f,   '\n',   0x7f,   0x80,	0xa0,	  0xad,	   0x300,
				       0x5d0,  0x627,  0x200b, 0x202e,	0x2028,	  0xd800,  0xe000,
				       0xfeff, 0xfffd, 0xffff, 0x1f600, 0x10ffff, 0x110000};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(qfile_char_ok(good[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(qfile_char_ok(bad[i]));
}

static void test_names(void)
{
	static const struct {
		const char *name;
		int plain, any; /* expected, with and without the rules for characters */
	} t[] = {
		{"a", 0, 0},
		{"a/b/c d", 0, 0},
		{"...", 0, 0},
		{".hidden", 0, 0},
		{"\xc3\xa4\xe6\xbc\xa2", 0, 0},
		{"", -EINVAL, -EINVAL},
		{"/a", -EILSEQ, -EILSEQ},
		{"a/", -EILSEQ, -EILSEQ},
		{"a//b", -EILSEQ, -EILSEQ},
		{".", -EILSEQ, -EILSEQ},
		{"..", -EILSEQ, -EILSEQ},
		{"a/../b", -EILSEQ, -EILSEQ},
		{"a/.", -EILSEQ, -EILSEQ},
		{"../a", -EILSEQ, -EILSEQ},
		{"a\nb", -EILSEQ, 0},
		{"a\x1b[31m", -EILSEQ, 0},
		{"a\x7f", -EILSEQ, 0},
		{"\xff", -EILSEQ, 0},
		{"\xc0\xaf", -EILSEQ, 0},     /* overlong slash */
		{"\xed\xa0\x80", -EILSEQ, 0}, /* surrogate */
		{"a\xe2\x80\xae"
		 "cod",
		 -EILSEQ, 0},			  /* right-to-left override */
		{"a\xe2\x80\x8b", -EILSEQ, 0},	  /* zero width space */
		{"e\xcc\x81", -EILSEQ, 0},	  /* combining accent */
		{"\xd7\x90", -EILSEQ, 0},	  /* Hebrew */
		{"a\xc2\xad", -EILSEQ, 0},	  /* soft hyphen */
		{"\xf4\x90\x80\x80", -EILSEQ, 0}, /* beyond Unicode */
	};
	g_autofree char *comp = g_strnfill(256, 'x');

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
		g_test_message("%zu: %s", i, t[i].name);
		g_assert_cmpint(qfile_check_name(t[i].name, strlen(t[i].name) + 1, false), ==,
				t[i].plain);
		g_assert_cmpint(qfile_check_name(t[i].name, strlen(t[i].name) + 1, true), ==,
				t[i].any);
	}
	g_assert_cmpint(qfile_check_name("a\0b", 4, true), ==, -EINVAL);
	g_assert_cmpint(qfile_check_name("ab", 2, true), ==, -EINVAL);
	g_assert_cmpint(qfile_check_name(comp, 257, true), ==, -ENAMETOOLONG);
	g_assert_cmpint(qfile_check_name(comp + 1, 256, true), ==, 0);
}

static void test_links(void)
{
	static const struct {
		const char *name, *target;
		int want;
	} t[] = {
		{"a/b", "c", 0},
		{"a/b", "c/d", 0},
		{"a/b", "./c//d/.", 0},
		{"a/b", "..", -ENOLINK},
		{"a/b/c", "../d", 0},
		{"a/b/c", "../../d", -ENOLINK},
		{"a/b/c/d", "../../d", 0},
		{"a/b/c/d", "d/../e", -ENOLINK},
		{"a/b/c/d", ".././../d", 0},
		{"a/b", "/etc/passwd", -ENOLINK},
		{"a/b", "", -ENOLINK},
		{"a/b", "c/", 0},
		{"a/b/c/d", "../..", 0},
		{"a/b/c/d", "../../..", -ENOLINK},
		{"a/b/c/d", ".//../x/../y", -ENOLINK},
		{"a", "b", -ENOLINK},
		{"a/b", "c\n", -EILSEQ},
		{"a/b", "...", 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
		g_test_message("%s -> %s", t[i].name, t[i].target);
		g_assert_cmpint(qfile_check_link(t[i].name, t[i].target, false), ==, t[i].want);
	}
	g_assert_cmpint(qfile_check_link("a/b", "c\n", true), ==, 0);
}

/* ---- the receiver ---- */

struct fixture {
	char *dir;
	GByteArray *stream;
	struct unpack u;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	f->dir = g_dir_make_tmp("qfile.XXXXXX", NULL);
	f->stream = g_byte_array_new();
	umask(0);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_autofree char *cmd = g_strdup_printf("chmod -R u+rwx %s; rm -rf %s", f->dir, f->dir);

	g_assert_cmpint(system(cmd), ==, 0);
	g_free(f->dir);
	g_byte_array_unref(f->stream);
}

static void put_raw(struct fixture *f, uint32_t name_len, uint32_t mode, uint64_t size,
		    uint32_t nsec)
{
	uint32_t w[8] = {name_len, mode, (uint32_t)size, (uint32_t)(size >> 32),
			 1000,	   nsec, 2000,		 7};

	g_byte_array_append(f->stream, (const guint8 *)w, sizeof(w));
}

static void put(struct fixture *f, const char *name, uint32_t mode, const char *content)
{
	put_raw(f, (uint32_t)strlen(name) + 1, mode, strlen(content), 5);
	g_byte_array_append(f->stream, (const guint8 *)name, (guint)strlen(name) + 1);
	g_byte_array_append(f->stream, (const guint8 *)content, (guint)strlen(content));
}

/* Named "a", without a content. */
static void put_named(struct fixture *f, uint32_t mode, uint64_t size, uint32_t nsec)
{
	put_raw(f, 2, mode, size, nsec);
	g_byte_array_append(f->stream, (const guint8 *)"a", 2);
}

static int receive(struct fixture *f)
{
	g_autofree char *path = g_build_filename(g_get_tmp_dir(), "qfile-stream.XXXXXX", NULL);
	int fd = g_mkstemp(path), r;

	g_unlink(path);
	g_assert_cmpint(write(fd, f->stream->data, f->stream->len), ==, f->stream->len);
	lseek(fd, 0, SEEK_SET);
	f->u = (struct unpack){.in = fd,
			       .any_chars = f->u.any_chars,
			       .any_links = f->u.any_links,
			       .max_files = f->u.max_files,
			       .max_bytes = f->u.max_bytes};
	f->u.root = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = unpack_all(&f->u);
	close(f->u.root);
	close(fd);
	return r;
}

static char *in_dir(struct fixture *f, const char *name)
{
	return g_build_filename(f->dir, name, NULL);
}

static void expect_file(struct fixture *f, const char *name, const char *want, int mode)
{
	g_autofree char *path = in_dir(f, name), *got = NULL;
	struct stat st;

	g_assert_cmpint(lstat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, mode);
	g_assert_cmpint(st.st_mtime, ==, 2000);
	g_assert_cmpint(st.st_mtim.tv_nsec, ==, 7);
	g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
	g_assert_cmpstr(got, ==, want);
}

static void test_good(struct fixture *f, gconstpointer data)
{
	g_autofree char *link = in_dir(f, "d/sub/l"), *target = NULL;
	struct stat st;

	put(f, "file", S_IFREG | 0640, "hello");
	put(f, "d", S_IFDIR | 0750, "");
	put(f, "d/sub", S_IFDIR | 0700, "");
	put(f, "d/sub/x", S_IFREG | 0400, "");
	put(f, "d/sub/l", S_IFLNK | 0777, "../y");
	put(f, "d/sub", S_IFDIR | 0500, "");
	put(f, "d", S_IFDIR | 0750, "");
	put_raw(f, 0, 0, 0, 0);
	g_assert_cmpint(receive(f), ==, 0);
	g_assert_cmphex(f->u.crc, ==, qfile_crc(0, f->stream->data, f->stream->len));
	expect_file(f, "file", "hello", 0640);
	expect_file(f, "d/sub/x", "", 0400);
	target = g_file_read_link(link, NULL);
	g_assert_cmpstr(target, ==, "../y");
	g_assert_cmpint(lstat(f->dir, &st), ==, 0);
}

/* Whatever was wrong: the code, and that nothing but `left` is in the directory. */
static void refused(struct fixture *f, int code, const char *left)
{
	GDir *d;
	const char *name;

	g_assert_cmpint(receive(f), ==, code);
	d = g_dir_open(f->dir, 0, NULL);
	while ((name = g_dir_read_name(d)))
		g_assert_cmpstr(name, ==, left);
	g_dir_close(d);
	g_byte_array_set_size(f->stream, 0);
}

static void test_lies(struct fixture *f, gconstpointer data)
{
	put(f, "../evil", S_IFREG | 0644, "x");
	refused(f, EILSEQ, NULL);
	put(f, "/tmp/evil", S_IFREG | 0644, "x");
	refused(f, EILSEQ, NULL);
	put(f, "a\nb", S_IFREG | 0644, "x");
	refused(f, EILSEQ, NULL);
	put(f, "l", S_IFLNK | 0777, "/etc");
	refused(f, ENOLINK, NULL);
	put(f, "fifo", S_IFIFO | 0644, "");
	refused(f, EINVAL, NULL);
	put(f, "dev", S_IFBLK | 0644, "");
	refused(f, EINVAL, NULL);
	put_named(f, S_IFREG | 0644, 1ull << 63, 0);
	refused(f, EDQUOT, NULL);
	g_assert_cmpstr(f->u.untrusted_name, ==, "a");
	put_raw(f, QFILE_NAME_MAX + 2, S_IFREG | 0644, 1, 0);
	refused(f, ENAMETOOLONG, NULL);
	g_assert_cmpstr(f->u.untrusted_name, ==, "");
	put_named(f, S_IFREG | 0644, 1, 1000000000);
	refused(f, EINVAL, NULL);
	put_named(f, S_IFDIR | 0755, 1, 0);
	refused(f, EINVAL, NULL);
	put_raw(f, 1, S_IFREG | 0644, 1, 0);
	g_byte_array_append(f->stream, (const guint8 *)"", 1);
	refused(f, EINVAL, NULL);
	put_named(f, S_IFLNK | 0644, 0, 0);
	refused(f, ENOLINK, NULL);
	put_named(f, S_IFLNK | 0644, QFILE_TARGET_MAX + 1, 0);
	refused(f, ENAMETOOLONG, NULL);
	/* More zeroes than any disk has room for. */
	put_named(f, S_IFREG | 0644, G_MAXINT64, 0);
	refused(f, ENOSPC, NULL);
	refused(f, QFILE_EARLY_EOF, NULL);
}

/* The promised size is not sent: the file never appears. */
static void test_short(struct fixture *f, gconstpointer data)
{
	put_raw(f, 2, S_IFREG | 0644, 100, 0);
	g_byte_array_append(f->stream, (const guint8 *)"a\0only this", 12);
	refused(f, QFILE_EARLY_EOF, NULL);
	put(f, "whole", S_IFREG | 0644, "x");
	put_raw(f, 6, S_IFREG | 0644, 1 << 30, 0);
	g_byte_array_append(f->stream, (const guint8 *)"large\0data", 10);
	refused(f, QFILE_EARLY_EOF, "whole");
}

static void test_existing(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = in_dir(f, "old");

	g_assert_true(g_file_set_contents(path, "mine", -1, NULL));
	put(f, "old", S_IFREG | 0644, "theirs");
	refused(f, EEXIST, "old");
	put(f, "old", S_IFDIR | 0755, "");
	refused(f, ENOTDIR, "old");
	put(f, "old/x", S_IFREG | 0755, "");
	refused(f, ENOTDIR, "old");
}

/* A link in the way, made by this or an earlier sender, is never followed. */
static void test_through_link(struct fixture *f, gconstpointer data)
{
	g_autofree char *outside = g_dir_make_tmp("outside.XXXXXX", NULL);
	g_autofree char *link = in_dir(f, "l"), *there = g_build_filename(outside, "x", NULL);

	g_assert_cmpint(symlink(outside, link), ==, 0);
	put(f, "l/x", S_IFREG | 0644, "x");
	refused(f, ENOTDIR, "l");
	put(f, "l", S_IFDIR | 0777, "");
	g_assert_cmpint(receive(f), !=, 0);
	g_byte_array_set_size(f->stream, 0);
	put(f, "d", S_IFDIR | 0755, "");
	put(f, "d/l", S_IFLNK | 0777, "x");
	put(f, "d/l/y", S_IFREG | 0644, "x");
	g_assert_cmpint(receive(f), ==, ENOTDIR);
	g_assert_false(g_file_test(there, G_FILE_TEST_EXISTS));
	g_rmdir(outside);
}

static void test_sparse(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = in_dir(f, "s");
	const uint64_t size = 8 << 20;
	struct stat st;

	g_autofree char *got = NULL;
	size_t start, len;

	put_raw(f, 2, S_IFREG | 0644, size, 0);
	g_byte_array_append(f->stream, (const guint8 *)"s", 2);
	start = f->stream->len;
	g_byte_array_set_size(f->stream, f->stream->len + (guint)size);
	memset(f->stream->data + start, 0, size);
	for (size_t at = 0; at < size; at += 1000001)
		f->stream->data[start + at] = 1;
	put_raw(f, 0, 0, 0, 0);
	g_assert_cmpint(receive(f), ==, 0);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_size, ==, (off_t)size);
	g_assert_cmpint(st.st_blocks * 512, <, (off_t)size / 8);
	g_assert_true(g_file_get_contents(path, &got, &len, NULL));
	g_assert_cmpmem(got, len, f->stream->data + start, size);
}

static void test_limits(struct fixture *f, gconstpointer data)
{
	f->u.max_files = 2;
	put(f, "a", S_IFREG | 0644, "x");
	put(f, "d", S_IFDIR | 0755, "");
	put(f, "b", S_IFREG | 0644, "x");
	g_assert_cmpint(receive(f), ==, EDQUOT);
	g_byte_array_set_size(f->stream, 0);
	f->u.max_files = 0;
	f->u.max_bytes = 10;
	put(f, "c", S_IFREG | 0644, "12345");
	put(f, "e", S_IFREG | 0644, "123456");
	g_assert_cmpint(receive(f), ==, EDQUOT);
	g_assert_cmpstr(f->u.untrusted_name, ==, "e");
}

/* Deeper than any path may be long, and back up again. */
static void test_deep(struct fixture *f, gconstpointer data)
{
	g_autoptr(GString) path = g_string_new("d");
	const size_t depth = 1000;

	for (size_t i = 0; i < depth; i++) {
		put(f, path->str, S_IFDIR | 0755, "");
		g_string_append(path, i + 1 < depth ? "/d" : "/f");
	}
	put(f, path->str, S_IFREG | 0644, "deep");
	for (size_t i = 0; i < depth; i++) {
		g_string_truncate(path, path->len - 2);
		put(f, path->str, S_IFDIR | 0700, "");
	}
	put_raw(f, 0, 0, 0, 0);
	g_assert_cmpint(receive(f), ==, 0);
}

/* Links anywhere, where that was asked for: made, still not followed. */
static void test_any_links(struct fixture *f, gconstpointer data)
{
	g_autofree char *link = in_dir(f, "l"), *target = NULL;

	f->u.any_links = true;
	put(f, "l", S_IFLNK | 0777, "/tmp");
	put(f, "l/evil", S_IFREG | 0644, "x");
	g_assert_cmpint(receive(f), ==, ENOTDIR);
	target = g_file_read_link(link, NULL);
	g_assert_cmpstr(target, ==, "/tmp");
}

#define ADD(name, fn) g_test_add("/qfile/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qfile/crc", test_crc);
	g_test_add_func("/qfile/crc-zeroes", test_crc_zeroes);
	g_test_add_func("/qfile/chars", test_chars);
	g_test_add_func("/qfile/names", test_names);
	g_test_add_func("/qfile/links", test_links);
	ADD("good", test_good);
	ADD("lies", test_lies);
	ADD("short", test_short);
	ADD("existing", test_existing);
	ADD("through-link", test_through_link);
	ADD("sparse", test_sparse);
	ADD("limits", test_limits);
	ADD("deep", test_deep);
	ADD("any-links", test_any_links);
	return g_test_run();
}
