/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-ls: lists qubes with columns to choose. Everything shown is fetched with one List and
 * one GetAll per qube, many at once. The peer is qubesd, trusted.
 */
#include <string.h>

#include "dom0/cli/columns.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/filters.h"
#include "dom0/cli/table.h"

/* Qubes nested deeper than this hang in a loop. */
#define TREE_DEPTH_MAX 32

static const struct {
	const char *name, *columns;
} formats[] = {
	{"disk", "name,state,disk,priv-curr,priv-max,priv-used,root-curr,root-max,root-used"},
	{"full", "name,state,class,label,qid,xid,uuid"},
	{"kernel", "name,state,class,template,kernel,kernelopts"},
	{"network", "name,state,netvm,ip,ipback,gateway"},
	{"prefs", "name,label,template,netvm,vcpus,initialmem,maxmem,virt_mode"},
	{"simple", "name,state,class,label,template,netvm"},
};

static void row_free(gpointer p)
{
	struct ls_vm *v = p;

	if (v->volumes)
		g_hash_table_unref(v->volumes);
	g_free(v->memory);
	g_free(v);
}

static void add_row(GPtrArray *rows, struct admin_vm *vm, int depth)
{
	struct ls_vm *v = g_new0(struct ls_vm, 1);

	v->vm = vm;
	v->depth = depth;
	g_ptr_array_add(rows, v);
}

static const char *format_columns(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
		if (!strcmp(formats[i].name, name))
			return formats[i].columns;
	return format_columns("simple");
}

static GPtrArray *pick_columns(struct ctx *c)
{
	const char *fields = args_has(c->args, "raw_list") ? "name" : args_get(c->args, "fields");
	const char *format = args_get(c->args, "format");
	g_auto(GStrv) names = NULL;
	GPtrArray *cols = g_ptr_array_new_with_free_func((GDestroyNotify)column_free);

	if (!fields || !*fields)
		fields = format_columns(format ? format : "simple");
	names = g_strsplit(fields, ",", -1);
	for (char **n = names; *n; n++)
		g_ptr_array_add(cols, column_new(g_strstrip(*n)));
	return cols;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct admin_vm *const *)a)->name, (*(struct admin_vm *const *)b)->name);
}

/* The qubes named; all of them, dom0 too, when none is or with --all. */
static GPtrArray *pick_vms(struct ctx *c)
{
	const char *const *exclude = args_all(c->args, "exclude");
	bool all = args_has(c->args, "all_domains");
	GPtrArray *from = c->targets->len && !all ? c->targets : c->vms->list;
	GPtrArray *vms = g_ptr_array_new();

	for (guint i = 0; i < from->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(from, i);

		if (!all || !g_strv_contains(exclude, vm->name))
			g_ptr_array_add(vms, vm);
	}
	g_ptr_array_sort(vms, by_name);
	return vms;
}

/* Adds the qubes whose network is vm, and below those that provide one themselves. */
static void add_clients(struct ctx *c, GPtrArray *rows, GPtrArray *vms, const char *name, int depth)
{
	for (guint i = 0; i < vms->len && depth < TREE_DEPTH_MAX; i++) {
		struct admin_vm *vm = g_ptr_array_index(vms, i);
		const char *netvm = admin_vm_show(c->admin, vm, "netvm");

		if (g_strcmp0(netvm, name) != 0)
			continue;
		add_row(rows, vm, depth);
		if (g_strcmp0(admin_vm_show(c->admin, vm, "provides_network"), "True") == 0)
			add_clients(c, rows, vms, vm->name, depth + 1);
	}
}

/* First the qubes without network, then each network with its clients below. */
static void add_tree(struct ctx *c, GPtrArray *rows, GPtrArray *vms)
{
	for (int providers = 0; providers < 2; providers++)
		for (guint i = 0; i < vms->len; i++) {
			struct admin_vm *vm = g_ptr_array_index(vms, i);
			const char *p = admin_vm_show(c->admin, vm, "provides_network");

			if (admin_vm_show(c->admin, vm, "netvm") ||
			    (g_strcmp0(p, "True") == 0) != providers)
				continue;
			add_row(rows, vm, 0);
			if (providers)
				add_clients(c, rows, vms, vm->name, 1);
		}
}

static void fill(struct ctx *c, struct table *t, GPtrArray *rows, GPtrArray *cols)
{
	for (guint i = 0; i < rows->len; i++) {
		const struct ls_vm *v = g_ptr_array_index(rows, i);

		if (v->vm->gone)
			continue;
		table_row(t);
		for (guint j = 0; j < cols->len; j++) {
			const struct column *col = g_ptr_array_index(cols, j);
			g_autofree char *text = col->cell(c, v, col);
			const char *value = text && *text ? text : NULL;

			if (col->json == COLUMN_NUMBER)
				table_cell_bare(t, value);
			else
				table_cell(t, value);
		}
	}
}

