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
	g_free(vm->asked);
	if (vm->text)
		g_string_free(vm->text, TRUE);
	if (vm->props)
		g_ptr_array_unref(vm->props);
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

static bool finish_fetch(struct admin_call *call, struct admin_vm *vm, GError **err)
{
	g_autoptr(GError) e = NULL;
	g_autofree char *text = admin_finish(call, NULL, &e);

	if (text)
		vm->text = g_string_new(text);
	else if (admin_error_is(e, ADMIN_ERROR_VM_NOT_FOUND))
		vm->gone = true;
	else if (e->code == ADMIN_ERROR_COMMUNICATION) {
		g_propagate_error(err, g_steal_pointer(&e));
		return false;
	}
	return true;
}

static bool fetch_each(struct admin *a, GPtrArray *vms, GError **err)
{
	struct admin_call *calls[PIPELINE];
	bool ok = true;

	for (guint done = 0; done < vms->len && ok; done += PIPELINE) {
		guint n = MIN(PIPELINE, vms->len - done);

		for (guint i = 0; i < n; i++) {
			struct admin_vm *vm = g_ptr_array_index(vms, done + i);

			calls[i] = vm->text ? NULL
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

/* Distributes lines "QUBE PROPERTY default=…" to their qubes. */
static void distribute(GPtrArray *vms, const char *text, const char *names)
{
	g_autoptr(GHashTable) byname = g_hash_table_new(g_str_hash, g_str_equal);
	char name[64];

	for (guint i = 0; i < vms->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(vms, i);

		if (vm->text)
			continue;
		vm->text = g_string_new(NULL);
		vm->asked = g_strdup(names);
		g_hash_table_insert(byname, vm->name, vm);
	}
	while (*text) {
		size_t line = strcspn(text, "\n"), word = strcspn(text, " ");
		struct admin_vm *vm = NULL;

		if (word < line && word < sizeof(name)) {
			memcpy(name, text, word);
			name[word] = 0;
			vm = g_hash_table_lookup(byname, name);
		}
		line += text[line] == '\n';
		if (vm)
			g_string_append_len(vm->text, text + word + 1, (gssize)(line - word - 1));
		text += line;
	}
}

bool admin_vms_fetch(struct admin *a, GPtrArray *vms, const char *names, GError **err)
{
	g_autofree char *text =
		names && vms->len > 1
			? admin_call(a, "dom0", "admin.vms.property.Get", NULL, names, NULL)
			: NULL;

	if (!text)
		return fetch_each(a, vms, err);
	distribute(vms, text, names);
	return true;
}

/* The property's line in the cache, without its name, or NULL. To g_free(). */
static char *find_line(const char *text, const char *name)
{
	size_t n = strlen(name);

	while (*text) {
		size_t line = strcspn(text, "\n");

		if (line > n && text[n] == ' ' && !memcmp(text, name, n))
			return g_strndup(text, line);
		text += line + (text[line] == '\n');
	}
	return NULL;
}

static bool was_asked(const struct admin_vm *vm, const char *name)
{
	g_auto(GStrv) names = vm->asked ? g_strsplit(vm->asked, " ", -1) : NULL;

	return vm->text && (!names || g_strv_contains((const char *const *)names, name));
}

/* The property from the cache or from qubesd; a new one, or NULL with err set. */
static struct admin_prop *load_prop(struct admin *a, const struct admin_vm *vm, const char *name,
				    GError **err)
{
	g_autofree char *line = vm->text ? find_line(vm->text->str, name) : NULL;
	g_autofree char *text = NULL;

	if (line) {
		g_autoptr(GPtrArray) one = admin_props_parse(line, err);

		return one ? g_ptr_array_steal_index(one, 0) : NULL;
	}
	if (was_asked(vm, name)) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_NO_SUCH_PROPERTY,
			    "no such property: '%s'", name);
		return NULL;
	}
	text = admin_call(a, vm->name, "admin.vm.property.Get", name, NULL, err);
	return text ? admin_prop_parse(name, text, err) : NULL;
}

const struct admin_prop *admin_vm_prop(struct admin *a, struct admin_vm *vm, const char *name,
				       GError **err)
{
	struct admin_prop *p;

	for (guint i = 0; vm->props && i < vm->props->len; i++) {
		p = g_ptr_array_index(vm->props, i);
		if (!strcmp(p->name, name))
			return p;
	}
	p = load_prop(a, vm, name, err);
	if (!p)
		return NULL;
	if (!vm->props)
		vm->props = g_ptr_array_new_with_free_func((GDestroyNotify)admin_prop_free);
	g_ptr_array_add(vm->props, p);
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

static char *call_prefixed(struct admin *a, const char *dest, const char *prefix,
			   const char *method, const char *arg, GError **err)
{
	g_autofree char *full = g_strconcat(prefix, method, NULL);

	return admin_call(a, dest, full, arg, NULL, err);
}

/* Property by property; skips what is refused. */
static GPtrArray *props_each(struct admin *a, const char *dest, const char *prefix, GError **err)
{
	g_autofree char *text = call_prefixed(a, dest, prefix, "List", NULL, err);
	g_auto(GStrv) names = text ? admin_lines(text) : NULL;
	GPtrArray *props;

	if (!names)
		return NULL;
	props = g_ptr_array_new_with_free_func((GDestroyNotify)admin_prop_free);
	for (char **n = names; *n; n++) {
		g_autofree char *value = call_prefixed(a, dest, prefix, "Get", *n, NULL);
		struct admin_prop *prop = value ? admin_prop_parse(*n, value, NULL) : NULL;

		if (prop)
			g_ptr_array_add(props, prop);
	}
	return props;
}

GPtrArray *admin_all_props(struct admin *a, const char *dest, const char *prefix, GError **err)
{
	g_autoptr(GError) e = NULL;
	g_autofree char *text = call_prefixed(a, dest, prefix, "GetAll", NULL, &e);

	if (text)
		return admin_props_parse(text, err);
	if (admin_error_is(e, ADMIN_ERROR_ACCESS) ||
	    admin_error_is(e, ADMIN_ERROR_PERMISSION_DENIED))
		return props_each(a, dest, prefix, err);
	g_propagate_error(err, g_steal_pointer(&e));
	return NULL;
}
