// SPDX-License-Identifier: GPL-2.0-or-later
/* Volumes of the file-reflink driver, on btrfs and on a file system without reflinks. */
#include "tests/unit/test-storage-check.h"
#include "tests/unit/test-storage-env.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef Env *(*EnvFunc)(void);

static Env *plain(void)
{
	return env_plain(64);
}

static Env *env_for(gconstpointer data)
{
	Env *e = ((EnvFunc) * (const EnvFunc *)data)();

	if (!e)
		g_test_skip("needs root and mkfs.btrfs");
	return e;
}

static void assert_text(const Env *e, const char *name, const char *expect)
{
	g_autofree char *text = env_read(e, name);

	g_assert_cmpstr(text, ==, expect);
}

static char *revisions(const VolumeSpec *v)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) ids = volume_revisions(v, &error);

	g_assert_no_error(error);
	return g_strjoinv(" ", ids);
}

static void assert_revisions(const VolumeSpec *v, const char *expect)
{
	g_autofree char *ids = revisions(v);

	g_assert_cmpstr(ids, ==, expect);
}

static void test_persistent(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v;
	g_autofree char *path = NULL, *expect = NULL;

	if (!e)
		return;
	v = env_private(e);
	OK(volume_create(&v, &error));
	OK(volume_verify(&v, &error));
	OK(volume_start(&v, &path, &error));
	expect = volume_path(&v);
	g_assert_cmpstr(path, ==, expect);
	g_assert_true(g_str_has_suffix(path, "/appvms/work/private-dirty.img"));
	g_assert_true(volume_is_dirty(&v));
	write_text(path, "one");
	OK(volume_stop(&v, &error));
	OK(volume_stop(&v, &error));
	g_assert_false(volume_is_dirty(&v));
	assert_text(e, "appvms/work/private.img", "one");
	g_assert_false(env_has(e, "appvms/work/private-dirty.img"));
	assert_revisions(&v, "1");
	env_session(&v, "two");
	env_session(&v, "three");
	assert_revisions(&v, "2 3"); /* two are kept */
	OK(volume_remove(&v, &error));
	OK(volume_remove(&v, &error));
	g_assert_false(env_has(e, "appvms/work"));
	g_assert_true(env_has(e, "appvms"));
	env_free(e);
}

static void test_revert(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v;
	g_autofree char *path = NULL;

	if (!e)
		return;
	v = env_private(e);
	OK(volume_create(&v, &error));
	env_session(&v, "one");
	env_session(&v, "two");
	FAILS(volume_revert(&v, "9", &error), STORAGE_ERROR_NOT_FOUND);
	OK(volume_start(&v, &path, &error));
	FAILS(volume_revert(&v, "2", &error), STORAGE_ERROR_IN_USE);
	OK(volume_stop(&v, &error));
	/* 1 was the empty image, 2 is "one", 3 is "two"; two are kept. */
	assert_revisions(&v, "2 3");
	OK(volume_revert(&v, "2", &error));
	assert_text(e, "appvms/work/private.img", "one");
	assert_revisions(&v, "3 4");
	env_session(&v, "x");
	assert_text(e, "appvms/work/private.img", "xne");
	env_free(e);
}

static void test_snapshot(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec t, a;
	VolumeSource source;
	g_autofree char *path = NULL, *again = NULL;

	if (!e)
		return;
	t = env_template_root(e);
	source = (VolumeSource){.vid = t.vid, .pool = e->pool};
	a = env_app_root(e, &source);
	FAILS(volume_verify(&a, &error), STORAGE_ERROR_NOT_FOUND);
	OK(volume_create(&t, &error));
	env_session(&t, "template");
	OK(volume_create(&a, &error));
	OK(volume_verify(&a, &error));
	OK(volume_start(&a, &path, &error));
	g_assert_false(volume_is_outdated(&a));
	write_text(path, "app");
	assert_text(e, "vm-templates/debian/root.img", "template");
	env_session(&t, "changed!");
	g_assert_true(volume_is_outdated(&a));
	OK(volume_stop(&a, &error));
	g_assert_false(volume_is_outdated(&a));
	g_assert_false(env_has(e, "appvms/work/root-dirty.img"));
	OK(volume_start(&a, &again, &error));
	assert_text(e, "appvms/work/root-dirty.img", "changed!");
	OK(volume_stop(&a, &error));
	env_free(e);
}

