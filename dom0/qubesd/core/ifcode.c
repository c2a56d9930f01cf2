// SPDX-License-Identifier: GPL-2.0-or-later
/* Interface codes of devices. Pure. */
#include "dom0/qubesd/core/ifcode.h"

#include <string.h>

GPtrArray *ifcodes_parse(const char *untrusted_codes, GError **error)
{
	g_autoptr(GPtrArray) codes = g_ptr_array_new_with_free_func(g_free);
	size_t len = strlen(untrusted_codes);

	if (len % IFCODE_LEN) {
		fail(error, E_VALUE,
		     "Invalid length of interfaces='%.64s' (is %zu, expected multiple of %d)",
		     untrusted_codes, len, IFCODE_LEN);
		return NULL;
	}
	for (const char *p = untrusted_codes; *p; p += IFCODE_LEN)
		g_ptr_array_add(codes, g_strndup(p, IFCODE_LEN));
	return g_steal_pointer(&codes);
}

bool ifcodes_check(const GPtrArray *codes, GError **error)
{
	for (guint i = 0; i < codes->len; i++) {
		const char *code = g_ptr_array_index(codes, i);

		if (!strchr("bump*", *code) ||
		    strspn(code + 1, "0123456789abcdef*") < IFCODE_LEN - 1)
			return fail(error, E_PROPERTY_VALUE,
				    "Interface code '%s' is not valid: expected one of b, u, m, p, "
				    "* and six characters of 0-9, a-f, *",
				    code);
	}
	return true;
}

bool ifcodes_contain(const GPtrArray *codes, const char *code)
{
	for (guint i = 0; i < codes->len; i++)
		if (!strcmp(g_ptr_array_index(codes, i), code))
			return true;
	return false;
}

bool ifcodes_have_duplicate(const GPtrArray *codes)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < codes->len; i++)
		if (!g_hash_table_add(seen, g_ptr_array_index(codes, i)))
			return true;
	return false;
}

static gint order(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *ifcodes_join(const GPtrArray *codes, const char *sep)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < codes->len; i++)
		g_ptr_array_add(sorted, g_ptr_array_index(codes, i));
	g_ptr_array_sort(sorted, order);
	for (guint i = 0; i < sorted->len; i++) {
		const char *code = g_ptr_array_index(sorted, i);

		if (i && !strcmp(code, g_ptr_array_index(sorted, i - 1)))
			continue;
		if (s->len)
			g_string_append(s, sep);
		g_string_append(s, code);
	}
	return g_string_free(s, FALSE);
}
