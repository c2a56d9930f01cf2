// SPDX-License-Identifier: GPL-2.0-or-later
/* The initramfs of qubes: what it writes to the volatile disk. */
#include "xen-config/init/init.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB 2048u /* sectors */

static guint32 get32(const guint8 *p)
{
	return (guint32)p[0] | (guint32)p[1] << 8 | (guint32)p[2] << 16 | (guint32)p[3] << 24;
}

static void check_disk(guint64 mib, guint32 swap_mib)
{
	int fd = memfd_create("volatile", MFD_CLOEXEC);
	guint8 mbr[512], page[4096];
	const guint8 *one = mbr + 446, *two = mbr + 462;

	g_assert_cmpint(ftruncate(fd, (off_t)(mib << 20)), ==, 0);
	g_assert_cmpint(volatile_write(fd, mib * MIB), ==, 0);
	g_assert_cmpint(pread(fd, mbr, sizeof(mbr), 0), ==, sizeof(mbr));
	g_assert_cmphex(mbr[510] << 8 | mbr[511], ==, 0x55aa);
	g_assert_cmphex(one[4], ==, 0x82);
	g_assert_cmpuint(get32(one + 8), ==, MIB);
	g_assert_cmpuint(get32(one + 12), ==, swap_mib * MIB);
	g_assert_cmphex(two[4], ==, 0x83);
	g_assert_cmpuint(get32(two + 8), ==, (swap_mib + 1) * MIB);
	g_assert_cmpuint(get32(two + 8) + get32(two + 12), ==, mib * MIB);
	g_assert_cmpint(pread(fd, page, sizeof(page), 1 << 20), ==, sizeof(page));
	g_assert_cmpuint(get32(page + 1024), ==, 1);
	g_assert_cmpuint(get32(page + 1028), ==, swap_mib * 256 - 1);
	g_assert_cmpint(memcmp(page + 4086, "SWAPSPACE2", 10), ==, 0);
	close(fd);
}

static void test_volatile(void)
{
	check_disk(10240, 1024);
	check_disk(1024, 511);
	check_disk(8, 3);
}

static void test_too_small(void)
{
	g_assert_cmpint(volatile_write(-1, 0), ==, -ENOSPC);
	g_assert_cmpint(volatile_write(-1, 4 * MIB - 1), ==, -ENOSPC);
}

static void test_unwritable(void)
{
	g_assert_cmpint(volatile_write(-1, 1024 * MIB), ==, -EIO);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vm-init/volatile", test_volatile);
	g_test_add_func("/vm-init/too-small", test_too_small);
	g_test_add_func("/vm-init/unwritable", test_unwritable);
	return g_test_run();
}
