/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of tray items (image.h). No peer. */
#include "guid/tray/image.h"

#include <stdlib.h>
#include <string.h>

void image_clear(struct image *i)
{
	free(i->argb);
	memset(i, 0, sizeof(*i));
}

/* How bad a picture of that width is for size pixels: too large is better than too small. */
static int badness(int width, int size)
{
	return width >= size ? width - size : (size - width) * 8;
}

bool image_offer(struct image *i, int width, int height, const void *bytes, size_t n, int size)
{
	const unsigned char *b = bytes;
	uint32_t *argb;

	if (width <= 0 || height <= 0 || width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX ||
	    n != (size_t)width * (size_t)height * 4)
		return false;
	if (i->width && badness(i->width, size) <= badness(width, size))
		return true;
	argb = malloc(n);
	if (!argb)
		return false;
	for (size_t at = 0; at < n / 4; at++, b += 4)
		argb[at] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	image_clear(i);
	*i = (struct image){width, height, argb};
	return true;
}

/* The mean of the part x0 … x1, y0 … y1, in front of background. */
static uint32_t part(const struct image *i, int x0, int y0, int x1, int y1, uint32_t background)
{
	uint64_t sum[3] = {0}, n = (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);
	uint32_t ret = 0;

	for (int y = y0; y < y1; y++) {
		for (int x = x0; x < x1; x++) {
			uint32_t p = i->argb[(size_t)y * (size_t)i->width + (size_t)x], a = p >> 24;

			for (int c = 0; c < 3; c++)
				sum[c] += (p >> 8 * c & 0xff) * a +
					  (background >> 8 * c & 0xff) * (255 - a);
		}
	}
	for (int c = 0; c < 3; c++)
		ret |= (uint32_t)(sum[c] / (n * 255)) << 8 * c;
	return ret;
}

/* The first pixel of the picture behind pixel at of n. */
static int source(int at, int n, int side)
{
	return (int)((int64_t)at * side / n);
}

void image_fit(const struct image *i, uint32_t background, int width, int height, uint32_t *pixels)
{
	int w = width, h = height, left, top;

	for (int at = 0; at < width * height; at++)
		pixels[at] = background;
	if (!i->width || width <= 0 || height <= 0)
		return;
	if ((int64_t)i->width * height > (int64_t)i->height * width)
		h = (int)((int64_t)width * i->height / i->width);
	else
		w = (int)((int64_t)height * i->width / i->height);
	left = (width - w) / 2;
	top = (height - h) / 2;
	for (int y = 0; y < h; y++) {
		int y0 = source(y, h, i->height), y1 = source(y + 1, h, i->height);

		for (int x = 0; x < w; x++) {
			int x0 = source(x, w, i->width), x1 = source(x + 1, w, i->width);

			pixels[(top + y) * width + left + x] =
				part(i, x0, y0, x1 > x0 ? x1 : x0 + 1, y1 > y0 ? y1 : y0 + 1,
				     background);
		}
	}
}
