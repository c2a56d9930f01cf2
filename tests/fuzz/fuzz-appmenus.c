/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz harness: what a qube sends for dom0's menus. Even bytes at the start: a list of
 * applications, of which entries are made; odd: an icon. Whatever was sent, an entry has the keys
 * that it is to have, once, and its command is ours.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/appmenus/entry.h"
#include "dom0/appmenus/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_entry(const struct received_app *app, bool legacy, enum entry_kind kind)
{
	static const struct entry_qube q = {.name = "work", .klass = "AppVM", .dir = "/d"};
	g_autofree char *template = entry_template(app, legacy, false), *text = NULL, *exec = NULL;
	g_autofree char *name = NULL;
	const char *first;

	if (!template)
		return;
	text = entry_desktop(template, &q, kind);
	exec = entry_field(text, "Exec");
	name = entry_field(text, "Name");
	check(g_str_has_prefix(exec, "qvm-run -q -a ") && g_str_has_prefix(name, "work"));
	first = strstr(text, "\nExec=");
	check(first && !strstr(first + 1, "\nExec="));
	check(text[0] == '[' && !strstr(text + 1, "\n["));
	for (const char *p = text; *p; p++)
		check(*p == '\n' || (*p >= ' ' && *p <= '~'));
}

/* The two ends of what the decoding process hands on agree on what is allowed. */
static void check_record(const struct received_app *app)
{
	static struct received_record record;
	g_autoptr(ReceivedApp) again = NULL;

	received_pack(app, &record);
	again = received_unpack(&record);
	check(again && strcmp(again->id, app->id) == 0);
	for (int key = 0; key < RECEIVED_KEYS; key++)
		check(g_strcmp0(again->values[key], app->values[key]) == 0);
}

static void list(const uint8_t *data, size_t size)
{
	g_autoptr(Received) r = received_new();
	size_t half = size / 2;
	const GPtrArray *apps;

	received_feed(r, data, half);
	received_feed(r, data + half, size - half);
	apps = received_end(r);
	for (guint i = 0; i < apps->len; i++) {
		check_record(apps->pdata[i]);
		for (int way = 0; way < 4; way++)
			check_entry(apps->pdata[i], way & 1,
				    way & 2 ? ENTRY_DISPOSABLE : ENTRY_QUBE);
	}
}

static void icon(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) packed = NULL, png = NULL;
	struct picture p, again;
	const void *bytes;
	gsize n;

	if (picture_parse(data, size, &p) < 0)
		return;
	packed = picture_pack(&p);
	bytes = g_bytes_get_data(packed, &n);
	check(picture_parse(bytes, n, &again) == 0);
	picture_tint(&again, 0x3465a4);
	png = picture_png(&again);
	picture_clear(&p);
	picture_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		icon(data + 1, size - 1);
	else
		list(data + 1, size - 1);
	return 0;
}
