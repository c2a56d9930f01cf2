// SPDX-License-Identifier: GPL-2.0-or-later
/* Encoder of replies. */
#include "dom0/qubesd/api/reply.h"

#include <string.h>

static void add(GByteArray *b, const char *s)
{
	g_byte_array_append(b, (const guint8 *)s, (guint)strlen(s) + 1);
}

GByteArray *reply_ok(const char *body)
{
	GByteArray *b = g_byte_array_new();

	add(b, "0");
	if (body)
		g_byte_array_append(b, (const guint8 *)body, (guint)strlen(body));
	return b;
}

GByteArray *reply_exception(const char *type, const char *message)
{
	GByteArray *b = g_byte_array_new();
	g_auto(GStrv) part = g_strsplit(message, "%", -1);
	g_autofree char *escaped = g_strjoinv("%%", part);

	add(b, "2");
	add(b, type);
	add(b, "");
	add(b, escaped);
	return b;
}

GByteArray *reply_event(const char *subject, const char *event, const char *const *args)
{
	GByteArray *b = g_byte_array_new();

	add(b, "1");
	add(b, subject);
	add(b, event);
	for (; args && *args; args++)
		add(b, *args);
	add(b, "");
	return b;
}
