/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Just enough of partition tables and file systems. Pure; the bytes may be a qube's. */
#ifndef QUBESD_HYPERVISOR_GPT_H
#define QUBESD_HYPERVISOR_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GPT_SECTOR 512u
/* How much of the image's start gpt_partition() needs at most. */
#define GPT_HEAD_BYTES (1u << 20)
#define GPT_MAX_ENTRIES 1024u

/*
 * Looks partition `number` (from 1) up in the first `len` bytes of an image of
 * image_size bytes. 0 with its place in bytes, wholly inside the image; -ENOENT: no partition
 * table; -ENXIO: no such partition; -EBADMSG: nonsense.
 */
int gpt_partition(const void *head, size_t len, uint64_t image_size, unsigned number,
		  uint64_t *ret_offset, uint64_t *ret_size);

#define EXT4_SUPER_OFFSET 1024u
#define EXT4_SUPER_BYTES 1024u

/* From an ext4 superblock. false when it is none. */
bool ext4_size(const void *super, size_t len, uint64_t *ret_blocks, unsigned *ret_block_size);

#endif
