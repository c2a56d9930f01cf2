/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and listing volumes (volume.h). The peer is qubesd, trusted. */
#include "dom0/cli/volume.h"

#include <string.h>
#include <unistd.h>

#include "dom0/cli/table.h"

static const char *const shown[] = {"pool",	"vid",		"rw",
				    "source",	"save_on_stop", "snap_on_start",
				    "size",	"usage",	"revisions_to_keep",
				    "ephemeral"};

static GHashTable *parse_info(const char *text)
{
	GHashTable *info = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_auto(GStrv) lines = admin_lines(text);

	for (char **l = lines; *l; l++) {
		char *eq = strchr(*l, '=');

		if (!eq)
			continue;
		*eq = 0;
		g_hash_table_replace(info, g_strdup(*l), g_strdup(eq + 1));
	}
	return info;
}

GHashTable *volume_info(struct admin *a, const char *vm, const char *volume, GError **err)
{
	g_autofree char *text = admin_call(a, vm, "admin.vm.volume.Info", volume, NULL, err);

	return text ? parse_info(text) : NULL;
}

guint64 volume_number(GHashTable *info, const char *key)
{
	const char *v = g_hash_table_lookup(info, key);

	return v ? g_ascii_strtoull(v, NULL, 10) : 0;
}

bool volume_flag(GHashTable *info, const char *key)
{
	return g_strcmp0(g_hash_table_lookup(info, key), "True") == 0;
}

GStrv volume_revisions(struct admin *a, const char *vm, const char *volume, GError **err)
{
	g_autofree char *text =
		admin_call(a, vm, "admin.vm.volume.ListSnapshots", volume, NULL, err);

	return text ? admin_lines(text) : NULL;
}

bool volume_parse_size(const char *text, guint64 *ret)
{
	static const struct {
		const char *unit;
		guint64 factor;
	} units[] = {{"", 1},	       {"K", 1000},	  {"KB", 1000},	      {"M", 1000000},
		     {"MB", 1000000},  {"G", 1000000000}, {"GB", 1000000000}, {"KI", 1 << 10},
		     {"KIB", 1 << 10}, {"MI", 1 << 20},	  {"MIB", 1 << 20},   {"GI", 1 << 30},
		     {"GIB", 1 << 30}};
	g_autofree char *t = g_strstrip(g_ascii_strup(text, -1));
	size_t digits = strspn(t, "0123456789");
	const char *unit = t + digits + strspn(t + digits, " ");
	guint64 n = g_ascii_strtoull(t, NULL, 10);

	for (guint i = 0; digits && digits < 19 && i < G_N_ELEMENTS(units); i++)
		if (!strcmp(unit, units[i].unit) && n <= G_MAXINT64 / units[i].factor) {
			*ret = n * units[i].factor;
			return true;
		}
	return false;
}

/* A field as shown: every volume has all of them, told or not. */
static const char *field(GHashTable *info, const char *key)
{
	const char *v = g_hash_table_lookup(info, key);

	if (v)
		return v;
	return !strcmp(key, "ephemeral") || !strcmp(key, "is_outdated") ? "False" : "";
}

/* Numbers and truth values as such, the rest as strings. */
static void json_field(GString *out, const char *key, const char *value)
{
	if (!strcmp(value, "True") || !strcmp(value, "False"))
		g_string_append(out, *value == 'T' ? "true" : "false");
	else if (word_in("size usage revisions_to_keep", key, strlen(key)) && *value)
		g_string_append(out, value);
	else
		json_string(out, value);
}

