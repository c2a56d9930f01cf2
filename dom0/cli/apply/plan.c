/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the difference between a description and the system to actions (apply.h): which qubes
 * come and go, their properties, those of the system, labels.
 */
#include <string.h>

#include "dom0/cli/apply/apply.h"

#define DEPTH_MAX 64

void action_free(struct action *act)
{
	g_free(act->subject);
	g_free(act->text);
	g_free(act->detail);
	g_free(act->dest);
	g_free(act->method);
	g_free(act->arg);
	g_free(act->payload);
	g_free(act->why);
	g_free(act);
}

struct action *apply_add(struct apply *a, enum phase phase, char sign, const char *subject,
			 const char *dest, const char *method, const char *arg, const char *payload)
{
	struct action *act = g_new0(struct action, 1);

	act->phase = phase;
	act->number = a->actions->len;
	act->sign = sign;
	act->subject = g_strdup(subject);
	act->dest = g_strdup(dest);
	act->method = g_strdup(method);
	act->arg = g_strdup(arg);
	act->payload = g_strdup(payload);
	g_ptr_array_add(a->actions, act);
	return act;
}

/* What a qube that is to be created will be based on; NULL: nothing in the description. */
static const char *template_of(struct apply *a, const char *name)
{
	const struct doc *d = apply_qube(a, name), *system = doc_get(a->doc, "system");
	const struct doc *t = d ? apply_property(d, "template") : NULL;
	const struct doc *klass = d ? doc_get(d, "class") : NULL;
	const char *implied = !klass || !strcmp(klass->text, "AppVM") ? "default_template"
			      : !strcmp(klass->text, "DispVM")	      ? "default_dispvm"
								      : NULL;

	if (!d || admin_vms_find(a->c->vms, name))
		return NULL;
	if (!t && implied && system)
		t = doc_get(system, implied);
	return t ? apply_text(t) : NULL;
}

/*
 * The order in PHASE_CREATE: first the qubes based on nothing new, then those based on these, and
 * so on. In between comes what makes a qube something to be based on.
 */
static guint create_order(struct apply *a, const char *name)
{
	guint depth = 0;

	while (depth < DEPTH_MAX && (name = template_of(a, name)))
		depth++;
	return 2 * depth;
}

/* " pool=…" or " pool:private=…" of a new qube. */
static void add_pools(GString *payload, const struct doc *d)
{
	const struct doc *pool = doc_get(d, "pool"), *volumes = doc_get(d, "volumes");

	if (pool)
		g_string_append_printf(payload, " pool=%s", pool->text);
	for (guint i = 0; volumes && i < doc_size(volumes); i++) {
		const struct doc *p = doc_get(doc_item(volumes, i), "pool");

		if (p)
			g_string_append_printf(payload, " pool:%s=%s", doc_key(volumes, i),
					       p->text);
	}
}

static void plan_create(struct apply *a, const char *name, const struct doc *d)
{
	const struct doc *klass = doc_get(d, "class"), *template = apply_property(d, "template");
	const char *label = apply_text(apply_property(d, "label"));
	const char *based = template ? apply_text(template) : NULL;
	g_autoptr(GString) payload = g_string_new(NULL);
	g_autofree char *method = NULL;
	struct action *act;
	gsize plain;

	g_string_printf(payload, "name=%s label=%s", name, label ? label : "red");
	plain = payload->len;
	add_pools(payload, d);
	method = g_strdup_printf("admin.vm.Create%s.%s", payload->len > plain ? "InPool" : "",
				 klass ? klass->text : "AppVM");
	act = apply_add(a, PHASE_CREATE, '+', name, "dom0", method, based && *based ? based : NULL,
			payload->str);
	act->order = create_order(a, name);
	act->text = g_strdup_printf("create it (%s%s%s, label %s)", klass ? klass->text : "AppVM",
				    based && *based ? ", template " : "", based ? based : "",
				    label ? label : "red");
}

/* How far a qube is from the end of its chain of networks. */
static guint netvm_depth(struct apply *a, const char *name)
{
	guint depth = 0;

	while (depth < DEPTH_MAX && (name = apply_netvm_after(a, name)))
		depth++;
	return depth;
}

