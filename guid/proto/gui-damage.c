/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Codec of the packets of damage (gui-damage.h). Pure. The sender is a hostile qube. */
#include "guid/proto/gui-damage.h"

#include <errno.h>

#include "qrexec/base/cursor.h"

int gui_damage_decode(const uint8_t *buf, size_t len, struct gui_damage ret[GUI_DAMAGE_MAX_PARTS])
{
	struct cur c = cur_init(buf, len);

	if (!len || len > GUI_DAMAGE_MAX_SIZE || len % GUI_DAMAGE_PART_SIZE)
		return -EPROTO;
	for (size_t i = 0; i < len / GUI_DAMAGE_PART_SIZE; i++) {
		ret[i].window = cur_u32(&c);
		ret[i].x = (int32_t)cur_u32(&c);
		ret[i].y = (int32_t)cur_u32(&c);
		ret[i].width = cur_u32(&c);
		ret[i].height = cur_u32(&c);
	}
	return (int)(len / GUI_DAMAGE_PART_SIZE);
}
