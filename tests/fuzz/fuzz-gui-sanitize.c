/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the checks of hostile values: whatever comes in, what goes out is in range. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "guid/proto/gui-sanitize.h"
#include "qrexec/base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const uint8_t *data, size_t size, bool utf8)
{
	char text[GUI_WMNAME_SIZE] = {0};
	size_t n = size < sizeof(text) - 1 ? size : sizeof(text) - 1, len;

	memcpy(text, data, n);
	len = strlen(text);
	gui_sanitize_title(text, utf8);
	assert(strlen(text) == len);
	for (size_t i = 0; i < len; i++) {
		assert((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
		assert(utf8 || (unsigned char)text[i] < 0x7f);
	}
}

static void check_geometry(struct cur c)
{
	struct gui_geometry g = {.x = cur_i32(&c), .y = cur_i32(&c)};
	struct gui_rect r;
	struct gui_box b;

	g.width = cur_u32(&c);
	g.height = cur_u32(&c);
	if (!gui_check_geometry(&g, g.x & 1, &b))
		assert(b.width > 0 && b.width <= GUI_MAX_WIDTH && b.height > 0 &&
		       b.height <= GUI_MAX_HEIGHT && b.x >= -GUI_MAX_WIDTH &&
		       b.x <= GUI_MAX_WIDTH && b.y >= -GUI_MAX_HEIGHT && b.y <= GUI_MAX_HEIGHT);
	r = (struct gui_rect){g.x, g.y, g.width, g.height};
	if (gui_check_damage(&r, 300, 200, &b))
		assert(b.x >= 0 && b.y >= 0 && b.width > 0 && b.height > 0 &&
		       b.x + b.width <= 300 && b.y + b.height <= 200);
}

static void check_rest(struct cur c)
{
	struct gui_hints h = {.flags = cur_u32(&c)};
	struct gui_flags f;
	int glyph;

	if (gui_check_cursor(h.flags, &glyph))
		assert(glyph >= -1 && glyph < 154);
	f = gui_sanitize_flags((struct gui_flags){h.flags, cur_u32(&c)});
	assert(f.set <= 7 && f.unset <= 3);
	h.min_width = cur_u32(&c);
	h.min_height = cur_u32(&c);
	h.max_width = cur_u32(&c);
	h.max_height = cur_u32(&c);
	h.width_inc = cur_u32(&c);
	h.height_inc = cur_u32(&c);
	gui_sanitize_hints(&h);
	assert(!(h.flags & GUI_HINT_RESIZE_INC) || (h.width_inc && h.height_inc));
	assert(h.max_width <= GUI_MAX_WIDTH && h.min_width <= GUI_MAX_WIDTH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text(data, size, false);
	check_text(data, size, true);
	check_geometry(cur_init(data, size));
	check_rest(cur_init(data, size));
	return 0;
}
