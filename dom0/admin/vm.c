/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Qubes as a client sees them (vm.h). The peer is qubesd, trusted. */
#include "dom0/admin/vm.h"

#include <string.h>

/* Requests under way at once: well below any listen backlog. */
#define PIPELINE 16

static void vm_free(struct admin_vm *vm)
{
	if (!vm)
		return;
	g_free(vm->name);
	g_free(vm->klass);
	g_free(vm->state);
	g_free(vm->uuid);
	if (vm->props)
		g_hash_table_unref(vm->props);
	if (vm->loose)
		g_ptr_array_unref(vm->loose);
	g_free(vm);
}

static void set_field(char **field, const char *value)
{
	g_free(*field);
	*field = g_strdup(value);
}

/* One line "NAME class=C state=S uuid=U"; keys may be missing or new. */
static struct admin_vm *parse_line(const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	struct admin_vm *vm = g_new0(struct admin_vm, 1);

	vm->name = g_strdup(words[0]);
	vm->klass = g_strdup("");
	vm->state = g_strdup("NA");
	vm->uuid = g_strdup("");
	for (char **w = words + 1; *w; w++) {
		if (g_str_has_prefix(*w, "class="))
			set_field(&vm->klass, *w + 6);
		else if (g_str_has_prefix(*w, "state="))
			set_field(&vm->state, *w + 6);
		else if (g_str_has_prefix(*w, "uuid="))
			set_field(&vm->uuid, *w + 5);
	}
	return vm;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct admin_vm *const *)a)->name, (*(struct admin_vm *const *)b)->name);
}

struct admin_vms *admin_vms_parse(const char *text)
{
	struct admin_vms *vms = g_new0(struct admin_vms, 1);
	g_auto(GStrv) lines = admin_lines(text);

	vms->list = g_ptr_array_new_with_free_func((GDestroyNotify)vm_free);
	vms->byname = g_hash_table_new(g_str_hash, g_str_equal);
	for (char **line = lines; *line; line++) {
		struct admin_vm *vm = **line ? parse_line(*line) : NULL;

		if (!vm || !*vm->name || admin_vms_find(vms, vm->name)) {
			vm_free(vm);
			continue;
		}
		g_hash_table_insert(vms->byname, vm->name, vm);
		g_ptr_array_add(vms->list, vm);
	}
	g_ptr_array_sort(vms->list, by_name);
	return vms;
}

struct admin_vms *admin_vms_list(struct admin *a, GError **err)
{
	g_autofree char *text = admin_call(a, "dom0", "admin.vm.List", NULL, NULL, err);

	return text ? admin_vms_parse(text) : NULL;
}

void admin_vms_free(struct admin_vms *vms)
{
	if (!vms)
		return;
	g_hash_table_unref(vms->byname);
	g_ptr_array_unref(vms->list);
	g_free(vms);
}

struct admin_vm *admin_vms_find(const struct admin_vms *vms, const char *name)
{
	return g_hash_table_lookup(vms->byname, name);
}

static void add_props(struct admin_vm *vm, GPtrArray *props)
{
	vm->props = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					  (GDestroyNotify)admin_prop_free);
	for (guint i = 0; i < props->len; i++) {
		struct admin_prop *p = g_ptr_array_index(props, i);

		g_hash_table_replace(vm->props, p->name, p);
	}
	g_ptr_array_set_free_func(props, NULL);
}

static bool finish_fetch(struct admin_call *call, struct admin_vm *vm, GError **err)
{
	g_autoptr(GError) e = NULL;
	g_autofree char *text = admin_finish(call, NULL, &e);
	g_autoptr(GPtrArray) props = text ? admin_props_parse(text, &e) : NULL;

	if (props)
		add_props(vm, props);
	else if (admin_error_is(e, ADMIN_ERROR_VM_NOT_FOUND))
		vm->gone = true;
	else if (e->code == ADMIN_ERROR_COMMUNICATION) {
		g_propagate_error(err, g_steal_pointer(&e));
		return false;
	}
	return true;
}

bool admin_vms_fetch(struct admin *a, GPtrArray *vms, GError **err)
{
	struct admin_call *calls[PIPELINE];
	bool ok = true;

	for (guint done = 0; done < vms->len && ok; done += PIPELINE) {
		guint n = MIN(PIPELINE, vms->len - done);

		for (guint i = 0; i < n; i++) {
			struct admin_vm *vm = g_ptr_array_index(vms, done + i);

			calls[i] = vm->props ? NULL
					     : admin_begin(a, vm->name, "admin.vm.property.GetAll",
							   NULL, NULL, 0);
		}
		for (guint i = 0; i < n; i++)
			if (calls[i] && !finish_fetch(calls[i], g_ptr_array_index(vms, done + i),
						      ok ? err : NULL))
				ok = false;
	}
	return ok;
}

const struct admin_prop *admin_vm_prop(struct admin *a, struct admin_vm *vm, const char *name,
				       GError **err)
{
	struct admin_prop *p = vm->props ? g_hash_table_lookup(vm->props, name) : NULL;
	g_autofree char *text = NULL;

	if (p)
		return p;
	if (vm->props && g_hash_table_size(vm->props) > 0) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_NO_SUCH_PROPERTY,
			    "no such property: '%s'", name);
		return NULL;
	}
	text = admin_call(a, vm->name, "admin.vm.property.Get", name, NULL, err);
	p = text ? admin_prop_parse(name, text, err) : NULL;
	if (!p)
		return NULL;
	/* Kept apart from a full cache, whose misses are final: see above. */
	if (!vm->loose)
		vm->loose = g_ptr_array_new_with_free_func((GDestroyNotify)admin_prop_free);
	g_ptr_array_add(vm->loose, p);
	return p;
}

const char *admin_vm_show(struct admin *a, struct admin_vm *vm, const char *name)
{
	const struct admin_prop *p = admin_vm_prop(a, vm, name, NULL);

	return p ? admin_prop_show(p) : NULL;
}

char *admin_get_prop(struct admin *a, const char *vm, const char *name)
{
	g_autofree char *text = admin_call(a, vm, "admin.vm.property.Get", name, NULL, NULL);
	g_autoptr(AdminProp) p = text ? admin_prop_parse(name, text, NULL) : NULL;

	return p ? g_strdup(admin_prop_show(p)) : NULL;
}
