/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pixels of docked windows as StatusNotifierItem has them. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "guid/dock/picture.h"

static void test_order(void)
{
	struct picture p = {0};

	/* No alpha at depth 24: what is there is nothing. */
	g_assert_cmpint(picture_take(&p, 1, 1, 24, false, "\x33\x22\x11\0", 4), ==, 1);
	g_assert_cmpmem(p.argb, 4, "\xff\x11\x22\x33", 4);
	g_assert_false(picture_blank(&p));
	g_assert_cmpint(picture_take(&p, 1, 1, 24, true, "\0\x11\x22\x33", 4), ==, 0);
	g_assert_cmpint(picture_take(&p, 1, 1, 24, true, "\0\x11\x22\x34", 4), ==, 1);
	g_assert_cmpmem(p.argb, 4, "\xff\x11\x22\x34", 4);
	picture_clear(&p);
	g_assert_cmpint(p.width, ==, 0);
}

static void test_alpha(void)
{
	struct picture p = {0};

	g_assert_cmpint(picture_take(&p, 2, 1, 32, true, "\x80\x40\x80\0\0\0\0\0", 8), ==, 1);
	g_assert_cmpmem(p.argb, 8, "\x80\x80\xff\0\0\0\0\0", 8);
	g_assert_false(picture_blank(&p));
	/* Brighter than its alpha allows. */
	g_assert_cmpint(picture_take(&p, 1, 1, 32, true, "\x01\xff\x01\0", 4), ==, 1);
	g_assert_cmpmem(p.argb, 4, "\x01\xff\xff\0", 4);
	g_assert_cmpint(picture_take(&p, 1, 1, 32, true, "\0\xff\x01\0", 4), ==, 1);
	g_assert_cmpmem(p.argb, 4, "\0\0\0\0", 4);
	g_assert_true(picture_blank(&p));
	picture_clear(&p);
	g_assert_true(picture_blank(&p));
}

static void test_limits(void)
{
	g_autofree guint8 *bytes = g_malloc0((PICTURE_SIDE_MAX + 1) * PICTURE_SIDE_MAX * 4);
	struct picture p = {0};
	gsize row = PICTURE_SIDE_MAX * 4;

	g_assert_cmpint(picture_take(&p, PICTURE_SIDE_MAX, PICTURE_SIDE_MAX, 24, false, bytes,
				     row * PICTURE_SIDE_MAX),
			==, 1);
	g_assert_cmpint(picture_take(&p, PICTURE_SIDE_MAX, PICTURE_SIDE_MAX + 1, 24, false, bytes,
				     row * (PICTURE_SIDE_MAX + 1)),
			==, -EINVAL);
	g_assert_cmpint(picture_take(&p, PICTURE_SIDE_MAX + 1, 1, 24, false, bytes, row + 4), ==,
			-EINVAL);
	g_assert_cmpint(picture_take(&p, 0, 1, 24, false, bytes, 0), ==, -EINVAL);
	g_assert_cmpint(picture_take(&p, -1, -1, 24, false, bytes, 4), ==, -EINVAL);
	g_assert_cmpint(picture_take(&p, 2, 2, 16, false, bytes, 16), ==, -EINVAL);
	g_assert_cmpint(picture_take(&p, 2, 2, 24, false, bytes, 15), ==, -EINVAL);
	g_assert_cmpint(p.width, ==, PICTURE_SIDE_MAX);
	picture_clear(&p);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dock/order", test_order);
	g_test_add_func("/dock/alpha", test_alpha);
	g_test_add_func("/dock/limits", test_limits);
	return g_test_run();
}
