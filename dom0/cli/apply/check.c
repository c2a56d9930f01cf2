/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of a description before anything is changed: the form of everything, and that what it
 * refers to will be there (apply.h).
 */
#include <string.h>

#include "dom0/cli/apply/apply.h"

#define NETVM_DEPTH_MAX 64

bool apply_problem(struct apply *a, const struct doc *at, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	a->problems++;
	if (at && at->line)
		fprintf(stderr, "%s:%u: %s\n", a->file, at->line, text);
	else
		fprintf(stderr, "%s: %s\n", a->file, text);
	return false;
}

const struct doc *apply_qube(const struct apply *a, const char *name)
{
	return a->qubes ? doc_get(a->qubes, name) : NULL;
}

bool apply_is_absent(const struct doc *qube)
{
	const struct doc *state = doc_get(qube, "state");

	return state && g_strcmp0(state->text, "absent") == 0;
}

const char *apply_text(const struct doc *value)
{
	if (value->type == DOC_BOOL)
		return *value->text == 't' ? "True" : "False";
	return value->text && strcmp(value->text, APPLY_DEFAULT) != 0 ? value->text : NULL;
}

/* Keys of a qube that are no properties. */
static const struct {
	const char *key;
	enum doc_type type;
} keys[] = {
	{"state", DOC_STRING},	 {"class", DOC_STRING},	  {"pool", DOC_STRING},
	{"tags", DOC_ARRAY},	 {"features", DOC_TABLE}, {"services", DOC_TABLE},
	{"firewall", DOC_ARRAY}, {"notes", DOC_STRING},	  {"properties", DOC_TABLE},
	{"volumes", DOC_TABLE},
};

static bool is_key(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
		if (!strcmp(name, keys[i].key))
			return true;
	return false;
}

const struct doc *apply_property(const struct doc *qube, const char *name)
{
	const struct doc *more = doc_get(qube, "properties");
	const struct doc *d = is_key(name) ? NULL : doc_get(qube, name);

	return d || !more ? d : doc_get(more, name);
}

bool apply_each_property(struct apply *a, const char *qube, const struct doc *d,
			 apply_property_fn fn, GError **err)
{
	const struct doc *more = doc_get(d, "properties");

	for (guint i = 0; i < doc_size(d); i++)
		if (!is_key(doc_key(d, i)) && !fn(a, qube, doc_key(d, i), doc_item(d, i), err))
			return false;
	for (guint i = 0; more && i < doc_size(more); i++)
		if (!fn(a, qube, doc_key(more, i), doc_item(more, i), err))
			return false;
	return true;
}

bool apply_is_reference(const char *property)
{
	return word_in("netvm template default_dispvm management_dispvm guivm audiovm relayvm "
		       "default_netvm default_template default_guivm default_audiovm updatevm "
		       "clockvm",
		       property, strlen(property));
}

static bool is_scalar(const struct doc *d)
{
	return !d->items;
}

/* The form of a table of texts. */
static void check_scalars(struct apply *a, const char *what, const struct doc *table)
{
	for (guint i = 0; i < doc_size(table); i++)
		if (!is_scalar(doc_item(table, i)))
			apply_problem(a, doc_item(table, i), "%s '%s' cannot be %s", what,
				      doc_key(table, i), doc_type_name(doc_item(table, i)->type));
}

static bool name_ok(const char *name)
{
	return g_ascii_isalpha(*name) && strlen(name) <= 31 &&
	       !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789_.-")] &&
	       strcmp(name, "none") != 0 && strcmp(name, "default") != 0 &&
	       !g_str_has_suffix(name, "-dm");
}

static bool will_exist(struct apply *a, const char *name)
{
	const struct doc *d = apply_qube(a, name);

	return d ? !apply_is_absent(d) : admin_vms_find(a->c->vms, name) != NULL;
}

static void check_reference(struct apply *a, const char *name, const struct doc *value)
{
	const char *text = apply_text(value), *close;
	const struct doc *d;

	if (!text || !*text || !g_ascii_strcasecmp(text, "none") || will_exist(a, text))
		return;
	d = apply_qube(a, text);
	close = admin_vms_suggest(a->c->vms, text);
	if (d)
		apply_problem(a, value, "%s = '%s': that qube is to be removed", name, text);
	else if (close)
		apply_problem(a, value,
			      "%s = '%s': there is no such qube, here or in the system; did you "
			      "mean '%s'?",
			      name, text, close);
	else
		apply_problem(a, value, "%s = '%s': there is no such qube, here or in the system",
			      name, text);
}