struct order {
	const struct table *t;
	guint col;
	bool numeric, reverse, ignore_case;
};

static gint64 as_number(const char *s)
{
	char *end;
	gint64 n = g_ascii_strtoll(s, &end, 10);

	return !*end || !strcmp(end, "%") ? n : 0;
}

static gint compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const struct order *o = data;
	const char *x = table_text(o->t, *(const guint *)a, o->col);
	const char *y = table_text(o->t, *(const guint *)b, o->col);
	gint r;

	if (o->numeric)
		r = as_number(x) < as_number(y) ? -1 : as_number(x) > as_number(y);
	else if (o->ignore_case) {
		g_autofree char *ux = g_utf8_strup(x, -1);
		g_autofree char *uy = g_utf8_strup(y, -1);

		r = strcmp(ux, uy);
	} else {
		r = strcmp(x, y);
	}
	/* Equal rows stay in the order of names, also when reversed. */
	if (!r)
		return *(const guint *)a < *(const guint *)b ? -1 : 1;
	return o->reverse ? -r : r;
}

static void sort_rows(struct ctx *c, struct table *t)
{
	const char *by = args_get(c->args, "sort");
	g_autofree char *head = g_ascii_strup(by ? by : "NAME", -1);
	g_autofree guint *index = g_new(guint, t->rows->len + 1);
	g_autofree gpointer *rows = g_new(gpointer, t->rows->len + 1);
	struct order o = {t, 0, column_is_numeric(head), args_has(c->args, "reverse"),
			  args_has(c->args, "ignore_case")};

	while (o.col < t->head->len && strcmp(g_ptr_array_index(t->head, o.col), head) != 0)
		o.col++;
	if (o.col == t->head->len || !t->rows->len)
		return; /* only what is shown can be sorted by */
	for (guint i = 0; i < t->rows->len; i++)
		index[i] = i;
	g_qsort_with_data(index, (gint)t->rows->len, sizeof(*index), compare, &o);
	for (guint i = 0; i < t->rows->len; i++)
		rows[i] = g_ptr_array_index(t->rows, index[i]);
	memcpy(t->rows->pdata, rows, t->rows->len * sizeof(*rows));
}

static bool wants_json(struct ctx *c)
{
	return g_strcmp0(args_get(c->args, "format"), "json") == 0;
}

static bool wants_raw(struct ctx *c)
{
	return args_has(c->args, "raw_data") || args_has(c->args, "raw_list");
}

static bool wants_tree(struct ctx *c)
{
	return args_has(c->args, "tree") && !wants_raw(c) && !wants_json(c);
}

/* Fetches at once all properties that filters and columns will look at. */
static bool fetch_props(struct ctx *c, GPtrArray *vms, GPtrArray *cols, GError **err)
{
	g_autoptr(GString) names = g_string_new(wants_tree(c) ? "netvm provides_network" : "");
	bool all = wants_tree(c);

	filters_add_props(c, names);
	for (guint i = 0; i < cols->len; i++) {
		const struct column *col = g_ptr_array_index(cols, i);

		if (*col->props)
			g_string_append_printf(names, " %s", col->props);
		all |= col->needs & NEED_NETVM;
	}
	return !names->len || admin_vms_fetch(c->admin, all ? c->vms->list : vms,
					      names->str + (*names->str == ' '), err);
}

static struct table *make_table(struct ctx *c, GPtrArray *vms, GPtrArray *cols, GError **err)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
	g_autoptr(GPtrArray) heads = g_ptr_array_new();
	bool tree = wants_tree(c);
	unsigned needs = 0;
	struct table *t;

	for (guint i = 0; i < cols->len; i++) {
		const struct column *col = g_ptr_array_index(cols, i);

		needs |= col->needs;
		g_ptr_array_add(heads, col->head);
	}
	g_ptr_array_add(heads, NULL);
	if (tree)
		add_tree(c, rows, vms);
	else
		for (guint i = 0; i < vms->len; i++)
			add_row(rows, g_ptr_array_index(vms, i), 0);
	if (!columns_fetch(c, rows, needs, err))
		return NULL;
	t = table_new(true, (const char *const *)heads->pdata);
	t->none = "-";
	fill(c, t, rows, cols);
	if (!tree && !wants_raw(c))
		sort_rows(c, t);
	return t;
}

static int help_formats(void)
{
	fputs("Available formats:\n", stdout);
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
		g_autofree char *columns = g_ascii_strup(formats[i].columns, -1);

		printf("  %-7s  %s\n", formats[i].name, columns);
	}
	putchar('\n');
	return EXIT_OK;
}