static enum phase phase_of(const char *name, const char *value, bool system)
{
	if (!strcmp(name, "netvm"))
		return PHASE_NETVM;
	if (system && (!strcmp(name, "default_template") || !strcmp(name, "default_dispvm")))
		return PHASE_CREATE;
	if (system)
		return PHASE_SYSTEM;
	if (apply_is_reference(name))
		return PHASE_REFERENCES;
	if (!strcmp(name, "provides_network") || !strcmp(name, "template_for_dispvms"))
		return g_strcmp0(value, "True") == 0 ? PHASE_CREATE : PHASE_DISABLE;
	return PHASE_SETTINGS;
}

/* A truth value in the spelling that qubesd shows. */
static const char *truth(const char *text)
{
	if (!g_ascii_strcasecmp(text, "true") || !g_ascii_strcasecmp(text, "yes") ||
	    !g_ascii_strcasecmp(text, "on") || !strcmp(text, "1"))
		return "True";
	if (!g_ascii_strcasecmp(text, "false") || !g_ascii_strcasecmp(text, "no") ||
	    !g_ascii_strcasecmp(text, "off") || !strcmp(text, "0"))
		return "False";
	return text;
}

/* The value described in the form that is sent; old may be NULL. */
static const char *normal(const char *name, const char *text, const struct admin_prop *old)
{
	bool refers = old ? old->type == ADMIN_VM : apply_is_reference(name);

	if (refers && !g_ascii_strcasecmp(text, "none"))
		return "";
	if ((old && old->type == ADMIN_BOOL) || !strcmp(name, "provides_network") ||
	    !strcmp(name, "template_for_dispvms"))
		return truth(text);
	return text;
}

static bool same(const struct admin_prop *old, const char *text)
{
	if (old->type == ADMIN_BOOL)
		return !strcmp(admin_prop_true(old) ? "True" : "False", text);
	return !strcmp(old->value, text);
}

/* Plans one property of a qube or (prefix "admin.property.") the system. */
static void plan_property(struct apply *a, enum phase phase, const char *subject, const char *dest,
			  const char *prefix, const char *name, const struct admin_prop *old,
			  const char *text)
{
	const char *shown = old ? admin_prop_show(old) : NULL;
	g_autofree char *method = NULL;
	struct action *act;

	if (old && (text ? !old->is_default && same(old, text) : old->is_default))
		return;
	if (!old && !text)
		return; /* a new qube has its defaults */
	method = g_strconcat(prefix, text ? "Set" : "Reset", NULL);
	act = apply_add(a, phase, '~', subject, dest, method, name, text);
	if (!old)
		act->text = g_strdup_printf("%s = %s", name, *text ? text : "none");
	else
		act->text =
			g_strdup_printf("%s: %s%s -> %s%s", name, shown && *shown ? shown : "none",
					old->is_default ? " (default)" : "",
					text ? *text ? text : "none" : "default",
					text && old->is_default && same(old, text) ? " (set)" : "");
	if (!old)
		act->sign = '+';
	if (phase == PHASE_NETVM)
		act->order = text && *text ? netvm_depth(a, subject) : 0;
	else if (phase == PHASE_CREATE) /* after the qube that it is about is there */
		act->order = 1 + create_order(a, strcmp(subject, "system") ? subject : text);
}

static bool plan_vm_property(struct apply *a, const char *qube, const char *name,
			     const struct doc *value, GError **err)
{
	struct admin_vm *vm = admin_vms_find(a->c->vms, qube);
	g_autoptr(GError) e = NULL;
	const struct admin_prop *old = vm ? admin_vm_prop(a->c->admin, vm, name, &e) : NULL;
	const char *text = apply_text(value);

	if (!vm && (!strcmp(name, "label") || !strcmp(name, "template")))
		return true;
	if (admin_error_is(e, ADMIN_ERROR_NO_SUCH_PROPERTY))
		return apply_problem(a, value, "qube '%s' (%s) has no property '%s'", qube,
				     vm->klass, name) ||
		       true;
	if (e) {
		g_propagate_error(err, g_steal_pointer(&e));
		return false;
	}
	text = text ? normal(name, text, old) : NULL;
	plan_property(a, phase_of(name, text, false), qube, qube, "admin.vm.property.", name, old,
		      text);
	return true;
}

