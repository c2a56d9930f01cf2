/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and looks of cursors, and their glyphs in the X cursor font (cursor.h). Pure. */
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

struct look {
	uint32_t hash;
	uint8_t glyph;
};

/* The cursor font's glyphs as the X server renders them, black on white; sorted by hash. */
static const struct look looks[] = {
	{0x010b2810, 110}, {0x03683b31, 124}, {0x04bb7664, 116}, {0x05a8083d, 22},
	{0x09de8b2e, 148}, {0x0a46258b, 56},  {0x0f0c3d8b, 128}, {0x1025ca25, 86},
	{0x156d9d91, 52},  {0x159dcee5, 102}, {0x174bc9ad, 36},	 {0x17f82fe5, 144},
	{0x1cee9644, 20},  {0x1db6ce4d, 138}, {0x23f2bda8, 152}, {0x2f4a6f05, 142},
	{0x31b28daf, 2},   {0x32da6075, 132}, {0x3307b1c3, 136}, {0x35dd0885, 0},
	{0x3a350e75, 6},   {0x3b268c45, 54},  {0x3cef6f4f, 68},	 {0x3f8bc5a0, 72},
	{0x412b2781, 50},  {0x42467eae, 32},  {0x43c9309e, 94},	 {0x477f5cee, 8},
	{0x4a12b8ca, 100}, {0x4f3cef7d, 104}, {0x4fd6347e, 76},	 {0x55cfb3cd, 70},
	{0x5c70e890, 60},  {0x5e3ed546, 146}, {0x5fb14456, 46},	 {0x5fff1348, 134},
	{0x61380d83, 12},  {0x6429aa10, 140}, {0x6d36840e, 96},	 {0x706ecd9d, 64},
	{0x8032cdb6, 90},  {0x82dada65, 4},   {0x8870f3f8, 130}, {0x9551c4ff, 26},
	{0x95fa6b5e, 150}, {0x9af10679, 30},  {0x9c06681c, 126}, {0x9f426c4b, 62},
	{0xa422085a, 66},  {0xa8e05e04, 48},  {0xa925e337, 42},	 {0xab1a3268, 34},
	{0xab255eeb, 88},  {0xab5ae5b2, 80},  {0xab9aa435, 58},	 {0xacfaa1c4, 108},
	{0xad180905, 24},  {0xb7855807, 106}, {0xbb8f0cef, 112}, {0xc0d940d8, 120},
	{0xc7c21cca, 82},  {0xcad7d5f5, 38},  {0xd2b02894, 40},	 {0xe2f29f22, 118},
	{0xe51fc0be, 16},  {0xe8b10d95, 84},  {0xee7333a1, 44},	 {0xf16953a8, 14},
	{0xf17ba7cb, 18},  {0xf35f590b, 98},  {0xf3a86718, 114}, {0xf424fdcf, 92},
	{0xf5252d3c, 122}, {0xf6b7da95, 78},  {0xf87ee822, 28},	 {0xfb4e4552, 10},
	{0xff250cca, 74},
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

static uint32_t fnv1a(uint32_t hash, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		hash = (hash ^ (value >> 8 * i & 0xff)) * 16777619u;
	return hash;
}

static int compare_look(const void *key, const void *item)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct look *)item)->hash;

	return a < b ? -1 : a > b;
}

uint32_t cursor_from_image(const struct cursor_image *i)
{
	uint32_t hash = 2166136261u;
	const struct look *found;

	hash = fnv1a(hash, i->width);
	hash = fnv1a(hash, i->height);
	hash = fnv1a(hash, i->xhot);
	hash = fnv1a(hash, i->yhot);
	for (size_t k = 0; k < (size_t)i->width * i->height; k++)
		hash = fnv1a(hash, i->argb[k]);
	found = bsearch(&hash, looks, ARRAY_LEN(looks), sizeof(looks[0]), compare_look);
	return found ? GUI_CURSOR_X11 + found->glyph : 0;
}