static bool check_property(struct apply *a, const char *qube, const char *name,
			   const struct doc *value, GError **err)
{
	if (!is_scalar(value))
		return apply_problem(a, value, "qube '%s': property '%s' cannot be %s", qube, name,
				     doc_type_name(value->type)) ||
		       true;
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		apply_problem(a, value, "qube '%s': '%s' is no name of a property", qube, name);
	if (apply_is_reference(name))
		check_reference(a, name, value);
	if (!strcmp(name, "label") && apply_text(value)) {
		const struct doc *labels = doc_get(a->doc, "labels");
		g_autofree char *known = g_strjoinv(" ", a->labels);

		if (!word_in(known, apply_text(value), strlen(apply_text(value))) &&
		    !(labels && doc_get(labels, apply_text(value))))
			apply_problem(a, value, "no such label: '%s'; available: %s",
				      apply_text(value), known);
	}
	return true;
}

static void check_tags(struct apply *a, const char *qube, const struct doc *tags)
{
	for (guint i = 0; i < doc_size(tags); i++) {
		const struct doc *tag = doc_item(tags, i);

		if (tag->type != DOC_STRING || !tag->text[strspn(tag->text, "!")] ||
		    strlen(tag->text) > 256)
			apply_problem(a, tag, "qube '%s': a tag has to be a string", qube);
	}
}

static void check_volumes(struct apply *a, const char *qube, const struct doc *volumes)
{
	for (guint i = 0; i < doc_size(volumes); i++) {
		const struct doc *v = doc_item(volumes, i);

		if (v->type != DOC_TABLE) {
			apply_problem(a, v, "qube '%s': volume '%s' has to be a table", qube,
				      doc_key(volumes, i));
			continue;
		}
		for (guint j = 0; j < doc_size(v); j++)
			if (!word_in("size revisions_to_keep rw ephemeral pool", doc_key(v, j),
				     strlen(doc_key(v, j))) ||
			    !is_scalar(doc_item(v, j)))
				apply_problem(a, doc_item(v, j),
					      "qube '%s': volumes have size, revisions_to_keep, "
					      "rw, ephemeral and pool, not '%s'",
					      qube, doc_key(v, j));
	}
}

/* The form of a qube's description. */
static bool check_form(struct apply *a, const char *name, const struct doc *d)
{
	const struct doc *x;

	if (d->type != DOC_TABLE)
		return apply_problem(a, d, "qube '%s' has to be a table", name);
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
		x = doc_get(d, keys[i].key);
		if (x && x->type != keys[i].type)
			return apply_problem(a, x, "qube '%s': '%s' has to be %s", name,
					     keys[i].key, doc_type_name(keys[i].type));
	}
	x = doc_get(d, "state");
	if (x && strcmp(x->text, "present") != 0 && strcmp(x->text, "absent") != 0)
		return apply_problem(a, x, "qube '%s': state is \"present\" or \"absent\"", name);
	if ((x = doc_get(d, "tags")))
		check_tags(a, name, x);
	if ((x = doc_get(d, "features")))
		check_scalars(a, "a feature", x);
	if ((x = doc_get(d, "services")))
		check_scalars(a, "a service", x);
	if ((x = doc_get(d, "volumes")))
		check_volumes(a, name, x);
	return true;
}

static void check_firewall(struct apply *a, const char *name, const struct doc *rules)
{
	g_autoptr(GError) e = NULL;
	g_autofree char *text = apply_firewall_text(rules, &e);

	if (!text)
		apply_problem(a, rules, "qube '%s': firewall: %s", name, e->message);
}

/* What the description of a qube that exists cannot change. */
static void check_class(struct apply *a, const struct admin_vm *vm, const struct doc *d)
{
	const struct doc *klass = doc_get(d, "class");
	g_autofree char *known = g_strjoinv(" ", a->classes);

	if (klass && !word_in(known, klass->text, strlen(klass->text)))
		apply_problem(a, klass, "no such class: '%s'; available: %s", klass->text, known);
	else if (klass && vm && strcmp(vm->klass, klass->text) != 0)
		apply_problem(a, klass,
			      "qube '%s' is a %s, which cannot become a %s: clone it, or remove it "
			      "first",
			      vm->name, vm->klass, klass->text);
}

static void check_qube(struct apply *a, const char *name, const struct doc *d)
{
	const struct admin_vm *vm = admin_vms_find(a->c->vms, name);

	if (!check_form(a, name, d))
		return;
	if (!vm && !name_ok(name))
		apply_problem(a, d, "'%s' cannot be the name of a qube", name);
	if (apply_is_absent(d)) {
		if (vm && !strcmp(vm->klass, "AdminVM"))
			apply_problem(a, d, "%s cannot be removed", name);
		return;
	}
	check_class(a, vm, d);
	if (doc_get(d, "firewall"))
		check_firewall(a, name, doc_get(d, "firewall"));
	apply_each_property(a, name, d, check_property, NULL);
	if (!vm && !apply_property(d, "label"))
		apply_problem(a, d, "qube '%s' does not exist yet: it needs a label", name);
}

