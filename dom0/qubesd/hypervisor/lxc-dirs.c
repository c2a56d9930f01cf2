// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Folders that a container is given, and their removal. What is in a vchan folder was
 * made by a hostile qube: names, links, depth; nothing in it is ever followed.
 */
#include "dom0/qubesd/hypervisor/lxc.h"

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Each round takes a level off the deepest folder. */
#define MAX_ROUNDS 1000000u
#define INIT_NAME "qubes-container-init"

gboolean lxc_errno(GError **error, int err, const char *what, const char *path)
{
	return hv_error(error, HYPERVISOR_ERROR_FAILED, "Cannot %s %s: %s", what, path,
			g_strerror(err));
}

char *lxc_path(const Hypervisor *hv, const char *name, const char *sub)
{
	g_autofree char *base = g_strconcat(hv->root, "/run/qubes/mnt", NULL);

	return g_build_filename(base, name, sub, NULL);
}

char *lxc_vchan_path(const Hypervisor *hv, int xid)
{
	return g_strdup_printf("%s/run/qubes/vchan/%d", hv->root, xid);
}

gboolean lxc_make_dir(const char *path, mode_t mode, GError **error)
{
	int r = io_mkdir_p(path, 0755);

	if (r < 0)
		return lxc_errno(error, -r, "make", path);
	return chmod(path, mode) == 0 ? TRUE : lxc_errno(error, errno, "set the mode of", path);
}

static bool is_mount_point(const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, 0, 0, &st) == 0 &&
	       (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/*
 * Every container's mount namespace starts as a copy of ours. A shared mount is one that
 * such copies lose again when we unmount it: else qube A's images would stay in
 * use for as long as qube B, started at the same moment, runs.
 */
gboolean lxc_make_base(const Hypervisor *hv, GError **error)
{
	g_autofree char *base = lxc_path(hv, NULL, NULL);

	if (!lxc_make_dir(base, 0711, error))
		return FALSE;
	if (is_mount_point(base))
		return TRUE;
	if (mount(base, base, NULL, MS_BIND, NULL) < 0)
		return lxc_errno(error, errno, "bind", base);
	if (mount(NULL, base, NULL, MS_SHARED, NULL) < 0)
		return lxc_errno(error, errno, "share mounts of", base);
	return TRUE;
}

gboolean lxc_check_reachable(const char *path, GError **error)
{
	g_autofree char *dir = g_strdup(path);

	while (strcmp(dir, "/") != 0) {
		char *up = g_path_get_dirname(dir);
		struct stat st;

		if (stat(dir, &st) == 0 && !(st.st_mode & S_IXOTH)) {
			g_free(up);
			return hv_error(error, HYPERVISOR_ERROR_FAILED,
					"Containers cannot be started from %s, which only some "
					"users may pass: chmod o+x %s",
					path, dir);
		}
		g_free(dir);
		dir = up;
	}
	return TRUE;
}

gboolean lxc_make_vchan_dir(const Hypervisor *hv, int xid, GError **error)
{
	g_autofree char *path = lxc_vchan_path(hv, xid);
	g_autofree char *domid = g_build_filename(path, "domid", NULL);
	g_autofree char *text = g_strdup_printf("%d\n", xid);
	guint32 base = lxc_uid_base(xid);
	g_autoptr(GError) local = NULL;

	if (!lxc_remove_tree(path, error) || !lxc_make_dir(path, 0700, error))
		return FALSE;
	if (!g_file_set_contents(domid, text, -1, &local) || chmod(domid, 0644) < 0)
		return hv_error(error, HYPERVISOR_ERROR_FAILED, "Cannot write %s: %s", domid,
				local ? local->message : g_strerror(errno));
	/* Last: from here on its content is the qube's. */
	if (chown(path, base, base) < 0 || chmod(path, 01777) < 0)
		return lxc_errno(error, errno, "hand over", path);
	return TRUE;
}

/* Beside this program, in the bin folder next to its folder (tests), or installed. */
static char *find_init(void)
{
	g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = exe ? g_path_get_dirname(exe) : g_strdup("/usr/bin");
	const char *const places[][2] = {{dir, "."}, {dir, "../bin"}, {"/usr/lib/qubes", "."}};

	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *path =
			g_build_filename(places[i][0], places[i][1], INIT_NAME, NULL);

		if (access(path, X_OK) == 0)
			return g_steal_pointer(&path);
	}
	return NULL;
}

