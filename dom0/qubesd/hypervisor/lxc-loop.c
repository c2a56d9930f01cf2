// SPDX-License-Identifier: GPL-2.0-or-later
/* Loop devices: files as block devices. No peer but the kernel. */
#include "dom0/qubesd/hypervisor/lxc.h"

#include "qrexec/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* Others may take the free device between our asking for it and our using it. */
#define ATTEMPTS 64

static int configure(int control, int image, const LxcExtent *extent, gboolean rw, const char *name,
		     char **ret_dev)
{
	int n = ioctl(control, LOOP_CTL_GET_FREE);
	g_autofree char *dev = g_strdup_printf("/dev/loop%d", n);
	struct loop_config config = {.fd = (__u32)image};
	_cleanup_close_ int fd = -1;

	if (n < 0)
		return -errno;
	fd = open(dev, (rw ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	config.info.lo_offset = extent->offset;
	config.info.lo_sizelimit = extent->size;
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (rw ? 0 : LO_FLAGS_READ_ONLY);
	g_strlcpy((char *)config.info.lo_file_name, name, LO_NAME_SIZE);
	if (ioctl(fd, LOOP_CONFIGURE, &config) < 0)
		return -errno;
	*ret_dev = g_steal_pointer(&dev);
	return steal_fd(&fd);
}

int lxc_loop_attach(const char *image, const LxcExtent *extent, gboolean rw, char **ret_dev,
		    GError **error)
{
	_cleanup_close_ int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	_cleanup_close_ int fd = open(image, (rw ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
	int r = -EBUSY;

	if (fd < 0) {
		lxc_errno(error, errno, "open", image);
		return -1;
	}
	if (control < 0) {
		lxc_errno(error, errno, "use loop devices through", "/dev/loop-control");
		return -1;
	}
	for (int i = 0; i < ATTEMPTS && r == -EBUSY; i++)
		r = configure(control, fd, extent, rw, image, ret_dev);
	if (r < 0) {
		lxc_errno(error, -r, "attach a loop device to", image);
		return -1;
	}
	return r;
}

/* Is st the file behind this loop device? */
static bool holds(const char *name, const struct stat *st)
{
	g_autofree char *dev = g_build_filename("/dev", name, NULL);
	g_autofree char *sys = g_build_filename("/sys/block", name, "loop", NULL);
	_cleanup_close_ int fd = -1;
	struct loop_info64 info;

	if (!g_file_test(sys, G_FILE_TEST_IS_DIR))
		return false;
	fd = open(dev, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0 &&
	       info.lo_device == st->st_dev && info.lo_inode == st->st_ino;
}

static bool is_held(const char *image)
{
	g_autoptr(GDir) dir = g_dir_open("/sys/block", 0, NULL);
	const char *name;
	struct stat st;

	if (!dir || stat(image, &st) < 0 || S_ISBLK(st.st_mode))
		return false;
	while ((name = g_dir_read_name(dir))) {
		if (g_str_has_prefix(name, "loop") && holds(name, &st))
			return true;
	}
	return false;
}

gboolean lxc_loop_wait_free(char *const *images, unsigned timeout_ms, GError **error)
{
	for (char *const *i = images; *i; i++) {
		for (unsigned waited = 0; is_held(*i); waited += 5) {
			if (waited >= timeout_ms)
				return hv_error(error, HYPERVISOR_ERROR_FAILED,
						"%s is still in use by a loop device; see losetup "
						"-j %s",
						*i, *i);
			g_usleep(5000);
		}
	}
	return TRUE;
}
