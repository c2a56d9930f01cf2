// SPDX-License-Identifier: GPL-2.0-or-later
/* What the drivers "file" and "callback" do otherwise than file-reflink; giving up a copy. */
#include "dom0/qubesd/storage/json.h"
#include "tests/unit/test-storage-check.h"
#include "tests/unit/test-storage-env.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static StoragePool *open_pool(const char *driver, const char *key, const char *value,
			      GError **error)
{
	g_autoptr(GHashTable) params = g_hash_table_new(g_str_hash, g_str_equal);

	if (key)
		g_hash_table_insert(params, (char *)key, (char *)value);
	return storage_pool_open("test", driver, params, error);
}

/* --- file --- */

static char *revisions(const VolumeSpec *v)
{
	g_auto(GStrv) ids = volume_revisions(v, NULL);

	return g_strjoinv(" ", ids);
}

static void assert_state(const Env *e, const VolumeSpec *v, const char *text, const char *ids)
{
	g_autofree char *found = env_read(e, "appvms/work/private.img"), *list = revisions(v);

	g_assert_cmpstr(found, ==, text);
	g_assert_cmpstr(list, ==, ids);
}

static void test_file(void)
{
	Env *e = env_plain(64);
	g_autofree char *dir = env_path(e, ""), *path = NULL, *cow = NULL, *shown = NULL;
	g_autoptr(GError) why = NULL;
	g_auto(GStrv) vids = NULL;
	VolumeSpec v = env_private(e), t = env_template_root(e), a;
	VolumeSource source = {t.vid, NULL};

	storage_pool_free(e->pool);
	e->pool = open_pool("file", "dir_path", dir, &why);
	g_assert_no_error(why);
	v.pool = t.pool = source.pool = e->pool;
	v.revisions_to_keep = 1;
	a = env_app_root(e, &source);
	OK(volume_create(&v, &error));
	OK(volume_create(&t, &error));
	env_session(&v, "one");
	env_session(&v, "two");
	assert_state(e, &v, "two", "old");
	OK(volume_revert(&v, "old", &error));
	assert_state(e, &v, "one", "old");
	OK(volume_revert(&v, "old", &error));
	assert_state(e, &v, "two", "old");
	FAILS(volume_revert(&v, "1", &error), STORAGE_ERROR_NOT_FOUND);
	shown = volume_path(&v);
	g_assert_true(g_str_has_suffix(shown, "/appvms/work/private.img"));
	OK(volume_start(&a, &path, &error));
	g_assert_false(volume_is_outdated(&a));
	OK(volume_stop(&a, &error));
	vids = storage_pool_list(e->pool, NULL);
	g_assert_cmpuint(g_strv_length(vids), ==, 2);
	/* What upstream's driver left is not taken for a revision, and goes with the volume. */
	cow = env_path(e, "appvms/work/private-cow.img");
	g_assert_true(g_file_set_contents(cow, "x", 1, NULL));
	OK(volume_remove(&v, &error));
	g_assert_false(env_has(e, "appvms/work"));
	g_assert_cmpint(storage_pool_max_revisions(e->pool), ==, 1);
	env_free(e);
}

/* --- callback --- */

typedef struct {
	char *root, *log, *pool_dir;
} Cb;

static void cb_setup(Cb *c, gconstpointer data)
{
	g_autofree char *etc = NULL, *conf = NULL, *text = NULL;

	c->root = g_dir_make_tmp("test-callback-XXXXXX", NULL);
	c->log = g_build_filename(c->root, "log", NULL);
	c->pool_dir = g_build_filename(c->root, "pool", NULL);
	etc = g_build_filename(c->root, "etc", NULL);
	conf = g_build_filename(etc, "qubes_callback.json", NULL);
	g_mkdir(etc, 0700);
	text = g_strdup_printf(
		"{\"all\": {\"bdriver\": \"file\", \"bdriver_args\": {\"dir_path\": \"%s\", "
		"\"revisions_to_keep\": 0}, \"cmd\": \"f() { echo \\\"$1 $2 $3 $4 ${*:6}\\\" >> "
		"%s; }; f\", \"post_volume_start\": \"-\", \"pre_volume_resize\": \"echo resize "
		"$# >> %s\"},"
		" \"signal\": {\"bdriver\": \"file\", \"bdriver_args\": {\"dir_path\": \"%s\"}, "
		"\"signal_back\": true, \"pre_sinit\": \"mkdir -p %s; touch %s/mounted; echo "
		"SIGNAL_setup\"},"
		" \"fails\": {\"bdriver\": \"file\", \"bdriver_args\": {\"dir_path\": \"%s\"}, "
		"\"pre_volume_create\": \"echo no disk >&2; exit 3\"},"
		" \"nodriver\": {}, \"selfish\": {\"bdriver\": \"callback\"}}",
		c->pool_dir, c->log, c->log, c->pool_dir, c->pool_dir, c->pool_dir, c->pool_dir);
	g_assert_true(g_file_set_contents(conf, text, -1, NULL));
	g_setenv("QUBES_ROOT", c->root, TRUE);
}

