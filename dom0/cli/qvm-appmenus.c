/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-appmenus: the menus of this user's desktop with the applications of the qubes (cli.md). With
 * --watch it stays, and keeps them as the qubes are.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dom0/appmenus/menus.h"
#include "dom0/cli/appwatch.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "qrexec/base/io.h"

#define LIST_MAX (1u << 20)

/* The lines of a file, "-" for standard input, joined by spaces. NULL after a message. */
static char *read_list(struct ctx *c, const char *path)
{
	char *text = NULL;
	size_t n;
	int r = strcmp(path, "-") == 0 ? io_read_to_end(0, LIST_MAX, &text, &n)
				       : io_read_file(path, LIST_MAX, &text, &n);
	g_autoptr(GString) s = g_string_new(NULL);

	if (r < 0) {
		ctx_error(c, "cannot read %s: %s", path, g_strerror(-r));
		return NULL;
	}
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		g_string_append_printf(s, "%s%s", s->len ? " " : "", g_strchomp(line));
	free(text);
	return g_string_free(g_steal_pointer(&s), FALSE);
}

static bool set_list(struct ctx *c, const char *qube, const char *option, const char *feature,
		     GError **err)
{
	const char *path = args_get(c->args, option);
	g_autofree char *list = NULL;

	if (!path)
		return true;
	list = read_list(c, path);
	if (list)
		return admin_do(c->admin, qube, "admin.vm.feature.Set", feature, list, err);
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER, "the list was not set");
	return false;
}

static void print_list(GStrv list)
{
	g_autofree char *text = list ? g_strjoinv("\n", list) : NULL;

	puts(text ? text : "");
}

static void print_default_list(struct ctx *c, const char *qube)
{
	g_autofree char *list = admin_feature(c->admin, qube, "default-menu-items", false, NULL);
	g_auto(GStrv) items = g_strsplit(list ? list : "", " ", -1);

	print_list(items);
}

static void print_app(const struct menus_app *app, const char *const *fields)
{
	g_autofree char *name = entry_field(app->text, "Name");
	static const char prefix[] = "%VMNAME%: ";

	if (!name || !g_str_has_prefix(name, prefix))
		return;
	printf(*fields ? "%s|%s" : "%s - %s", app->file, name + strlen(prefix));
	for (; *fields; fields++) {
		g_autofree char *value = entry_field(app->text, *fields);

		printf("|%s", value ? value : "");
	}
	putchar('\n');
}

static void print_available(struct ctx *c, struct menus *m, const char *qube)
{
	g_autoptr(GPtrArray) apps = menus_available(m, qube, args_get(c->args, "template"));

	for (guint i = 0; i < apps->len; i++)
		print_app(apps->pdata[i], args_all(c->args, "fields"));
}

/* All that was asked for, in the order in which one needs the other. */
static bool act(struct ctx *c, struct menus *m, const char *qube, GError **err)
{
	const struct args *a = c->args;

	if (args_has(a, "init") && !menus_init(m, qube, args_get(a, "source"), err))
		return false;
	if (args_has(a, "get_whitelist")) {
		g_auto(GStrv) list = menus_wanted(m, qube);

		print_list(list);
	}
	if (!set_list(c, qube, "set_default_whitelist", "default-menu-items", err))
		return false;
	if (args_has(a, "get_default_whitelist"))
		print_default_list(c, qube);
	if (!set_list(c, qube, "set_whitelist", "menu-items", err) ||
	    (args_has(a, "create") && !menus_create(m, qube, err)) ||
	    (args_has(a, "update") && !menus_update(m, qube, err)))
		return false;
	if (args_has(a, "get_available"))
		print_available(c, m, qube);
	return true;
}

static int remove_all(struct ctx *c, struct menus *m)
{
	const char *const *names = args_all(c->args, "vmnames");
	g_auto(GStrv) kept = args_has(c->args, "all_domains") ? store_qubes(&m->store) : NULL;

	for (const char *const *n = kept ? (const char *const *)kept : names; *n; n++) {
		/* Of a name that is none no path is to be made. */
		if (strchr(*n, '/') || **n == '.')
			return ctx_usage_error(c, "'%s' is not an existing qube", *n);
		if (strcmp(*n, "dom0") != 0)
			menus_remove(m, *n);
	}
	return EXIT_OK;
}

