/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns of qvm-ls (columns.h). The peer is qubesd, trusted. */
#include "dom0/cli/columns.h"

#include <string.h>

#define MIB (1024 * 1024)

static char *cell_state(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	return g_strdup(v->vm->state);
}

static char *cell_class(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	return g_strdup(v->vm->klass);
}

static char *cell_name(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	return v->depth ? g_strdup_printf("%*s\u2514\u2500%s", 2 * (v->depth - 1), "", v->vm->name)
			: g_strdup(v->vm->name);
}

static char *cell_gateway(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	const char *netvm = admin_vm_show(c->admin, v->vm, "netvm");
	struct admin_vm *net = netvm ? admin_vms_find(c->vms, netvm) : NULL;

	return net ? g_strdup(admin_vm_show(c->admin, net, "gateway")) : NULL;
}

static char *cell_memory(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	return v->memory ? g_strdup_printf("%" G_GUINT64_FORMAT,
					   g_ascii_strtoull(v->memory, NULL, 10) / 1024)
			 : NULL;
}

static char *cell_disk(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	struct volume_info *info;
	guint64 sum = 0;
	GHashTableIter it;

	if (!v->volumes)
		return NULL;
	g_hash_table_iter_init(&it, v->volumes);
	while (g_hash_table_iter_next(&it, NULL, (gpointer *)&info))
		sum += info->usage;
	return g_strdup_printf("%" G_GUINT64_FORMAT, sum / MIB);
}

/* PRIV-… is about the private volume, ROOT-… about root. */
static const struct volume_info *volume_of(const struct ls_vm *v, const struct column *col)
{
	const char *name = *col->head == 'P' ? "private" : "root";

	return v->volumes ? g_hash_table_lookup(v->volumes, name) : NULL;
}

static char *cell_volume(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	const struct volume_info *info = volume_of(v, col);
	guint64 size = info ? info->size / MIB : 0, usage = info ? info->usage / MIB : 0;
	const char *what = col->head + 5;

	if (!strcmp(what, "POOL"))
		return info ? g_strdup(info->pool) : NULL;
	if (!strcmp(what, "CURR"))
		return g_strdup_printf("%" G_GUINT64_FORMAT, usage);
	if (!strcmp(what, "MAX"))
		return g_strdup_printf("%" G_GUINT64_FORMAT, size);
	return size ? g_strdup_printf("%" G_GUINT64_FORMAT "%%", usage * 100 / size)
		    : g_strdup("0");
}

static bool shows_true(struct ctx *c, const struct ls_vm *v, const char *prop)
{
	const struct admin_prop *p = admin_vm_prop(c->admin, v->vm, prop, NULL);

	/* Anything but no, none and nothing is a yes, whatever the type. */
	return p && *p->value && (p->type != ADMIN_BOOL || admin_prop_true(p));
}

static char *cell_flags(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	static const struct {
		const char *prop;
		char letter;
	} flags[] = {{"updateable", 'U'},
		     {"provides_network", 'N'},
		     {"installed_by_rpm", 'R'},
		     {"internal", 'i'},
		     {"debug", 'D'},
		     {"autostart", 'A'}};
	static const char *const types[] = {"AdminVM", "TemplateVM", "AppVM", "StandaloneVM",
					    "DispVM"};
	const char *virt = admin_vm_show(c->admin, v->vm, "virt_mode");
	char out[] = "--------";

	for (guint i = 0; i < G_N_ELEMENTS(types); i++)
		if (!strcmp(v->vm->klass, types[i]))
			out[0] = "0tasd"[i];
	if (g_ascii_isalpha(out[0]) && g_strcmp0(virt, "hvm") == 0)
		out[0] = g_ascii_toupper(out[0]);
	if (word_in("Running Transient Paused Suspended Halting Dying Crashed", v->vm->state,
		    strlen(v->vm->state)))
		out[1] = strcmp(v->vm->state, "Halting") ? g_ascii_tolower(*v->vm->state) : 'h';
	for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
		if (shows_true(c, v, flags[i].prop))
			out[2 + i] = flags[i].letter;
	return g_strdup(out);
}

/* What a qube has of something: TAGS, FEATURES. */
static char *cell_list(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	bool tags = *col->head == 'T';
	g_auto(GStrv) names = admin_list(
		c->admin, v->vm->name, tags ? "admin.vm.tag.List" : "admin.vm.feature.List", NULL);

	return names ? g_strjoinv(",", names) : NULL;
}

static char *cell_property(struct ctx *c, const struct ls_vm *v, const struct column *col)
{
	return g_strdup(admin_vm_show(c->admin, v->vm, col->property));
}

