/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planning what a qube has besides properties (apply.h): tags, features, services, notes,
 * firewall, volumes. */
#include <string.h>

#include "dom0/admin/firewall.h"
#include "dom0/cli/apply/apply.h"
#include "dom0/cli/featurelist.h"
#include "dom0/cli/fwwords.h"
#include "dom0/cli/volume.h"

static bool plan_tags(struct apply *a, const char *name, const struct doc *tags, bool is_new,
		      GError **err)
{
	g_auto(GStrv) have = is_new ? g_new0(char *, 1)
				    : admin_list(a->c->admin, name, "admin.vm.tag.List", err);

	for (guint i = 0; have && i < doc_size(tags); i++) {
		const char *tag = doc_item(tags, i)->text;
		bool wanted = *tag != '!';
		struct action *act;

		tag += !wanted;
		if (g_strv_contains((const char *const *)have, tag) == wanted)
			continue;
		act = apply_add(a, PHASE_SETTINGS, wanted ? '+' : '-', name, name,
				wanted ? "admin.vm.tag.Set" : "admin.vm.tag.Remove", tag, NULL);
		act->text = g_strdup_printf("tag %s", tag);
	}
	return have != NULL;
}

/* What is described for a feature; NULL: that it is not set. */
static const char *feature_text(const struct doc *value, bool service)
{
	const char *text = apply_text(value);

	if (value->type == DOC_BOOL)
		return *value->text == 't' ? "1" : "";
	if (service && text && (!strcmp(text, "on") || !strcmp(text, "off")))
		return !strcmp(text, "on") ? "1" : "";
	return text;
}

static const char *shown(const char *value, bool service)
{
	if (!value)
		return "unset";
	if (service)
		return *value ? "on" : "off";
	return *value ? value : "''";
}

static void plan_feature(struct apply *a, const char *name, const char *feature, bool service,
			 const char *old, const char *text)
{
	g_autofree char *full = g_strconcat(service ? "service." : "", feature, NULL);
	struct action *act;

	if (g_strcmp0(old, text) == 0)
		return;
	act = apply_add(a, PHASE_SETTINGS,
			!text ? '-'
			: old ? '~'
			      : '+',
			name, name, text ? "admin.vm.feature.Set" : "admin.vm.feature.Remove", full,
			text);
	if (old && text)
		act->text = g_strdup_printf("%s %s: %s -> %s", service ? "service" : "feature",
					    feature, shown(old, service), shown(text, service));
	else if (text)
		act->text = g_strdup_printf("%s %s = %s", service ? "service" : "feature", feature,
					    shown(text, service));
	else
		act->text = g_strdup_printf("%s %s", service ? "service" : "feature", feature);
}

static bool plan_features(struct apply *a, const char *name, const struct doc *d, bool service,
			  bool is_new, GError **err)
{
	const char *prefix = service ? "service." : "";
	g_autoptr(GPtrArray) have =
		is_new ? g_ptr_array_new() : feature_list(a->c->admin, name, prefix, err);

	for (guint i = 0; have && i < doc_size(d); i++) {
		const char *feature = doc_key(d, i), *old = NULL;

		for (guint j = 0; j < have->len; j++) {
			const struct feature *f = g_ptr_array_index(have, j);
			const char *known = f->name;

			if (service && g_str_has_prefix(known, prefix))
				known += strlen(prefix);
			if (!strcmp(known, feature))
				old = f->value;
		}
		plan_feature(a, name, feature, service, old, feature_text(doc_item(d, i), service));
	}
	return have != NULL;
}

static bool plan_notes(struct apply *a, const char *name, const char *text, bool is_new,
		       GError **err)
{
	g_autofree char *old =
		is_new ? g_strdup("")
		       : admin_call(a->c->admin, name, "admin.vm.notes.Get", NULL, NULL, err);
	g_autofree char *trimmed = old ? g_strchomp(g_strdup(old)) : NULL;
	g_autofree char *wanted = g_strchomp(g_strdup(text));
	struct action *act;

	if (!old || !strcmp(trimmed, wanted))
		return old != NULL;
	/* The least that qubesd takes for nothing is a newline. */
	act = apply_add(a, PHASE_SETTINGS, '~', name, name, "admin.vm.notes.Set", NULL,
			*wanted ? text : "\n");
	act->text = g_strdup("notes");
	return true;
}

/* One rule: a string as for qvm-firewall, or a table. */
static struct fw_rule *read_rule(const struct doc *d, GError **err)
{
	g_autoptr(GPtrArray) pairs = g_ptr_array_new();

	if (d->type == DOC_STRING)
		return fw_words_rule_text(d->text, err);
	for (guint i = 0; d->type == DOC_TABLE && i < doc_size(d); i++) {
		const char *key = doc_key(d, i);

		if (!doc_item(d, i)->text) {
			g_set_error(err, ARGS_ERROR, 0, "'%s' cannot be %s", key,
				    doc_type_name(doc_item(d, i)->type));
			return NULL;
		}
		if (!strcmp(key, "dst4") || !strcmp(key, "dst6"))
			key = "dsthost";
		if (!word_in("action dsthost proto dstports icmptype specialtarget comment expire",
			     key, strlen(key))) {
			g_set_error(err, ARGS_ERROR, 0, "a rule has no '%s'", key);
			return NULL;
		}
		g_ptr_array_add(pairs, (gpointer)key);
		g_ptr_array_add(pairs, doc_item(d, i)->text);
	}
	if (!pairs->len) {
		g_set_error(err, ARGS_ERROR, 0, "a rule has to be a string or a table");
		return NULL;
	}
	g_ptr_array_add(pairs, NULL);
	return fw_rule_new((const char *const *)pairs->pdata, err);
}