static void test_volatile(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v;
	g_autofree char *path = NULL, *again = NULL;
	struct stat st;

	if (!e)
		return;
	v = env_private(e);
	v.vid = (char *)"appvms/work/volatile";
	v.save_on_stop = FALSE;
	v.size = (guint64)10 << 30;
	OK(volume_create(&v, &error));
	OK(volume_start(&v, &path, &error));
	g_assert_cmpint(g_stat(path, &st), ==, 0);
	g_assert_cmpuint((guint64)st.st_size, ==, v.size);
	g_assert_cmpuint(volume_usage(&v), <, 1 << 16);
	write_text(path, "gone");
	OK(volume_start(&v, &again, &error));
	assert_text(e, "appvms/work/volatile-dirty.img", "");
	OK(volume_stop(&v, &error));
	g_assert_false(env_has(e, "appvms/work/volatile-dirty.img"));
	env_free(e);
}

static void test_in_place(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v, copy;
	g_autofree char *path = NULL;

	if (!e)
		return;
	v = env_private(e);
	OK(volume_create(&v, &error));
	env_session(&v, "one");
	v.revisions_to_keep = -1;
	OK(volume_start(&v, &path, &error));
	assert_revisions(&v, "");
	g_assert_false(env_has(e, "appvms/work/private.img"));
	g_assert_false(env_has(e, "appvms/work/private-precache.img"));
	OK(volume_verify(&v, &error));
	copy = v;
	copy.vid = (char *)"appvms/other/private";
	OK(volume_create(&copy, &error));
	FAILS(volume_import_volume(&copy, &v, &error), STORAGE_ERROR_IN_USE);
	write_text(path, "two");
	OK(volume_stop(&v, &error));
	assert_text(e, "appvms/work/private.img", "two");
	assert_revisions(&v, "");
	env_free(e);
}

static void test_import(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v, to;
	g_autofree char *path = NULL, *second = NULL;
	struct stat st;

	if (!e)
		return;
	v = env_private(e);
	OK(volume_create(&v, &error));
	env_session(&v, "old");
	OK(volume_import_begin(&v, 5 << 20, &path, &error));
	write_text(path, "new");
	assert_text(e, "appvms/work/private.img", "old");
	OK(volume_import_end(&v, FALSE, &error));
	assert_text(e, "appvms/work/private.img", "old");
	g_assert_false(env_has(e, "appvms/work/private-import.img"));
	FAILS(volume_import_end(&v, TRUE, &error), STORAGE_ERROR_NOT_FOUND);
	OK(volume_import_begin(&v, 5 << 20, &second, &error));
	write_text(second, "new");
	OK(volume_import_end(&v, TRUE, &error));
	assert_text(e, "appvms/work/private.img", "new");
	assert_revisions(&v, "1 2");

	to = v;
	to.vid = (char *)"appvms/clone/private";
	OK(volume_create(&to, &error));
	OK(volume_import_volume(&to, &v, &error));
	assert_text(e, "appvms/clone/private.img", "new");
	g_free(path);
	path = env_path(e, "appvms/clone/private.img");
	g_assert_cmpint(g_stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_size, ==, 5 << 20);
	OK(volume_clear(&to, &error));
	assert_text(e, "appvms/clone/private.img", "");
	env_free(e);
}

static void test_resize(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v;
	g_autofree char *path = NULL, *clean = NULL;
	struct stat st;

	if (!e)
		return;
	v = env_private(e);
	OK(volume_create(&v, &error));
	env_session(&v, "one");
	OK(volume_resize(&v, 3 << 20, &error));
	clean = env_path(e, "appvms/work/private.img");
	g_assert_cmpint(g_stat(clean, &st), ==, 0);
	g_assert_cmpint(st.st_size, ==, 3 << 20);
	OK(volume_start(&v, &path, &error));
	OK(volume_resize(&v, 4 << 20, &error));
	g_assert_cmpint(g_stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_size, ==, 4 << 20);
	OK(volume_stop(&v, &error));
	assert_text(e, "appvms/work/private.img", "one");
	v.rw = FALSE;
	FAILS(volume_resize(&v, 5 << 20, &error), STORAGE_ERROR_NOT_SUPPORTED);
	env_free(e);
}

