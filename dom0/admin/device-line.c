/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of devices and assignments (device-line.h). They come from qubesd, but much in them
 * was said by the qube that has the device: only printable ASCII gets through. Pure.
 */
#include "dom0/admin/device-line.h"

#include <string.h>

#include "dom0/admin/error.h"

static void pair_clear(gpointer p)
{
	struct device_pair *pair = p;

	g_free(pair->key);
	g_free(pair->value);
}

GArray *pairs_new(void)
{
	GArray *a = g_array_new(FALSE, TRUE, sizeof(struct device_pair));

	g_array_set_clear_func(a, pair_clear);
	return a;
}

const char *pairs_get(const GArray *a, const char *key)
{
	for (guint i = 0; i < a->len; i++) {
		const struct device_pair *p = &g_array_index(a, struct device_pair, i);

		if (!strcmp(p->key, key))
			return p->value;
	}
	return NULL;
}

void pairs_add(GArray *a, const char *key, const char *value)
{
	struct device_pair p = {g_strdup(key), g_strdup(value)};

	g_array_append_val(a, p);
}

GArray *pairs_copy(const GArray *from)
{
	GArray *a = pairs_new();

	for (guint i = 0; i < from->len; i++) {
		const struct device_pair *p = &g_array_index(from, struct device_pair, i);

		pairs_add(a, p->key, p->value);
	}
	return a;
}

bool line_malformed(GError **err, const char *what, const char *text)
{
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_PROTOCOL, "device: %s: %.80s", what, text);
	return false;
}

/* Length of a key and its "='", or 0 when no key is here. */
static size_t key_length(const char *s)
{
	size_t n = 0;

	while (s[n] > ' ' && s[n] < 0x7f && s[n] != '=' && s[n] != '\'' && s[n] != '"')
		n++;
	return n && s[n] == '=' && s[n + 1] == '\'' ? n + 2 : 0;
}

/* A quote ends the value when the line or the next key follows it. */
static bool ends_value(const char *quote)
{
	const char *next = quote + 1;

	while (*next == ' ')
		next++;
	return !*next || (next > quote + 1 && key_length(next));
}

bool pairs_parse(const char *s, GArray *props, GArray *opts, GError **err)
{
	while (*(s += strspn(s, " "))) {
		size_t n = key_length(s);
		g_autofree char *key = n ? g_strndup(s, n - 2) : NULL;
		g_autoptr(GString) value = g_string_new(NULL);

		if (!n)
			return line_malformed(err, "no key='value'", s);
		for (s += n; *s && !(*s == '\'' && ends_value(s)); s++) {
			if (*s < ' ' || *s >= 0x7f)
				return line_malformed(err, "not printable", key);
			if (!(*s == '\\' && s[1] == '\'' && !ends_value(s + 1)))
				g_string_append_c(value, *s);
		}
		if (!*s++)
			return line_malformed(err, "value without end", key);
		if (*key == '_')
			pairs_add(opts, key + 1, value->str);
		else
			pairs_add(props, key, value->str);
	}
	return true;
}

char *line_replace(const char *s, const char *from, const char *to)
{
	g_auto(GStrv) parts = g_strsplit(s, from, -1);

	return g_strjoinv(to, parts);
}

void line_split_identity(const char *s, char sep, char **ret_port, char **ret_id)
{
	g_autofree char *text = g_strdup(s);
	char *colon;

	g_strdelimit(text, (char[]){sep, 0}, ':');
	colon = strchr(text, ':');
	if (colon)
		*colon++ = 0;
	*ret_port = g_strdup(strcmp(text, "_") ? text : "*");
	*ret_id = !colon || !*colon    ? NULL
		  : strcmp(colon, "_") ? line_replace(colon, "_______", UNKNOWN_INTERFACE)
				       : g_strdup("*");
}

bool pairs_agree(const GArray *props, const char *key, const char *expected, GError **err)
{
	const char *v = pairs_get(props, key);

	if (v && strcmp(v, expected) != 0)
		return line_malformed(err, key, v);
	return true;
}

void pairs_drop(GArray *a, const char *key)
{
	for (guint i = a->len; i-- > 0;)
		if (!strcmp(g_array_index(a, struct device_pair, i).key, key))
			g_array_remove_index(a, i);
}
