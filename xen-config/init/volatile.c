// SPDX-License-Identifier: GPL-2.0-or-later
/* The volatile disk (init.h): a DOS partition table and an empty swap area. */
#include "xen-config/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#define SECTOR 512u
#define FIRST 2048u /* sectors: aligned to a megabyte */
#define SWAP_SECTORS (1u << 21)
#define SWAP_PAGE 4096u
#define TYPE_SWAP 0x82
#define TYPE_LINUX 0x83

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void partition(uint8_t *entry, uint8_t type, uint32_t start, uint32_t sectors)
{
	memset(entry, 0, 16);
	entry[4] = type;
	put32(entry + 8, start);
	put32(entry + 12, sectors);
}

static int write_at(int fd, const void *data, size_t n, uint64_t offset)
{
	return pwrite(fd, data, n, (off_t)offset) == (ssize_t)n ? 0 : -EIO;
}

static int write_table(int fd, uint32_t swap, uint32_t all)
{
	uint8_t mbr[SECTOR] = {0};

	partition(mbr + 446, TYPE_SWAP, FIRST, swap);
	partition(mbr + 462, TYPE_LINUX, FIRST + swap, all - FIRST - swap);
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
	return write_at(fd, mbr, sizeof(mbr), 0);
}

/* What mkswap writes: version, last page, a UUID, and the mark at the page's end. */
static int write_swap(int fd, uint32_t swap)
{
	uint8_t page[SWAP_PAGE] = {0};

	put32(page + 1024, 1);
	put32(page + 1028, swap / (SWAP_PAGE / SECTOR) - 1);
	if (getrandom(page + 1036, 16, GRND_NONBLOCK) < 0)
		memset(page + 1036, 1, 16);
	memcpy(page + SWAP_PAGE - 10, "SWAPSPACE2", 10);
	return write_at(fd, page, sizeof(page), (uint64_t)FIRST * SECTOR);
}

int volatile_write(int fd, uint64_t sectors)
{
	uint32_t all = sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors, swap;
	int r;

	if (all < 4 * FIRST)
		return -ENOSPC;
	swap = (all - FIRST) / 2 / FIRST * FIRST;
	if (swap > SWAP_SECTORS)
		swap = SWAP_SECTORS;
	r = write_table(fd, swap, all);
	return r ? r : write_swap(fd, swap);
}

int volatile_prepare(const char *name)
{
	char path[64];
	int fd, r;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = volatile_write(fd, disk_sectors(name));
	if (!r && ioctl(fd, BLKRRPART) < 0)
		r = -errno;
	close(fd);
	return r;
}