static void test_no_overwrite(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v;

	if (!e)
		return;
	v = env_private(e);
	OK(volume_create(&v, &error));
	OK(volume_create(&v, &error)); /* blank: as if killed between creating and noting it */
	env_session(&v, "precious");
	FAILS(volume_create(&v, &error), STORAGE_ERROR_EXISTS);
	assert_text(e, "appvms/work/private.img", "precious");
	v.vid = (char *)"../work/private";
	FAILS(volume_create(&v, &error), STORAGE_ERROR_BAD_PARAMETER);
	v.vid = (char *)"appvms//private";
	FAILS(volume_remove(&v, &error), STORAGE_ERROR_BAD_PARAMETER);
	env_free(e);
}

/* The image changed while nobody looked: the old precache must not win. */
static void test_stale_precache(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v;
	g_autofree char *path = NULL;

	if (!e)
		return;
	v = env_private(e);
	OK(volume_create(&v, &error));
	env_session(&v, "one");
	env_write(e, "appvms/work/private.img", "two");
	OK(volume_start(&v, &path, &error));
	assert_text(e, "appvms/work/private-dirty.img", "two");
	OK(volume_stop(&v, &error));
	env_free(e);
}

static void test_list(gconstpointer data)
{
	Env *e = env_for(data);
	VolumeSpec v, t;
	g_auto(GStrv) vids = NULL;
	g_autofree char *all = NULL;
	PoolUsage u;

	if (!e)
		return;
	v = env_private(e);
	t = env_template_root(e);
	OK(volume_create(&v, &error));
	OK(volume_create(&t, &error));
	env_session(&v, "one");
	vids = storage_pool_list(e->pool, NULL);
	all = g_strjoinv(" ", vids);
	g_assert_cmpstr(all, ==, "appvms/work/private vm-templates/debian/root");
	OK(storage_pool_usage(e->pool, &u, &error));
	g_assert_cmpuint(u.size, >, u.used);
	env_free(e);
}

static void fill(const char *path, size_t mib)
{
	g_autofree char *block = g_malloc(1 << 20);
	int fd = open(path, O_WRONLY);

	memset(block, 'x', 1 << 20);
	for (size_t i = 0; i < mib; i++)
		g_assert_cmpint(write(fd, block, 1 << 20), ==, 1 << 20);
	close(fd);
}

/* A full disk: one clear error, and everything is as before. */
static void test_full(void)
{
	Env *e = env_plain(8);
	VolumeSpec v = env_private(e), to = v;
	g_autofree char *path = NULL, *clean = env_path(e, "appvms/work/private.img");
	g_autoptr(GError) why = NULL;
	g_auto(GStrv) left = NULL;

	if (geteuid() != 0) {
		g_test_skip("needs root for a small file system");
		env_free(e);
		return;
	}
	v.size = 5 << 20;
	OK(volume_create(&v, &error));
	fill(clean, 5);
	g_assert_false(volume_start(&v, &path, &why));
	g_assert_error(why, STORAGE_ERROR, STORAGE_ERROR_NO_SPACE);
	g_test_message("%s", why->message);
	g_assert_false(volume_is_dirty(&v));
	to.vid = (char *)"appvms/clone/private";
	OK(volume_create(&to, &error));
	FAILS(volume_import_volume(&to, &v, &error), STORAGE_ERROR_NO_SPACE);
	g_assert_false(env_has(e, "appvms/clone/private-import.img"));
	assert_text(e, "appvms/clone/private.img", "");
	FAILS(volume_resize(&v, 6 << 20, &error), STORAGE_ERROR_NO_SPACE);
	OK(volume_remove(&to, &error));
	left = storage_pool_list(e->pool, NULL);
	g_assert_cmpuint(g_strv_length(left), ==, 1);
	env_free(e);
}

/* Without reflinks only data is copied. */
static void test_sparse_copy(void)
{
	Env *e = env_plain(8);
	VolumeSpec v = env_private(e);
	g_autofree char *clean = env_path(e, "appvms/work/private.img"), *path = NULL;
	int fd;

	v.size = 1 << 30;
	OK(volume_create(&v, &error));
	fd = open(clean, O_WRONLY);
	g_assert_cmpint(pwrite(fd, "middle", 6, 500 << 20), ==, 6);
	close(fd);
	OK(volume_start(&v, &path, &error));
	g_assert_cmpuint(volume_usage(&v), <=, 1 << 20);
	fd = open(path, O_RDONLY);
	{
		char buf[7] = "";

		g_assert_cmpint(pread(fd, buf, 6, 500 << 20), ==, 6);
		g_assert_cmpstr(buf, ==, "middle");
		g_assert_cmpint(lseek(fd, 0, SEEK_END), ==, 1 << 30);
	}
	close(fd);
	env_free(e);
}

