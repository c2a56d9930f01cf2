/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of tray items: which one is taken, and how it is fitted in. */
#include <glib.h>
#include <string.h>

#include "guid/tray/image.h"

/* A picture of one color. */
static bool offer(struct image *i, int width, int height, const char *argb, int size)
{
	g_autofree char *bytes = g_malloc((gsize)width * (gsize)height * 4);

	for (int n = 0; n < width * height; n++)
		memcpy(bytes + n * 4, argb, 4);
	return image_offer(i, width, height, bytes, (gsize)width * (gsize)height * 4, size);
}

static void test_offer(void)
{
	struct image i = {0};

	g_assert_true(offer(&i, 16, 16, "\xff\x11\x22\x33", 24));
	g_assert_cmphex(i.argb[0], ==, 0xff112233);
	g_assert_true(offer(&i, 48, 48, "\xff\0\0\0", 24));
	g_assert_cmpint(i.width, ==, 48);
	g_assert_true(offer(&i, 64, 64, "\xff\0\0\0", 24));
	g_assert_cmpint(i.width, ==, 48);
	g_assert_true(offer(&i, 24, 24, "\xff\0\0\0", 24));
	g_assert_cmpint(i.width, ==, 24);
	g_assert_false(image_offer(&i, 2, 2, "1234", 4, 24));
	g_assert_false(image_offer(&i, 0, 2, "", 0, 24));
	g_assert_false(image_offer(&i, -1, -1, "1234", 4, 24));
	g_assert_false(image_offer(&i, IMAGE_SIDE_MAX + 1, 1, "", (IMAGE_SIDE_MAX + 1) * 4, 24));
	g_assert_cmpint(i.width, ==, 24);
	image_clear(&i);
}

static void test_fit(void)
{
	struct image i = {0};
	uint32_t out[8 * 8];

	image_fit(&i, 0xffffff, 8, 8, out);
	g_assert_cmphex(out[63], ==, 0xffffff);
	/* Half as high as wide: in the middle, with background above and below. */
	g_assert_true(offer(&i, 16, 8, "\xff\x10\x20\x30", 24));
	image_fit(&i, 0xffffff, 8, 8, out);
	g_assert_cmphex(out[0], ==, 0xffffff);
	g_assert_cmphex(out[8 + 7], ==, 0xffffff);
	g_assert_cmphex(out[2 * 8], ==, 0x102030);
	g_assert_cmphex(out[5 * 8 + 7], ==, 0x102030);
	g_assert_cmphex(out[6 * 8], ==, 0xffffff);
	image_clear(&i);
	/* Larger than it is, and half transparent. */
	g_assert_true(offer(&i, 1, 1, "\x80\0\0\0", 24));
	image_fit(&i, 0xffffff, 8, 8, out);
	g_assert_cmphex(out[0], ==, 0x7f7f7f);
	g_assert_cmphex(out[63], ==, 0x7f7f7f);
	image_clear(&i);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tray/offer", test_offer);
	g_test_add_func("/tray/fit", test_fit);
	return g_test_run();
}
