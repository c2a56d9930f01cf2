// SPDX-License-Identifier: GPL-2.0-or-later
/* What a qube may say about its own software. The values come from the qube: untrusted. */
#include "dom0/qubesd/core/features-request.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/property.h"

#include <string.h>

static bool set(Domain *d, const char *name, const char *value)
{
	g_autoptr(GError) why = NULL;

	if (!g_strcmp0(feature_get(d, name), value) || feature_set(d, name, value, &why))
		return true;
	g_message("qube %s: feature %s refused: %s", d->name, name, why->message);
	return false;
}

static bool looks_like(const char *s, const char *pattern)
{
	g_autoptr(GRegex) re = g_regex_new(pattern, 0, 0, NULL);

	return g_regex_match(re, s, 0, NULL);
}

/* Facts about the system inside. */
static void take_facts(Domain *d, GHashTable *untrusted)
{
	static const struct {
		const char *name, *pattern;
	} facts[] = {
		{"os", "\\A(Linux|Windows)\\z"},
		{"os-distribution", "\\A.+\\z"},
		{"os-distribution-like", "\\A.+\\z"},
		{"os-version", "\\A[0-9][0-9.-]*\\z"},
		{"os-eol", "\\A[0-9]{4}-[0-9]{2}-[0-9]{2}\\z"},
		{"qubes-agent-version", "\\A[0-9]{1,3}\\.[0-9]{1,3}\\z"},
		{"anon-timezone", "\\A1\\z"}, /* can be switched on, never off */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
		const char *value = g_hash_table_lookup(untrusted, facts[i].name);

		if (value && looks_like(value, facts[i].pattern))
			set(d, facts[i].name, value);
	}
}

/* Switches; what is set already is the user's, but for the last two. */
static void take_switches(Domain *d, GHashTable *untrusted)
{
	static const char *const once[] = {"qrexec", "gui", "gui-emulated"};
	static const char *const any_time[] = {"qubes-firewall", "vmexec"};

	for (size_t i = 0; i < G_N_ELEMENTS(once); i++) {
		const char *value = g_hash_table_lookup(untrusted, once[i]);

		if (value && looks_like(value, "\\A[01]\\z") && !feature_get(d, once[i]))
			set(d, once[i], *value == '1' ? "1" : "");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(any_time); i++) {
		const char *value = g_hash_table_lookup(untrusted, any_time[i]);

		if (value && looks_like(value, "\\A[01]\\z"))
			set(d, any_time[i], *value == '1' ? "1" : "");
	}
}

/* A list by prefix: what is named is there, what is not named is not. */
static void take_list(Domain *d, GHashTable *untrusted, const char *prefix)
{
	g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
	GHashTableIter it;
	gpointer key, value;
	bool any = false;

	g_hash_table_iter_init(&it, untrusted);
	while (g_hash_table_iter_next(&it, &key, &value)) {
		if (g_str_has_prefix(key, prefix) && !strcmp(value, "1")) {
			any = true;
			set(d, key, "1");
		}
	}
	if (!any)
		return; /* nothing said: an old agent, or a request for something else */
	for (guint i = 0; i < d->features->len; i++) {
		const Feature *f = g_ptr_array_index(d->features, i);

		if (g_str_has_prefix(f->name, prefix) && *f->value &&
		    g_strcmp0(g_hash_table_lookup(untrusted, f->name), "1"))
			g_ptr_array_add(gone, g_strdup(f->name));
	}
	for (guint i = 0; i < gone->len; i++)
		feature_remove(d, g_ptr_array_index(gone, i), NULL);
}

/* As clients of events know it: {'a': '1', 'b': '2'}. Names and values have no quotes. */
static char *as_dict(GHashTable *untrusted)
{
	g_autoptr(GList) names =
		g_list_sort(g_hash_table_get_keys(untrusted), (GCompareFunc)strcmp);
	GString *s = g_string_new("{");

	for (GList *n = names; n; n = n->next)
		g_string_append_printf(s, "%s'%s': '%s'", n == names ? "" : ", ",
				       (const char *)n->data,
				       (const char *)g_hash_table_lookup(untrusted, n->data));
	g_string_append_c(s, '}');
	return g_string_free(s, FALSE);
}

void features_request_apply(Domain *d, GHashTable *untrusted)
{
	bool had_qrexec = feature_true(feature_get(d, "qrexec"));
	g_autofree char *all = as_dict(untrusted);

	event_fire(d->h.app, d, "features-request", "untrusted_features", all, NULL);
	take_list(d, untrusted, "supported-rpc.");
	if (prop_vm(&d->h, P_template))
		return; /* its software is its template's */
	take_facts(d, untrusted);
	take_switches(d, untrusted);
	take_list(d, untrusted, "supported-service.");
	take_list(d, untrusted, "supported-feature.");
	if (!had_qrexec && feature_true(feature_get(d, "qrexec")))
		event_fire(d->h.app, d, "template-postinstall", NULL);
}