static int act_on_all(struct ctx *c, struct menus *m, struct admin_vms *vms)
{
	const char *const *names = args_all(c->args, "vmnames");
	bool all = args_has(c->args, "all_domains");
	int status = EXIT_OK;

	for (const char *const *n = names; *n; n++)
		if (!admin_vms_find(vms, *n))
			return ctx_usage_error(c, "'%s' is not an existing qube", *n);
	for (guint i = 0; i < vms->list->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms->list, i);
		g_autoptr(GError) err = NULL;

		if (strcmp(vm->klass, "AdminVM") == 0 ||
		    (!all && !g_strv_contains(names, vm->name)))
			continue;
		if (!act(c, m, vm->name, &err)) {
			ctx_report("%s: %s", vm->name, err->message);
			status = EXIT_FAILED;
		}
	}
	return status;
}

static bool exists(struct ctx *c, struct admin_vms *vms, const char *option)
{
	const char *name = args_get(c->args, option);

	if (!name || admin_vms_find(vms, name))
		return true;
	ctx_usage_error(c, "'%s' is not an existing qube", name);
	return false;
}

static int run(struct ctx *c)
{
	bool watch = args_has(c->args, "watch");
	struct admin_vms *vms = NULL;
	struct menus m;
	GError *err = NULL;
	int r;

	if (!watch && !args_has(c->args, "all_domains") && !*args_all(c->args, "vmnames"))
		return ctx_usage_error(c, "one of the arguments --all VMNAME is required");
	if (!menus_open(&m, c->admin, &err))
		return ctx_fail(c, err);
	m.store.force = args_has(c->args, "force");
	if (watch) {
		r = appwatch_run(c, &m);
	} else if (args_has(c->args, "remove")) {
		r = remove_all(c, &m);
	} else {
		vms = ctx_vms(c, &err);
		if (!vms)
			r = ctx_fail(c, err);
		else if (!exists(c, vms, "source") || !exists(c, vms, "template"))
			r = EXIT_USAGE;
		else
			r = act_on_all(c, &m, vms);
	}
	menus_clear(&m);
	return r;
}

static const struct opt opts[] = {
	{"--all", OPT_FLAG, "all_domains", NULL, "every qube", .group = 1},
	{"--init", OPT_FLAG, NULL, NULL, "prepare the menu of a new qube"},
	{"--source", OPT_VALUE, NULL, "VMNAME", "with --init: copy what is known of this qube",
	 .complete = COMPLETE_VM},
	{"--create", OPT_FLAG, NULL, NULL, "make the menu as it should be"},
	{"--remove", OPT_FLAG, NULL, NULL, "remove the menu, also of a qube that is gone"},
	{"--update", OPT_FLAG, NULL, NULL,
	 "make the menu, and those of the qubes that are based on it"},
	{"--watch", OPT_FLAG, NULL, NULL, "stay, and keep the menus as the qubes are"},
	{"--get-available", OPT_FLAG, NULL, NULL, "list the applications that there are"},
	{"--file-field", OPT_LIST, "fields", "KEY",
	 "with --get-available: print this key too, with | between"},
	{"--template", OPT_VALUE, NULL, "VMNAME",
	 "with --get-available: as if the qube was based on this template",
	 .complete = COMPLETE_TEMPLATE},
	{"--get-whitelist", OPT_FLAG, NULL, NULL, "list what is to be in the menu"},
	{"--set-whitelist", OPT_VALUE, NULL, "PATH", "set that to the lines of a file (-: stdin)",
	 .group = 2, .complete = COMPLETE_FILE},
	{"--get-default-whitelist", OPT_FLAG, NULL, NULL,
	 "list what is to be in menus of qubes made of this template"},
	{"--set-default-whitelist", OPT_VALUE, NULL, "PATH",
	 "set that to the lines of a file (-: stdin)", .group = 2, .complete = COMPLETE_FILE},
	{"--force", OPT_FLAG, NULL, NULL, "write files also when nothing has changed"},
	{"--i-understand-format-is-unstable", OPT_FLAG, "fool", NULL, NULL},
	{0},
};

static const struct pos pos[] = {
	{"vmnames", POS_ANY, "VMNAME", "qubes", 1, COMPLETE_VM},
	{0},
};

const struct command qvm_appmenus = {
	.name = "qvm-appmenus",
	.summary = "Keep the desktop's menus of the applications of qubes.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
