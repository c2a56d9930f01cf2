// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kill -9 at any point: a child works on a volume and is killed before one of its
 * system calls on files, each in turn: the calls are
 * interposed here. Afterwards the same call succeeds and the content is one of the two
 * that it may be.
 */
#include "tests/unit/test-storage-env.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Counts down in the child; at zero the process dies as by kill -9. */
static int steps_left = -1;

static void step(void)
{
	if (steps_left > 0 && --steps_left == 0)
		raise(SIGKILL);
}

/* Every change to the disk goes through one of these. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int rename(const char *from, const char *to)
{
	step();
	return REAL(rename)(from, to);
}

int unlink(const char *path)
{
	step();
	return REAL(unlink)(path);
}

int link(const char *from, const char *to)
{
	step();
	return REAL(link)(from, to);
}

int ftruncate(int fd, off_t size)
{
	step();
	return REAL(ftruncate)(fd, size);
}

int fsync(int fd)
{
	step();
	return REAL(fsync)(fd);
}

typedef void (*Action)(const VolumeSpec *v);

/* Runs the action in a child that dies at its nth step. TRUE when it died. */
static bool killed_at(int n, Action act, const VolumeSpec *v)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		steps_left = n;
		act(v);
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	if (WIFSIGNALED(status)) {
		g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
		return true;
	}
	g_assert_cmpint(status, ==, 0);
	return false;
}

static void do_stop(const VolumeSpec *v)
{
	if (!volume_stop(v, NULL))
		_exit(1);
}

static void do_start(const VolumeSpec *v)
{
	g_autofree char *path = NULL;

	if (!volume_start(v, &path, NULL))
		_exit(1);
}

static void do_import(const VolumeSpec *v)
{
	g_autofree char *path = NULL;

	if (!volume_import_begin(v, 1 << 20, &path, NULL))
		_exit(1);
	write_text(path, "new");
	if (!volume_import_end(v, TRUE, NULL))
		_exit(1);
}

static void do_resize(const VolumeSpec *v)
{
	if (!volume_resize(v, 2 << 20, NULL))
		_exit(1);
}

static void do_revert(const VolumeSpec *v)
{
	g_auto(GStrv) ids = volume_revisions(v, NULL);

	if (!volume_revert(v, ids[g_strv_length(ids) - 1], NULL))
		_exit(1);
}

/* A volume with "old" committed over nothing, and maybe "new" in its dirty image. */
static void prepare(const VolumeSpec *v, bool running)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL;

	volume_remove(v, &error);
	g_assert_no_error(error);
	volume_create(v, &error);
	g_assert_no_error(error);
	env_session(v, "old");
	if (!running)
		return;
	volume_start(v, &path, &error);
	g_assert_no_error(error);
	write_text(path, "new");
}

/* Nothing unfinished may stay, and at most the revisions that are to be kept. */
static void check_tidy(const Env *e, const VolumeSpec *v)
{
	g_auto(GStrv) ids = volume_revisions(v, NULL);
	g_autofree char *dir_path = env_path(e, "appvms/work");
	g_autoptr(GDir) dir = g_dir_open(dir_path, 0, NULL);
	const char *name;

	g_assert_cmpuint(g_strv_length(ids), <=, 3);
	while ((name = g_dir_read_name(dir))) {
		g_assert_null(strchr(name, '~'));
		g_assert_null(strstr(name, "-import"));
	}
}

static void crash(Env *e, Action act, bool running, const char *after, const char *or_else)
{
	VolumeSpec v = env_private(e);
	int n = 0;
	bool died;

	do {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = NULL, *path = NULL;

		prepare(&v, running);
		died = killed_at(++n, act, &v);
		volume_verify(&v, &error);
		g_assert_no_error(error);
		/* What qubesd does after a restart with a qube that no longer runs. */
		volume_stop(&v, &error);
		g_assert_no_error(error);
		text = env_read(e, "appvms/work/private.img");
		g_assert_true(!strcmp(text, after) || (died && !strcmp(text, or_else)));
		/* And life goes on. */
		volume_start(&v, &path, &error);
		g_assert_no_error(error);
		volume_stop(&v, &error);
		g_assert_no_error(error);
		check_tidy(e, &v);
		g_assert_cmpint(n, <, 100);
	} while (died);
	g_test_message("%d points", n - 1);
	g_assert_cmpint(n, >, 2);
}

static void all(Env *e)
{
	if (!e) {
		g_test_skip("needs root and mkfs.btrfs");
		return;
	}
	crash(e, do_stop, true, "new", "new");
	crash(e, do_start, false, "old", "old");
	crash(e, do_import, false, "new", "old");
	crash(e, do_resize, false, "old", "old");
	crash(e, do_revert, false, "", "old");
	env_free(e);
}

static void test_plain(void)
{
	all(env_plain(64));
}

static void test_btrfs(void)
{
	all(env_btrfs());
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/storage/crash/plain", test_plain);
	g_test_add_func("/storage/crash/btrfs", test_btrfs);
	return g_test_run();
}
