// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in an image before it is mounted. Its bytes may be a hostile qube's; they are
 * decoded by gpt.c only.
 */
#include "dom0/qubesd/hypervisor/gpt.h"
#include "dom0/qubesd/hypervisor/lxc.h"

#include "qrexec/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ROOT_PARTITION 3

/* The first bytes of an image, and how large it is. */
static char *read_head(const char *image, size_t max, gsize *ret_len, guint64 *ret_size,
		       GError **error)
{
	_cleanup_close_ int fd = open(image, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	g_autofree char *buf = g_malloc(max);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	ssize_t n = size < 0 ? -1 : pread(fd, buf, max, 0);

	if (n < 0) {
		lxc_errno(error, errno, "read", image);
		return NULL;
	}
	*ret_len = (gsize)n;
	*ret_size = (guint64)size;
	return g_steal_pointer(&buf);
}

static bool all_zero(const char *buf, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		if (buf[i])
			return false;
	}
	return true;
}

gboolean lxc_find_root(const char *image, LxcExtent *ret, GError **error)
{
	gsize len = 0;
	guint64 size = 0;
	g_autofree char *head = read_head(image, GPT_HEAD_BYTES, &len, &size, error);
	int r;

	if (!head)
		return FALSE;
	if (all_zero(head, len))
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"The root image %s is empty: install a system into it first",
				image);
	r = gpt_partition(head, len, size, ROOT_PARTITION, &ret->offset, &ret->size);
	if (r == -ENOENT) {
		*ret = (LxcExtent){0};
		return TRUE;
	}
	if (r < 0)
		return hv_error(error, HYPERVISOR_ERROR_FAILED, "The partition table of %s %s",
				image,
				r == -ENXIO ? "has no partition 3, where the root file system "
					      "should be"
					    : "is damaged");
	return TRUE;
}

/* A program of e2fsprogs; its exit status, or -1 with an error. *ret_err what it said. */
static int run_tool(const char *const *argv, char **ret_err, GError **error)
{
	char path[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin";
	char *envp[] = {path, NULL};
	g_autoptr(GError) local = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char **)argv, envp,
			  G_SPAWN_SEARCH_PATH_FROM_ENVP | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
			  NULL, ret_err, &status, &local)) {
		hv_error(error, HYPERVISOR_ERROR_FAILED, "Cannot run %s (install e2fsprogs): %s",
			 argv[0], local->message);
		return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static gboolean run_mkfs(const char *path, GError **error)
{
	const char *const argv[] = {"mkfs.ext4",
				    "-q",
				    "-F",
				    "-m",
				    "0",
				    "-E",
				    "lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0",
				    path,
				    NULL};
	g_autofree char *err = NULL;
	int status = run_tool(argv, &err, error);

	if (status > 0)
		hv_error(error, HYPERVISOR_ERROR_FAILED, "Cannot make a file system in %s: %s",
			 path, g_strstrip(err));
	return status == 0;
}

void lxc_grow_ext4(const char *dev)
{
	const char *const check[] = {"e2fsck", "-f", "-p", dev, NULL};
	const char *const resize[] = {"resize2fs", dev, NULL};
	g_autofree char *checked = NULL, *resized = NULL, *head = NULL;
	gsize len = 0;
	guint64 size = 0, blocks = 0;
	unsigned block = 0;
	int status;

	head = read_head(dev, EXT4_SUPER_OFFSET + EXT4_SUPER_BYTES, &len, &size, NULL);
	if (!head || len < EXT4_SUPER_OFFSET + EXT4_SUPER_BYTES ||
	    !ext4_size(head + EXT4_SUPER_OFFSET, EXT4_SUPER_BYTES, &blocks, &block) ||
	    blocks >= size / block)
		return;
	/* Not by the kernel while mounted: that takes a capability that dom0 may lack. */
	status = run_tool(check, &checked, NULL);
	if (status == 0 || status == 1)
		run_tool(resize, &resized, NULL);
}

/* In a file beside it, which then takes its place: killed half-way, it is still blank. */
static gboolean format_file(const char *image, off_t size, GError **error)
{
	g_autofree char *tmp = g_strconcat(image, "~mkfs", NULL);
	_cleanup_close_ int fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	gboolean ok = FALSE;

	if (fd < 0 || ftruncate(fd, size) < 0)
		lxc_errno(error, errno, "make", tmp);
	else if (!run_mkfs(tmp, error))
		ok = FALSE;
	else if (fsync(fd) < 0 || rename(tmp, image) < 0)
		lxc_errno(error, errno, "write", image);
	else
		ok = TRUE;
	if (!ok)
		unlink(tmp);
	return ok;
}

gboolean lxc_format_if_blank(const char *image, GError **error)
{
	gsize len = 0;
	guint64 size = 0;
	g_autofree char *head = read_head(image, GPT_HEAD_BYTES, &len, &size, error);
	struct stat st;

	if (!head)
		return FALSE;
	if (!all_zero(head, len))
		return TRUE;
	if (stat(image, &st) == 0 && S_ISREG(st.st_mode))
		return format_file(image, (off_t)size, error);
	return run_mkfs(image, error);
}
