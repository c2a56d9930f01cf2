/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of decoded values (gui-sanitize.h). Pure. Input comes from a hostile qube. */
#include "guid/proto/gui-sanitize.h"

#include <errno.h>
#include <string.h>

static int clamp(int64_t v, int64_t lo, int64_t hi)
{
	return (int)(v < lo ? lo : v > hi ? hi : v);
}

int gui_check_geometry(const struct gui_geometry *untrusted, bool need_size, struct gui_box *ret)
{
	if (need_size ? !untrusted->width || !untrusted->height
		      : untrusted->width > INT32_MAX || untrusted->height > INT32_MAX)
		return -EPROTO;
	ret->width = clamp(untrusted->width, 1, GUI_MAX_WIDTH);
	ret->height = clamp(untrusted->height, 1, GUI_MAX_HEIGHT);
	ret->x = clamp(untrusted->x, -GUI_MAX_WIDTH, GUI_MAX_WIDTH);
	ret->y = clamp(untrusted->y, -GUI_MAX_HEIGHT, GUI_MAX_HEIGHT);
	return 0;
}

bool gui_check_damage(const struct gui_rect *untrusted, int width, int height, struct gui_box *ret)
{
	int64_t x = untrusted->x, y = untrusted->y;
	int64_t right, bottom;

	if (x < 0 || y < 0 || untrusted->width > INT32_MAX || untrusted->height > INT32_MAX)
		return false;
	right = x + untrusted->width;
	bottom = y + untrusted->height;
	if (right > width)
		right = width;
	if (bottom > height)
		bottom = height;
	if (x >= right || y >= bottom)
		return false;
	*ret = (struct gui_box){
		.x = (int)x, .y = (int)y, .width = (int)(right - x), .height = (int)(bottom - y)};
	return true;
}

/*
 * Length of the well-formed UTF-8 sequence of two or more bytes at p and its code point
 * (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF); 0 if it is none.
 * Stops at the terminating NUL, which is never a continuation byte.
 */