static int show_one(struct ctx *c, GHashTable *info, GStrv revisions, const char *property)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (!strcmp(property, "revisions")) {
		texts_print(revisions, args_has(c->args, "format"));
		return EXIT_OK;
	}
	if (strcmp(property, "is_outdated") != 0 &&
	    !g_strv_contains(((const char *const[]){"pool", "vid", "rw", "source", "save_on_stop",
						    "snap_on_start", "size", "usage",
						    "revisions_to_keep", "ephemeral", NULL}),
			     property))
		return ctx_error(c, "No such property: %s", property);
	if (!args_has(c->args, "format")) {
		puts(field(info, property));
		return EXIT_OK;
	}
	json_field(out, property, field(info, property));
	puts(out->str);
	return EXIT_OK;
}

static void show_json(GHashTable *info, GStrv revisions)
{
	g_autoptr(GString) out = g_string_new("{");

	for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
		json_string(out, shown[i]);
		g_string_append(out, ": ");
		json_field(out, shown[i], field(info, shown[i]));
		g_string_append(out, ", ");
	}
	g_string_append(out, "\"is_outdated\": ");
	json_field(out, "is_outdated", field(info, "is_outdated"));
	g_string_append(out, ", \"revisions\": [");
	for (char **r = revisions; *r; r++) {
		g_string_append(out, r == revisions ? "" : ", ");
		json_string(out, *r);
	}
	printf("%s]}\n", out->str);
}

static void show_all(GHashTable *info, GStrv revisions)
{
	static const char *const columns[] = {"key", "value", NULL};
	g_autoptr(Table) t = table_new(false, columns);

	for (guint i = 0; i < G_N_ELEMENTS(shown); i++) {
		const char *v = field(info, shown[i]);

		if (!strcmp(shown[i], "revisions_to_keep") && !strcmp(v, "-1"))
			v = "-1 (snapshot disabled)";
		table_add(t, shown[i], v, NULL);
	}
	table_add(t, "is_outdated", field(info, "is_outdated"), NULL);
	table_print(t, stdout);
	if (!*revisions)
		puts("List of available revisions (for revert): none");
	else
		puts("List of available revisions (for revert):");
	for (char **r = revisions; *r; r++)
		printf("  %s\n", *r);
}

int volume_show(struct ctx *c, const struct volume_ref *v, const char *property)
{
	GError *err = NULL;
	bool only_revisions = g_strcmp0(property, "revisions") == 0;
	g_autoptr(GHashTable) info =
		only_revisions ? NULL : volume_info(c->admin, v->vm->name, v->name, &err);
	g_auto(GStrv) revisions = !err && (only_revisions || !property)
					  ? volume_revisions(c->admin, v->vm->name, v->name, &err)
					  : NULL;

	if (err)
		return ctx_fail(c, err);
	if (property)
		return show_one(c, info, revisions, property);
	if (args_has(c->args, "format"))
		show_json(info, revisions);
	else
		show_all(info, revisions);
	return EXIT_OK;
}

/* A volume of the list, and who uses it under which name. */
struct entry {
	char *pool, *vid; /* owned */
	bool can_revert;
	GPtrArray *users;    /* owned; struct volume_ref */
	GPtrArray *user_mem; /* owned; names of the above */
};

static void entry_free(gpointer p)
{
	struct entry *e = p;

	g_free(e->pool);
	g_free(e->vid);
	g_ptr_array_unref(e->users);
	g_ptr_array_unref(e->user_mem);
	g_free(e);
}

static struct entry *get_entry(GPtrArray *all, const char *pool, const char *vid)
{
	struct entry *e;

	for (guint i = 0; i < all->len; i++) {
		e = g_ptr_array_index(all, i);
		if (!strcmp(e->pool, pool) && !strcmp(e->vid, vid))
			return e;
	}
	e = g_new0(struct entry, 1);
	e->pool = g_strdup(pool);
	e->vid = g_strdup(vid);
	e->users = g_ptr_array_new_with_free_func(g_free);
	e->user_mem = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(all, e);
	return e;
}

static void add_user(struct entry *e, const struct admin_vm *vm, const char *name)
{
	struct volume_ref *ref = g_new0(struct volume_ref, 1);

	ref->vm = vm;
	ref->name = g_strdup(name);
	g_ptr_array_add(e->user_mem, (gpointer)ref->name);
	g_ptr_array_add(e->users, ref);
}

