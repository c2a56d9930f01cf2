// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lvm_thin driver against a program that only pretends to be lvm: what is asked of it, in
 * which order, what is made of its report, and what is left when a command is the last thing
 * that happens. tests/system/lvm-vm.sh has the real one.
 */
#include "dom0/qubesd/storage/lvm.h"
#include "tests/unit/test-storage-check.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char thin_pool[] =
	"{\"vg/pool\": {\"pool\": \"\", \"origin\": \"\", \"attr\": \"twi-aotz--\", "
	"\"size\": 1073741824, \"used\": \"25.00\", \"data\": \"\"}}";

typedef struct {
	char *dir;
	StoragePool *pool;
	VolumeSpec v, root, app;
	VolumeSource source;
} Fake;

static char *path_in(const Fake *f, const char *name)
{
	return g_build_filename(f->dir, name, NULL);
}

static void put(const Fake *f, const char *name, const char *text)
{
	g_autofree char *path = path_in(f, name);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void drop(const Fake *f, const char *name)
{
	g_autofree char *path = path_in(f, name);

	g_unlink(path);
}

static StoragePool *open_pool(const char *vg, const char *lv, GError **error)
{
	g_autoptr(GHashTable) params = g_hash_table_new(g_str_hash, g_str_equal);

	g_hash_table_insert(params, (char *)"volume_group", (char *)vg);
	g_hash_table_insert(params, (char *)"thin_pool", (char *)lv);
	return storage_pool_open("vm-pool", "lvm_thin", params, error);
}

static void setup(Fake *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	VolumeSpec v = {.name = (char *)"private",
			.vid = (char *)"vg/vm-work-private",
			.size = 1 << 30,
			.rw = TRUE,
			.save_on_stop = TRUE,
			.revisions_to_keep = 1};

	f->dir = g_dir_make_tmp("test-lvm-XXXXXX", NULL);
	g_setenv("FAKE_LVM", f->dir, TRUE);
	put(f, "state", thin_pool);
	f->pool = open_pool("vg", "pool", &error);
	g_assert_no_error(error);
	f->v = f->root = f->app = v;
	f->v.pool = f->root.pool = f->app.pool = f->pool;
	f->root.name = f->app.name = (char *)"root";
	f->root.vid = (char *)"vg/vm-debian-root";
	f->app.vid = (char *)"vg/vm-work-root";
	f->app.save_on_stop = FALSE;
	f->app.snap_on_start = TRUE;
	f->source = (VolumeSource){f->root.vid, f->pool};
	f->app.source = &f->source;
}

static void teardown(Fake *f, gconstpointer data)
{
	storage_pool_free(f->pool);
	for (const char *const *n = (const char *const[]){"state", "log", "full", "die", NULL}; *n;
	     n++)
		drop(f, *n);
	g_rmdir(f->dir);
	g_free(f->dir);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of all volumes, sorted; times of revisions as T. */
static void assert_volumes(const char *expect)
{
	g_autoptr(GHashTable) r = lvm_report(NULL);
	g_autofree char **lvs = (char **)g_hash_table_get_keys_as_array(r, NULL);
	g_autoptr(GRegex) time = g_regex_new("-[0-9]{10}-back", 0, 0, NULL);
	g_autofree char *all = NULL, *text = NULL;

	qsort(lvs, g_hash_table_size(r), sizeof(*lvs), by_name);
	all = g_strjoinv(" ", lvs);
	text = g_regex_replace_literal(time, all, -1, 0, "-T-back", 0, NULL);
	g_assert_cmpstr(text, ==, expect);
}

/* What was asked since the last time. */
static void assert_log(const Fake *f, const char *expect)
{
	g_autofree char *path = path_in(f, "log"), *log = NULL, *text = NULL;
	g_autoptr(GRegex) time = g_regex_new("-[0-9]{10}-back", 0, 0, NULL);

	if (!g_file_get_contents(path, &log, NULL, NULL))
		log = g_strdup("");
	text = g_regex_replace_literal(time, log, -1, 0, "-T-back", 0, NULL);
	g_assert_cmpstr(text, ==, expect);
	drop(f, "log");
}

static void test_report(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) r = NULL;
	const LvInfo *i;
	g_autofree char *current = NULL;
	g_auto(GStrv) ids = NULL;

	r = lvm_report_parse(
		"{\"report\":[{\"lv\":["
		"{\"vg_name\":\"q\",\"pool_lv\":\"\",\"lv_name\":\"p\",\"lv_size\":\"1000B\","
		"\"data_percent\":\"12.50\",\"lv_attr\":\"twi-aotz--\",\"origin\":\"\","
		"\"lv_metadata_size\":\"200B\",\"metadata_percent\":\"50.00\"},"
		"{\"vg_name\":\"q\",\"pool_lv\":\"p\",\"lv_name\":\"vm-a-root-20-back\","
		"\"lv_size\":\"8B\",\"data_percent\":\"\",\"lv_attr\":\"V\",\"origin\":\"o\"},"
		"{\"vg_name\":\"q\",\"pool_lv\":\"p\",\"lv_name\":\"vm-a-root-9-back\","
		"\"lv_size\":\"8B\"},"
		"{\"vg_name\":\"q\",\"pool_lv\":\"p\",\"lv_name\":\"vm-a-root-x-root-30-back\","
		"\"lv_size\":\"8B\"},"
		"{\"lv_name\":\"nonsense\"}, 7, null]}]}",
		&error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_hash_table_size(r), ==, 4);
	i = lvm_find(r, "q/p");
	g_assert_cmpuint(i->size, ==, 1000);
	g_assert_cmpuint(i->used, ==, 125);
	g_assert_cmpuint(i->metadata_used, ==, 100);
	/* The newest revision stands in for a volume that a crash left without a name; a qube
	 * "a-root-x" is somebody else. */
	current = lvm_current(r, "q/vm-a-root");
	g_assert_cmpstr(current, ==, "q/vm-a-root-20-back");
	ids = lvm_revision_ids(r, "q/vm-a-root");
	g_assert_cmpuint(g_strv_length(ids), ==, 2);
	g_assert_cmpstr(ids[0], ==, "9-back");
	for (const char *const *bad = (const char *const[]){"", "{", "[]", "{\"report\":[]}",
							    "{\"report\":[{\"lv\":{}}]}", NULL};
	     *bad; bad++) {
		g_autoptr(GError) why = NULL;

		g_assert_null(lvm_report_parse(*bad, &why));
		g_assert_error(why, STORAGE_ERROR, STORAGE_ERROR_FAILED);
	}
}

static void test_pool(Fake *f, gconstpointer data)
{
	PoolUsage u;
	g_auto(GStrv) list = NULL;
	g_autofree char *vid = storage_vid(f->pool, FALSE, "my-qube", "private");

	g_assert_cmpstr(vid, ==, "vg/vm-my-qube-private");
	OK(storage_pool_usage(f->pool, &u, &error));
	g_assert_cmpuint(u.size, ==, 1 << 30);
	g_assert_cmpuint(u.used, ==, 1 << 28);
	g_assert_cmpuint(u.metadata_size, ==, 4 << 20);
	OK(volume_create(&f->v, &error));
	OK(volume_create(&f->root, &error));
	list = storage_pool_list(f->pool, NULL);
	g_assert_cmpuint(g_strv_length(list), ==, 2);
	g_assert_cmpstr(list[0], ==, "vg/vm-debian-root");
	FAILS(open_pool("vg", "other", &error) != NULL, STORAGE_ERROR_NOT_FOUND);
	FAILS(open_pool("vg", "vm-work-private", &error) != NULL, STORAGE_ERROR_NOT_FOUND);
	FAILS(open_pool("-vg", "pool", &error) != NULL, STORAGE_ERROR_BAD_PARAMETER);
	f->v.vid = (char *)"other/vm-work-private";
	FAILS(volume_remove(&f->v, &error), STORAGE_ERROR_BAD_PARAMETER);
	f->v.vid = (char *)"vg/--force";
	FAILS(volume_remove(&f->v, &error), STORAGE_ERROR_BAD_PARAMETER);
}

static void test_life(Fake *f, gconstpointer data)
{
	g_autofree char *path = NULL;

	OK(volume_create(&f->v, &error));
	assert_log(f, "lvcreate --yes --wipesignatures=n --thin --setactivationskip=n "
		      "--activate=y --name=vm-work-private --virtualsize=1073741824B -- "
		      "vg/pool\n");
	OK(volume_start(&f->v, &path, &error));
	g_assert_cmpstr(path, ==, "/dev/mapper/vg-vm--work--private--snap");
	assert_log(f, "lvcreate --setactivationskip=n --activate=y --type=thin "
		      "--name=vm-work-private-snap -- vg/vm-work-private\n");
	g_assert_true(volume_is_dirty(&f->v));
	OK(volume_resize(&f->v, 2u << 30, &error));
	assert_log(f, "lvresize --yes --force --size=2147483648B -- vg/vm-work-private-snap\n");
	FAILS(volume_revert(&f->v, "1-back", &error), STORAGE_ERROR_IN_USE);
	OK(volume_stop(&f->v, &error));
	assert_log(f, "lvrename -- vg/vm-work-private vg/vm-work-private-T-back\n"
		      "lvrename -- vg/vm-work-private-snap vg/vm-work-private\n");
	OK(volume_stop(&f->v, &error));
	assert_log(f, "");
	assert_volumes("vg/pool vg/vm-work-private vg/vm-work-private-T-back");
	/* A second commit within the second; the older revision is one too many. */
	g_clear_pointer(&path, g_free);
	OK(volume_start(&f->v, &path, &error));
	OK(volume_stop(&f->v, &error));
	assert_volumes("vg/pool vg/vm-work-private vg/vm-work-private-T-back");
	OK(volume_remove(&f->v, &error));
	assert_volumes("vg/pool");
}

static void test_snapshot(Fake *f, gconstpointer data)
{
	g_autofree char *path = NULL, *again = NULL;
	VolumeSpec empty = f->app;

	OK(volume_create(&f->app, &error));
	FAILS(volume_verify(&f->app, &error), STORAGE_ERROR_NOT_FOUND);
	OK(volume_create(&f->root, &error));
	OK(volume_verify(&f->app, &error));
	OK(volume_start(&f->app, &path, &error));
	assert_volumes("vg/pool vg/vm-debian-root vg/vm-work-root-snap");
	g_assert_false(volume_is_outdated(&f->app));
	OK(volume_start(&f->root, &again, &error));
	OK(volume_stop(&f->root, &error));
	g_assert_true(volume_is_outdated(&f->app));
	OK(volume_stop(&f->app, &error));
	assert_volumes("vg/pool vg/vm-debian-root vg/vm-debian-root-T-back");
	empty.snap_on_start = FALSE;
	empty.source = NULL;
	empty.vid = (char *)"vg/vm-work-volatile";
	g_free(path);
	OK(volume_start(&empty, &path, &error));
	g_assert_cmpstr(path, ==, "/dev/mapper/vg-vm--work--volatile");
	OK(volume_stop(&empty, &error));
	assert_volumes("vg/pool vg/vm-debian-root vg/vm-debian-root-T-back");
}

static void test_content(Fake *f, gconstpointer data)
{
	g_autofree char *path = NULL, *ids = NULL;
	g_auto(GStrv) list = NULL;

	OK(volume_create(&f->v, &error));
	OK(volume_import_begin(&f->v, 8192, &path, &error));
	g_assert_cmpstr(path, ==, "/dev/mapper/vg-vm--work--private--import");
	OK(volume_import_end(&f->v, FALSE, &error));
	assert_volumes("vg/pool vg/vm-work-private");
	FAILS(volume_import_end(&f->v, TRUE, &error), STORAGE_ERROR_NOT_FOUND);
	g_clear_pointer(&path, g_free);
	OK(volume_import_begin(&f->v, 8192, &path, &error));
	OK(volume_import_end(&f->v, TRUE, &error));
	list = volume_revisions(&f->v, NULL);
	g_assert_cmpuint(g_strv_length(list), ==, 1);
	OK(volume_revert(&f->v, list[0], &error));
	assert_volumes("vg/pool vg/vm-work-private vg/vm-work-private-T-back");
	FAILS(volume_revert(&f->v, "no-such", &error), STORAGE_ERROR_NOT_FOUND);
	/* Within the thin pool nothing is copied. */
	OK(volume_create(&f->root, &error));
	drop(f, "log");
	f->root.revisions_to_keep = 0;
	OK(volume_import_volume(&f->root, &f->v, &error));
	assert_log(f, "lvcreate --setactivationskip=n --activate=y --type=thin "
		      "--name=vm-debian-root-import -- vg/vm-work-private\n"
		      "lvrename -- vg/vm-debian-root vg/vm-debian-root-T-back\n"
		      "lvrename -- vg/vm-debian-root-import vg/vm-debian-root\n"
		      "lvremove --force -- vg/vm-debian-root-T-back\n");
	put(f, "full", "1");
	FAILS(volume_import_volume(&f->root, &f->v, &error), STORAGE_ERROR_NO_SPACE);
	FAILS(volume_start(&f->v, &path, &error), STORAGE_ERROR_NO_SPACE);
	drop(f, "full");
	assert_volumes("vg/pool vg/vm-debian-root vg/vm-work-private "
		       "vg/vm-work-private-T-back");
	OK(volume_clear(&f->v, &error));
}

static void test_in_place(Fake *f, gconstpointer data)
{
	g_autofree char *path = NULL;

	f->v.revisions_to_keep = -1;
	OK(volume_create(&f->v, &error));
	OK(volume_start(&f->v, &path, &error));
	g_assert_cmpstr(path, ==, "/dev/mapper/vg-vm--work--private");
	OK(volume_stop(&f->v, &error));
	assert_volumes("vg/pool vg/vm-work-private");
}

typedef void (*Action)(Fake *f);

static void act_stop(Fake *f)
{
	volume_stop(&f->v, NULL);
}

static void act_import(Fake *f)
{
	g_autofree char *path = NULL;

	if (volume_import_begin(&f->v, 8192, &path, NULL))
		volume_import_end(&f->v, TRUE, NULL);
}

/* kill -9 before each command in turn: afterwards the volume can be used, and is tidy. */
static void crash(Fake *f, Action act, bool running)
{
	bool died;
	int n = 0;

	do {
		g_autofree char *path = NULL, *die = NULL;
		pid_t pid;
		int status;

		OK(volume_create(&f->v, &error));
		if (running)
			OK(volume_start(&f->v, &path, &error));
		drop(f, "log");
		die = g_strdup_printf("%d", ++n);
		put(f, "die", die);
		pid = fork();
		if (pid == 0) {
			act(f);
			_exit(0);
		}
		g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
		died = WIFSIGNALED(status);
		drop(f, "die");
		lvm_forget(f->pool);
		OK(volume_verify(&f->v, &error));
		OK(volume_stop(&f->v, &error));
		g_clear_pointer(&path, g_free);
		OK(volume_start(&f->v, &path, &error));
		OK(volume_stop(&f->v, &error));
		assert_volumes("vg/pool vg/vm-work-private vg/vm-work-private-T-back");
		OK(volume_remove(&f->v, &error));
		assert_volumes("vg/pool");
		g_assert_cmpint(n, <, 20);
	} while (died);
	g_assert_cmpint(n, >, 2);
}

static void test_crash(Fake *f, gconstpointer data)
{
	crash(f, act_stop, true);
	crash(f, act_import, false);
}

int main(int argc, char **argv)
{
	g_autofree char *here = NULL, *path = NULL;

	g_test_init(&argc, &argv, NULL);
	here = g_canonicalize_filename("tests/unit/fake", NULL);
	path = g_strconcat(here, ":", g_getenv("PATH"), NULL);
	g_setenv("PATH", path, TRUE);
	g_test_add_func("/lvm/report", test_report);
#define ADD(name, fn) g_test_add("/lvm/" name, Fake, NULL, setup, fn, teardown)
	ADD("pool", test_pool);
	ADD("life", test_life);
	ADD("snapshot", test_snapshot);
	ADD("content", test_content);
	ADD("in-place", test_in_place);
	ADD("crash", test_crash);
	return g_test_run();
}
