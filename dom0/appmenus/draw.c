/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signs that stand for qubes in menus (picture.h), drawn without a library. No peer. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "dom0/appmenus/picture.h"

/* Samples of a pixel's side. */
#define SAMPLES 4

static bool in_box(double x, double y, double x0, double y0, double x1, double y1)
{
	return x >= x0 && x < x1 && y >= y0 && y < y1;
}

static bool in_ring(double x, double y, double cx, double cy, double inner, double outer)
{
	double d = hypot(x - cx, y - cy);

	return d >= inner && d < outer;
}

/* The bow of a lock whose middle is at cx, above 0.45. */
static bool in_bow(double x, double y, double cx)
{
	return (y < 0.3 && in_ring(x, y, cx, 0.3, 0.13, 0.22)) ||
	       (y >= 0.3 && y < 0.48 && fabs(x - cx) >= 0.13 && fabs(x - cx) < 0.22);
}

/* A diamond, flat as a sheet that is seen from the side. */
static bool in_sheet(double x, double y, double cy)
{
	return fabs(x - 0.5) / 0.42 + fabs(y - cy) / 0.2 < 1;
}

/* What is at x, y (0 … 1): 0 nothing, 1 the color, 2 the edge, a darker shade. */
static int at_point(enum picture_sign sign, double x, double y)
{
	switch (sign) {
	case PICTURE_LOCK:
	case PICTURE_OPEN_LOCK:
		if (in_box(x, y, 0.16, 0.45, 0.84, 0.94))
			return in_box(x, y, 0.46, 0.6, 0.54, 0.8) ? 2 : 1;
		return in_bow(x, y, sign == PICTURE_LOCK ? 0.5 : 0.72) ? 2 : 0;
	case PICTURE_LAYERS:
		for (int i = 0; i < 3; i++)
			if (in_sheet(x, y, 0.28 + 0.22 * i))
				return i == 0 ? 1 : 2 - i % 2;
		return 0;
	case PICTURE_NODE:
		if (hypot(x - 0.5, y - 0.5) >= 0.44)
			return 0;
		return fabs(x - 0.5) < 0.035 || fabs(y - 0.5) < 0.035 ||
				       in_ring(x, y, 0.5, 0.5, 0.4, 0.44) ||
				       in_ring(x * 1.8, y, 0.9, 0.5, 0.36, 0.42)
			       ? 2
			       : 1;
	}
	return 0;
}

/* A channel of the edges: darker, but lighter where the color itself is nearly black. */
static unsigned shade(uint32_t color, unsigned channel)
{
	bool dark = (color >> 16 & 0xff) < 64 && (color >> 8 & 0xff) < 64 && (color & 0xff) < 64;

	return dark ? channel + 110 : channel * 6 / 10;
}

static void draw_pixel(enum picture_sign sign, uint32_t color, unsigned size, unsigned px,
		       unsigned py, guint8 *ret)
{
	unsigned counts[3] = {0}, shown;

	for (unsigned i = 0; i < SAMPLES * SAMPLES; i++)
		counts[at_point(sign, (px + (i % SAMPLES + 0.5) / SAMPLES) / size,
				(py + ((double)(i / SAMPLES) + 0.5) / SAMPLES) / size)]++;
	shown = counts[1] + counts[2];
	for (int c = 0; c < 3; c++) {
		unsigned plain = color >> (16 - 8 * c) & 0xff, edge = shade(color, plain);

		ret[c] = shown ? (guint8)((plain * counts[1] + edge * counts[2]) / shown) : 0;
	}
	ret[3] = (guint8)(shown * 255 / (SAMPLES * SAMPLES));
}

void picture_draw(enum picture_sign sign, uint32_t color, unsigned size, struct picture *ret)
{
	ret->width = ret->height = size;
	ret->rgba = g_malloc((gsize)size * size * 4);
	for (unsigned y = 0; y < size; y++)
		for (unsigned x = 0; x < size; x++)
			draw_pixel(sign, color, size, x, y, ret->rgba + ((gsize)y * size + x) * 4);
}