static void open_fails(const char *driver, const char *key, const char *value, int code)
{
	g_autoptr(GHashTable) params = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;

	if (key)
		g_hash_table_insert(params, (char *)key, (char *)value);
	g_assert_null(storage_pool_open("x", driver, params, &error));
	g_assert_error(error, STORAGE_ERROR, code);
}

static void test_bad_pools(void)
{
	Env *e = env_plain(8);
	g_autofree char *no_reflink = env_path(e, "sub");

	open_fails("nonsense", NULL, NULL, STORAGE_ERROR_BAD_PARAMETER);
	open_fails("file-reflink", NULL, NULL, STORAGE_ERROR_BAD_PARAMETER);
	open_fails("file-reflink", "dir_path", "relative", STORAGE_ERROR_BAD_PARAMETER);
	open_fails("file-reflink", "color", "red", STORAGE_ERROR_BAD_PARAMETER);
	if (geteuid() == 0)
		open_fails("file-reflink", "dir_path", no_reflink, STORAGE_ERROR_NOT_SUPPORTED);
	g_assert_false(env_has(e, "sub"));
	g_assert_nonnull(storage_driver_params("linux-kernel"));
	g_assert_null(storage_driver_params("nonsense"));
	env_free(e);
}

static void test_kernel(void)
{
	g_autofree char *dir = g_dir_make_tmp("qubes-kernels-XXXXXX", NULL);
	g_autofree char *version = g_build_filename(dir, "6.1.0", NULL);
	g_autofree char *vmlinuz = g_build_filename(version, "vmlinuz", NULL);
	g_autoptr(GHashTable) params = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) why = NULL;
	g_autofree char *path = NULL;
	g_auto(GStrv) list = NULL;
	StoragePool *pool;
	VolumeSpec v = {.name = (char *)"kernel", .vid = (char *)"6.1.0"};

	g_hash_table_insert(params, (char *)"dir_path", dir);
	pool = storage_pool_open("linux-kernel", "linux-kernel", params, &why);
	g_assert_no_error(why);
	v.pool = pool;
	FAILS(volume_verify(&v, &error), STORAGE_ERROR_NOT_FOUND);
	g_mkdir(version, 0700);
	g_file_set_contents(vmlinuz, "", 0, NULL);
	OK(volume_verify(&v, &error));
	OK(volume_start(&v, &path, &error));
	g_assert_null(path); /* no modules.img: nothing to attach */
	FAILS(volume_resize(&v, 1, &error), STORAGE_ERROR_NOT_SUPPORTED);
	list = storage_pool_list(pool, NULL);
	g_assert_cmpstr(list[0], ==, "6.1.0");
	storage_pool_free(pool);
	g_unlink(vmlinuz);
	g_rmdir(version);
	g_rmdir(dir);
}

static const struct {
	const char *name;
	void (*fn)(gconstpointer);
} cases[] = {
	{"persistent", test_persistent},
	{"revert", test_revert},
	{"snapshot", test_snapshot},
	{"volatile", test_volatile},
	{"in-place", test_in_place},
	{"import", test_import},
	{"resize", test_resize},
	{"no-overwrite", test_no_overwrite},
	{"stale-precache", test_stale_precache},
	{"list", test_list},
};

int main(int argc, char **argv)
{
	static const EnvFunc on_plain = plain, on_btrfs = env_btrfs;

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *p = g_strdup_printf("/storage/plain/%s", cases[i].name);
		g_autofree char *b = g_strdup_printf("/storage/btrfs/%s", cases[i].name);

		g_test_add_data_func(p, &on_plain, cases[i].fn);
		g_test_add_data_func(b, &on_btrfs, cases[i].fn);
	}
	g_test_add_func("/storage/full", test_full);
	g_test_add_func("/storage/sparse-copy", test_sparse_copy);
	g_test_add_func("/storage/bad-pools", test_bad_pools);
	g_test_add_func("/storage/kernel", test_kernel);
	return g_test_run();
}
