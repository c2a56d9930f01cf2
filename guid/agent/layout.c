/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitors (layout.h). The text comes from dom0, which is trusted, but is checked. Pure. */
#include "guid/agent/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "guid/proto/gui-proto.h"
#include "guid/proto/gui-scale.h"

#define LINE_MAX_BYTES 128
#define MM_PER_INCH_X10 254u
#define MAX_MM 10000u
/* Physical sizes are known in classes only: a step of text size below each. */
#define DPI_STEP 48u

enum field { F_WIDTH, F_HEIGHT, F_X, F_Y, F_MM_WIDTH, F_MM_HEIGHT, F_DPI, F_COUNT };

/* A decimal number up to max, after blanks. */
static bool take_number(const char **p, unsigned max, unsigned *ret)
{
	unsigned n = 0, digits = 0;

	*p += strspn(*p, " \t");
	for (; **p >= '0' && **p <= '9'; (*p)++, digits++) {
		n = n * 10 + (unsigned)(**p - '0');
		if (n > max)
			return false;
	}
	if (!digits || !strchr(" \t\r", **p))
		return false;
	*ret = n;
	return true;
}

static unsigned mm_of(unsigned pixels, unsigned dpi)
{
	unsigned mm = pixels * MM_PER_INCH_X10 / (dpi * 10);

	return mm ? mm : 1;
}

/* How many of the numbers there are; fewer than four, or a bad one: 0. */
static unsigned take_fields(const char *line, unsigned v[F_COUNT])
{
	static const unsigned max[F_COUNT] = {GUI_MAX_WIDTH,  GUI_MAX_HEIGHT, GUI_MAX_WIDTH,
					      GUI_MAX_HEIGHT, MAX_MM,	      MAX_MM,
					      GUI_DPI_MAX};
	unsigned n = 0;

	while (n < F_COUNT && take_number(&line, max[n], &v[n]))
		n++;
	return n < F_MM_WIDTH || !v[F_WIDTH] || !v[F_HEIGHT] ? 0 : n;
}

static int parse_line(const char *line, struct layout *l)
{
	struct monitor *m = &l->monitor[l->count];
	unsigned v[F_COUNT] = {0}, n = take_fields(line, v), dpi = 0;

	if (!n || l->count == LAYOUT_MAX)
		return -EINVAL;
	m->width = (uint16_t)v[F_WIDTH];
	m->height = (uint16_t)v[F_HEIGHT];
	m->x = (uint16_t)v[F_X];
	m->y = (uint16_t)v[F_Y];
	if (n > F_DPI && v[F_DPI] >= GUI_DPI_MIN)
		dpi = v[F_DPI];
	else if (n > F_MM_HEIGHT && v[F_MM_WIDTH])
		dpi = v[F_WIDTH] * MM_PER_INCH_X10 / (v[F_MM_WIDTH] * 10) / DPI_STEP * DPI_STEP;
	if (dpi > GUI_DPI_MAX)
		dpi = GUI_DPI_MAX;
	if (n > F_MM_HEIGHT && v[F_MM_WIDTH] && v[F_MM_HEIGHT]) {
		m->mm_width = (uint16_t)v[F_MM_WIDTH];
		m->mm_height = (uint16_t)v[F_MM_HEIGHT];
	} else {
		m->mm_width = (uint16_t)mm_of(m->width, GUI_DPI_NORMAL);
		m->mm_height = (uint16_t)mm_of(m->height, GUI_DPI_NORMAL);
	}
	/* One size for all texts: that of the primary monitor. */
	if (!l->count)
		l->dpi = dpi && dpi < GUI_DPI_NORMAL && n <= F_DPI ? GUI_DPI_NORMAL : dpi;
	l->count++;
	return 0;
}

/* Moves all to the top left corner, and finds out how large the screen is. */
static int fit(struct layout *l)
{
	unsigned left = UINT16_MAX, top = UINT16_MAX, width = 0, height = 0;

	for (unsigned i = 0; i < l->count; i++) {
		const struct monitor *m = &l->monitor[i];

		left = m->x < left ? m->x : left;
		top = m->y < top ? m->y : top;
		width = (unsigned)m->x + m->width > width ? (unsigned)m->x + m->width : width;
		height = (unsigned)m->y + m->height > height ? (unsigned)m->y + m->height : height;
	}
	if (!l->count || width - left > GUI_MAX_WIDTH || height - top > GUI_MAX_HEIGHT)
		return -EINVAL;
	for (unsigned i = 0; i < l->count; i++) {
		l->monitor[i].x = (uint16_t)(l->monitor[i].x - left);
		l->monitor[i].y = (uint16_t)(l->monitor[i].y - top);
	}
	l->width = (uint16_t)(width - left);
	l->height = (uint16_t)(height - top);
	return 0;
}

int layout_parse(const char *text, size_t len, struct layout *ret)
{
	struct layout l = {0};

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		char line[LINE_MAX_BYTES + 1];

		if (n > LINE_MAX_BYTES || memchr(text, '\0', n))
			return -EINVAL;
		memcpy(line, text, n);
		line[n] = '\0';
		if (n && parse_line(line, &l))
			return -EINVAL;
		text += end ? n + 1 : n;
		len -= end ? n + 1 : n;
	}
	if (fit(&l))
		return -EINVAL;
	*ret = l;
	return 0;
}

void layout_single(uint16_t width, uint16_t height, struct layout *ret)
{
	*ret = (struct layout){.count = 1, .width = width, .height = height};
	ret->monitor[0] = (struct monitor){.width = width,
					   .height = height,
					   .mm_width = (uint16_t)mm_of(width, GUI_DPI_NORMAL),
					   .mm_height = (uint16_t)mm_of(height, GUI_DPI_NORMAL)};
}