const char *apply_netvm_after(struct apply *a, const char *qube)
{
	const struct doc *d = apply_qube(a, qube);
	const struct doc *value = d && d->type == DOC_TABLE ? apply_property(d, "netvm") : NULL;
	struct admin_vm *vm = admin_vms_find(a->c->vms, qube);
	const char *text = value ? apply_text(value) : NULL;

	if (text)
		return *text && g_ascii_strcasecmp(text, "none") != 0 ? text : NULL;
	if (value)
		return NULL; /* the default: qubesd knows, and sees to loops */
	return vm ? admin_vm_show(a->c->admin, vm, "netvm") : NULL;
}

/* No chain of networks may come back to where it began. */
static void check_loop(struct apply *a, const char *name, const struct doc *d)
{
	const char *at = name;

	for (guint depth = 0; depth < NETVM_DEPTH_MAX && at; depth++) {
		at = apply_netvm_after(a, at);
		if (at && !strcmp(at, name)) {
			apply_problem(a, apply_property(d, "netvm"),
				      "the network of qube '%s' would lead back to itself", name);
			return;
		}
	}
}

static void check_qubes(struct apply *a)
{
	for (guint i = 0; i < doc_size(a->qubes); i++)
		check_qube(a, doc_key(a->qubes, i), doc_item(a->qubes, i));
	for (guint i = 0; !a->problems && i < doc_size(a->qubes); i++)
		if (apply_property(doc_item(a->qubes, i), "netvm") &&
		    !apply_is_absent(doc_item(a->qubes, i)))
			check_loop(a, doc_key(a->qubes, i), doc_item(a->qubes, i));
}

static void check_labels(struct apply *a, const struct doc *labels)
{
	for (guint i = 0; i < doc_size(labels); i++) {
		const struct doc *color = doc_item(labels, i);

		if (color->type != DOC_STRING || strlen(color->text) != 8 ||
		    strncmp(color->text, "0x", 2) != 0 ||
		    color->text[2 + strspn(color->text + 2, "0123456789abcdefABCDEF")])
			apply_problem(a, color, "label '%s': the color has to be \"0xRRGGBB\"",
				      doc_key(labels, i));
	}
}

static void check_policy(struct apply *a, const struct doc *policy)
{
	for (guint i = 0; i < doc_size(policy); i++)
		if (doc_item(policy, i)->type != DOC_STRING)
			apply_problem(
				a, doc_item(policy, i),
				"policy file '%s' has to be a string: its text, or \"@absent\"",
				doc_key(policy, i));
}

static void check_system(struct apply *a, const struct doc *system)
{
	check_scalars(a, "property", system);
	for (guint i = 0; i < doc_size(system); i++)
		if (is_scalar(doc_item(system, i)) && apply_is_reference(doc_key(system, i)))
			check_reference(a, doc_key(system, i), doc_item(system, i));
}

bool apply_check(struct apply *a, GError **err)
{
	static const char known[] = "qubes system labels policy";

	if (!ctx_vms(a->c, err) || !admin_vms_fetch(a->c->admin, a->c->vms->list, NULL, err) ||
	    !(a->labels = admin_list(a->c->admin, "dom0", "admin.label.List", err)) ||
	    !(a->classes = admin_list(a->c->admin, "dom0", "admin.vmclass.List", err)))
		return false;
	a->qubes = doc_get(a->doc, "qubes");
	if (a->qubes && a->qubes->type != DOC_TABLE)
		a->qubes = NULL;
	for (guint i = 0; i < doc_size(a->doc); i++) {
		const char *key = doc_key(a->doc, i);
		const struct doc *d = doc_item(a->doc, i);

		if (!word_in(known, key, strlen(key)))
			apply_problem(a, d,
				      "unknown section '%s'; there are qubes, system, "
				      "labels and policy",
				      key);
		else if (d->type != DOC_TABLE)
			apply_problem(a, d, "'%s' has to be a table, not %s", key,
				      doc_type_name(d->type));
		else if (!strcmp(key, "labels"))
			check_labels(a, d);
		else if (!strcmp(key, "policy"))
			check_policy(a, d);
		else if (!strcmp(key, "system"))
			check_system(a, d);
	}
	if (a->qubes)
		check_qubes(a);
	return !a->problems;
}
