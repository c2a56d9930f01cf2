/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure parts of the GUI agent: properties, cursors, modifiers, pacing. */
#include <glib.h>
#include <string.h>

#include "guid/agent/cursor.h"
#include "guid/agent/hints.h"
#include "guid/agent/modifiers.h"
#include "guid/proto/pacer.h"

static void test_size_hints(void)
{
	uint32_t v[18] = {0};
	struct gui_hints h;

	v[0] = GUI_HINT_P_POSITION | GUI_HINT_MIN_SIZE | GUI_HINT_MAX_SIZE | GUI_HINT_RESIZE_INC |
	       GUI_HINT_BASE_SIZE | 0x80000200u;
	for (uint32_t i = 5; i < 18; i++)
		v[i] = 100 + i;
	hints_size(v, 18, &h);
	g_assert_cmphex(h.flags, ==,
			GUI_HINT_P_POSITION | GUI_HINT_MIN_SIZE | GUI_HINT_MAX_SIZE |
				GUI_HINT_RESIZE_INC | GUI_HINT_BASE_SIZE);
	g_assert_cmpuint(h.min_width, ==, 105);
	g_assert_cmpuint(h.max_height, ==, 108);
	g_assert_cmpuint(h.width_inc, ==, 109);
	g_assert_cmpuint(h.base_height, ==, 116);

	/* The old, shorter form has no base size; a truncated one has less. */
	hints_size(v, 15, &h);
	g_assert_cmphex(h.flags & GUI_HINT_BASE_SIZE, ==, 0);
	g_assert_cmpuint(h.base_width, ==, 0);
	hints_size(v, 6, &h);
	g_assert_cmphex(h.flags, ==, GUI_HINT_P_POSITION);
	hints_size(v, 0, &h);
	g_assert_cmphex(h.flags, ==, 0);
}

static void test_input_hint(void)
{
	const uint32_t no[] = {1, 0}, yes[] = {1, 1}, unsaid[] = {2, 0};

	g_assert_true(hints_no_input(no, 2));
	g_assert_false(hints_no_input(yes, 2));
	g_assert_false(hints_no_input(unsaid, 2));
	g_assert_false(hints_no_input(no, 1));
	g_assert_false(hints_no_input(NULL, 0));
}

