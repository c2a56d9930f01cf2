/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Codec of the side channel's packets (gui-memfd.h). Pure. The sender is a hostile qube. */
#include "guid/proto/gui-memfd.h"

#include <errno.h>

#include "qrexec/base/cursor.h"

void gui_memfd_packet_encode(uint8_t buf[GUI_MEMFD_PACKET_SIZE], const struct gui_memfd_packet *p)
{
	struct wcur w = wcur_init(buf, GUI_MEMFD_PACKET_SIZE);

	wcur_u32(&w, GUI_MEMFD_MAGIC);
	wcur_u32(&w, p->token);
	wcur_u64(&w, p->size);
}

int gui_memfd_packet_decode(const uint8_t *buf, size_t len, struct gui_memfd_packet *ret)
{
	struct cur c = cur_init(buf, len);
	uint32_t magic = cur_u32(&c);
	struct gui_memfd_packet p = {.token = cur_u32(&c)};

	p.size = cur_u64(&c);
	if (!cur_done(&c) || magic != GUI_MEMFD_MAGIC || !p.token)
		return -EPROTO;
	*ret = p;
	return 0;
}
