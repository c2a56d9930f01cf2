// SPDX-License-Identifier: GPL-2.0-or-later
/* Features and tags of a qube. */
#include "dom0/qubesd/core/attributes.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/undo.h"

#include <string.h>

void feature_free(gpointer feature)
{
	Feature *f = feature;

	g_free(f->name);
	g_free(f->value);
	g_free(f);
}

static Feature *find(const Domain *d, const char *name)
{
	for (guint i = 0; i < d->features->len; i++) {
		Feature *f = g_ptr_array_index(d->features, i);

		if (!strcmp(f->name, name))
			return f;
	}
	return NULL;
}

const char *feature_get(const Domain *d, const char *name)
{
	Feature *f = find(d, name);

	return f ? f->value : NULL;
}

/* Loops of netvm are refused, but a store may hold one until it was checked. */
#define CHAIN_MAX 64

static const char *along(const Domain *d, PropId link, const char *name)
{
	for (int hops = 0; d && hops < CHAIN_MAX; d = prop_vm(&d->h, link), hops++) {
		const char *value = feature_get(d, name);

		if (value)
			return value;
	}
	return NULL;
}

const char *feature_with_template(const Domain *d, const char *name)
{
	return along(d, P_template, name);
}

const char *feature_with_netvm(const Domain *d, const char *name)
{
	return along(d, P_netvm, name);
}

const char *feature_with_adminvm(const Domain *d, const char *name)
{
	const char *value = feature_get(d, name);

	return value ? value : feature_get(d->h.app->dom0, name);
}

const char *feature_with_template_and_adminvm(const Domain *d, const char *name)
{
	const char *value = feature_with_template(d, name);

	return value ? value : feature_get(d->h.app->dom0, name);
}

typedef struct {
	Domain *d; /* a reference */
	bool tag;
	char *name, *value; /* owned; value NULL: it was not set */
} AttrUndo;

static void attr_undo_free(gpointer p)
{
	AttrUndo *u = p;

	domain_unref(u->d);
	g_free(u->name);
	g_free(u->value);
	g_free(u);
}

static void tag_drop(Domain *d, const char *tag);

static void attr_undo(App *app, gpointer p)
{
	AttrUndo *u = p;
	g_autofree char *name = g_strconcat(u->tag ? "domain-tag-" : "domain-feature-",
					    !u->value ? "delete:"
					    : u->tag  ? "add:"
						      : "set:",
					    u->name, NULL);
	Event ev = {.name = name,
		    .subject = u->d,
		    .args = {u->tag ? "tag" : "feature", u->name,
			     u->value && !u->tag ? "value" : NULL, u->value}};

	if (u->tag && u->value)
		tag_put(u->d, u->name);
	else if (u->tag)
		tag_drop(u->d, u->name);
	else if (u->value)
		feature_put(u->d, u->name, u->value);
	else if (find(u->d, u->name))
		g_ptr_array_remove(u->d->features, find(u->d, u->name));
	event_tell(app, &ev);
}

static void remember(Domain *d, bool tag, const char *name, const char *value)
{
	AttrUndo *u = g_new0(AttrUndo, 1);

	u->d = domain_ref(d);
	u->tag = tag;
	u->name = g_strdup(name);
	u->value = g_strdup(value);
	undo_push(d->h.app, attr_undo, u, attr_undo_free);
}

void feature_put(Domain *d, const char *name, const char *value)
{
	Feature *f = find(d, name);

	remember(d, false, name, f ? f->value : NULL);
	if (!f) {
		f = g_new0(Feature, 1);
		f->name = g_strdup(name);
		g_ptr_array_add(d->features, f);
	}
	g_free(f->value);
	f->value = g_strdup(value);
}

static bool feature_event(Domain *d, const char *what, bool pre, const char *name,
			  const char *value, const char *old, GError **error)
{
	g_autofree char *event = g_strconcat(what, name, NULL);
	Event ev = {
		.name = event,
		.subject = d,
		.pre = pre,
		.prop = P_N,
		.key = name,
		.value = value,
		.oldvalue = old,
		.args = {"feature", name, value ? "value" : NULL, value, old ? "oldvalue" : NULL,
			 old},
	};

	return event_emit(d->h.app, &ev, error);
}

bool feature_set(Domain *d, const char *name, const char *value, GError **error)
{
	g_autofree char *old = g_strdup(feature_get(d, name));

	if (!feature_event(d, "domain-feature-pre-set:", true, name, value, old, error))
		return false;
	feature_put(d, name, value);
	return feature_event(d, "domain-feature-set:", false, name, value, old, error);
}

bool feature_remove(Domain *d, const char *name, GError **error)
{
	g_autofree char *key = g_strdup(name); /* name may belong to what is removed */
	Feature *f = find(d, key);

	if (!feature_event(d, "domain-feature-pre-delete:", true, key, NULL, NULL, error))
		return false;
	if (!f)
		return fail(error, E_FEATURE_NOT_FOUND, "Feature not set for domain %s: %s",
			    d->name, key);
	remember(d, false, key, f->value);
	g_ptr_array_remove(d->features, f);
	return feature_event(d, "domain-feature-delete:", false, key, NULL, NULL, error);
}

bool tag_has(const Domain *d, const char *tag)
{
	for (guint i = 0; i < d->tags->len; i++)
		if (!strcmp(g_ptr_array_index(d->tags, i), tag))
			return true;
	return false;
}

static gint tag_order(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void tag_put(Domain *d, const char *tag)
{
	if (tag_has(d, tag))
		return;
	remember(d, true, tag, NULL);
	g_ptr_array_add(d->tags, g_strdup(tag));
	g_ptr_array_sort(d->tags, tag_order);
}

static bool tag_event(Domain *d, const char *what, const char *tag, GError **error)
{
	g_autofree char *event = g_strconcat(what, tag, NULL);
	Event ev = {
		.name = event, .subject = d, .prop = P_N, .key = tag, .args = {"tag", tag, NULL}};

	return event_emit(d->h.app, &ev, error);
}

bool tag_add(Domain *d, const char *tag, GError **error)
{
	if (tag_has(d, tag))
		return true;
	tag_put(d, tag);
	return tag_event(d, "domain-tag-add:", tag, error);
}

static void tag_drop(Domain *d, const char *tag)
{
	for (guint i = 0; i < d->tags->len; i++) {
		if (!strcmp(g_ptr_array_index(d->tags, i), tag)) {
			g_ptr_array_remove_index(d->tags, i);
			return;
		}
	}
}

bool tag_remove(Domain *d, const char *tag, GError **error)
{
	g_autofree char *gone = g_strdup(tag); /* tag may belong to what is removed */

	if (!tag_has(d, gone))
		return fail(error, E_TAG_NOT_FOUND, "Tag not set for domain %s: %s", d->name, gone);
	remember(d, true, gone, "");
	tag_drop(d, gone);
	return tag_event(d, "domain-tag-delete:", gone, error);
}

void tag_exclusive(Domain *d, const char *prefix, const char *name, bool anew)
{
	g_autofree char *keep = name ? g_strconcat(prefix, name, NULL) : NULL;
	g_autoptr(GPtrArray) drop = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < d->tags->len; i++) {
		const char *tag = g_ptr_array_index(d->tags, i);

		if (g_str_has_prefix(tag, prefix) && (anew || g_strcmp0(tag, keep)))
			g_ptr_array_add(drop, g_strdup(tag));
	}
	for (guint i = 0; i < drop->len; i++)
		tag_remove(d, g_ptr_array_index(drop, i), NULL);
	if (keep)
		tag_add(d, keep, NULL);
}