static const struct {
	const char *head;
	unsigned needs;
	const char *props;
	char *(*cell)(struct ctx *c, const struct ls_vm *v, const struct column *col);
	bool number;
	const char *help;
} known[] = {
	{"CLASS", 0, "", cell_class, false, "Class of the qube."},
	{"DISK", NEED_VOLUMES, "", cell_disk, true, "Disk space of all volumes, MiB."},
	{"FEATURES", 0, "", cell_list, false, "Names of its features."},
	{"FLAGS", 0,
	 "virt_mode updateable provides_network installed_by_rpm internal debug autostart",
	 cell_flags, false,
	 "Type, power state, updateable, provides_network, installed_by_rpm, internal, debug, "
	 "autostart."},
	{"GATEWAY", NEED_NETVM, "netvm gateway", cell_gateway, false, "Gateway of the network."},
	{"MEMORY", NEED_MEMORY, "", cell_memory, true, "Memory in use now, MiB."},
	{"NAME", 0, "", cell_name, false, "Name of the qube."},
	{"PRIV-CURR", NEED_VOLUMES, "", cell_volume, true,
	 "Disk space of the private volume, MiB."},
	{"PRIV-MAX", NEED_VOLUMES, "", cell_volume, true, "Size of the private volume, MiB."},
	{"PRIV-POOL", NEED_VOLUMES, "", cell_volume, false, "Storage pool of the private volume."},
	{"PRIV-USED", NEED_VOLUMES, "", cell_volume, false, "How full the private volume is."},
	{"ROOT-CURR", NEED_VOLUMES, "", cell_volume, true, "Disk space of the root volume, MiB."},
	{"ROOT-MAX", NEED_VOLUMES, "", cell_volume, true, "Size of the root volume, MiB."},
	{"ROOT-POOL", NEED_VOLUMES, "", cell_volume, false, "Storage pool of the root volume."},
	{"ROOT-USED", NEED_VOLUMES, "", cell_volume, false, "How full the root volume is."},
	{"STATE", 0, "", cell_state, false, "Power state."},
	{"TAGS", 0, "", cell_list, false, "Its tags."},
};

bool column_is_numeric(const char *head)
{
	return word_in("MEMORY DISK PRIV-CURR PRIV-MAX ROOT-CURR XID ROOT-MAX MAXMEM "
		       "QREXEC-TIMEOUT SHUTDOWN-TIMEOUT VCPUS PRIV-USED ROOT-USED",
		       head, strlen(head));
}

struct column *column_new(const char *name)
{
	struct column *col = g_new0(struct column, 1);

	col->head = g_strdelimit(g_ascii_strup(name, -1), "_", '-');
	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		if (!strcmp(known[i].head, col->head)) {
			col->needs = known[i].needs;
			col->props = known[i].props;
			col->cell = known[i].cell;
			col->json = known[i].number ? COLUMN_NUMBER : COLUMN_TEXT;
			return col;
		}
	col->cell = cell_property;
	col->property = g_strdelimit(g_ascii_strdown(name, -1), "-", '_');
	col->props = col->property;
	return col;
}

void column_free(struct column *col)
{
	g_free(col->head);
	g_free(col->property);
	g_free(col);
}

void columns_help(FILE *f)
{
	fputs("Available columns:\n", f);
	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		fprintf(f, "  %-9s  %s\n", known[i].head, known[i].help);
	fputs("\nAny property of a qube is a column too: see qvm-prefs --help-properties.\n\n", f);
}

static void volume_free(gpointer p)
{
	struct volume_info *info = p;

	g_free(info->pool);
	g_free(info);
}

static void read_volume(struct ls_vm *v, const char *name, const char *text)
{
	struct volume_info *info = g_new0(struct volume_info, 1);
	g_auto(GStrv) lines = admin_lines(text);

	for (char **l = lines; *l; l++) {
		if (g_str_has_prefix(*l, "pool="))
			info->pool = g_strdup(*l + 5);
		else if (g_str_has_prefix(*l, "size="))
			info->size = g_ascii_strtoull(*l + 5, NULL, 10);
		else if (g_str_has_prefix(*l, "usage="))
			info->usage = g_ascii_strtoull(*l + 6, NULL, 10);
	}
	g_hash_table_replace(v->volumes, g_strdup(name), info);
}

static bool fetch_volumes(struct ctx *c, struct ls_vm *v, GError **err)
{
	g_autoptr(GError) e = NULL;
	g_auto(GStrv) names = admin_list(c->admin, v->vm->name, "admin.vm.volume.List", &e);
	guint n = names ? g_strv_length(names) : 0;
	g_autofree struct admin_call **calls = g_new0(struct admin_call *, n + 1);

	v->volumes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, volume_free);
	if (admin_error_is(e, ADMIN_ERROR_VM_NOT_FOUND))
		v->vm->gone = true;
	else if (e) {
		g_propagate_error(err, g_steal_pointer(&e));
		return false;
	}
	for (guint i = 0; i < n; i++)
		calls[i] = admin_begin(c->admin, v->vm->name, "admin.vm.volume.Info", names[i],
				       NULL, 0);
	for (guint i = 0; i < n; i++) {
		g_autofree char *text = admin_finish(calls[i], NULL, NULL);

		if (text)
			read_volume(v, names[i], text);
	}
	return true;
}

static void fetch_memory(struct ctx *c, struct ls_vm *v)
{
	g_autofree char *text = NULL;

	if (!admin_state_running(v->vm->state))
		return;
	text = admin_call(c->admin, v->vm->name, "admin.vm.CurrentState", NULL, NULL, NULL);
	v->memory = text ? admin_state_field(text, "mem") : NULL;
}

bool columns_fetch(struct ctx *c, GPtrArray *rows, unsigned needs, GError **err)
{
	for (guint i = 0; i < rows->len; i++) {
		struct ls_vm *v = g_ptr_array_index(rows, i);

		if (needs & NEED_VOLUMES && !fetch_volumes(c, v, err))
			return false;
		if (needs & NEED_MEMORY)
			fetch_memory(c, v);
	}
	return true;
}
