/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "qvm-device list" (devices.h): which devices there are, and which qubes use them or have
 * them assigned. Names and descriptions were said by the qubes that have the devices.
 */
#include <string.h>
#include <unistd.h>

#include "dom0/cli/devices.h"
#include "dom0/cli/table.h"

/* A line: a device that is there, or what assignments mean. */
struct line {
	char *backend, *port, *id; /* owned */
	const struct device *dev;  /* NULL: of an assignment */
	GString *users;		   /* owned */
};

static void line_free(gpointer p)
{
	struct line *l = p;

	g_free(l->backend);
	g_free(l->port);
	g_free(l->id);
	g_string_free(l->users, TRUE);
	g_free(l);
}

static void add_line(GPtrArray *lines, const char *backend, const char *port, const char *id,
		     const struct device *dev)
{
	struct line *l;

	for (guint i = 0; i < lines->len; i++) {
		l = g_ptr_array_index(lines, i);
		if (!strcmp(l->backend, backend) && !strcmp(l->port, port) && !strcmp(l->id, id))
			return;
	}
	l = g_new0(struct line, 1);
	l->backend = g_strdup(backend);
	l->port = g_strdup(port);
	l->id = g_strdup(id);
	l->dev = dev;
	l->users = g_string_new(NULL);
	g_ptr_array_add(lines, l);
}

/* Says that a qube uses the device, with the options of the use. */
static void add_user(struct line *l, const char *vm, const char *mode, const struct assignment *a)
{
	g_string_append_printf(l->users, "%s%s%s (%s", l->users->len ? ", " : "", l->dev ? "" : "*",
			       vm, mode);
	for (guint i = 0; i < a->opts->len; i++) {
		const struct device_pair *p = &g_array_index(a->opts, struct device_pair, i);

		g_string_append_printf(l->users, "%s %s=%s", i ? "," : ":", p->key, p->value);
	}
	g_string_append_c(l->users, ')');
}

/* The device of something attached: the one listed, or an unknown one in its place. */
static void add_attached(struct devices *d, GPtrArray *lines, const struct assignment *a,
			 GError **err)
{
	bool unknown;
	g_autoptr(GPtrArray) meant = devices_meant(d, a, &unknown, err);

	for (guint i = 0; meant && i < meant->len; i++) {
		const struct device *dev = g_ptr_array_index(meant, i);

		add_line(lines, dev->backend, dev->port, dev->id, dev);
	}
}

/* A qube that vanished meanwhile is no failure, unless it was asked for by name. */
static bool tolerable(GError **e, bool named, GError **err)
{
	if (!*e)
		return true;
	if (!named && admin_error_is(*e, ADMIN_ERROR_VM_NOT_FOUND)) {
		g_clear_error(e);
		return true;
	}
	g_propagate_error(err, g_steal_pointer(e));
	return false;
}

static bool add_present(struct devices *d, GPtrArray *lines, const char *vm, bool named,
			GError **err)
{
	GError *e = NULL;
	GPtrArray *attached = devices_attached(d, vm, &e);
	GPtrArray *exposed;

	for (guint i = 0; attached && i < attached->len && !e; i++)
		add_attached(d, lines, g_ptr_array_index(attached, i), &e);
	exposed = e ? NULL : devices_exposed(d, vm, &e);
	for (guint i = 0; exposed && i < exposed->len; i++) {
		const struct device *dev = g_ptr_array_index(exposed, i);

		add_line(lines, dev->backend, dev->port, dev->id, dev);
	}
	return tolerable(&e, named, err);
}

static bool add_assigned(struct devices *d, GPtrArray *lines, const char *vm, GError **err)
{
	GError *e = NULL;
	GPtrArray *assigned = devices_assigned(d, vm, &e);

	for (guint i = 0; assigned && i < assigned->len; i++) {
		const struct assignment *a = g_ptr_array_index(assigned, i);

		add_line(lines, a->backend, a->port, a->id, NULL);
	}
	return tolerable(&e, false, err);
}

static bool line_is(const struct line *l, const struct device *dev)
{
	return !strcmp(l->backend, dev->backend) && !strcmp(l->port, dev->port) &&
	       !strcmp(l->id, dev->id);
}

