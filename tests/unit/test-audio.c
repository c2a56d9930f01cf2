/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure parts of audio: commands, queues, allowances, and the daemon's command line. */
#include <getopt.h>
#include <glib.h>
#include <limits.h>
#include <string.h>

#include "guid/audio/audio-proto.h"
#include "guid/audio/daemon/options.h"
#include "guid/audio/pcm.h"

static void feed(struct audio_control *c, struct audio_wishes *w, uint32_t word)
{
	uint32_t le = GUINT32_TO_LE(word);

	audio_control_feed(c, &le, sizeof(le), w);
}

static void test_commands(void)
{
	struct audio_control c = {0};
	struct audio_wishes w = {0};

	feed(&c, &w, 0x00010001);
	g_assert_true(w.record && !w.corked);
	feed(&c, &w, 0x00020000);
	g_assert_true(w.record && w.corked);
	feed(&c, &w, 0x00010000);
	g_assert_true(!w.record && w.corked);
	feed(&c, &w, 0x00020001);
	g_assert_true(!w.record && !w.corked);
	g_assert_cmpuint(w.unknown, ==, 0);
}

/* The order of bytes on the wire, and that both sides agree. */
static void test_encode(void)
{
	static const uint8_t start[] = {1, 0, 1, 0}, cork[] = {0, 0, 2, 0};
	uint8_t out[AUDIO_WORD];

	audio_command_encode(out, AUDIO_RECORD_START);
	g_assert_cmpmem(out, sizeof(out), start, sizeof(start));
	audio_command_encode(out, AUDIO_PLAY_CORK);
	g_assert_cmpmem(out, sizeof(out), cork, sizeof(cork));
}

static void test_split_words(void)
{
	static const uint8_t bytes[] = {1, 0, 1, 0, 0, 0, 2, 0, 0, 0};

	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		struct audio_control c = {0};
		struct audio_wishes w = {0};

		audio_control_feed(&c, bytes, cut, &w);
		audio_control_feed(&c, bytes + cut, sizeof(bytes) - cut, &w);
		g_assert_true(w.record && w.corked);
		g_assert_cmpuint(c.have, ==, 2);
	}
}

static void test_unknown(void)
{
	static const uint32_t words[] = {0,	     1,	       0x00010002, 0x00020002,
					 0x00030000, UINT_MAX, 0x10001000};
	struct audio_control c = {0};
	struct audio_wishes w = {.record = true};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		feed(&c, &w, words[i]);
	g_assert_true(w.record && !w.corked);
	g_assert_cmpuint(w.unknown, ==, G_N_ELEMENTS(words));
	w.unknown = UINT_MAX;
	feed(&c, &w, 0);
	g_assert_cmpuint(w.unknown, ==, UINT_MAX);
}

static void test_sizes(void)
{
	static const uint8_t quiet[4096], sound[8] = {[7] = 1};

	g_assert_cmpuint(audio_bytes(1000), ==, 176400);
	g_assert_cmpuint(audio_bytes(1), ==, 176);
	g_assert_cmpuint(audio_bytes(0), ==, 0);
	g_assert_true(audio_is_silence(quiet, sizeof(quiet)));
	g_assert_true(audio_is_silence(quiet, 0));
	g_assert_true(audio_is_silence(quiet, 1));
	g_assert_true(audio_is_silence(sound, 7));
	g_assert_false(audio_is_silence(sound, 8));
	g_assert_false(audio_is_silence(sound + 7, 1));
}

static void test_queue(void)
{
	struct pcm_queue q;
	uint8_t in[64];

	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	pcm_queue_init(&q, 18);
	g_assert_cmpint(pcm_queue_put(&q, in, 12), ==, 0);
	g_assert_cmpint(pcm_queue_put(&q, NULL, 0), ==, 0);
	/* 16 bytes fit, whole frames: 8 of the 12 go. */
	g_assert_cmpint(pcm_queue_put(&q, in + 12, 12), ==, 0);
	g_assert_cmpmem(bytebuf_peek(&q.bytes), q.bytes.len, in + 8, 16);
	g_assert_cmpuint(q.dropped, ==, 8);
	/* Longer than the queue: its end. */
	g_assert_cmpint(pcm_queue_put(&q, in, 64), ==, 0);
	g_assert_cmpmem(bytebuf_peek(&q.bytes), q.bytes.len, in + 48, 16);
	g_assert_cmpuint(q.dropped, ==, 8 + 48 + 16);
	g_assert_cmpint(pcm_queue_put(&q, NULL, 4), ==, 0);
	g_assert_cmpmem(bytebuf_peek(&q.bytes), 12, in + 52, 12);
	g_assert_true(audio_is_silence(bytebuf_peek(&q.bytes) + 12, 4));
	bytebuf_drop(&q.bytes, 1);
	pcm_queue_empty(&q);
	g_assert_cmpuint(q.bytes.len, ==, 3);
	pcm_queue_reset(&q);
	g_assert_cmpuint(q.bytes.len, ==, 0);
	pcm_queue_clear(&q);
}