static void cb_teardown(Cb *c, gconstpointer data)
{
	const char *argv[] = {"rm", "-rf", c->root, NULL};

	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
		     NULL);
	g_free(c->root);
	g_free(c->log);
	g_free(c->pool_dir);
}

static void assert_log(const Cb *c, const char *expect)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(c->log, &text, NULL, NULL))
		text = g_strdup("");
	g_assert_cmpstr(text, ==, expect);
	g_unlink(c->log);
}

static VolumeSpec volume_in(StoragePool *pool)
{
	return (VolumeSpec){.name = (char *)"private",
			    .vid = (char *)"appvms/work/private",
			    .pool = pool,
			    .size = 1 << 20,
			    .rw = TRUE,
			    .save_on_stop = TRUE};
}

static void test_events(Cb *c, gconstpointer data)
{
	g_autoptr(GError) why = NULL;
	StoragePool *pool = open_pool("callback", "conf_id", "all", &why);
	g_autofree char *path = NULL, *in = NULL, *expect = NULL;
	g_autofree char *image = g_strconcat(c->pool_dir, "/appvms/work/private.img", NULL);
	VolumeSpec v = volume_in(pool), other = volume_in(pool);

	g_assert_no_error(why);
	g_assert_cmpstr(g_hash_table_lookup(storage_pool_params(pool), "revisions_to_keep"), ==,
			"0");
	assert_log(c, "");
	g_assert_false(g_file_test(c->pool_dir, G_FILE_TEST_EXISTS));
	OK(storage_pool_setup(pool, &error));
	assert_log(c, "test file pre_setup all \n");
	OK(volume_create(&v, &error));
	OK(volume_start(&v, &path, &error));
	OK(volume_stop(&v, &error));
	assert_log(c, "test file pre_volume_create all private appvms/work/private None\n"
		      "test file post_volume_create all private appvms/work/private None\n"
		      "test file pre_volume_start all private appvms/work/private None\n"
		      "test file post_volume_stop all private appvms/work/private None\n");
	OK(volume_resize(&v, 2 << 20, &error));
	assert_log(c, "resize 0\n");
	OK(volume_import_begin(&v, 4096, &in, &error));
	OK(volume_import_end(&v, TRUE, &error));
	other.vid = (char *)"appvms/other/private";
	OK(volume_import_volume(&other, &v, &error));
	OK(volume_remove(&v, &error));
	expect = g_strdup_printf(
		"test file pre_volume_import_data all private appvms/work/private None 4096\n"
		"test file post_volume_import_data_end all private appvms/work/private None True\n"
		"test file pre_volume_import all private appvms/other/private None "
		"appvms/work/private\n"
		"test file pre_volume_export all private appvms/work/private None\n"
		"test file post_volume_export_end all private appvms/work/private None %s\n"
		"test file post_volume_import all private appvms/other/private None "
		"appvms/work/private\n"
		"test file post_volume_remove all private appvms/work/private None\n",
		image);
	assert_log(c, expect);
	OK(storage_pool_destroy(pool, &error));
	assert_log(c, "test file post_destroy all \n");
	storage_pool_free(pool);
}

