// SPDX-License-Identifier: GPL-2.0-or-later
/* Pools and volumes for tests, on file systems that vanish with the process. */
#include "tests/unit/test-storage-env.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Mounts made from now on are ours alone and go with us. */
static bool private_mounts(void)
{
	static int done;

	if (!done)
		done = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
				       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
			       ? 1
			       : -1;
	return done > 0;
}

static bool run(const char *const *argv)
{
	int status = -1;

	return g_spawn_sync(NULL, (char **)argv, NULL,
			    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
				    G_SPAWN_STDERR_TO_DEV_NULL,
			    NULL, NULL, NULL, NULL, &status, NULL) &&
	       status == 0;
}

static Env *env_at(char *dir, const char *sub, const char *setup_check)
{
	g_autoptr(GHashTable) params = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *path = g_build_filename(dir, sub, NULL);
	g_autoptr(GError) error = NULL;
	Env *e = g_new0(Env, 1);

	g_hash_table_insert(params, (char *)"dir_path", path);
	g_hash_table_insert(params, (char *)"setup_check", (char *)setup_check);
	e->dir = dir;
	e->pool = storage_pool_open("test", "file-reflink", params, &error);
	g_assert_no_error(error);
	return e;
}

static char *make_dir(void)
{
	char *dir = g_dir_make_tmp("qubes-storage-XXXXXX", NULL);

	g_assert_nonnull(dir);
	return dir;
}

Env *env_plain(unsigned mib)
{
	char *dir = make_dir();
	g_autofree char *options = g_strdup_printf("size=%um,mode=700", mib);

	if (private_mounts() && mount("tmpfs", dir, "tmpfs", 0, options) < 0)
		g_test_message("no tmpfs: %s", g_strerror(errno));
	return env_at(dir, "pool", "no");
}

Env *env_btrfs(void)
{
	char *dir = make_dir();
	g_autofree char *image = g_build_filename(dir, "image", NULL);
	g_autofree char *mnt = g_build_filename(dir, "mnt", NULL);
	const char *const mkfs[] = {"mkfs.btrfs", "-q", "-m", "single", image, NULL};
	const char *const mnt_argv[] = {"mount", "-o", "loop", image, mnt, NULL};
	int fd = open(image, O_CREAT | O_WRONLY, 0600);
	bool ok = fd >= 0 && ftruncate(fd, 200 << 20) == 0 && private_mounts() &&
		  mkdir(mnt, 0700) == 0 && run(mkfs) && run(mnt_argv);

	if (fd >= 0)
		close(fd);
	if (ok)
		return env_at(dir, "mnt/pool", "yes");
	rmdir(mnt);
	unlink(image);
	rmdir(dir);
	g_free(dir);
	return NULL;
}

void env_free(Env *e)
{
	g_autofree char *mnt = NULL;
	const char *argv[] = {"rm", "-rf", NULL, NULL};

	if (!e)
		return;
	mnt = g_build_filename(e->dir, "mnt", NULL);
	umount2(mnt, 0);
	umount2(e->dir, 0);
	argv[2] = e->dir;
	run(argv);
	storage_pool_free(e->pool);
	g_free(e->dir);
	g_free(e);
}

char *env_path(const Env *e, const char *name)
{
	return g_build_filename(g_hash_table_lookup(storage_pool_params(e->pool), "dir_path"), name,
				NULL);
}

bool env_has(const Env *e, const char *name)
{
	g_autofree char *path = env_path(e, name);

	return access(path, F_OK) == 0;
}

char *env_read(const Env *e, const char *name)
{
	g_autofree char *path = env_path(e, name);
	char buf[64] = "";
	FILE *f = fopen(path, "r");

	g_assert_nonnull(f);
	if (fread(buf, 1, sizeof(buf) - 1, f) == 0)
		buf[0] = '\0';
	fclose(f);
	return g_strdup(buf);
}

void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
	close(fd);
}

void env_write(const Env *e, const char *name, const char *text)
{
	g_autofree char *path = env_path(e, name);

	write_text(path, text);
}

VolumeSpec env_private(const Env *e)
{
	return (VolumeSpec){.name = (char *)"private",
			    .vid = (char *)"appvms/work/private",
			    .pool = e->pool,
			    .size = 1 << 20,
			    .rw = TRUE,
			    .save_on_stop = TRUE,
			    .revisions_to_keep = 2};
}

VolumeSpec env_template_root(const Env *e)
{
	return (VolumeSpec){.name = (char *)"root",
			    .vid = (char *)"vm-templates/debian/root",
			    .pool = e->pool,
			    .size = 1 << 20,
			    .rw = TRUE,
			    .save_on_stop = TRUE,
			    .revisions_to_keep = 1};
}

VolumeSpec env_app_root(const Env *e, const VolumeSource *source)
{
	return (VolumeSpec){.name = (char *)"root",
			    .vid = (char *)"appvms/work/root",
			    .pool = e->pool,
			    .size = 1 << 20,
			    .rw = TRUE,
			    .snap_on_start = TRUE,
			    .source = source};
}

void env_session(const VolumeSpec *v, const char *text)
{
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;

	volume_start(v, &path, &error);
	g_assert_no_error(error);
	write_text(path, text);
	volume_stop(v, &error);
	g_assert_no_error(error);
}
