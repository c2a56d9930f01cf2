/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzzes the GUI protocol's reader and decoder in both directions, fed in pieces, and checks
 * that what was decoded encodes to something that decodes to the same again.
 * Input: byte 0 selects direction (bit 0), piece size (bits 1-3), minor version (4-7).
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guid/proto/gui-damage.h"
#include "guid/proto/gui-memfd.h"
#include "guid/proto/gui-reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(enum gui_dir dir, uint32_t version, const struct gui_msg *m)
{
	const struct gui_msg_info *info = gui_msg_info(m->type);
	size_t cap = gui_msg_size(dir, m), len;
	uint8_t *buf;
	struct gui_msg again;
	struct gui_hdr hdr;

	if (!info || !(info->dirs & dir))
		return;
	buf = malloc(cap);
	if (!buf)
		return;
	if (!gui_msg_encode(dir, version, m, buf, cap, &len)) {
		assert(len == cap);
		gui_hdr_decode(buf, &hdr);
		assert(!gui_msg_decode(dir, version, &hdr, buf + GUI_HDR_SIZE, len - GUI_HDR_SIZE,
				       &again, NULL));
		assert(again.type == m->type);
	}
	free(buf);
}

static void walk_pages(const struct gui_msg *m)
{
	uint32_t sum = 0;

	if (m->type == GUI_MSG_MFNDUMP)
		for (uint32_t i = 0; i < m->u.mfndump.pages.count; i++)
			sum += gui_page(&m->u.mfndump.pages, i);
	if (m->type == GUI_MSG_WINDOW_DUMP && m->u.dump.dump_type == GUI_DUMP_GRANT_REFS)
		for (uint32_t i = 0; i < m->u.dump.pages.count; i++)
			sum += gui_page(&m->u.dump.pages, i);
	/* Keeps the compiler from dropping the reads. */
	__asm__ volatile("" : : "r"(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gui_damage damage[GUI_DAMAGE_MAX_PARTS];
	struct gui_memfd_packet packet;
	struct gui_reader r;
	struct gui_msg m;
	size_t space, piece;
	void *room;
	int k = 0;

	if (!size)
		return 0;
	gui_memfd_packet_decode(data + 1, size - 1, &packet);
	gui_damage_decode(data + 1, size - 1, damage);
	gui_reader_init(&r, data[0] & 1 ? GUI_FROM_DAEMON : GUI_FROM_AGENT);
	r.version = GUI_VERSION(1, (data[0] >> 4) % (GUI_VERSION_MINOR + 1));
	piece = (size_t)1 << (data[0] >> 1 & 7) * 2;
	data++, size--;
	while (size && k >= 0) {
		size_t n = size < piece ? size : piece;

		room = gui_reader_room(&r, &space);
		if (!room)
			break;
		n = n < space ? n : space;
		memcpy(room, data, n);
		gui_reader_added(&r, n);
		data += n, size -= n;
		while ((k = gui_reader_next(&r, &m)) == 1) {
			walk_pages(&m);
			round_trip(r.dir, r.version, &m);
		}
	}
	gui_reader_clear(&r);
	return 0;
}
