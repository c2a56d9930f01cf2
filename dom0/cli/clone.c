/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creating and cloning qubes (clone.h). Cloning is done from here, call by call, as the
 * Admin API has no call for it. The peer is qubesd, trusted.
 */
#include "dom0/cli/clone.h"

#include <string.h>
#include <unistd.h>

#include "dom0/admin/device.h"
#include "dom0/admin/firewall.h"
#include "dom0/cli/desktop.h"

/* Set when the qube is created, or true of one qube only. */
#define NOT_COPIED "name qid template label uuid installed_by_rpm"

struct clone {
	struct ctx *c;
	const struct clone_request *r;
};

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void clone_sort(GStrv names)
{
	qsort(names, g_strv_length(names), sizeof(*names), by_text);
}

/* Adds VOLUME=POOL; a later one for the same volume wins. */
static void add_pool(GPtrArray *pools, const char *text)
{
	size_t n = strcspn(text, "=") + 1;

	for (guint i = 0; i < pools->len; i++)
		if (!strncmp(g_ptr_array_index(pools, i), text, n)) {
			g_ptr_array_remove_index(pools, i);
			break;
		}
	g_ptr_array_add(pools, g_strdup(text));
}

int clone_pools_read(struct ctx *c, struct clone_pools *ret)
{
	ret->one = args_get(c->args, "one_pool");
	ret->volume = g_ptr_array_new_with_free_func(g_free);
	for (const char *const *p = args_all(c->args, "pool"); *p; p++) {
		const char *eq = strchr(*p, '=');

		if (!eq || strchr(eq + 1, '='))
			return ctx_usage_error(
				c, "Pool argument must be of form: -p volume_name=pool_name");
		add_pool(ret->volume, *p);
	}
	if (ret->one && ret->volume->len)
		return ctx_usage_error(c, "-P and --pool cannot be used together");
	g_ptr_array_sort(ret->volume, by_text);
	return EXIT_OK;
}

void clone_pools_clear(struct clone_pools *p)
{
	g_clear_pointer(&p->volume, g_ptr_array_unref);
}

bool clone_create(struct ctx *c, const char *klass, const char *template, const char *name,
		  const char *label, const struct clone_pools *pools, GError **err)
{
	bool in_pool = pools->one || (pools->volume && pools->volume->len);
	g_autofree char *method =
		g_strconcat(in_pool ? "admin.vm.CreateInPool." : "admin.vm.Create.", klass, NULL);
	g_autoptr(GString) payload = g_string_new(NULL);

	if (strpbrk(name, " \n")) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_VALUE,
			    "a name cannot contain spaces: '%s'", name);
		return false;
	}
	g_string_printf(payload, "name=%s label=%s", name, label);
	if (pools->one)
		g_string_append_printf(payload, " pool=%s", pools->one);
	for (guint i = 0; pools->volume && i < pools->volume->len; i++)
		g_string_append_printf(payload, " pool:%s",
				       (const char *)g_ptr_array_index(pools->volume, i));
	return admin_do(c->admin, "dom0", method, template, payload->str, err);
}

/* After one thing could not be copied: true to go on, false to give up with err. */
static bool go_on(struct clone *k, const char *what, const char *name, GError *e, GError **err)
{
	if (!e)
		return true;
	g_prefix_error(&e, "%s%s%s: ", what, *name ? " " : "", name);
	if (k->r->ignore_errors) {
		fprintf(stderr, "%s: %s\n", k->r->name, e->message);
		g_error_free(e);
		return true;
	}
	g_propagate_error(err, e);
	return false;
}