static void test_titles(void)
{
	struct gui_wmname n;
	char text[400];

	hints_title("abc", 3, &n);
	g_assert_cmpstr(n.text, ==, "abc");
	hints_title("abc\0def", 7, &n);
	g_assert_cmpstr(n.text, ==, "abc");
	memset(text, 'x', sizeof(text));
	hints_title(text, 127, &n);
	g_assert_cmpuint(strlen(n.text), ==, 127);
	hints_title(text, 128, &n);
	g_assert_cmpuint(strlen(n.text), ==, 127);
	g_assert_cmpstr(n.text + 124, ==, "\xe2\x80\xa6");
	/* Never half a character before the ellipsis. */
	for (size_t i = 0; i + 2 <= sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	for (size_t n_bytes = 128; n_bytes < 140; n_bytes++) {
		hints_title(text, n_bytes, &n);
		g_assert_true(g_utf8_validate(n.text, -1, NULL));
	}
	/* Only continuation bytes: nothing to cut at, but no crash. */
	memset(text, '\x80', sizeof(text));
	hints_title(text, sizeof(text), &n);
	hints_title_latin1("caf\xe9", 4, &n);
	g_assert_cmpstr(n.text, ==, "caf\xc3\xa9");
	memset(text, '\xe9', sizeof(text));
	hints_title_latin1(text, sizeof(text), &n);
	g_assert_true(g_utf8_validate(n.text, -1, NULL));
	hints_title("", 0, &n);
	g_assert_cmpstr(n.text, ==, "");
}

static void test_class(void)
{
	struct gui_wmclass c;
	char text[300];

	hints_class("xterm\0XTerm", 12, &c);
	g_assert_cmpstr(c.res_name, ==, "xterm");
	g_assert_cmpstr(c.res_class, ==, "XTerm");
	hints_class("xterm", 5, &c);
	g_assert_cmpstr(c.res_name, ==, "xterm");
	g_assert_cmpstr(c.res_class, ==, "");
	hints_class("\0X", 2, &c);
	g_assert_cmpstr(c.res_name, ==, "");
	g_assert_cmpstr(c.res_class, ==, "X");
	memset(text, 'n', sizeof(text));
	text[150] = '\0';
	hints_class(text, sizeof(text), &c);
	g_assert_cmpuint(strlen(c.res_name), ==, sizeof(c.res_name) - 1);
	g_assert_cmpuint(strlen(c.res_class), ==, sizeof(c.res_class) - 1);
	hints_class("", 0, &c);
	g_assert_cmpstr(c.res_name, ==, "");
}

static void test_state_request(void)
{
	struct gui_flags f = hints_state_request(0, 3, 1);

	g_assert_cmphex(f.set, ==, 0);
	g_assert_cmphex(f.unset, ==, 3);
	f = hints_state_request(1, 2, 2);
	g_assert_cmphex(f.set, ==, 2);
	g_assert_cmphex(f.unset, ==, 0);
	f = hints_state_request(2, 3, 1);
	g_assert_cmphex(f.set, ==, 2);
	g_assert_cmphex(f.unset, ==, 1);
}

static void test_cursors(void)
{
	g_assert_cmphex(cursor_from_name("xterm", 5), ==, 0x100 + 152);
	g_assert_cmphex(cursor_from_name("text", 4), ==, 0x100 + 152);
	g_assert_cmphex(cursor_from_name("X_cursor", 8), ==, 0x100);
	g_assert_cmphex(cursor_from_name("zoom-out", 8), ==, 0x100 + 90);
	g_assert_cmphex(cursor_from_name("left_ptr", 8), ==, 0x100 + 68);
	g_assert_cmphex(cursor_from_name("left_ptr", 4), ==, 0);
	g_assert_cmphex(cursor_from_name("", 0), ==, 0);
	g_assert_cmphex(cursor_from_name("a name that is longer than any cursor's", 39), ==, 0);
}

/* Keysyms of an ordinary keyboard: 50 and 62 Shift, 66 Caps, 37 Control, 77 Num. */
static uint32_t keysym_of(void *ctx, uint8_t code)
{
	switch (code) {
	case 66:
		return 0xffe5;
	case 77:
		return 0xff7f;
	}
	return 0xffe1;
}

static void test_modifiers(void)
{
	const uint8_t codes[MODIFIERS * 2] = {50, 62, 66, 0, 37, 0, 64, 0, 77, 0, 0, 0, 0, 133};
	struct key_action todo[MODIFIER_MAX_ACTIONS];
	struct modifier_map m;

	modifiers_init(&m, codes, 2, keysym_of, NULL);
	g_assert_cmphex(m.toggles, ==, 0x12);
	g_assert_cmpuint(modifiers_plan(&m, 0, 0, todo), ==, 0);
	g_assert_cmpuint(modifiers_plan(&m, 5, 5, todo), ==, 0);
	/* Shift and Control are to be held. */
	g_assert_cmpuint(modifiers_plan(&m, 0, 5, todo), ==, 2);
	g_assert_true(todo[0].keycode == 50 && todo[0].press);
	g_assert_true(todo[1].keycode == 37 && todo[1].press);
	/* Either Shift may be the one that is down. */
	g_assert_cmpuint(modifiers_plan(&m, 1, 0, todo), ==, 2);
	g_assert_true(todo[0].keycode == 50 && !todo[0].press);
	g_assert_true(todo[1].keycode == 62 && !todo[1].press);
	/* Locks are switched, in both directions. */
	g_assert_cmpuint(modifiers_plan(&m, 2, 0, todo), ==, 2);
	g_assert_true(todo[0].keycode == 66 && todo[0].press && !todo[1].press);
	g_assert_cmpuint(modifiers_plan(&m, 0, 16, todo), ==, 2);
	g_assert_true(todo[0].keycode == 77 && todo[0].press && !todo[1].press);
	/* Mod3 has no key; Mod4's is in the second column. */
	g_assert_cmpuint(modifiers_plan(&m, 0, 0x20, todo), ==, 0);
	g_assert_cmpuint(modifiers_plan(&m, 0, 0x40, todo), ==, 1);
	g_assert_cmpuint(todo[0].keycode, ==, 133);
}

static void test_pacer(void)
{
	struct pacer p = {0};
	int64_t now = 1000000;

	/* Frames that wait for each other are never held. */
	for (int i = 0; i < 100; i++) {
		g_assert_cmpint(pacer_due(&p), <=, now);
		pacer_updated(&p, now);
		now += 300;
		pacer_damage(&p, now);
	}
	g_assert_cmpint(pacer_due(&p), <=, now);
	/* A flood is. */
	for (int i = 0; i < PACER_FLOOD; i++) {
		pacer_updated(&p, now);
		now += 5;
		pacer_damage(&p, now);
	}
	g_assert_cmpint(pacer_due(&p), ==, now - 5 + PACER_INTERVAL_US);
	/* Until it pauses. */
	now += PACER_INTERVAL_US;
	pacer_updated(&p, now);
	now += PACER_GAP_US;
	pacer_damage(&p, now);
	g_assert_cmpint(pacer_due(&p), <=, now);
	/* Whoever has no room is left alone for as long. */
	pacer_updated(&p, now);
	pacer_flooded(&p);
	g_assert_cmpint(pacer_due(&p), ==, now + PACER_INTERVAL_US);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gui-agent/size-hints", test_size_hints);
	g_test_add_func("/gui-agent/input-hint", test_input_hint);
	g_test_add_func("/gui-agent/titles", test_titles);
	g_test_add_func("/gui-agent/class", test_class);
	g_test_add_func("/gui-agent/state-request", test_state_request);
	g_test_add_func("/gui-agent/cursors", test_cursors);
	g_test_add_func("/gui-agent/modifiers", test_modifiers);
	g_test_add_func("/gui-agent/pacer", test_pacer);
	return g_test_run();
}
