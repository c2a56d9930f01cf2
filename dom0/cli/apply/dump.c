/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The present system as a description (apply.h): what somebody set, without what qubes report
 * about themselves and what the system sets on its own. The peer is qubesd, trusted.
 */
#include <string.h>

#include "dom0/cli/apply/apply.h"
#include "dom0/cli/featurelist.h"
#include "dom0/cli/volume.h"

/* Identity, state, and what only says how a qube came to be. */
#define NOT_DUMPED                                                                                 \
	"name qid uuid klass label template dispid backup_timestamp installed_by_rpm auto_cleanup"

static bool starts_with_any(const char *name, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (g_str_has_prefix(name, *prefixes))
			return true;
	return false;
}

/* Set by the system itself. */
static bool automatic_tag(const char *tag)
{
	static const char *const prefixes[] = {"created-by-", "disp-created-by-", "guivm-",
					       "audiovm-",    "relayvm-",	  NULL};

	return starts_with_any(tag, prefixes);
}

/* Reported by qubes and by tools, at times of their own. */
static bool reported_feature(const char *feature)
{
	static const char *const prefixes[] = {"supported-", "os-",	    "template-",
					       "boot-mode.", "last-update", "preload-dispvm-",
					       "backup-",    "service.",    NULL};

	return starts_with_any(feature, prefixes) ||
	       word_in("os qubes-agent-version updates-available preload-dispvm "
		       "deferred-netvm-original",
		       feature, strlen(feature)) ||
	       !strcmp(feature, "servicevm");
}

static struct doc *property_value(const struct admin_prop *p)
{
	const char *text = admin_prop_show(p);

	if (p->type == ADMIN_BOOL && text)
		return doc_new_text(DOC_BOOL, admin_prop_true(p) ? "true" : "false");
	if (p->type == ADMIN_INT && text)
		return doc_new_text(DOC_INTEGER, text);
	return doc_new_text(DOC_STRING, text ? text : "");
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct admin_prop *const *)a)->name,
		      (*(struct admin_prop *const *)b)->name);
}

static bool dump_properties(struct apply *a, const char *dest, const char *prefix, struct doc *into,
			    GError **err)
{
	g_autoptr(GPtrArray) props = admin_all_props(a->c->admin, dest, prefix, err);

	if (!props)
		return false;
	g_ptr_array_sort(props, by_name);
	for (guint i = 0; i < props->len; i++) {
		const struct admin_prop *p = g_ptr_array_index(props, i);

		if (!p->is_default && admin_prop_available(p) &&
		    !word_in(NOT_DUMPED, p->name, strlen(p->name)))
			doc_set(into, p->name, property_value(p));
	}
	return true;
}

static bool dump_tags(struct apply *a, const char *name, struct doc *into, GError **err)
{
	g_auto(GStrv) tags = admin_list(a->c->admin, name, "admin.vm.tag.List", err);
	struct doc *list = NULL;

	for (char **t = tags; t && *t; t++) {
		if (!**t || automatic_tag(*t))
			continue;
		if (!list)
			list = doc_set(into, "tags", doc_new(DOC_ARRAY, 0));
		doc_append(list, doc_new_text(DOC_STRING, *t));
	}
	return tags != NULL;
}

static bool dump_features(struct apply *a, const char *name, struct doc *into, GError **err)
{
	g_autoptr(GPtrArray) features = feature_list(a->c->admin, name, "", err);
	g_autoptr(Doc) plain = doc_new(DOC_TABLE, 0);
	g_autoptr(Doc) services = doc_new(DOC_TABLE, 0);

	for (guint i = 0; features && i < features->len; i++) {
		const struct feature *f = g_ptr_array_index(features, i);

		if (g_str_has_prefix(f->name, "service."))
			doc_set(services, f->name + strlen("service."),
				doc_new_text(DOC_BOOL, *f->value ? "true" : "false"));
		else if (!reported_feature(f->name))
			doc_set_text(plain, f->name, f->value);
	}
	if (doc_size(plain))
		doc_set(into, "features", g_steal_pointer(&plain));
	if (doc_size(services))
		doc_set(into, "services", g_steal_pointer(&services));
	return features != NULL;
}

static void dump_texts(struct apply *a, const char *name, struct doc *into)
{
	g_autofree char *notes =
		admin_call(a->c->admin, name, "admin.vm.notes.Get", NULL, NULL, NULL);
	g_autofree char *rules =
		admin_call(a->c->admin, name, "admin.vm.firewall.Get", NULL, NULL, NULL);
	g_auto(GStrv) lines = rules ? admin_lines(rules) : NULL;
	struct doc *list;

	if (notes && *g_strchomp(notes))
		doc_set_text(into, "notes", notes);
	if (!lines || !strcmp(g_strchomp(rules), "action=accept"))
		return;
	list = doc_set(into, "firewall", doc_new(DOC_ARRAY, 0));
	for (char **l = lines; *l; l++)
		if (**l)
			doc_append(list, doc_new_text(DOC_STRING, *l));
}

/* "10GiB" where that is exact, else the number of bytes. */
static struct doc *size_value(guint64 bytes)
{
	g_autofree char *text = NULL;

