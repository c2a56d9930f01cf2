// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lvm_thin driver on a real thin pool, in the virtual machine of lvm-vm.sh: content,
 * revisions, copies between pools, a full pool, kill -9. Exit status 0: all is well.
 */
#include "dom0/qubesd/storage/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1u << 20)

static StoragePool *lvm_pool, *file_pool;

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("line %d: %s\n", __LINE__, #cond);                                  \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)
#define OK(call)                                                                                   \
	do {                                                                                       \
		g_autoptr(GError) error = NULL;                                                    \
		if (!(call)) {                                                                     \
			printf("line %d: %s: %s\n", __LINE__, #call,                               \
			       error ? error->message : "?");                                      \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static VolumeSpec volume(StoragePool *pool, const char *qube)
{
	return (VolumeSpec){.name = (char *)"private",
			    .vid = storage_vid(pool, FALSE, qube, "private"),
			    .pool = pool,
			    .size = 32 * MIB,
			    .rw = TRUE,
			    .save_on_stop = TRUE,
			    .revisions_to_keep = 1};
}

static void put(const char *path, const char *text, off_t at)
{
	int fd = open(path, O_WRONLY);

	CHECK(fd >= 0);
	CHECK(pwrite(fd, text, strlen(text), at) == (ssize_t)strlen(text));
	CHECK(fsync(fd) == 0);
	close(fd);
}

static bool has(const char *path, const char *text, off_t at)
{
	char buf[64] = "";
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0);
	CHECK(pread(fd, buf, strlen(text), at) == (ssize_t)strlen(text));
	close(fd);
	return !strcmp(buf, text);
}

/* Start, write, stop. */
static void session(const VolumeSpec *v, const char *text)
{
	g_autofree char *path = NULL;

	OK(volume_start(v, &path, &error));
	put(path, text, 0);
	put(path, text, 20 * MIB);
	OK(volume_stop(v, &error));
}

static bool contains(const VolumeSpec *v, const char *text)
{
	g_autofree char *path = NULL;
	bool yes;
	VolumeSpec look = *v;

	OK(volume_start(&look, &path, &error));
	yes = has(path, text, 0) && has(path, text, 20 * MIB);
	OK(volume_stop(&look, &error));
	return yes;
}

static void content(void)
{
	VolumeSpec v = volume(lvm_pool, "a"), b = volume(lvm_pool, "b"), f = volume(file_pool, "f");
	g_auto(GStrv) ids = NULL;
	g_autofree char *path = NULL;
	guint64 size;

	OK(volume_create(&v, &error));
	CHECK(volume_usage(&v) == 0);
	session(&v, "first");
	CHECK(volume_usage(&v) > 0);
	session(&v, "second");
	ids = volume_revisions(&v, NULL);
	CHECK(g_strv_length(ids) == 1);
	OK(volume_revert(&v, ids[0], &error));
	CHECK(contains(&v, "first"));
	OK(volume_create(&b, &error));
	OK(volume_import_volume(&b, &v, &error));
	CHECK(contains(&b, "first"));
	OK(volume_create(&f, &error));
	OK(volume_import_volume(&f, &v, &error));
	CHECK(contains(&f, "first"));
	session(&f, "from file");
	OK(volume_import_volume(&v, &f, &error));
	CHECK(contains(&v, "from file"));
	OK(volume_resize(&v, 48 * MIB, &error));
	CHECK(volume_real_size(&v, &size) && size == 48 * MIB);
	OK(volume_resize(&v, 40 * MIB, &error));
	CHECK(volume_real_size(&v, &size) && size == 40 * MIB);
	CHECK(contains(&v, "from file"));
	OK(volume_import_begin(&v, 24 * MIB, &path, &error));
	put(path, "import", 0);
	put(path, "import", 20 * MIB);
	CHECK(!volume_import_busy(&v));
	OK(volume_import_end(&v, TRUE, &error));
	CHECK(contains(&v, "import"));
	OK(volume_clear(&v, &error));
	CHECK(!contains(&v, "import"));
	OK(volume_remove(&v, &error));
	OK(volume_remove(&b, &error));
	OK(volume_remove(&f, &error));
}

/* What is tried, as it goes: the machine is slow. */
static void say(const char *what)
{
	printf("%s\n", what);
	fflush(stdout);
}

static void snapshots(void)
{
	VolumeSpec root = volume(lvm_pool, "tpl"), app = volume(lvm_pool, "app");
	VolumeSource source = {root.vid, lvm_pool};
	g_autofree char *path = NULL;

	app.save_on_stop = FALSE;
	app.snap_on_start = TRUE;
	app.source = &source;
	OK(volume_create(&root, &error));
	session(&root, "template");
	OK(volume_start(&app, &path, &error));
	CHECK(has(path, "template", 0));
	put(path, "garbage!", 0);
	CHECK(!volume_is_outdated(&app));
	session(&root, "updated!");
	CHECK(volume_is_outdated(&app));
	CHECK(has(path, "garbage!", 0));
	OK(volume_stop(&app, &error));
	CHECK(contains(&app, "updated!"));
	OK(volume_remove(&app, &error));
	OK(volume_remove(&root, &error));
}

/* More data than the pool has room for: an error, and what was there is whole. */
static void full(void)
{
	VolumeSpec v = volume(lvm_pool, "full"), big = volume(file_pool, "big");
	g_autoptr(GError) why = NULL;
	g_autofree char *path = NULL;
	g_autofree char *block = g_malloc(MIB);
	PoolUsage u;
	int fd;

	OK(volume_create(&v, &error));
	session(&v, "precious");
	big.size = 450 * MIB;
	OK(volume_create(&big, &error));
	OK(volume_start(&big, &path, &error));
	memset(block, 'x', MIB);
	fd = open(path, O_WRONLY);
	for (unsigned i = 0; i < 450; i++)
		CHECK(pwrite(fd, block, MIB, (off_t)i * MIB) == (ssize_t)MIB);
	close(fd);
	OK(volume_stop(&big, &error));
	CHECK(!volume_import_volume(&v, &big, &why));
	printf("full: %s\n", why->message);
	OK(volume_remove(&big, &error));
	OK(storage_pool_usage(lvm_pool, &u, &error));
	CHECK(u.used < u.size / 2);
	CHECK(contains(&v, "precious"));
	OK(volume_remove(&v, &error));
}

/* kill -9 while it works; afterwards the content is one of the two that it may be. */
static void kills(void)
{
	VolumeSpec v = volume(lvm_pool, "killed"), src = volume(lvm_pool, "src");

	OK(volume_create(&src, &error));
	session(&src, "new");
	OK(volume_create(&v, &error));
	session(&v, "old");
	for (int i = 0; i < 5; i++) {
		pid_t pid = fork();
		bool fresh;

		if (pid == 0) {
			setpgid(0, 0);
			for (;;) {
				volume_import_volume(&v, &src, NULL);
				session(&v, "old");
			}
		}
		g_usleep(100000 + (gulong)(i * 137) % 700 * 1000);
		/* Its lvm goes on for a moment: like qubesd's would. */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		g_usleep(1500000);
		OK(volume_stop(&v, &error));
		fresh = contains(&v, "new");
		CHECK(fresh || contains(&v, "old"));
	}
	OK(volume_remove(&v, &error));
	OK(volume_remove(&src, &error));
}

int main(int argc, char **argv)
{
	g_autoptr(GHashTable) lvm = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) file = g_hash_table_new(g_str_hash, g_str_equal);

	CHECK(argc == 3);
	g_hash_table_insert(lvm, (char *)"volume_group", argv[1]);
	g_hash_table_insert(lvm, (char *)"thin_pool", argv[2]);
	g_hash_table_insert(file, (char *)"dir_path", (char *)"/tmp/files");
	OK((lvm_pool = storage_pool_open("lvm", "lvm_thin", lvm, &error)));
	OK((file_pool = storage_pool_open("file", "file", file, &error)));
	say("content");
	content();
	say("snapshots");
	snapshots();
	say("kills");
	kills();
	say("full");
	full();
	return 0;
}
