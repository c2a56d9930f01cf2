/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Icons that came from qubes (picture.h). The peer is a qube, hostile. */
#include "dom0/appmenus/picture.h"

#include <errno.h>
#include <string.h>

#include "guid/proto/tint.h"

void picture_clear(struct picture *p)
{
	g_free(p->rgba);
	memset(p, 0, sizeof(*p));
}

/* A decimal number of 1 to 4 digits at *at, which ends with end. 0 when it is none. */
static unsigned take_side(const char **at, const char *limit, char end)
{
	unsigned value = 0;
	int digits = 0;

	for (; *at < limit && g_ascii_isdigit(**at) && digits < 4; digits++)
		value = value * 10 + (unsigned)(*(*at)++ - '0');
	if (!digits || *at == limit || *(*at)++ != end || value > PICTURE_SIDE_MAX)
		return 0;
	return value;
}

int picture_parse(const void *untrusted_data, gsize n, struct picture *ret)
{
	const char *at = untrusted_data, *limit = at + n;
	unsigned width = take_side(&at, limit, ' ');
	unsigned height = width ? take_side(&at, limit, '\n') : 0;

	if (!height || (gsize)(limit - at) != (gsize)width * height * 4)
		return -EINVAL;
	ret->width = width;
	ret->height = height;
	ret->rgba = g_memdup2(at, (gsize)width * height * 4);
	return 0;
}

/* The mean of a block of pixels, weighed by their opacity. */
static void average(const struct picture *p, unsigned x0, unsigned y0, unsigned step, guint8 *ret)
{
	unsigned x1 = MIN(x0 + step, p->width), y1 = MIN(y0 + step, p->height);
	guint64 sum[4] = {0};

	for (unsigned y = y0; y < y1; y++) {
		for (unsigned x = x0; x < x1; x++) {
			const guint8 *from = p->rgba + ((gsize)y * p->width + x) * 4;

			for (int c = 0; c < 3; c++)
				sum[c] += (guint64)from[c] * from[3];
			sum[3] += from[3];
		}
	}
	for (int c = 0; c < 3; c++)
		ret[c] = sum[3] ? (guint8)(sum[c] / sum[3]) : 0;
	ret[3] = (guint8)(sum[3] / ((guint64)(x1 - x0) * (y1 - y0)));
}

void picture_shrink(const struct picture *p, struct picture *ret)
{
	unsigned longest = MAX(p->width, p->height);
	unsigned step = (longest + PICTURE_SIDE_KEPT - 1) / PICTURE_SIDE_KEPT;
	guint8 *to;

	ret->width = (p->width + step - 1) / step;
	ret->height = (p->height + step - 1) / step;
	to = ret->rgba = g_malloc((gsize)ret->width * ret->height * 4);
	for (unsigned y = 0; y < ret->height; y++)
		for (unsigned x = 0; x < ret->width; x++, to += 4)
			average(p, x * step, y * step, step, to);
}

GBytes *picture_pack(const struct picture *p)
{
	g_autofree char *header = NULL;
	GByteArray *out = g_byte_array_new();
	struct picture small;

	picture_shrink(p, &small);
	header = g_strdup_printf("%u %u\n", small.width, small.height);
	g_byte_array_append(out, (const guint8 *)header, (guint)strlen(header));
	g_byte_array_append(out, small.rgba, small.width * small.height * 4);
	picture_clear(&small);
	return g_byte_array_free_to_bytes(out);
}

void picture_tint(struct picture *p, uint32_t color)
{
	double hue, saturation;

	tint_of(color, &hue, &saturation);
	for (gsize i = 0; i < (gsize)p->width * p->height; i++) {
		guint8 *at = p->rgba + i * 4;
		uint32_t rgb = tint_pixel((uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2], hue,
					  saturation);

		at[0] = (guint8)(rgb >> 16);
		at[1] = (guint8)(rgb >> 8);
		at[2] = (guint8)rgb;
	}
}