char *apply_firewall_text(const struct doc *rules, GError **err)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)fw_rule_free);

	for (guint i = 0; i < doc_size(rules); i++) {
		struct fw_rule *rule = read_rule(doc_item(rules, i), err);

		if (!rule) {
			g_prefix_error(err, "rule %u (line %u): ", i + 1, doc_item(rules, i)->line);
			return NULL;
		}
		g_ptr_array_add(list, rule);
	}
	return fw_rules_text(list);
}

static bool plan_firewall(struct apply *a, const char *name, const struct doc *rules, bool is_new,
			  GError **err)
{
	g_autofree char *text = apply_firewall_text(rules, err);
	g_autofree char *answer = NULL, *old = NULL;
	g_autoptr(GPtrArray) have = NULL;
	struct action *act;

	if (!text)
		return false;
	answer = is_new ? g_strdup("action=accept\n")
			: admin_call(a->c->admin, name, "admin.vm.firewall.Get", NULL, NULL, err);
	have = answer ? fw_rules_parse(answer, err) : NULL;
	if (!have)
		return false;
	old = fw_rules_text(have);
	if (!strcmp(old, text))
		return true;
	act = apply_add(a, PHASE_SETTINGS, '~', name, name, "admin.vm.firewall.Set", NULL, text);
	act->text = g_strdup("firewall");
	act->detail = apply_changed_lines(old, text);
	return true;
}

static void plan_volume_setting(struct apply *a, const char *name, const char *volume,
				const char *key, const struct doc *value, const char *old)
{
	g_autofree char *method = NULL, *text = NULL;
	bool is_size = !strcmp(key, "size");
	guint64 bytes = 0;
	struct action *act;

	if (is_size && !volume_parse_size(value->text ? value->text : "", &bytes)) {
		apply_problem(a, value, "qube '%s': '%s' is no size, as 10GiB is", name,
			      value->text ? value->text : "");
		return;
	}
	text = is_size ? g_strdup_printf("%" G_GUINT64_FORMAT, bytes) : g_strdup(apply_text(value));
	if (!text || (old && (!strcmp(key, "rw") || !strcmp(key, "ephemeral")
				      ? !g_ascii_strcasecmp(old, text)
				      : !strcmp(old, text))))
		return;
	/* Volumes only grow: a size is the least it has to be. */
	if (is_size && old && g_ascii_strtoull(old, NULL, 10) >= bytes)
		return;
	method = is_size ? g_strdup("admin.vm.volume.Resize")
			 : g_strconcat("admin.vm.volume.Set.", key, NULL);
	act = apply_add(a, PHASE_SETTINGS, '~', name, name, method, volume, text);
	act->text = old ? g_strdup_printf("volume %s %s: %s -> %s", volume, key, old, text)
			: g_strdup_printf("volume %s %s = %s", volume, key, text);
}

static bool plan_volumes(struct apply *a, const char *name, const struct doc *volumes, bool is_new,
			 GError **err)
{
	for (guint i = 0; i < doc_size(volumes); i++) {
		const char *volume = doc_key(volumes, i);
		const struct doc *d = doc_item(volumes, i);
		g_autoptr(GHashTable) info =
			is_new ? NULL : volume_info(a->c->admin, name, volume, err);

		if (!info && !is_new)
			return false;
		for (guint j = 0; j < doc_size(d); j++) {
			const char *key = doc_key(d, j);
			const char *old = info ? g_hash_table_lookup(info, key) : NULL;

			if (strcmp(key, "pool") != 0)
				plan_volume_setting(a, name, volume, key, doc_item(d, j), old);
			else if (old && g_strcmp0(old, doc_item(d, j)->text) != 0)
				apply_problem(
					a, doc_item(d, j),
					"qube '%s': volume '%s' is in pool %s and cannot move",
					name, volume, old);
		}
	}
	return true;
}

bool plan_settings(struct apply *a, const char *name, const struct doc *d, bool is_new,
		   GError **err)
{
	const struct doc *tags = doc_get(d, "tags"), *features = doc_get(d, "features");
	const struct doc *services = doc_get(d, "services"), *notes = doc_get(d, "notes");
	const struct doc *rules = doc_get(d, "firewall"), *volumes = doc_get(d, "volumes");

	return (!tags || plan_tags(a, name, tags, is_new, err)) &&
	       (!features || plan_features(a, name, features, false, is_new, err)) &&
	       (!services || plan_features(a, name, services, true, is_new, err)) &&
	       (!notes || plan_notes(a, name, notes->text, is_new, err)) &&
	       (!rules || plan_firewall(a, name, rules, is_new, err)) &&
	       (!volumes || plan_volumes(a, name, volumes, is_new, err));
}
