/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a session is described to qubes, and that their agent understands it. */
#include <glib.h>
#include <string.h>

#include "guid/agent/layout.h"
#include "guid/agent/settings.h"
#include "guid/proto/gui-scale.h"
#include "guid/watch/describe.h"

static void test_layout(void)
{
	const struct watched_monitor m[] = {{0, 0, 1920, 1080, 344, 194},
					    {1920, 20, 3840, 2160, 344, 194}};
	char text[DESCRIBE_TEXT_MAX];
	struct layout l;

	describe_layout(m, 2, 120, text);
	g_assert_cmpstr(text, ==, "1920 1080 0 0 508 285 120;3840 2160 1920 20 487 274 120");
	*strchr(text, ';') = '\n';
	g_assert_cmpint(layout_parse(text, strlen(text), &l), ==, 0);
	g_assert_cmpuint(l.count, ==, 2);
	g_assert_cmpuint(l.dpi, ==, 120);
	g_assert_cmpuint(l.width, ==, 5760);
	g_assert_cmpuint(l.height, ==, 2180);
	g_assert_cmpuint(l.monitor[1].mm_width, ==, 487);
	describe_layout(m, 0, 96, text);
	g_assert_cmpstr(text, ==, "");
}

static void test_classes(void)
{
	static const struct {
		unsigned mm, shown;
	} t[] = {{0, 508}, {508, 508}, {323, 508}, {321, 325}, {243, 325}, {242, 243}, {100, 162}};
	char text[DESCRIBE_TEXT_MAX], want[64];

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
		struct watched_monitor m = {0, 0, 1920, 1080, t[i].mm, t[i].mm};

		describe_layout(&m, 1, 96, text);
		g_snprintf(want, sizeof(want), "1920 1080 0 0 %u ", t[i].shown);
		g_assert_true(g_str_has_prefix(text, want));
	}
}

static void test_dpi(void)
{
	static const struct {
		const char *text;
		unsigned dpi;
	} t[] = {{"", 96},
		 {"Xft.dpi:\t192\n", 192},
		 {"Xft.dpi: 143.6", 144},
		 {"a: b\nXft.dpi:\t120\nXft.rgba: none\n", 120},
		 {"Xft.dpi:", 96},
		 {"Xft.dpi:\t-3\n", 96},
		 {"Xft.dpi:\t99999\n", 96},
		 {"xft.dpi: 192\n", 96}};

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++)
		g_assert_cmpuint(gui_dpi_of_resources(t[i].text, strlen(t[i].text)), ==, t[i].dpi);
}

static void test_keyboard(void)
{
	static const char two[] =
		"evdev\0pc105\0us,de\0,nodeadkeys\0grp:alt_shift_toggle,caps:none";
	static const char one[] = "evdev\0pc105\0fr";
	char text[DESCRIBE_TEXT_MAX];

	g_assert_cmpint(describe_keyboard(two, sizeof(two), 0, text), ==, 0);
	g_assert_cmpstr(text, ==, "us++caps:none");
	g_assert_cmpint(describe_keyboard(two, sizeof(two), 1, text), ==, 0);
	g_assert_cmpstr(text, ==, "de+nodeadkeys+caps:none");
	/* More groups than layouts: keyboards wrap around. */
	g_assert_cmpint(describe_keyboard(two, sizeof(two), 2, text), ==, 0);
	g_assert_cmpstr(text, ==, "us++caps:none");
	g_assert_cmpint(describe_keyboard(one, sizeof(one) - 1, 0, text), ==, 0);
	g_assert_cmpstr(text, ==, "fr++");
	g_assert_cmpint(describe_keyboard("", 0, 0, text), !=, 0);
	g_assert_cmpint(describe_keyboard("evdev", 5, 0, text), !=, 0);
}

static void test_parse(void)
{
	static const char *const bad[] = {"",
					  "\n",
					  "a",
					  "1 2 3",
					  "0 10 0 0",
					  "10 0 0 0",
					  "-1 2 0 0",
					  "1 2 3 4x",
					  "16385 10 0 0",
					  "10 6145 0 0",
					  "10 10 0 0\nx",
					  "16000 10 0 0\n500 10 16000 0"};
	static const char ok[] = "100 200 50 60\r\n\n100 200 150 70 10 20 extra words\n";
	struct layout l = {.count = 7};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(layout_parse(bad[i], strlen(bad[i]), &l), !=, 0);
	g_assert_cmpuint(l.count, ==, 7);
	g_assert_cmpint(layout_parse(ok, strlen(ok), &l), ==, 0);
	g_assert_cmpuint(l.count, ==, 2);
	g_assert_cmpuint(l.dpi, ==, 0);
	/* The topmost and the leftmost are at 0. */
	g_assert_cmpuint(l.monitor[0].x, ==, 0);
	g_assert_cmpuint(l.monitor[0].y, ==, 0);
	g_assert_cmpuint(l.monitor[1].x, ==, 100);
	g_assert_cmpuint(l.monitor[1].y, ==, 10);
	g_assert_cmpuint(l.height, ==, 210);
	/* NULs and lines without an end. */
	g_assert_cmpint(layout_parse("1 1 0 0\0\n", 9, &l), !=, 0);
}

static void test_scale(void)
{
	static const unsigned t[][2] = {{48, 1},  {96, 1},  {144, 1}, {179, 1},
					{180, 2}, {192, 2}, {288, 3}, {384, 4}};

	for (size_t i = 0; i < G_N_ELEMENTS(t); i++)
		g_assert_cmpuint(gui_scale_of_dpi(t[i][0]), ==, t[i][1]);
}

static void test_resources(void)
{
	static const char old[] = "Xft.dpi:\t96\nXft.dpi2: 1\nXft.dpi: 7";
	size_t n;
	g_autofree char *text = settings_resources(old, strlen(old), 144, &n);

	g_assert_cmpmem(text, n, "Xft.dpi2: 1\nXft.dpi:\t144\n", 25);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gui-watch/layout", test_layout);
	g_test_add_func("/gui-watch/classes", test_classes);
	g_test_add_func("/gui-watch/dpi", test_dpi);
	g_test_add_func("/gui-watch/keyboard", test_keyboard);
	g_test_add_func("/gui-agent/layout", test_parse);
	g_test_add_func("/gui-agent/scale", test_scale);
	g_test_add_func("/gui-agent/resources", test_resources);
	return g_test_run();
}