/* How many qubes depend on this one, through others too: those are to go first. */
static guint dependants(struct apply *a, const char *name, guint depth)
{
	guint n = 0;

	for (guint i = 0; i < a->c->vms->list->len && depth < DEPTH_MAX; i++) {
		struct admin_vm *vm = g_ptr_array_index(a->c->vms->list, i);
		const struct doc *d = apply_qube(a, vm->name);

		if (!d || !apply_is_absent(d) || !strcmp(vm->name, name))
			continue;
		if (g_strcmp0(admin_vm_show(a->c->admin, vm, "template"), name) == 0 ||
		    g_strcmp0(admin_vm_show(a->c->admin, vm, "netvm"), name) == 0)
			n = MAX(n, 1 + dependants(a, vm->name, depth + 1));
	}
	return n;
}

static bool plan_qube(struct apply *a, const char *name, const struct doc *d, GError **err)
{
	const struct admin_vm *vm = admin_vms_find(a->c->vms, name);

	if (apply_is_absent(d)) {
		struct action *act;

		if (!vm)
			return true;
		act = apply_add(a, PHASE_REMOVE, '-', name, name, "admin.vm.Remove", NULL, NULL);
		act->text = g_strdup_printf("remove it (%s) with all its data", vm->klass);
		act->order = dependants(a, name, 0);
		return true;
	}
	if (!vm)
		plan_create(a, name, d);
	return apply_each_property(a, name, d, plan_vm_property, err) &&
	       plan_settings(a, name, d, !vm, err);
}

static bool plan_system(struct apply *a, const struct doc *system, GError **err)
{
	g_autoptr(GPtrArray) props = admin_all_props(a->c->admin, "dom0", "admin.property.", err);

	for (guint i = 0; props && i < doc_size(system); i++) {
		const char *name = doc_key(system, i);
		const struct doc *value = doc_item(system, i);
		const struct admin_prop *old = NULL;
		const char *text = apply_text(value);

		for (guint j = 0; j < props->len && !old; j++)
			if (!strcmp(((struct admin_prop *)g_ptr_array_index(props, j))->name, name))
				old = g_ptr_array_index(props, j);
		if (!old)
			apply_problem(a, value, "the system has no property '%s'", name);
		text = text && old ? normal(name, text, old) : NULL;
		if (old)
			plan_property(a, text && *text ? phase_of(name, text, true) : PHASE_SYSTEM,
				      "system", "dom0", "admin.property.", name, old, text);
	}
	return props != NULL;
}

static bool plan_labels(struct apply *a, const struct doc *labels, GError **err)
{
	for (guint i = 0; i < doc_size(labels); i++) {
		const char *name = doc_key(labels, i), *color = doc_item(labels, i)->text;
		g_autofree char *old = NULL;
		struct action *act;

		if (g_strv_contains((const char *const *)a->labels, name)) {
			old = admin_call(a->c->admin, "dom0", "admin.label.Get", name, NULL, err);
			if (!old)
				return false;
			if (g_ascii_strcasecmp(old, color) != 0)
				apply_problem(a, doc_item(labels, i),
					      "label '%s' is %s, and cannot be changed", name, old);
			continue;
		}
		act = apply_add(a, PHASE_LABELS, '+', "labels", "dom0", "admin.label.Create", name,
				color);
		act->text = g_strdup_printf("%s = %s", name, color);
	}
	return true;
}

static gint by_phase(gconstpointer x, gconstpointer y)
{
	const struct action *a = *(struct action *const *)x, *b = *(struct action *const *)y;

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

bool apply_plan(struct apply *a, GError **err)
{
	const struct doc *labels = doc_get(a->doc, "labels"), *system = doc_get(a->doc, "system");
	const struct doc *policy = doc_get(a->doc, "policy");

	if (labels && !plan_labels(a, labels, err))
		return false;
	for (guint i = 0; a->qubes && i < doc_size(a->qubes); i++)
		if (!plan_qube(a, doc_key(a->qubes, i), doc_item(a->qubes, i), err))
			return false;
	if ((system && !plan_system(a, system, err)) || (policy && !plan_policy(a, policy, err)))
		return false;
	g_ptr_array_sort(a->actions, by_phase);
	return true;
}