static void test_first_use(Cb *c, gconstpointer data)
{
	g_autoptr(GError) why = NULL;
	StoragePool *pool = open_pool("callback", "conf_id", "signal", &why);
	VolumeSpec v = volume_in(pool);
	g_autofree char *mounted = g_build_filename(c->pool_dir, "mounted", NULL);
	PoolUsage u;

	g_assert_no_error(why);
	/* qubesd's start, and a look at it, are no use. */
	FAILS(storage_pool_usage(pool, &u, &error), STORAGE_ERROR_NOT_SUPPORTED);
	OK(volume_stop(&v, &error));
	g_assert_false(g_file_test(mounted, G_FILE_TEST_EXISTS));
	OK(volume_create(&v, &error));
	g_assert_true(g_file_test(mounted, G_FILE_TEST_EXISTS));
	OK(storage_pool_usage(pool, &u, &error));
	storage_pool_free(pool);
}

static void test_refusals(Cb *c, gconstpointer data)
{
	StoragePool *pool;
	g_autoptr(GError) why = NULL;
	VolumeSpec v;

	FAILS(open_pool("callback", NULL, NULL, &error) != NULL, STORAGE_ERROR_BAD_PARAMETER);
	FAILS(open_pool("callback", "conf_id", "x", &error) != NULL, STORAGE_ERROR_BAD_PARAMETER);
	FAILS(open_pool("callback", "conf_id", "nodriver", &error) != NULL,
	      STORAGE_ERROR_BAD_PARAMETER);
	FAILS(open_pool("callback", "conf_id", "selfish", &error) != NULL,
	      STORAGE_ERROR_BAD_PARAMETER);
	pool = open_pool("callback", "conf_id", "fails", &why);
	v = volume_in(pool);
	FAILS(volume_create(&v, &error), STORAGE_ERROR_FAILED);
	storage_pool_free(pool);
}

static void test_json(void)
{
	g_autoptr(JsonNode) n = json_from_string(
		"{\"b\": [1, true, null, []], \"a\": \"x\\\"\\\\\\n\\u00e9\\ud83d\\ude00/\", "
		"\"c\": {}}",
		NULL);
	g_autofree char *text = json_pretty(n);

	g_assert_cmpstr(text, ==,
			"{\n  \"a\": \"x\\\"\\\\\\n\\u00e9\\ud83d\\ude00/\",\n  \"b\": [\n    1,\n "
			"   true,\n    null,\n    []\n  ],\n  \"c\": {}\n}");
}

/* --- a copy that is given up --- */

static gboolean give_up(guint64 done, guint64 total, gpointer data)
{
	guint *calls = data;

	g_assert_cmpuint(done, <=, total);
	return ++*calls < 1;
}

static void test_cancel(void)
{
	Env *e = env_plain(512);
	VolumeSpec v = env_private(e), to = v;
	g_autofree char *img = env_path(e, "appvms/work/private.img");
	g_autofree char *block = g_malloc(1 << 20);
	guint calls = 0;
	FILE *f;

	OK(volume_create(&v, &error));
	f = fopen(img, "w");
	memset(block, 'x', 1 << 20);
	for (int i = 0; i < 200; i++)
		g_assert_cmpuint(fwrite(block, 1 << 20, 1, f), ==, 1);
	fclose(f);
	to.vid = (char *)"appvms/other/private";
	OK(volume_create(&to, &error));
	storage_set_progress(give_up, &calls);
	g_usleep(300000); /* the first news is due at once */
	FAILS(volume_import_volume(&to, &v, &error), STORAGE_ERROR_CANCELLED);
	storage_set_progress(NULL, NULL);
	g_assert_cmpuint(calls, ==, 1);
	g_assert_false(env_has(e, "appvms/other/private-import.img"));
	OK(volume_import_volume(&to, &v, &error));
	env_free(e);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drivers/file", test_file);
	g_test_add_func("/drivers/json", test_json);
	g_test_add_func("/drivers/cancel", test_cancel);
	g_test_add("/drivers/callback/events", Cb, NULL, cb_setup, test_events, cb_teardown);
	g_test_add("/drivers/callback/first-use", Cb, NULL, cb_setup, test_first_use, cb_teardown);
	g_test_add("/drivers/callback/refusals", Cb, NULL, cb_setup, test_refusals, cb_teardown);
	return g_test_run();
}
