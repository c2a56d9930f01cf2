/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoder of properties (property.h). The bytes come from qubesd, trusted. Pure. */
#include "dom0/admin/property.h"

#include <string.h>

#include "dom0/admin/error.h"

void admin_prop_free(struct admin_prop *p)
{
	if (!p)
		return;
	g_free(p->name);
	g_free(p->value);
	g_free(p);
}

static const char *const type_names[] = {
	[ADMIN_STR] = "str", [ADMIN_INT] = "int",     [ADMIN_BOOL] = "bool",
	[ADMIN_VM] = "vm",   [ADMIN_LABEL] = "label",
};

static bool parse_type(const char *s, size_t n, enum admin_type *ret)
{
	for (size_t i = 0; i < G_N_ELEMENTS(type_names); i++)
		if (strlen(type_names[i]) == n && !memcmp(s, type_names[i], n)) {
			*ret = (enum admin_type)i;
			return true;
		}
	return false;
}

struct admin_prop *admin_prop_parse(const char *name, const char *text, GError **err)
{
	const char *type = strchr(text, ' '), *value = type ? strchr(type + 1, ' ') : NULL;
	enum admin_type t = ADMIN_STR;
	struct admin_prop *p;

	if (!value || !g_str_has_prefix(text, "default=") || !g_str_has_prefix(type, " type=") ||
	    !parse_type(type + 6, (size_t)(value - type) - 6, &t)) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION,
			    "qubesd's answer about property '%s' is not understood", name);
		return NULL;
	}
	p = g_new0(struct admin_prop, 1);
	p->name = g_strdup(name);
	p->type = t;
	p->is_default = g_str_has_prefix(text, "default=True ");
	p->value = g_strdup(value + 1);
	return p;
}

/* Undoes \\ and \n in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			*out++ = *++s == 'n' ? '\n' : *s;
		else
			*out++ = *s;
	}
	*out = 0;
}

GPtrArray *admin_props_parse(const char *text, GError **err)
{
	g_autoptr(GPtrArray) props =
		g_ptr_array_new_with_free_func((GDestroyNotify)admin_prop_free);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		char *space = strchr(*line, ' ');
		struct admin_prop *p;

		if (!**line)
			continue;
		if (!space) {
			g_set_error_literal(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION,
					    "qubesd's list of properties is not understood");
			return NULL;
		}
		*space = 0;
		unescape(space + 1);
		p = admin_prop_parse(*line, space + 1, err);
		if (!p)
			return NULL;
		g_ptr_array_add(props, p);
	}
	return g_steal_pointer(&props);
}

bool admin_prop_available(const struct admin_prop *p)
{
	return *p->value || (p->type != ADMIN_BOOL && p->type != ADMIN_INT);
}

bool admin_prop_true(const struct admin_prop *p)
{
	return !strcmp(p->value, "True");
}

const char *admin_prop_show(const struct admin_prop *p)
{
	if (p->type == ADMIN_STR)
		return p->value;
	if (!*p->value)
		return NULL;
	if (p->type == ADMIN_BOOL)
		return admin_prop_true(p) ? "True" : "False";
	return p->value;
}
