// SPDX-License-Identifier: GPL-2.0-or-later
/* Properties of qubes and of the system. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/api/permission.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/property.h"

#include <string.h>

/* Properties that one call about all qubes can name. */
#define PROPS_OF_ALL_MAX 64

static Holder *holder(const Call *c)
{
	return c->method->variant ? &c->app->h : &c->dest->h;
}

/* The definitions of a holder's class, in order: calls fn for each. */
#define for_each_property(def, h)                                                                  \
	for (size_t i_ = 0; i_ < (h)->app->catalog->n[(h)->cls] &&                                 \
			    ((def) = prop_def(h, (h)->app->catalog->order[(h)->cls][i_]));         \
	     i_++)

SYNC(m_property_list)
{
	GString *s = g_string_new(NULL);
	const Holder *h = holder(c);
	const PropDef *def;

	for_each_property(def, h)
	{
		g_string_append(s, prop_name(def->id));
		g_string_append_c(s, '\n');
	}
	return g_string_free(s, FALSE);
}

/* "default=True type=int 400"; lines: as one of many, on a line of its own. */
static void add_property(GString *s, const Holder *h, const PropDef *def, bool lines)
{
	g_auto(Value) v = value_unset();
	bool any = prop_get(h, def->id, &v);
	g_autofree char *text = any ? value_text(&v, "") : NULL;

	g_string_append_printf(s, "default=%s type=%s ",
			       prop_is_default(h, def->id) ? "True" : "False", prop_wire_type(def));
	for (const char *p = text; p && *p; p++) {
		if (lines && *p == '\\')
			g_string_append(s, "\\\\");
		else if (lines && *p == '\n')
			g_string_append(s, "\\n");
		else
			g_string_append_c(s, *p);
	}
}

SYNC(m_property_get)
{
	const Holder *h = holder(c);
	const PropDef *def = prop_find(h, c->arg, error);
	GString *s;

	if (!def)
		return NULL;
	s = g_string_new(NULL);
	add_property(s, h, def, false);
	return g_string_free(s, FALSE);
}

SYNC(m_property_get_all)
{
	GString *s = g_string_sized_new(2048);
	const Holder *h = holder(c);
	const PropDef *def;

	for_each_property(def, h)
	{
		g_string_append(s, prop_name(def->id));
		g_string_append_c(s, ' ');
		add_property(s, h, def, true);
		g_string_append_c(s, '\n');
	}
	return g_string_free(s, FALSE);
}

/* Lines "QUBE PROPERTY default=…" for the properties named, separated by spaces. */
SYNC(m_property_of_all)
{
	g_auto(GStrv) names = g_strsplit(c->payload, " ", PROPS_OF_ALL_MAX + 1);
	GString *s = g_string_sized_new(4096);

	if (g_strv_length(names) > PROPS_OF_ALL_MAX)
		*names[PROPS_OF_ALL_MAX] = 0;
	for (guint i = 0; i < c->app->domains->len; i++) {
		const Domain *d = g_ptr_array_index(c->app->domains, i);

		for (char **name = names; *name && may_see(c, d); name++) {
			const PropDef *def = **name ? prop_find(&d->h, *name, NULL) : NULL;

			if (!def)
				continue; /* not every class has every property */
			g_string_append_printf(s, "%s %s ", d->name, prop_name(def->id));
			add_property(s, &d->h, def, true);
			g_string_append_c(s, '\n');
		}
	}
	return g_string_free(s, FALSE);
}

SYNC(m_property_get_default)
{
	const Holder *h = holder(c);
	const PropDef *def = prop_find(h, c->arg, error);
	g_auto(Value) v = value_unset();
	g_autofree char *text = NULL;

	if (!def)
		return NULL;
	if (!prop_get_default(h, def->id, &v))
		return body("");
	text = value_text(&v, "");
	return g_strdup_printf("type=%s %s", prop_wire_type(def), text);
}

SYNC(m_property_set)
{
	Holder *h = holder(c);
	const PropDef *def = prop_find(h, c->arg, error);
	Value v = value_unset();

	if (def && !name_is_ascii(c->payload)) {
		fail(error, E_VALUE, "Non-ASCII bytes in property value of %s", c->arg);
		return NULL;
	}
	if (!def || (def->flags & PF_READONLY && def->type != PT_BOOL && def->type != PT_INT &&
		     !prop_settable(h, def, error)))
		return NULL;
	if (strlen(c->payload) != c->payload_len) {
		fail(error, E_VALUE, "Value for %s has invalid characters", prop_name(def->id));
		return NULL;
	}
	/* A reference that is not there is no reason to tell what else is. */
	if (!prop_parse(h, def, c->payload, false, &v, error) || !prop_set(h, def, &v, error)) {
		value_clear(&v);
		return NULL;
	}
	return body("");
}

SYNC(m_property_reset)
{
	Holder *h = holder(c);
	const PropDef *def = prop_find(h, c->arg, error);

	return def && prop_reset(h, def, error) ? body("") : NULL;
}

SYNC(m_property_help)
{
	const PropDef *def = prop_find(holder(c), c->arg, error);

	return def ? body(def->help) : NULL;
}