/* A reader that stands in the middle of a frame stays in step. */
static void test_queue_in_step(void)
{
	struct pcm_queue q;
	uint8_t frame[AUDIO_FRAME] = {0xa, 0xb, 0xc, 0xd};

	pcm_queue_init(&q, 16);
	for (int i = 0; i < 4; i++)
		g_assert_cmpint(pcm_queue_put(&q, frame, 4), ==, 0);
	bytebuf_drop(&q.bytes, 3);
	for (int i = 0; i < 5; i++)
		g_assert_cmpint(pcm_queue_put(&q, frame, 4), ==, 0);
	g_assert_cmpuint(q.bytes.len % AUDIO_FRAME, ==, 1);
	g_assert_cmpuint(bytebuf_peek(&q.bytes)[0], ==, 0xd);
	g_assert_cmpuint(bytebuf_peek(&q.bytes)[1], ==, 0xa);
	pcm_queue_clear(&q);
}

static void test_allowance(void)
{
	struct allowance a = {.burst = 3, .per_second = 10};
	unsigned taken = 0;

	for (int i = 0; i < 100; i++)
		taken += allowance_take(&a, 1000);
	g_assert_cmpuint(taken, ==, 3);
	g_assert_false(allowance_take(&a, 1099));
	g_assert_true(allowance_take(&a, 1100));
	g_assert_false(allowance_take(&a, 1150));
	/* What does not make one is not lost by looking often. */
	for (int64_t t = 1151; t < 1200; t++)
		g_assert_false(allowance_take(&a, t));
	g_assert_true(allowance_take(&a, 1200));
	/* Never more than the burst. */
	for (taken = 0; allowance_take(&a, 1000000);)
		taken++;
	g_assert_cmpuint(taken, ==, 3);
	/* A clock that goes back gives nothing. */
	g_assert_false(allowance_take(&a, 1));
}

static int parse(struct audio_options *o, const char *line)
{
	g_auto(GStrv) argv = g_strsplit(line, " ", -1);
	/* getopt() of glibc starts anew with 0. */
	optind = 0;
	int r = audio_options_parse(o, (int)g_strv_length(argv), argv);

	if (r == 0) {
		o->name = g_intern_string(o->name);
		o->icon = o->icon ? g_intern_string(o->icon) : NULL;
	}
	return r;
}

static void test_options(void)
{
	struct audio_options o;

	g_assert_cmpint(parse(&o, "pacat -l 5 work"), ==, 0);
	g_assert_cmpuint(o.domain, ==, 5);
	g_assert_cmpstr(o.name, ==, "work");
	g_assert_cmpuint(o.target, ==, 4096);
	g_assert_cmpint(o.volume, ==, AUDIO_VOLUME_KEEP);
	g_assert_cmpint(parse(&o, "pacat 5 work"), ==, 0);
	g_assert_cmpuint(o.target, ==, 17640);
	g_assert_cmpint(parse(&o, "pacat -n -b -v -v -t 8195 -V 30 -i appvm-red -- 0x7 x"), <, 0);
	g_assert_cmpint(parse(&o, "pacat -n -b -v -v -t 8195 -V 30 -i appvm-red -- 7 x"), ==, 0);
	g_assert_cmpuint(o.target, ==, 8192);
	g_assert_cmpint(o.volume, ==, 30);
	g_assert_cmpuint(o.verbose, ==, 2);
	g_assert_cmpstr(o.icon, ==, "appvm-red");
	g_assert_cmpint(parse(&o, "pacat -V mute 7 x"), ==, 0);
	g_assert_cmpint(o.volume, ==, AUDIO_VOLUME_MUTED);
}

static void test_bad_options(void)
{
	static const char *const bad[] = {"pacat",
					  "pacat 5",
					  "pacat 5 a b",
					  "pacat -5 a",
					  "pacat 32752 a",
					  "pacat x a",
					  "pacat 5x a",
					  "pacat 5 a/b",
					  "pacat 5 ",
					  "pacat -V 151 5 a",
					  "pacat -V x 5 a",
					  "pacat -t 0 5 a",
					  "pacat -t 99999999 5 a",
					  "pacat -q 5 a"};
	struct audio_options o;

	if (!g_test_subprocess()) {
		/* What it says goes to another process's standard error. */
		g_test_trap_subprocess(NULL, 0, 0);
		g_test_trap_assert_passed();
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(parse(&o, bad[i]), <, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/audio/commands", test_commands);
	g_test_add_func("/audio/encode", test_encode);
	g_test_add_func("/audio/split-words", test_split_words);
	g_test_add_func("/audio/unknown", test_unknown);
	g_test_add_func("/audio/sizes", test_sizes);
	g_test_add_func("/audio/queue", test_queue);
	g_test_add_func("/audio/queue-in-step", test_queue_in_step);
	g_test_add_func("/audio/allowance", test_allowance);
	g_test_add_func("/audio/options", test_options);
	g_test_add_func("/audio/bad-options", test_bad_options);
	return g_test_run();
}