/* Adds to each line the uses by one qube. */
static bool add_uses(struct devices *d, GPtrArray *lines, const char *vm, bool present,
		     GError **err)
{
	GError *e = NULL;
	GPtrArray *list = present ? devices_attached(d, vm, &e) : devices_assigned(d, vm, &e);

	for (guint i = 0; list && i < list->len && !e; i++) {
		const struct assignment *a = g_ptr_array_index(list, i);
		bool unknown;
		g_autoptr(GPtrArray) meant = present ? devices_meant(d, a, &unknown, &e) : NULL;

		for (guint n = 0; n < lines->len; n++) {
			struct line *l = g_ptr_array_index(lines, n);
			struct device as_device = {
				l->backend, l->port, (char *)d->devclass, l->id, true, NULL, NULL};
			bool hit = false;

			if (!strcmp(vm, l->backend))
				continue;
			for (guint m = 0; meant && m < meant->len; m++)
				hit |= line_is(l, g_ptr_array_index(meant, m));
			if (present ? hit : assignment_matches(a, &as_device))
				add_user(l, vm, present ? "attached" : a->mode, a);
		}
	}
	return tolerable(&e, false, err);
}

/* Fills lines with what there is (present) or what is assigned. */
static bool collect(struct devices *d, GPtrArray *lines, bool present, GError **err)
{
	struct ctx *c = d->c;
	GPtrArray *all = c->vms->list;
	bool named = present && c->targets->len;
	GPtrArray *from = named ? c->targets : all;

	for (guint i = 0; i < from->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(from, i);

		if (!(present ? add_present(d, lines, vm->name, named, err)
			      : add_assigned(d, lines, vm->name, err)))
			return false;
	}
	for (guint i = 0; i < all->len; i++)
		if (!add_uses(d, lines, ((struct admin_vm *)g_ptr_array_index(all, i))->name,
			      present, err))
			return false;
	return true;
}

static void add_rows(struct table *t, GPtrArray *lines, bool sbdf)
{
	for (guint i = 0; i < lines->len; i++) {
		const struct line *l = g_ptr_array_index(lines, i);
		g_autofree char *ident = g_strdup_printf("%s:%s", l->backend, l->port);
		g_autofree char *description =
			l->dev ? device_description(l->dev)
			       : g_strdup(strcmp(l->id, "*") ? l->id : "any device");

		table_row(t);
		table_cell(t, ident);
		if (sbdf)
			table_cell(t, l->dev ? device_opt(l->dev, "sbdf") : NULL);
		table_cell(t, description);
		table_cell(t, l->users->str);
	}
}

static gint by_cells(gconstpointer a, gconstpointer b)
{
	const GArray *x = *(GArray *const *)a, *y = *(GArray *const *)b;
	gint r = 0;

	for (guint i = 0; i < x->len && !r; i++)
		r = g_strcmp0(g_array_index(x, struct cell, i).text,
			      g_array_index(y, struct cell, i).text);
	return r;
}

int devices_list(struct ctx *c, const char *devclass)
{
	static const char *const plain[] = {"BACKEND:DEVID", "DESCRIPTION", "USED BY", NULL};
	static const char *const with_sbdf[] = {"BACKEND:DEVID", "SBDF", "DESCRIPTION", "USED BY",
						NULL};
	bool sbdf = args_has(c->args, "with_sbdf") && !strcmp(devclass, "pci");
	g_autoptr(Table) t = table_new(isatty(STDOUT_FILENO), sbdf ? with_sbdf : plain);
	g_autoptr(GPtrArray) present = g_ptr_array_new_with_free_func(line_free);
	g_autoptr(GPtrArray) assigned = g_ptr_array_new_with_free_func(line_free);
	struct devices d;
	GError *err = NULL;
	bool ok;

	devices_init(&d, c, devclass);
	ok = ctx_vms(c, &err) && collect(&d, present, true, &err) &&
	     (!args_has(c->args, "assignments") || collect(&d, assigned, false, &err));
	if (ok) {
		add_rows(t, present, sbdf);
		add_rows(t, assigned, sbdf);
		g_ptr_array_sort(t->rows, by_cells);
		if (args_has(c->args, "format"))
			table_print_json(t, stdout);
		else
			table_print(t, stdout);
	} else if (admin_error_is(err, ADMIN_ERROR_ACCESS)) {
		ctx_report("Failed to list '%s' devices, this device type either does not exist "
			   "or you do not have access to it.",
			   devclass);
	} else {
		ctx_report("%s", err->message);
	}
	g_clear_error(&err);
	devices_clear(&d);
	return ok ? EXIT_OK : EXIT_FAILED;
}