	if (bytes && bytes % (1 << 30) == 0)
		text = g_strdup_printf("%" G_GUINT64_FORMAT "GiB", bytes >> 30);
	else if (bytes && bytes % (1 << 20) == 0)
		text = g_strdup_printf("%" G_GUINT64_FORMAT "MiB", bytes >> 20);
	if (text)
		return doc_new_text(DOC_STRING, text);
	text = g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
	return doc_new_text(DOC_INTEGER, text);
}

/* Sizes of the volumes that a qube keeps. */
static bool dump_volumes(struct apply *a, const char *name, struct doc *into, GError **err)
{
	g_auto(GStrv) names = admin_list(a->c->admin, name, "admin.vm.volume.List", err);
	struct doc *volumes = NULL;

	for (char **v = names; v && *v; v++) {
		g_autoptr(GHashTable) info = **v ? volume_info(a->c->admin, name, *v, NULL) : NULL;
		struct doc *t;

		if (!info || !volume_flag(info, "save_on_stop"))
			continue;
		if (!volumes)
			volumes = doc_set(into, "volumes", doc_new(DOC_TABLE, 0));
		t = doc_set(volumes, *v, doc_new(DOC_TABLE, 0));
		doc_set(t, "size", size_value(volume_number(info, "size")));
	}
	return names != NULL;
}

static bool dump_qube(struct apply *a, struct admin_vm *vm, struct doc *qubes, GError **err)
{
	bool is_admin = !strcmp(vm->klass, "AdminVM");
	const char *label = admin_vm_show(a->c->admin, vm, "label");
	const char *template = admin_vm_show(a->c->admin, vm, "template");
	struct doc *d = doc_set(qubes, vm->name, doc_new(DOC_TABLE, 0));

	doc_set_text(d, "class", vm->klass);
	if (label && !is_admin)
		doc_set_text(d, "label", label);
	if (template)
		doc_set_text(d, "template", template);
	if (!dump_properties(a, vm->name, "admin.vm.property.", d, err) ||
	    !dump_tags(a, vm->name, d, err) || !dump_features(a, vm->name, d, err))
		return false;
	if (is_admin)
		return true;
	dump_texts(a, vm->name, d);
	return dump_volumes(a, vm->name, d, err);
}

/* Labels that somebody made. */
static bool dump_labels(struct apply *a, struct doc *labels, GError **err)
{
	g_auto(GStrv) names = admin_list(a->c->admin, "dom0", "admin.label.List", err);

	for (char **l = names; l && *l; l++) {
		g_autofree char *index =
			admin_call(a->c->admin, "dom0", "admin.label.Index", *l, NULL, NULL);
		g_autofree char *color = NULL;

		if (!index || g_ascii_strtoll(index, NULL, 10) <= 8)
			continue;
		color = admin_call(a->c->admin, "dom0", "admin.label.Get", *l, NULL, NULL);
		if (color)
			doc_set_text(labels, *l, g_strchomp(color));
	}
	return names != NULL;
}

/* Files of the packages: those from 80 on, and what says who may use the Admin API. */
static bool shipped_policy(const char *name)
{
	return (g_ascii_isdigit(*name) && g_ascii_strtoull(name, NULL, 10) >= 80) ||
	       g_str_has_prefix(name, "include/admin-");
}

/* Policy may be out of reach, from a qube say: that is said, and is no failure. */
static void dump_policy(struct apply *a, struct doc *policy)
{
	for (int include = 0; include < 2; include++) {
		g_autoptr(GError) e = NULL;
		g_auto(GStrv) names = policy_list(a, include, &e);

		if (!names) {
			fprintf(stderr, "qvm-apply: the policy is left out: %s\n", e->message);
			return;
		}
		for (char **n = names; *n; n++) {
			g_autofree char *text = shipped_policy(*n) ? NULL : policy_get(a, *n, NULL);

			if (text)
				doc_set_text(policy, *n, text);
		}
	}
}

static bool dump_qubes(struct apply *a, struct doc *qubes, GError **err)
{
	for (guint i = 0; i < a->c->vms->list->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(a->c->vms->list, i);
		const char *passing = admin_vm_show(a->c->admin, vm, "auto_cleanup");

		if (g_strcmp0(passing, "True") != 0 && !dump_qube(a, vm, qubes, err))
			return false;
	}
	return true;
}

struct doc *apply_dump(struct apply *a, GError **err)
{
	static const char *const names[] = {"system", "labels", "qubes", "policy"};
	struct doc *parts[G_N_ELEMENTS(names)];
	g_autoptr(Doc) d = doc_new(DOC_TABLE, 0);
	bool ok;

	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		parts[i] = doc_new(DOC_TABLE, 0);
	ok = ctx_vms(a->c, err) && admin_vms_fetch(a->c->admin, a->c->vms->list, NULL, err) &&
	     dump_properties(a, "dom0", "admin.property.", parts[0], err) &&
	     dump_labels(a, parts[1], err) && dump_qubes(a, parts[2], err);
	if (ok)
		dump_policy(a, parts[3]);
	for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
		if (ok && doc_size(parts[i]))
			doc_set(d, names[i], parts[i]);
		else
			doc_free(parts[i]);
	return ok ? g_steal_pointer(&d) : NULL;
}