static gboolean copy_program(const char *from, const char *to, GError **error)
{
	_cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return lxc_errno(error, errno, "read", from);
	if (out < 0)
		return lxc_errno(error, errno, "write", to);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, (size_t)left, 0);

		if (n <= 0)
			return lxc_errno(error, n < 0 ? errno : EIO, "write", to);
		left -= n;
	}
	return fchmod(out, 0755) == 0 ? TRUE : lxc_errno(error, errno, "write", to);
}

gboolean lxc_make_init_dir(const Hypervisor *hv, const char *name, GError **error)
{
	g_autofree char *dir = lxc_path(hv, name, "init");
	g_autofree char *program = g_build_filename(dir, "init", NULL);
	g_autofree char *gate = g_build_filename(dir, "go", NULL);
	g_autofree char *from = find_init();

	if (!from)
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"%s is missing beside this program and in /usr/lib/qubes",
				INIT_NAME);
	if (!lxc_make_dir(dir, 0755, error) || !copy_program(from, program, error))
		return FALSE;
	unlink(gate);
	if (mkfifo(gate, 0644) < 0 || chmod(gate, 0644) < 0)
		return lxc_errno(error, errno, "make", gate);
	return TRUE;
}

gboolean lxc_open_gate(const Hypervisor *hv, const char *name, gboolean *ret_done, GError **error)
{
	g_autofree char *dir = lxc_path(hv, name, "init");
	g_autofree char *gate = g_build_filename(dir, "go", NULL);
	_cleanup_close_ int fd = open(gate, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	*ret_done = FALSE;
	if (fd < 0 && errno == ENXIO)
		return TRUE;
	if (fd < 0 || write(fd, "g", 1) != 1)
		return lxc_errno(error, errno, "open", gate);
	*ret_done = TRUE;
	/* Without it the qube cannot be started again from inside: a reboot ends it. */
	return lxc_remove_tree(dir, error);
}

/* An open folder to read; NULL leaves errno. Closes with closedir(). */
static DIR *read_dir(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir && copy >= 0)
		close(copy);
	if (dir)
		rewinddir(dir);
	return dir;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Unlinks the files in the sub-folder `name` and moves its folders up into fd. */
static int flatten(int fd, const char *name, unsigned *serial)
{
	_cleanup_close_ int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = sub < 0 ? NULL : read_dir(sub);
	struct dirent *e;

	if (!dir)
		return -errno;
	while ((e = readdir(dir))) {
		char up[32];

		if (is_dots(e->d_name) || unlinkat(sub, e->d_name, 0) == 0)
			continue;
		/* A name that is taken is tried again, as another one, in the next round. */
		g_snprintf(up, sizeof(up), ".up%u", (*serial)++);
		renameat2(sub, e->d_name, fd, up, RENAME_NOREPLACE);
	}
	closedir(dir);
	return 0;
}

/* 0: gone; 1: it was a folder with something in it, which is now flatter; or -errno. */
static int remove_entry(int fd, const char *name, unsigned *serial)
{
	int r;

	if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	r = flatten(fd, name, serial);
	return r < 0 ? r : 1;
}

/* One pass over a folder. 1 when another one is needed. */
static int empty_once(int fd, unsigned *serial)
{
	DIR *dir = read_dir(fd);
	struct dirent *e;
	int result = 0;

	if (!dir)
		return -errno;
	while (result >= 0 && (e = readdir(dir))) {
		int r = is_dots(e->d_name) ? 0 : remove_entry(fd, e->d_name, serial);

		if (r != 0)
			result = r;
	}
	closedir(dir);
	return result;
}

gboolean lxc_remove_tree(const char *path, GError **error)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	unsigned serial = 0;
	int r = 1;

	if (fd < 0)
		return errno == ENOENT ? TRUE : lxc_errno(error, errno, "open", path);
	for (unsigned round = 0; r == 1 && round < MAX_ROUNDS; round++)
		r = empty_once(fd, &serial);
	if (r == 0 && rmdir(path) < 0)
		r = -errno;
	return r == 0 ? TRUE : lxc_errno(error, r < 0 ? -r : ELOOP, "remove", path);
}
