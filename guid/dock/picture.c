/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of docked windows (picture.h). The pixels are a qube's; any are valid. */
#include "guid/dock/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void picture_clear(struct picture *p)
{
	free(p->argb);
	*p = (struct picture){0};
}

static uint8_t straight(uint8_t value, uint8_t alpha)
{
	unsigned v = alpha ? (value * 255u + alpha / 2u) / alpha : 0;

	return (uint8_t)(v > 255 ? 255 : v);
}

static void convert(const uint8_t *from, bool msb, bool alpha, uint8_t *to)
{
	uint8_t a = from[msb ? 0 : 3], r = from[msb ? 1 : 2], g = from[msb ? 2 : 1];
	uint8_t b = from[msb ? 3 : 0];

	to[0] = alpha ? a : 0xff;
	to[1] = alpha ? straight(r, a) : r;
	to[2] = alpha ? straight(g, a) : g;
	to[3] = alpha ? straight(b, a) : b;
}

int picture_take(struct picture *p, int width, int height, int depth, bool msb, const void *bytes,
		 size_t n)
{
	const uint8_t *from = bytes;
	uint8_t *argb;

	if (width <= 0 || height <= 0 || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX ||
	    (depth != 24 && depth != 32) || n != (size_t)width * (size_t)height * 4)
		return -EINVAL;
	argb = malloc(n);
	if (!argb)
		return -ENOMEM;
	for (size_t at = 0; at < n; at += 4)
		convert(from + at, msb, depth == 32, argb + at);
	if (p->width == width && p->height == height && memcmp(p->argb, argb, n) == 0) {
		free(argb);
		return 0;
	}
	free(p->argb);
	*p = (struct picture){width, height, argb};
	return 1;
}

bool picture_blank(const struct picture *p)
{
	for (size_t at = 0; at < (size_t)p->width * (size_t)p->height; at++)
		if (p->argb[at * 4])
			return false;
	return true;
}
