// SPDX-License-Identifier: GPL-2.0-or-later
/* Partition table and superblock. Input may be a hostile qube's; pure, no allocation. */
#include "dom0/qubesd/hypervisor/gpt.h"

#include "qrexec/base/cursor.h"

#include <errno.h>

static const uint8_t gpt_magic[8] = {'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T'};

int gpt_partition(const void *head, size_t len, uint64_t image_size, unsigned number,
		  uint64_t *ret_offset, uint64_t *ret_size)
{
	struct cur c = cur_init(head, len), entry;
	const uint8_t *magic;
	uint64_t table, first, last, sectors = image_size / GPT_SECTOR, type;
	uint32_t n, size;

	cur_take(&c, GPT_SECTOR);
	magic = cur_take(&c, sizeof(gpt_magic));
	if (!magic || memcmp(magic, gpt_magic, sizeof(gpt_magic)) != 0)
		return -ENOENT;
	cur_take(&c, 64);
	table = cur_u64(&c);
	n = cur_u32(&c);
	size = cur_u32(&c);
	if (!cur_ok(&c) || n > GPT_MAX_ENTRIES || size < 128 || size > 4096 ||
	    table > GPT_HEAD_BYTES / GPT_SECTOR)
		return -EBADMSG;
	if (number < 1 || number > n)
		return -ENXIO;
	c = cur_init(head, len);
	cur_take(&c, (size_t)table * GPT_SECTOR);
	cur_take(&c, (size_t)(number - 1) * size);
	entry = cur_sub(&c, size);
	type = cur_u64(&entry);
	type |= cur_u64(&entry);
	cur_take(&entry, 16);
	first = cur_u64(&entry);
	last = cur_u64(&entry);
	if (!cur_ok(&entry))
		return -EBADMSG;
	if (type == 0)
		return -ENXIO;
	if (first == 0 || last < first || last >= sectors)
		return -EBADMSG;
	*ret_offset = first * GPT_SECTOR;
	*ret_size = (last - first + 1) * GPT_SECTOR;
	return 0;
}

bool ext4_size(const void *super, size_t len, uint64_t *ret_blocks, unsigned *ret_block_size)
{
	struct cur c = cur_init(super, len);
	uint32_t lo, shift, incompat, hi;

	cur_u32(&c);
	lo = cur_u32(&c);
	cur_take(&c, 16);
	shift = cur_u32(&c);
	cur_take(&c, 0x38 - 28);
	if (cur_u16(&c) != 0xef53 || shift > 6)
		return false;
	cur_take(&c, 0x60 - 0x3a);
	incompat = cur_u32(&c);
	cur_take(&c, 0x150 - 0x64);
	hi = cur_u32(&c);
	if (!cur_ok(&c))
		return false;
	*ret_blocks = lo | (incompat & 0x80 ? (uint64_t)hi << 32 : 0);
	*ret_block_size = 1024u << shift;
	return true;
}
