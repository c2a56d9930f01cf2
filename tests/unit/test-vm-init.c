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

/* --- where the root file system is --- */

static void put(int fd, off_t at, const void *p, size_t n)
{
	g_assert_cmpint(pwrite(fd, p, n, at), ==, (gssize)n);
}

static void put32(guint8 *p, guint32 v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (guint8)(v >> 8 * i);
}

/* A disk with a GPT that has these partitions; names as many, NULL: none. */
static int gpt_disk(unsigned partitions, const char *const *names, guint32 entry_size)
{
	int fd = memfd_create("xvda", MFD_CLOEXEC);
	guint8 head[1024] = {[446 + 4] = 0xee, [510] = 0x55, [511] = 0xaa};

	g_assert_cmpint(ftruncate(fd, 1 << 20), ==, 0);
	memcpy(head + 512, "EFI PART", 8);
	put32(head + 512 + 72, 2);
	put32(head + 512 + 80, 128);
	put32(head + 512 + 84, entry_size);
	put(fd, 0, head, sizeof(head));
	for (unsigned i = 0; i < 8; i++) {
		guint8 entry[128] = {0};
		const char *name = names && partitions & 1u << i ? names[i] : NULL;

		if (partitions & 1u << i)
			entry[0] = 1;
		for (size_t k = 0; name && name[k]; k++)
			entry[56 + 2 * k] = (guint8)name[k];
		put(fd, 1024 + (off_t)i * 128, entry, sizeof(entry));
	}
	return fd;
}

static void root_is(int fd, int expected)
{
	g_assert_cmpint(table_root(fd), ==, expected);
	close(fd);
}

static void test_root_table(void)
{
	static const char *const upstream[] = {
		"EFI System", "BIOS boot partition", "Root filesystem", NULL, NULL, NULL};
	static const char *const elsewhere[] = {"a", "b", "c", NULL, "Root filesystem", NULL};
	static const char *const longer[] = {"Root filesystem 2", NULL, NULL, NULL, NULL, NULL};
	guint8 mbr[512] = {[510] = 0x55, [511] = 0xaa};
	int fd;

	root_is(gpt_disk(7, upstream, 128), 3);
	root_is(gpt_disk(7, NULL, 128), 3);
	root_is(gpt_disk(31, elsewhere, 128), 5);
	root_is(gpt_disk(1, longer, 128), 1);
	root_is(gpt_disk(1, NULL, 128), 1);
	root_is(gpt_disk(0, NULL, 128), 0);
	root_is(gpt_disk(7, upstream, 1), -EBADMSG);
	/* No table: a file system, or nothing at all. */
	fd = memfd_create("xvda", MFD_CLOEXEC);
	g_assert_cmpint(table_root(fd), ==, 0);
	g_assert_cmpint(ftruncate(fd, 4096), ==, 0);
	g_assert_cmpint(table_root(fd), ==, 0);
	/* The other kind of table. */
	mbr[446 + 4] = 0x83;
	put(fd, 0, mbr, sizeof(mbr));
	g_assert_cmpint(table_root(fd), ==, 1);
	mbr[446 + 32 + 4] = 0x83;
	put(fd, 0, mbr, sizeof(mbr));
	root_is(fd, 3);
	g_assert_cmpint(table_root(-1), ==, -EBADF);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vm-init/volatile", test_volatile);
	g_test_add_func("/vm-init/root-table", test_root_table);
	g_test_add_func("/vm-init/too-small", test_too_small);
	g_test_add_func("/vm-init/unwritable", test_unwritable);
	return g_test_run();
}
