// SPDX-License-Identifier: GPL-2.0-or-later
/* Which partition of the root disk is the root file system (init.h). The disk is the qube's own. */
#include "xen-config/init/init.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512
#define ENTRIES_MAX 128
#define ENTRY_MIN 128
#define ENTRY_MAX 4096
#define NAME_AT 56
#define UPSTREAMS 3 /* EFI system, BIOS boot, root */
static const char root_name[] = "Root filesystem";

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

/* UTF-16, little endian. */
static bool is_root_name(const uint8_t *name)
{
	for (size_t i = 0; i < sizeof(root_name); i++)
		if (name[2 * i] != root_name[i] || name[2 * i + 1])
			return false;
	return true;
}

static int from_gpt(int fd, const uint8_t *header)
{
	uint64_t at = get64(header + 72) * SECTOR;
	uint32_t n = get32(header + 80), size = get32(header + 84);
	bool has[UPSTREAMS + 1] = {false};

	if (size < ENTRY_MIN || size > ENTRY_MAX)
		return -EBADMSG;
	for (uint32_t i = 0; i < n && i < ENTRIES_MAX; i++) {
		uint8_t entry[ENTRY_MIN];

		if (pread(fd, entry, sizeof(entry), (off_t)(at + (uint64_t)i * size)) !=
		    (ssize_t)sizeof(entry))
			return -EIO;
		if (all_zero(entry, 16))
			continue;
		if (is_root_name(entry + NAME_AT))
			return (int)i + 1;
		if (i < UPSTREAMS)
			has[i + 1] = true;
	}
	return has[UPSTREAMS] ? UPSTREAMS : has[1] ? 1 : 0;
}

static int from_mbr(const uint8_t *mbr)
{
	const uint8_t *one = mbr + 446, *three = one + 2 * 16;

	return three[4] ? UPSTREAMS : one[4] ? 1 : 0;
}

int table_root(int fd)
{
	uint8_t head[2 * SECTOR];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0)
		return -errno;
	if (n < (ssize_t)sizeof(head) || head[510] != 0x55 || head[511] != 0xaa)
		return 0;
	if (!memcmp(head + SECTOR, "EFI PART", 8))
		return from_gpt(fd, head + SECTOR);
	return from_mbr(head);
}
