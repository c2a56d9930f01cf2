// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and payloads about devices. From clients of the API: untrusted until checked. */
#include "dom0/qubesd/devices/wire.h"

#include "dom0/qubesd/devices/device.h"

#include <string.h>

#define UNKNOWN_AS_ARG "_______"

/* --- the argument --- */

static char *star(const char *s)
{
	return g_strdup(strcmp(s, "_") ? s : "*");
}

bool dev_arg_parse(const char *untrusted_arg, DevArg *ret)
{
	g_auto(GStrv) part = g_strsplit(untrusted_arg, "+", 2), unknown = NULL;
	char *id;

	if (!part[0] || !part[1])
		return false;
	/* Who need not go through qrexec may say what cannot be in a service's argument. */
	id = strchr(g_strdelimit(part[1], "+", ':'), ':');
	if (id)
		*id++ = '\0';
	if (!*part[0] || !*part[1])
		return false;
	*ret = (DevArg){.backend = star(part[0]), .port = star(part[1])};
	ret->has_id = id && *id;
	if (!ret->has_id || !strcmp(id, "_")) {
		ret->id = g_strdup("*");
		return true;
	}
	unknown = g_strsplit(id, UNKNOWN_AS_ARG, -1);
	ret->id = g_strjoinv(DEV_UNKNOWN_INTERFACE, unknown);
	return true;
}

void dev_arg_clear(DevArg *a)
{
	g_clear_pointer(&a->backend, g_free);
	g_clear_pointer(&a->port, g_free);
	g_clear_pointer(&a->id, g_free);
}

/* --- pairs --- */

static void pair_free(gpointer p)
{
	DevPair *pair = p;

	g_free(pair->key);
	g_free(pair->value);
	g_free(pair);
}

GPtrArray *dev_pairs_new(void)
{
	return g_ptr_array_new_with_free_func(pair_free);
}

GPtrArray *dev_pairs_copy(const GPtrArray *pairs)
{
	GPtrArray *copy = dev_pairs_new();

	for (guint i = 0; i < pairs->len; i++) {
		const DevPair *p = g_ptr_array_index(pairs, i);

		dev_pair_set(copy, p->key, p->value);
	}
	return copy;
}

static DevPair *find(const GPtrArray *pairs, const char *key)
{
	for (guint i = 0; i < pairs->len; i++) {
		DevPair *p = g_ptr_array_index(pairs, i);

		if (!strcmp(p->key, key))
			return p;
	}
	return NULL;
}

const char *dev_pair_get(const GPtrArray *pairs, const char *key)
{
	const DevPair *p = find(pairs, key);

	return p ? p->value : NULL;
}

void dev_pair_set(GPtrArray *pairs, const char *key, const char *value)
{
	DevPair *p = find(pairs, key);

	if (!p) {
		p = g_new0(DevPair, 1);
		p->key = g_strdup(key);
		g_ptr_array_add(pairs, p);
	}
	g_free(p->value);
	p->value = g_strdup(value);
}

void dev_pairs_clear(DevPairs *p)
{
	g_clear_pointer(&p->props, g_ptr_array_unref);
	g_clear_pointer(&p->options, g_ptr_array_unref);
}

/* Printable; keys have neither blanks, quotes nor the characters of the grammar. */
static bool key_ok(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f || strchr("'\"=`", *s))
			return false;
	return true;
}

static bool value_ok(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s >= 0x7f)
			return false;
	return true;
}

static char *unescape(const char *s, size_t n)
{
	g_autofree char *raw = g_strndup(s, n);
	g_auto(GStrv) part = g_strsplit(raw, "\\'", -1);

	return g_strjoinv("'", part);
}

static bool add(DevPairs *p, char *key, char *value, const char **ret_why)
{
	GPtrArray *to = *key == '_' ? p->options : p->props;

	if (!key_ok(key))
		*ret_why = "Invalid chars in property name";
	else if (!value_ok(value))
		*ret_why = "Invalid chars in property value";
	else if (p->props->len + p->options->len >= DEV_PAIRS_MAX)
		*ret_why = "too many properties";
	else
		dev_pair_set(to, *key == '_' ? key + 1 : key, value);
	g_free(key);
	g_free(value);
	return !*ret_why;
}

/* The last "' " in the n bytes at s: there a value ends and the next key begins. */
static const char *value_end(const char *s, size_t n)
{
	for (size_t i = n; i >= 2; i--)
		if (s[i - 2] == '\'' && s[i - 1] == ' ')
			return s + i - 2;
	return NULL;
}

static char *key_of(const char *s, size_t n)
{
	return g_strstrip(g_strndup(s, n));
}

static bool parse(const char *s, DevPairs *ret, const char **ret_why)
{
	const char *eq = strstr(s, "='");
	g_autofree char *key = key_of(s, eq ? (size_t)(eq - s) : strlen(s));

	s = eq ? eq + 2 : s + strlen(s);
	while ((eq = strstr(s, "='"))) {
		const char *end = value_end(s, (size_t)(eq - s));
		const char *next = end ? end + 2 : s;
		char *value = end ? unescape(s, (size_t)(end - s)) : g_strdup("");

		if (!add(ret, g_steal_pointer(&key), value, ret_why))
			return false;
		key = key_of(next, (size_t)(eq - next));
		s = eq + 2;
	}
	/* Without the quote at its end. */
	return add(ret, g_steal_pointer(&key), unescape(s, *s ? strlen(s) - 1 : 0), ret_why);
}

bool dev_pairs_parse(const char *untrusted_text, DevPairs *ret, const char **ret_why)
{
	g_autofree char *text = g_strstrip(g_strdup(untrusted_text));

	*ret = (DevPairs){.props = dev_pairs_new(), .options = dev_pairs_new()};
	*ret_why = NULL;
	if (!*text || parse(text, ret, ret_why))
		return true;
	dev_pairs_clear(ret);
	return false;
}

char *dev_pairs_repr(const GPtrArray *pairs)
{
	GString *s = g_string_new("{");

	for (guint i = 0; i < pairs->len; i++) {
		const DevPair *p = g_ptr_array_index(pairs, i);

		g_string_append_printf(s, "%s'%s': '%s'", i ? ", " : "", p->key, p->value);
	}
	g_string_append_c(s, '}');
	return g_string_free(s, FALSE);
}
