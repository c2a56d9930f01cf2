// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON in the layout that commands of callback pools were written for (json-glib's own puts
 * a space before colons and keeps the order of keys). Pure.
 */
#include "dom0/qubesd/storage/json.h"

#include <string.h>

static void add_node(GString *s, JsonNode *node, int depth);

static void add_line(GString *s, int depth)
{
	g_string_append_printf(s, "\n%*s", 2 * depth, "");
}

static void add_unit(GString *s, gunichar c)
{
	g_string_append_printf(s, "\\u%04x", c);
}

/* ASCII only, as Python does. */
static void add_string(GString *s, const char *text)
{
	static const char plain[] = "\"\\\n\r\t\f\b", letter[] = "\"\\nrtfb";

	g_string_append_c(s, '"');
	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		const char *special = c < 0x80 ? strchr(plain, (int)c) : NULL;

		if (special) {
			g_string_append_c(s, '\\');
			g_string_append_c(s, letter[special - plain]);
		} else if (c >= 0x20 && c < 0x7f) {
			g_string_append_c(s, (char)c);
		} else if (c < 0x10000) {
			add_unit(s, c);
		} else {
			add_unit(s, 0xd800 + ((c - 0x10000) >> 10));
			add_unit(s, 0xdc00 + ((c - 0x10000) & 0x3ff));
		}
	}
	g_string_append_c(s, '"');
}

static void add_array(GString *s, JsonArray *a, int depth)
{
	guint n = json_array_get_length(a);

	g_string_append_c(s, '[');
	for (guint i = 0; i < n; i++) {
		if (i)
			g_string_append_c(s, ',');
		add_line(s, depth + 1);
		add_node(s, json_array_get_element(a, i), depth + 1);
	}
	if (n)
		add_line(s, depth);
	g_string_append_c(s, ']');
}

static void add_object(GString *s, JsonObject *o, int depth)
{
	g_autoptr(GList) keys = g_list_sort(json_object_get_members(o), (GCompareFunc)strcmp);

	g_string_append_c(s, '{');
	for (GList *k = keys; k; k = k->next) {
		if (k != keys)
			g_string_append_c(s, ',');
		add_line(s, depth + 1);
		add_string(s, k->data);
		g_string_append(s, ": ");
		add_node(s, json_object_get_member(o, k->data), depth + 1);
	}
	if (keys)
		add_line(s, depth);
	g_string_append_c(s, '}');
}

static void add_number(GString *s, JsonNode *node)
{
	char buf[G_ASCII_DTOSTR_BUF_SIZE];

	if (json_node_get_value_type(node) == G_TYPE_INT64)
		g_string_append_printf(s, "%" G_GINT64_FORMAT, json_node_get_int(node));
	else
		g_string_append(s, g_ascii_dtostr(buf, sizeof(buf), json_node_get_double(node)));
}

static void add_node(GString *s, JsonNode *node, int depth)
{
	if (JSON_NODE_HOLDS_OBJECT(node))
		add_object(s, json_node_get_object(node), depth);
	else if (JSON_NODE_HOLDS_ARRAY(node))
		add_array(s, json_node_get_array(node), depth);
	else if (JSON_NODE_HOLDS_NULL(node))
		g_string_append(s, "null");
	else if (json_node_get_value_type(node) == G_TYPE_STRING)
		add_string(s, json_node_get_string(node));
	else if (json_node_get_value_type(node) == G_TYPE_BOOLEAN)
		g_string_append(s, json_node_get_boolean(node) ? "true" : "false");
	else
		add_number(s, node);
}

char *json_pretty(JsonNode *node)
{
	GString *s = g_string_new(NULL);

	add_node(s, node, 0);
	return g_string_free(s, FALSE);
}