static bool copy_properties(struct clone *k, GPtrArray *props, GError **err)
{
	for (guint i = 0; i < props->len; i++) {
		const struct admin_prop *p = g_ptr_array_index(props, i);
		const char *value = admin_prop_show(p);
		GError *e = NULL;

		if (p->is_default || !admin_prop_available(p) ||
		    word_in(NOT_COPIED, p->name, strlen(p->name)))
			continue;
		admin_do(k->c->admin, k->r->name, "admin.vm.property.Set", p->name,
			 value ? value : "", &e);
		/* The new qube may be of another class, which lacks it; or it is one that can be
		 * set only once, to which qubesd may give no answer. */
		if (admin_error_is(e, ADMIN_ERROR_NO_SUCH_PROPERTY) ||
		    admin_error_is(e, ADMIN_ERROR_ACCESS) || !strcmp(p->name, "dispid"))
			g_clear_error(&e);
		if (!go_on(k, "failed to set property", p->name, e, err))
			return false;
	}
	return true;
}

static bool copy_tags(struct clone *k, GError **err)
{
	g_auto(GStrv) tags = admin_list(k->c->admin, k->r->source, "admin.vm.tag.List", err);

	for (char **t = tags; t && *t; t++) {
		GError *e = NULL;

		if (g_str_has_prefix(*t, "created-by-"))
			continue;
		admin_do(k->c->admin, k->r->name, "admin.vm.tag.Set", *t, NULL, &e);
		if (!go_on(k, "failed to add tag", *t, e, err))
			return false;
	}
	return tags != NULL;
}

static bool copy_features(struct clone *k, GError **err)
{
	g_auto(GStrv) names = admin_list(k->c->admin, k->r->source, "admin.vm.feature.List", err);

	for (char **f = names; f && *f; f++) {
		g_autofree char *value = NULL;
		GError *e = NULL;

		/* The state of a source's preloaded disposables is its own. */
		if (g_str_has_prefix(*f, "preload-dispvm") && strcmp(*f, "preload-dispvm-max") != 0)
			continue;
		value = admin_call(k->c->admin, k->r->source, "admin.vm.feature.Get", *f, NULL, &e);
		if (value)
			admin_do(k->c->admin, k->r->name, "admin.vm.feature.Set", *f, value, &e);
		if (!go_on(k, "failed to set feature", *f, e, err))
			return false;
	}
	return names != NULL;
}

static bool copy_notes(struct clone *k, GError **err)
{
	GError *e = NULL;
	g_autofree char *notes =
		admin_call(k->c->admin, k->r->source, "admin.vm.notes.Get", NULL, NULL, &e);

	if (notes && *notes)
		admin_do(k->c->admin, k->r->name, "admin.vm.notes.Set", NULL, notes, &e);
	return go_on(k, "failed to copy the notes", "", e, err);
}

static bool copy_firewall(struct clone *k, GError **err)
{
	GError *e = NULL;
	g_autofree char *text =
		admin_call(k->c->admin, k->r->source, "admin.vm.firewall.Get", NULL, NULL, &e);
	g_autoptr(GPtrArray) rules = text ? fw_rules_parse(text, &e) : NULL;
	g_autofree char *payload = rules ? fw_rules_text(rules) : NULL;

	if (payload)
		admin_do(k->c->admin, k->r->name, "admin.vm.firewall.Set", NULL, payload, &e);
	return go_on(k, "failed to copy the firewall", "", e, err);
}

/* The menus of the desktop are a convenience: without the tool there are none to copy. */
static void copy_menus(struct clone *k)
{
	g_autofree char *tool = g_find_program_in_path("qvm-appmenus");
	const char *argv[] = {tool,	    "--init",	"--update", "--source",
			      k->r->source, k->r->name, NULL};
	g_autoptr(GError) err = NULL;

	if (tool && desktop_run(argv, &err) != 0)
		fprintf(stderr, "%s: failed to copy the application menus%s%s\n", k->r->name,
			err ? ": " : "", err ? err->message : "");
}

