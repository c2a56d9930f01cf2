/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What GUI daemons ask of the session service, and what it tells of the clipboard. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "guid/proto/session.h"
#include "guid/session/describe.h"

static void test_request(void)
{
	struct session_request rq = {SESSION_ERROR, "work-1.a_b", 0xcc00ff, "Größe\nfalsch"}, got;
	char buf[SESSION_REQUEST_MAX + 1];
	size_t n = session_request_format(&rq, buf, sizeof(buf));

	g_assert_cmpmem(buf, n, "error\0work-1.a_b\0000xcc00ff\0Größe\nfalsch", 40);
	g_assert_cmpint(session_request_parse(buf, n, &got), ==, 0);
	g_assert_cmpint(got.kind, ==, SESSION_ERROR);
	g_assert_cmpstr(got.qube, ==, rq.qube);
	g_assert_cmphex(got.color, ==, 0xcc00ff);
	g_assert_cmpstr(got.text, ==, rq.text);
	g_assert_cmpuint(session_request_format(&rq, buf, n), ==, 0);
}

static void test_bad(void)
{
	static const struct {
		const char *data;
		size_t n;
	} bad[] = {
		{"", 0},
		{"ask", 3},
		{"ask\0work\0000x112233", 17},
		{"ask\0work\0000x112233\0", 18},
		{"tell\0work\0000x112233\0x", 20},
		{"ask\0\0000x112233\0x", 15},
		{"ask\0wo rk\0000x112233\0x", 20},
		{"ask\0work\0000x11223\0x", 18},
		{"ask\0work\0000x11223g\0x", 19},
		{"ask\0work\0000x1122\023\023\0x", 19},
		{"ask\0work\000112233aa\0x", 19},
		{"ask\0work\0000x112233\0x\0y", 21},
		{"ask\0abcdefghijklmnopqrstuvwxyz012345\0000x112233\0x", 47},
	};
	char big[SESSION_REQUEST_MAX + 1] = "ask";
	struct session_request got;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(session_request_parse(bad[i].data, bad[i].n, &got), ==, -EPROTO);
	g_assert_cmpint(session_request_parse(big, sizeof(big), &got), ==, -EMSGSIZE);
}

static void test_metadata(void)
{
	struct clip_metadata m = {.vmname = "work",
				  .xevent_timestamp = 4000000000u,
				  .successful = true,
				  .copy_action = true,
				  .sent_size = 12,
				  .buffer_size = 64000,
				  .protocol_version_xside = 0x10008,
				  .protocol_version_vmside = 0x10007},
			     got;
	char text[CLIP_METADATA_MAX];

	g_assert_cmpuint(clip_metadata_format(&m, text, sizeof(text)), >, 0);
	g_assert_cmpint(clip_metadata_parse(text, &got), ==, 0);
	g_assert_cmpmem(&m, sizeof(m), &got, sizeof(got));
	g_assert_cmpint(clip_metadata_parse("", &got), ==, -EPROTO);
	g_assert_cmpint(clip_metadata_parse("{\"vmname\":7}", &got), ==, -EPROTO);
	g_assert_cmpint(clip_metadata_parse("{\"vmname\":\"work", &got), ==, -EPROTO);
	g_assert_cmpint(
		clip_metadata_parse("{\"vmname\":\"abcdefghijklmnopqrstuvwxyz012345\"}", &got), ==,
		-EPROTO);
}

static void describe(struct clip_metadata m, const char *wanted, bool wanted_failure)
{
	char text[256];
	bool failure = false;

	strcpy(m.vmname, "work");
	g_assert_true(clipboard_describe(&m, text, sizeof(text), &failure));
	g_assert_cmpstr(text, ==, wanted);
	g_assert_cmpint(failure, ==, wanted_failure);
}

static void test_words(void)
{
	struct clip_metadata nothing = {.vmname = "work", .successful = true};
	char text[256];
	bool failure;

	describe((struct clip_metadata){.copy_action = 1, .successful = 1, .sent_size = 1},
		 "1 byte copied from work. Ctrl+Shift+V pastes into another qube.", false);
	describe((struct clip_metadata){.copy_action = 1, .oversized_request = 1, .buffer_size = 9},
		 "work has more than the 9 bytes that may be copied. Nothing was copied.", true);
	describe((struct clip_metadata){.copy_action = 1, .successful = 1, .cleared = 1},
		 "There was nothing to copy in work. The clipboard is empty.", false);
	describe((struct clip_metadata){.copy_action = 1}, "Copying from work failed.", true);
	describe((struct clip_metadata){.copy_action = 1, .malformed_request = 1},
		 "work sent data that are no clipboard's. Nothing was copied.", true);
	describe(
		(struct clip_metadata){
			.paste_action = 1, .successful = 1, .cleared = 1, .sent_size = 7},
		"7 bytes pasted into work. The clipboard is empty.", false);
	describe((struct clip_metadata){.paste_action = 1}, "Pasting into work failed.", true);
	g_assert_false(clipboard_describe(&nothing, text, sizeof(text), &failure));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gui/session/request", test_request);
	g_test_add_func("/gui/session/bad", test_bad);
	g_test_add_func("/gui/session/metadata", test_metadata);
	g_test_add_func("/gui/session/words", test_words);
	return g_test_run();
}
