// SPDX-License-Identifier: GPL-2.0-or-later
/* Labels. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/undo.h"

#include <string.h>

SYNC(m_label_list)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < c->app->labels->len; i++)
		g_string_append_printf(s, "%s\n",
				       ((Label *)g_ptr_array_index(c->app->labels, i))->name);
	return g_string_free(s, FALSE);
}

static Label *named(const Call *c, GError **error)
{
	Label *l;

	if (!name_check_label(c->arg, false, error))
		return NULL;
	l = app_label(c->app, c->arg);
	if (!l)
		fail(error, E_LABEL_NOT_FOUND, "Label does not exist: %s", c->arg);
	return l;
}

SYNC(m_label_get)
{
	Label *l = named(c, error);

	return l ? body(l->color) : NULL;
}

SYNC(m_label_index)
{
	Label *l = named(c, error);

	return l ? g_strdup_printf("%d", l->index) : NULL;
}

/* --- changes, and back --- */

typedef struct {
	int index;
	char *color, *name;
} Copy;

static void copy_free(gpointer p)
{
	Copy *l = p;

	g_free(l->color);
	g_free(l->name);
	g_free(l);
}

static Copy *copy_of(const Label *l)
{
	Copy *copy = g_new0(Copy, 1);

	copy->index = l->index;
	copy->color = g_strdup(l->color);
	copy->name = g_strdup(l->name);
	return copy;
}

static void undo_create(App *app, gpointer p)
{
	const Copy *copy = p;
	Label *l = app_label(app, copy->name);

	if (l)
		app_drop_label(app, l);
}

static void undo_remove(App *app, gpointer p)
{
	const Copy *l = p;

	app_add_label(app, l->index, l->color, l->name);
}

SYNC(m_label_create)
{
	g_autofree char *color = NULL;
	int index = LABEL_BUILTIN_MAX;
	Label *l;

	if (strlen(c->payload) != c->payload_len || !name_check_label(c->arg, true, error) ||
	    !name_check_color(c->payload, error)) {
		if (!*error)
			fail(error, E_INVALID_LABEL_VALUE, "Label color is not valid");
		return NULL;
	}
	if (app_label(c->app, c->arg)) {
		fail(error, E_LABEL_IN_USE, "Label is still in use: '%s'", c->arg);
		return NULL;
	}
	for (guint i = 0; i < c->app->labels->len; i++)
		index = MAX(index, ((Label *)g_ptr_array_index(c->app->labels, i))->index);
	color = g_strstrip(g_strdup(c->payload));
	l = app_add_label(c->app, index + 1, color, c->arg);
	undo_push(c->app, undo_create, copy_of(l), copy_free);
	return body("");
}

SYNC(m_label_remove)
{
	Label *l = named(c, error);

	if (!l)
		return NULL;
	if (l->index <= LABEL_BUILTIN_MAX) {
		fail(error, E_PROTOCOL, "Can only remove custom labels");
		return NULL;
	}
	for (guint i = 0; i < c->app->domains->len; i++) {
		Domain *d = g_ptr_array_index(c->app->domains, i);

		if (d->h.values[P_label].kind == V_LABEL && d->h.values[P_label].label == l) {
			fail(error, E_LABEL_IN_USE, "Label is still in use: '%s' (by %s)", l->name,
			     d->name);
			return NULL;
		}
	}
	undo_push(c->app, undo_remove, copy_of(l), copy_free);
	app_drop_label(c->app, l);
	return body("");
}
