/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's monitors and keyboard as text (describe.h). From dom0's X server: trusted. Pure. */
#include "guid/watch/describe.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "guid/proto/gui-scale.h"

#define MM_PER_INCH_X10 254u

/* The class that a resolution is in. */
static unsigned class_of(const struct watched_monitor *m)
{
	unsigned dpi = m->mm_width ? m->width * MM_PER_INCH_X10 / m->mm_width / 10 : 0;

	return dpi > 300 ? 300 : dpi > 200 ? 200 : dpi > 150 ? 150 : GUI_DPI_NORMAL;
}

void describe_layout(const struct watched_monitor *m, unsigned n, unsigned dpi,
		     char text[DESCRIBE_TEXT_MAX])
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < n && i < DESCRIBE_MONITORS_MAX; i++) {
		unsigned res = class_of(&m[i]);

		at += (size_t)snprintf(text + at, DESCRIBE_TEXT_MAX - at, "%s%u %u %d %d %u %u %u",
				       i ? ";" : "", m[i].width, m[i].height, m[i].x, m[i].y,
				       m[i].width * MM_PER_INCH_X10 / res / 10,
				       m[i].height * MM_PER_INCH_X10 / res / 10, dpi);
		if (at >= DESCRIBE_TEXT_MAX)
			return;
	}
}

/* The part number i of a text that commas separate; "" when there are fewer. */
static void part(const char *text, unsigned i, char *ret, size_t size)
{
	for (; i && *text; i--) {
		text += strcspn(text, ",");
		text += *text == ',';
	}
	snprintf(ret, size, "%.*s", (int)strcspn(text, ","), text);
}

static unsigned parts(const char *text)
{
	unsigned n = 1;

	for (; *text; text++)
		n += *text == ',';
	return n;
}

static void add_options(const char *options, char *text, size_t size)
{
	bool first = true;

	while (*options) {
		size_t n = strcspn(options, ","), at = strlen(text);

		if (n && strncmp(options, "grp:", 4) != 0) {
			snprintf(text + at, size - at, "%s%.*s", first ? "" : ",", (int)n, options);
			first = false;
		}
		options += n;
		options += *options == ',';
	}
}

int describe_keyboard(const char *names, size_t len, unsigned group, char text[DESCRIBE_TEXT_MAX])
{
	char copy[DESCRIBE_TEXT_MAX] = "", layout[64], variant[64];
	const char *field[5] = {"", "", "", "", ""}, *p = copy;

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, names, len);
	for (int i = 0; i < 5 && p < copy + len; i++) {
		field[i] = p;
		p += strlen(p) + 1;
	}
	if (!*field[2])
		return -EINVAL;
	if (group >= parts(field[2]))
		group = 0;
	part(field[2], group, layout, sizeof(layout));
	part(field[3], group, variant, sizeof(variant));
	snprintf(text, DESCRIBE_TEXT_MAX, "%s+%s+", layout, variant);
	add_options(field[4], text, DESCRIBE_TEXT_MAX);
	return 0;
}