/* Adds the volumes of one qube, its requests under way at once. */
static bool add_volumes(struct ctx *c, const struct admin_vm *vm, GPtrArray *all, GError **err)
{
	const char *const *pools = args_all(c->args, "pools");
	g_auto(GStrv) names = admin_list(c->admin, vm->name, "admin.vm.volume.List", err);
	guint n = names ? g_strv_length(names) : 0;
	g_autofree struct admin_call **calls = g_new0(struct admin_call *, n + 1);

	for (guint i = 0; i < n; i++)
		calls[i] =
			admin_begin(c->admin, vm->name, "admin.vm.volume.Info", names[i], NULL, 0);
	for (guint i = 0; i < n; i++) {
		g_autofree char *text = admin_finish(calls[i], NULL, names && !*err ? err : NULL);
		g_autoptr(GHashTable) info = text ? parse_info(text) : NULL;
		g_auto(GStrv) revisions = NULL;
		struct entry *e;

		if (!info || (*pools && !g_strv_contains(pools, field(info, "pool"))))
			continue;
		e = get_entry(all, field(info, "pool"), field(info, "vid"));
		if (!e->users->len) {
			revisions = volume_revisions(c->admin, vm->name, names[i], NULL);
			e->can_revert = revisions && *revisions;
		}
		add_user(e, vm, names[i]);
	}
	return names && !*err;
}

static gint by_volume(gconstpointer a, gconstpointer b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
	int r = strcmp(x->pool, y->pool);

	return r ? r : strcmp(x->vid, y->vid);
}

static void print_list(struct ctx *c, GPtrArray *all)
{
	static const char *const columns[] = {"POOL:VOLUME", "VMNAME", "VOLUME_NAME",
					      "REVERT_POSSIBLE", NULL};
	g_autoptr(Table) t = table_new(true, columns);
	bool json = args_has(c->args, "format");
	bool repeat = json || args_has(c->args, "full") || !isatty(STDOUT_FILENO);

	for (guint i = 0; i < all->len; i++) {
		const struct entry *e = g_ptr_array_index(all, i);
		g_autofree char *id = g_strconcat(e->pool, ":", e->vid, NULL);

		/* The user found last stands first. */
		for (guint j = 0; j < e->users->len; j++) {
			const struct volume_ref *u =
				g_ptr_array_index(e->users, j ? j - 1 : e->users->len - 1);

			table_add(t, j && !repeat ? "" : id, u->vm->name, u->name,
				  e->can_revert ? "Yes" : "No", NULL);
		}
	}
	if (json)
		table_print_json(t, stdout);
	else
		table_print(t, stdout);
}

static int check_pools(struct ctx *c)
{
	GError *err = NULL;
	g_auto(GStrv) known = NULL;

	if (!args_has(c->args, "pools"))
		return EXIT_OK;
	known = admin_list(c->admin, "dom0", "admin.pool.List", &err);
	if (!known)
		return ctx_fail(c, err);
	for (const char *const *p = args_all(c->args, "pools"); *p; p++)
		if (!g_strv_contains((const char *const *)known, *p))
			return ctx_usage_error(c, "No such pools: %s", *p);
	return EXIT_OK;
}

int volume_list(struct ctx *c)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(entry_free);
	GError *err = NULL;
	GPtrArray *vms;
	int r = check_pools(c);

	if (r)
		return r;
	if (!ctx_vms(c, &err))
		return ctx_fail(c, err);
	vms = c->targets->len ? c->targets : c->vms->list;
	for (guint i = 0; i < vms->len; i++)
		if (!add_volumes(c, g_ptr_array_index(vms, i), all, &err))
			return ctx_fail(c, err);
	g_ptr_array_sort(all, by_volume);
	print_list(c, all);
	return EXIT_OK;
}