static int run(struct ctx *c)
{
	g_autoptr(GPtrArray) cols = NULL;
	g_autoptr(GPtrArray) vms = NULL;
	g_autoptr(Table) t = NULL;
	GError *err = NULL;
	int status;

	if (args_has(c->args, "help_formats"))
		return help_formats();
	if (args_has(c->args, "help_columns")) {
		columns_help(stdout);
		return EXIT_OK;
	}
	if (args_has(c->args, "fields") && args_has(c->args, "format") && !wants_json(c))
		return ctx_usage_error(c, "argument --fields/-O: not allowed with argument "
					  "--format/-o");
	if (!ctx_vms(c, &err))
		return ctx_fail(c, err);
	vms = pick_vms(c);
	cols = pick_columns(c);
	status = filters_check(c);
	if (status)
		return status;
	if (!fetch_props(c, vms, cols, &err))
		return ctx_fail(c, err);
	filters_apply(c, vms);
	t = make_table(c, vms, cols, &err);
	if (!t)
		return ctx_fail(c, err);
	if (wants_json(c))
		table_print_json(t, stdout);
	else if (wants_raw(c))
		table_print_raw(t, stdout);
	else
		table_print(t, stdout);
	return EXIT_OK;
}

static const struct opt opts[] = {
	{"--format -o", OPT_VALUE, NULL, "FORMAT", "preset columns, or JSON", .group = 1,
	 .choices = "simple network kernel full prefs disk json"},
	{"--fields -O", OPT_VALUE, NULL, "FIELD,...", "columns to show"},
	{"--tree -t", OPT_FLAG, NULL, NULL, "show as a tree of networks"},
	{"--raw-data", OPT_FLAG, NULL, NULL, "for scripts: no head, cells separated by |"},
	{"--raw-list", OPT_FLAG, NULL, NULL, "the same with only the names"},
	{"--disk -d", OPT_CONST, "format", NULL, "the same as --format disk", "disk", .group = 1},
	{"--network -n", OPT_CONST, "format", NULL, "the same as --format network", "network",
	 .group = 1},
	{"--kernel -k", OPT_CONST, "format", NULL, "the same as --format kernel", "kernel",
	 .group = 1},
	{"--help-formats", OPT_FLAG, NULL, NULL, "list the formats and exit"},
	{"--help-columns", OPT_FLAG, NULL, NULL, "list the columns and exit"},
	{"--class", OPT_SOME, "klass", "CLASS", "only qubes of these classes",
	 .complete = COMPLETE_CLASS},
	{"--label", OPT_SOME, NULL, "LABEL", "only qubes with these labels",
	 .complete = COMPLETE_LABEL},
	{"--tags", OPT_SOME, NULL, "TAG", "only qubes with one of these tags",
	 .complete = COMPLETE_TAG},
	{"--exclude-tags", OPT_SOME, NULL, "TAG", "no qubes with one of these tags",
	 .complete = COMPLETE_TAG},
	{"--running", OPT_FLAG, NULL, NULL, "only running qubes"},
	{"--paused", OPT_FLAG, NULL, NULL, "only paused qubes"},
	{"--halted", OPT_FLAG, NULL, NULL, "only halted qubes"},
	{"--template-source", OPT_SOME, NULL, "TEMPLATE",
	 "only qubes based on these; \"\": on none", .complete = COMPLETE_TEMPLATE},
	{"--netvm-is", OPT_SOME, NULL, "NETVM", "only qubes connected through these",
	 .complete = COMPLETE_VM},
	{"--internal", OPT_VALUE, NULL, "y|n", "only qubes that are internal, or are not",
	 .choices = "y yes n no"},
	{"--servicevm", OPT_VALUE, NULL, "y|n", "only qubes that are for services, or are not",
	 .choices = "y yes n no"},
	{"--pending-update", OPT_FLAG, NULL, NULL, "only qubes with updates to install"},
	{"--features", OPT_SOME, NULL, "FEATURE=VALUE", "only qubes with these features"},
	{"--prefs", OPT_SOME, NULL, "PROPERTY=VALUE", "only qubes with these properties"},
	{"--sort", OPT_VALUE, NULL, "COLUMN", "sort by this column instead of NAME"},
	{"--reverse", OPT_FLAG, NULL, NULL, "sort from last to first"},
	{"--ignore-case", OPT_FLAG, NULL, NULL, "upper and lower case sort as equal"},
	{"--spinner", OPT_FLAG, NULL, NULL, "ignored: there is nothing to wait for"},
	{"--no-spinner", OPT_FLAG, NULL, NULL, "ignored"},
	{0},
};

const struct command qvm_ls = {
	.name = "qvm-ls",
	.summary = "List qubes.",
	.flags = CMD_VMS_OPTIONAL,
	.opts = opts,
	.run = run,
};
