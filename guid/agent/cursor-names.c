/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of cursors and their glyphs in the X cursor font (cursor.h). Pure. */
#include "guid/agent/cursor.h"

#include <stdlib.h>
#include <string.h>

#include "guid/proto/gui-proto.h"
#include "qrexec/base/cleanup.h"

struct name {
	const char *name;
	uint8_t glyph;
};

/* Sorted by name. Glyphs are the even numbers of X11/cursorfont.h. */
static const struct name names[] = {
	{"X_cursor", 0},
	{"alias", 50},
	{"all-scroll", 52},
	{"arrow", 2},
	{"based_arrow_down", 4},
	{"based_arrow_up", 6},
	{"boat", 8},
	{"bogosity", 10},
	{"bottom_left_corner", 12},
	{"bottom_right_corner", 14},
	{"bottom_side", 16},
	{"bottom_tee", 18},
	{"box_spiral", 20},
	{"cell", 90},
	{"center_ptr", 22},
	{"circle", 24},
	{"clock", 26},
	{"coffee_mug", 28},
	{"col-resize", 108},
	{"context-menu", 68},
	{"copy", 90},
	{"cross", 30},
	{"cross_reverse", 32},
	{"crosshair", 34},
	{"default", 68},
	{"diamond_cross", 36},
	{"dot", 38},
	{"dotbox", 40},
	{"double_arrow", 42},
	{"draft_large", 44},
	{"draft_small", 46},
	{"draped_box", 48},
	{"e-resize", 96},
	{"ew-resize", 108},
	{"exchange", 50},
	{"fleur", 52},
	{"gobbler", 54},
	{"grab", 58},
	{"grabbing", 52},
	{"gumby", 56},
	{"hand1", 58},
	{"hand2", 60},
	{"heart", 62},
	{"help", 92},
	{"icon", 64},
	{"iron_cross", 66},
	{"left_ptr", 68},
	{"left_ptr_watch", 150},
	{"left_side", 70},
	{"left_tee", 72},
	{"leftbutton", 74},
	{"ll_angle", 76},
	{"lr_angle", 78},
	{"man", 80},
	{"middlebutton", 82},
	{"mouse", 84},
	{"move", 52},
	{"n-resize", 138},
	{"ne-resize", 136},
	{"nesw-resize", 136},
	{"no-drop", 24},
	{"not-allowed", 24},
	{"ns-resize", 116},
	{"nw-resize", 134},
	{"nwse-resize", 134},
	{"pencil", 86},
	{"pirate", 88},
	{"plus", 90},
	{"pointer", 60},
	{"progress", 150},
	{"question_arrow", 92},
	{"right_ptr", 94},
	{"right_side", 96},
	{"right_tee", 98},
	{"rightbutton", 100},
	{"row-resize", 116},
	{"rtl_logo", 102},
	{"s-resize", 16},
	{"sailboat", 104},
	{"sb_down_arrow", 106},
	{"sb_h_double_arrow", 108},
	{"sb_left_arrow", 110},
	{"sb_right_arrow", 112},
	{"sb_up_arrow", 114},
	{"sb_v_double_arrow", 116},
	{"se-resize", 14},
	{"shuttle", 118},
	{"sizing", 120},
	{"spider", 122},
	{"spraycan", 124},
	{"star", 126},
	{"sw-resize", 12},
	{"target", 128},
	{"tcross", 130},
	{"text", 152},
	{"top_left_arrow", 132},
	{"top_left_corner", 134},
	{"top_right_corner", 136},
	{"top_side", 138},
	{"top_tee", 140},
	{"trek", 142},
	{"ul_angle", 144},
	{"umbrella", 146},
	{"ur_angle", 148},
	{"vertical-text", 152},
	{"w-resize", 70},
	{"wait", 150},
	{"watch", 150},
	{"xterm", 152},
	{"zoom-in", 90},
	{"zoom-out", 90},
};

static int compare(const void *key, const void *item)
{
	return strcmp(key, ((const struct name *)item)->name);
}

uint32_t cursor_from_name(const char *name, size_t n)
{
	const struct name *found;
	char key[32];

	if (n >= sizeof(key))
		return 0;
	memcpy(key, name, n);
	key[n] = '\0';
	found = bsearch(key, names, ARRAY_LEN(names), sizeof(names[0]), compare);
	return found ? GUI_CURSOR_X11 + found->glyph : 0;
}