static int utf8_sequence(const unsigned char *p, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;
	int n;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2, code = p[0] & 0x1f;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3, code = p[0] & 0x0f;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4, code = p[0] & 0x07;
	else
		return 0;
	for (int i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return n;
}

/*
 * Characters that could make a trusted prefix or another title appear elsewhere, or two titles
 * that differ look the same: controls, those of writing direction, and what is shown as nothing
 * (Unicode's Default_Ignorable_Code_Point) or as an empty cell. But for variation selectors, which
 * follow most emoji.
 */
static const struct {
	uint32_t first, last;
} deceptive[] = {
	{0x0080, 0x009f},   /* C1 controls */
	{0x00ad, 0x00ad},   /* soft hyphen */
	{0x034f, 0x034f},   /* grapheme joiner */
	{0x061c, 0x061c},   /* Arabic letter mark */
	{0x115f, 0x1160},   /* Hangul fillers */
	{0x17b4, 0x17b5},   /* Khmer inherent vowels */
	{0x180b, 0x180f},   /* Mongolian selectors and separator */
	{0x200b, 0x200f},   /* zero width, direction marks */
	{0x2028, 0x202e},   /* separators, embeddings, overrides */
	{0x2060, 0x206f},   /* word joiner, isolates, deprecated */
	{0x2800, 0x2800},   /* Braille pattern without dots */
	{0x3164, 0x3164},   /* Hangul filler */
	{0xfeff, 0xfeff},   /* byte order mark */
	{0xffa0, 0xffa0},   /* Hangul filler of half width */
	{0xfff0, 0xfffb},   /* unassigned, annotations */
	{0x13430, 0x13440}, /* hieroglyphs' format controls */
	{0x1bca0, 0x1bca3}, /* shorthand's */
	{0x1d173, 0x1d17a}, /* musical ones */
	{0xe0000, 0xe0fff}, /* tags, more variation selectors */
};

static bool is_deceptive(uint32_t c)
{
	for (size_t i = 0; i < sizeof(deceptive) / sizeof(deceptive[0]); i++)
		if (c >= deceptive[i].first && c <= deceptive[i].last)
			return true;
	return false;
}

void gui_sanitize_text(char *untrusted_text, bool utf8)
{
	unsigned char *p = (unsigned char *)untrusted_text;
	uint32_t code;
	int n;

	for (; *p; p += n) {
		n = *p >= 0x80 && utf8 ? utf8_sequence(p, &code) : 0;
		if (n && is_deceptive(code))
			memset(p, '_', (size_t)n);
		if (n)
			continue;
		n = 1;
		if (*p < 0x20 || *p >= 0x7f)
			*p = '_';
	}
}

void gui_sanitize_title(char *untrusted_text, bool utf8)
{
	static const char ellipsis[] = "\xe2\x80\xa6";
	size_t len = strlen(untrusted_text);

	if (!utf8 && len > 3 && !strcmp(untrusted_text + len - 3, ellipsis))
		memcpy(untrusted_text + len - 3, "...", 3);
	gui_sanitize_text(untrusted_text, utf8);
}

void gui_sanitize_hints(struct gui_hints *untrusted)
{
	struct gui_hints *h = untrusted;

	h->flags &= GUI_HINT_US_POSITION | GUI_HINT_P_POSITION | GUI_HINT_MIN_SIZE |
		    GUI_HINT_MAX_SIZE | GUI_HINT_RESIZE_INC | GUI_HINT_BASE_SIZE;
	if (h->min_width > GUI_MAX_WIDTH || h->min_height > GUI_MAX_HEIGHT)
		h->flags &= ~GUI_HINT_MIN_SIZE;
	if (!h->max_width || h->max_width > GUI_MAX_WIDTH || !h->max_height ||
	    h->max_height > GUI_MAX_HEIGHT)
		h->flags &= ~GUI_HINT_MAX_SIZE;
	/* A window manager divides by the increments. */
	if (!h->width_inc || h->width_inc >= GUI_MAX_WIDTH || !h->height_inc ||
	    h->height_inc >= GUI_MAX_HEIGHT)
		h->flags &= ~GUI_HINT_RESIZE_INC;
	if (h->base_width > GUI_MAX_WIDTH || h->base_height > GUI_MAX_HEIGHT)
		h->flags &= ~GUI_HINT_BASE_SIZE;
	if ((h->flags & GUI_HINT_MIN_SIZE) && (h->flags & GUI_HINT_MAX_SIZE) &&
	    (h->min_width > h->max_width || h->min_height > h->max_height))
		h->flags &= ~(GUI_HINT_MIN_SIZE | GUI_HINT_MAX_SIZE);
	if (!(h->flags & GUI_HINT_MIN_SIZE))
		h->min_width = h->min_height = 0;
	if (!(h->flags & GUI_HINT_MAX_SIZE))
		h->max_width = h->max_height = 0;
	if (!(h->flags & GUI_HINT_RESIZE_INC))
		h->width_inc = h->height_inc = 0;
	if (!(h->flags & GUI_HINT_BASE_SIZE))
		h->base_width = h->base_height = 0;
}

bool gui_flags_consistent(const struct gui_flags *untrusted)
{
	return !(untrusted->set & untrusted->unset);
}

struct gui_flags gui_sanitize_flags(struct gui_flags untrusted)
{
	struct gui_flags f = untrusted;

	f.set &= GUI_FLAG_FULLSCREEN | GUI_FLAG_DEMANDS_ATTENTION | GUI_FLAG_MINIMIZE;
	/* Windows are brought back by MAP. */
	f.unset &= GUI_FLAG_FULLSCREEN | GUI_FLAG_DEMANDS_ATTENTION;
	if (f.set & GUI_FLAG_MINIMIZE)
		f.set &= ~GUI_FLAG_FULLSCREEN;
	return f;
}

bool gui_check_cursor(uint32_t untrusted, int *ret_glyph)
{
	if (untrusted == 0) {
		*ret_glyph = -1;
		return true;
	}
	if (!(untrusted & GUI_CURSOR_X11) || untrusted >= GUI_CURSOR_END)
		return false;
	*ret_glyph = (int)(untrusted - GUI_CURSOR_X11);
	/* Odd glyphs are the masks of their neighbours. */
	if (*ret_glyph & 1)
		*ret_glyph = -1;
	return true;
}
