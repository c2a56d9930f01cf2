// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cgroup that a container's processes are in: to freeze and kill them as one, and as
 * all that they see of the host's cgroups. It is reached through a mount of our own that
 * is nowhere, because where v2 is mounted, if at all, differs from host to host.
 *
 * Names below it are the qube's; its depth and size are limited.
 */
#include "dom0/qubesd/hypervisor/lxc.h"

#include "qrexec/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MAX_DEPTH 24
#define MAX_DESCENDANTS "4096"
#define SETTLE_MS 2000

/* The root of the v2 hierarchy as this process may see it. */
static int open_root(void)
{
	_cleanup_close_ int fs = fsopen("cgroup2", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	{
		int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);

		return fd < 0 ? -errno : fd;
	}
}

static int open_cgroup(const char *path)
{
	_cleanup_close_ int root = open_root();
	int fd;

	if (root < 0)
		return root;
	while (*path == '/')
		path++;
	fd = openat(root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static int write_file(int dir, const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

char *lxc_cgroup_partition(const Hypervisor *hv)
{
	g_autofree char *path = g_strconcat(hv->root, "/run/libvirt/partition", NULL);
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	return g_strchomp(text);
}

/*
 * Where the container's own cgroup goes. Where libvirt's limits are v2's, below the
 * cgroup it made; where they are v1's, the process is in no v2 cgroup of its own.
 */
static char *choose(const Hypervisor *hv, pid_t pid, int xid, gboolean *ret_below)
{
	g_autofree char *file = g_strdup_printf("/proc/%d/cgroup", (int)pid);
	g_autofree char *text = NULL, *partition = NULL;
	g_auto(GStrv) lines = NULL;
	const char *unified = NULL;
	bool v1 = false;

	if (!g_file_get_contents(file, &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		if (g_str_has_prefix(*l, "0::"))
			unified = *l + 3;
		else if (strstr(*l, ":memory:"))
			v1 = true;
	}
	*ret_below = !v1;
	if (!v1)
		return unified ? g_strconcat(unified, "/guest", NULL) : NULL;
	partition = lxc_cgroup_partition(hv);
	return g_strdup_printf("%s.partition/%d", partition ? partition : "/qubes", xid);
}

/* mkdir -p from the root; the descriptor of the last. */
static int make_path(const char *path)
{
	_cleanup_close_ int fd = open_root();
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	if (fd < 0)
		return fd;
	for (char **p = parts; *p; p++) {
		int next;

		if (!**p)
			continue;
		if (mkdirat(fd, *p, 0755) < 0 && errno != EEXIST)
			return -errno;
		next = openat(fd, *p, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (next < 0)
			return -errno;
		close(fd);
		fd = next;
	}
	return steal_fd(&fd);
}

/* What makes a cgroup the property of another user; the limits stay ours. */
static int delegate(int fd, guint32 base)
{
	static const char *const files[] = {".", "cgroup.procs", "cgroup.threads",
					    "cgroup.subtree_control"};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		if (fchownat(fd, files[i], base, base, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
	}
	return 0;
}

gboolean lxc_cgroup_enter(const Hypervisor *hv, pid_t pid, int xid, char **ret_path, GError **error)
{
	gboolean below = FALSE;
	g_autofree char *path = choose(hv, pid, xid, &below);
	char text[16];
	_cleanup_close_ int fd = path ? make_path(path) : -ESRCH;
	int r = fd < 0 ? fd : 0;

	if (r < 0)
		return lxc_errno(error, -r, "make the cgroup", path ? path : "of the container");
	g_snprintf(text, sizeof(text), "%d", MAX_DEPTH - 1);
	write_file(fd, "cgroup.max.depth", text);
	write_file(fd, "cgroup.max.descendants", MAX_DESCENDANTS);
	/* Libvirt has no limit on processes; the file is there where libvirtd-private.sh
	 * could enable it. */
	g_snprintf(text, sizeof(text), "%d", LXC_MAX_PIDS);
	if (below)
		write_file(fd, "../pids.max", text);
	r = delegate(fd, lxc_uid_base(xid));
	g_snprintf(text, sizeof(text), "%d", (int)pid);
	if (r == 0)
		r = write_file(fd, "cgroup.procs", text);
	if (r < 0)
		return lxc_errno(error, -r, "use the cgroup", path);
	*ret_path = g_steal_pointer(&path);
	return TRUE;
}

/* Is "NAME VALUE" a line of cgroup.events? */
static bool event_is(int fd, const char *line)
{
	_cleanup_close_ int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	char buf[256];
	ssize_t n = events < 0 ? -1 : read(events, buf, sizeof(buf) - 1);

	if (n < 0)
		return false;
	buf[n] = '\0';
	return strstr(buf, line) != NULL;
}

gboolean lxc_cgroup_freeze(const char *path, gboolean frozen, GError **error)
{
	_cleanup_close_ int fd = open_cgroup(path);
	int r = fd < 0 ? fd : write_file(fd, "cgroup.freeze", frozen ? "1" : "0");
	const char *line = frozen ? "frozen 1" : "frozen 0";

	if (r < 0)
		return lxc_errno(error, -r, frozen ? "freeze" : "thaw", path);
	for (unsigned waited = 0; !event_is(fd, line); waited++) {
		if (waited >= SETTLE_MS)
			return hv_error(
				error, HYPERVISOR_ERROR_FAILED,
				"The container does not %s: a process of it is stuck in the "
				"kernel",
				frozen ? "freeze" : "thaw");
		g_usleep(1000);
	}
	return TRUE;
}

gboolean lxc_cgroup_is_frozen(const char *path)
{
	_cleanup_close_ int fd = open_cgroup(path);

	return fd >= 0 && event_is(fd, "frozen 1");
}

void lxc_cgroup_kill(const char *path)
{
	_cleanup_close_ int fd = open_cgroup(path);

	if (fd >= 0)
		write_file(fd, "cgroup.kill", "1");
}

static int remove_below(int fd, unsigned depth)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 || depth > MAX_DEPTH ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return -ELOOP;
	}
	while ((e = readdir(dir))) {
		_cleanup_close_ int sub = -1;

		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (sub >= 0)
			remove_below(sub, depth + 1);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
	return 0;
}

/* 0 when it is gone. */
static int remove_once(const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path), *name = g_path_get_basename(path);
	_cleanup_close_ int fd = open_cgroup(path);
	_cleanup_close_ int up = -1;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	write_file(fd, "cgroup.kill", "1");
	remove_below(fd, 0);
	up = open_cgroup(parent);
	if (up < 0)
		return up;
	return unlinkat(up, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Killed processes take a moment to be gone. */
gboolean lxc_cgroup_remove(const char *path, GError **error)
{
	for (unsigned waited = 0;; waited += 5) {
		int r = remove_once(path);

		if (r == 0)
			return TRUE;
		if (waited >= SETTLE_MS)
			return lxc_errno(error, -r, "remove the cgroup", path);
		g_usleep(5000);
	}
}