static bool copy_volume(struct clone *k, const char *volume, GError **err)
{
	g_autofree char *info =
		admin_call(k->c->admin, k->r->name, "admin.vm.volume.Info", volume, NULL, err);
	g_autofree char *token = NULL;

	if (!info)
		return false;
	/* Only what lasts has anything to copy. */
	if (!strstr(info, "save_on_stop=True"))
		return true;
	if (k->c->verbose >= 1)
		fprintf(stderr, "%s: Cloning %s volume\n", k->r->name, volume);
	token = admin_call(k->c->admin, k->r->source, "admin.vm.volume.CloneFrom", volume, NULL,
			   err);
	return token &&
	       admin_do(k->c->admin, k->r->name, "admin.vm.volume.CloneTo", volume, token, err);
}

static bool copy_volumes(struct clone *k, GError **err)
{
	g_auto(GStrv) names = admin_list(k->c->admin, k->r->name, "admin.vm.volume.List", err);

	if (!names)
		return false;
	clone_sort(names);
	for (char **v = names; *v; v++)
		if (**v && g_strcmp0(*v, k->r->skip_volume) != 0 && !copy_volume(k, *v, err))
			return false;
	return true;
}

static bool copy_class(struct clone *k, const char *devclass, GError **err)
{
	g_autofree char *list = g_strdup_printf("admin.vm.device.%s.Assigned", devclass);
	g_autofree char *add = g_strdup_printf("admin.vm.device.%s.Assign", devclass);
	g_auto(GStrv) lines = admin_list(k->c->admin, k->r->source, list, err);

	for (char **l = lines; l && *l; l++) {
		g_autoptr(Assignment) a = **l ? assignment_parse(*l, devclass, err) : NULL;
		g_autofree char *payload = NULL;
		g_autofree char *arg = NULL;

		if (!**l)
			continue;
		if (!a)
			return false;
		g_free(a->frontend);
		a->frontend = g_strdup(k->r->name);
		payload = assignment_payload(a);
		arg = device_qarg(a->backend, a->port, a->id);
		if (!admin_do(k->c->admin, k->r->name, add, arg, payload, err))
			return false;
	}
	return lines != NULL;
}

static bool copy_devices(struct clone *k, GError **err)
{
	GError *e = NULL;
	g_auto(GStrv) classes = admin_list(k->c->admin, "dom0", "admin.deviceclass.List", &e);

	for (char **d = classes; d && *d && !e; d++)
		if (**d)
			copy_class(k, *d, &e);
	return go_on(k, "failed to copy the device assignments", "", e, err);
}

static bool copy_all(struct clone *k, GPtrArray *props, GError **err)
{
	if (!copy_properties(k, props, err) || !copy_tags(k, err) || !copy_features(k, err) ||
	    !copy_notes(k, err) || !copy_firewall(k, err))
		return false;
	copy_menus(k);
	return copy_volumes(k, err) && copy_devices(k, err);
}

static const char *show(GPtrArray *props, const char *name)
{
	for (guint i = 0; i < props->len; i++) {
		const struct admin_prop *p = g_ptr_array_index(props, i);

		if (!strcmp(p->name, name))
			return admin_prop_show(p);
	}
	return NULL;
}

bool clone_vm(struct ctx *c, const struct clone_request *r, GError **err)
{
	struct clone k = {c, r};
	struct admin_vms *vms = ctx_vms(c, err);
	const struct admin_vm *src = vms ? admin_vms_find(vms, r->source) : NULL;
	g_autoptr(GPtrArray) props = NULL;
	const char *klass, *template, *label;

	if (!vms)
		return false;
	if (!src) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_VM_NOT_FOUND, "no such domain: '%s'",
			    r->source);
		return false;
	}
	props = admin_all_props(c->admin, r->source, "admin.vm.property.", err);
	if (!props)
		return false;
	klass = r->klass ? r->klass : src->klass;
	label = show(props, "label");
	/* Other classes have no template of their own to name. */
	template = word_in("AppVM DispVM", klass, strlen(klass)) ? show(props, "template") : NULL;
	if (!clone_create(c, klass, template, r->name, label ? label : "red", &r->pools, err))
		return false;
	if (copy_all(&k, props, err))
		return true;
	admin_do(c->admin, r->name, "admin.vm.Remove", NULL, NULL, NULL);
	return false;
}
