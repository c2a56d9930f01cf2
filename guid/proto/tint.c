/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colours of icons (tint.h). Pure; pixels come from a hostile qube: any value will do. */
#include "guid/proto/tint.h"

struct hls {
	double h, l, s;
};

static double channel(uint32_t rgb, int shift)
{
	return (double)(rgb >> shift & 0xff) / 255.0;
}

static struct hls to_hls(uint32_t rgb)
{
	double r = channel(rgb, 16), g = channel(rgb, 8), b = channel(rgb, 0);
	double max = r > g ? (r > b ? r : b) : (g > b ? g : b);
	double min = r < g ? (r < b ? r : b) : (g < b ? g : b);
	double d = max - min;
	struct hls c = {.l = (max + min) / 2};

	if (d <= 0)
		return c;
	c.s = c.l <= 0.5 ? d / (max + min) : d / (2 - max - min);
	if (max <= r)
		c.h = (g - b) / d + (g < b ? 6 : 0);
	else if (max <= g)
		c.h = (b - r) / d + 2;
	else
		c.h = (r - g) / d + 4;
	c.h /= 6;
	return c;
}

/* One channel, for a hue shifted by a third for red, not for green, back for blue. */
static uint32_t to_channel(double low, double high, double hue)
{
	double v;

	if (hue < 0)
		hue += 1;
	if (hue >= 1)
		hue -= 1;
	if (hue < 1.0 / 6)
		v = low + (high - low) * hue * 6;
	else if (hue < 0.5)
		v = high;
	else if (hue < 2.0 / 3)
		v = low + (high - low) * (2.0 / 3 - hue) * 6;
	else
		v = low;
	v *= 255;
	return v <= 0 ? 0 : v >= 255 ? 255 : (uint32_t)v;
}

void tint_of(uint32_t rgb, double *ret_hue, double *ret_saturation)
{
	struct hls c = to_hls(rgb);

	*ret_hue = c.h;
	*ret_saturation = c.s;
}

uint32_t tint_pixel(uint32_t rgb, double hue, double saturation)
{
	double l = to_hls(rgb).l;
	double high = l <= 0.5 ? l * (1 + saturation) : l + saturation - l * saturation;
	double low = 2 * l - high;

	return to_channel(low, high, hue + 1.0 / 3) << 16 | to_channel(low, high, hue) << 8 |
	       to_channel(low, high, hue - 1.0 / 3);
}
