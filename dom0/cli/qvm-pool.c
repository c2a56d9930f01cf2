/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-pool: storage pools. Besides its subcommands it understands the options of R4.0's
 * qvm-pool (-l, -i, -a, -r, -s, -o).
 */
#include <string.h>

#include "dom0/cli/clone.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/table.h"

/* Prints a table the way asked for. */
static int print(struct ctx *c, const struct table *t)
{
	if (args_has(c->args, "format"))
		table_print_json(t, stdout);
	else
		table_print(t, stdout);
	return EXIT_OK;
}

/* The lines "key=value" of a pool's Info. NULL with err set. */
static GStrv pool_info(struct ctx *c, const char *pool, GError **err)
{
	g_autofree char *text = admin_call(c->admin, "dom0", "admin.pool.Info", pool, NULL, err);
	GStrv lines = text ? admin_lines(text) : NULL;

	if (lines)
		clone_sort(lines);
	return lines;
}

static int list(struct ctx *c)
{
	static const char *const columns[] = {"NAME", "DRIVER", NULL};
	g_autoptr(Table) t = table_new(true, columns);
	GError *err = NULL;
	g_auto(GStrv) pools = admin_list(c->admin, "dom0", "admin.pool.List", &err);

	if (!pools)
		return ctx_fail(c, err);
	for (char **p = pools; *p; p++) {
		g_auto(GStrv) info = **p ? pool_info(c, *p, &err) : NULL;
		const char *driver = "";

		if (err)
			return ctx_fail(c, err);
		for (char **l = info; l && *l; l++)
			if (g_str_has_prefix(*l, "driver="))
				driver = *l + 7;
		if (info)
			table_add(t, *p, driver, NULL);
	}
	return print(c, t);
}

static int drivers(struct ctx *c)
{
	static const char *const columns[] = {"DRIVER", "OPTIONS", NULL};
	g_autoptr(Table) t = table_new(true, columns);
	GError *err = NULL;
	g_auto(GStrv) lines = admin_list(c->admin, "dom0", "admin.pool.ListDrivers", &err);

	if (!lines)
		return ctx_fail(c, err);
	clone_sort(lines);
	for (char **l = lines; *l; l++) {
		g_auto(GStrv) words = g_strsplit(*l, " ", -1);
		g_autofree char *options = **l ? g_strjoinv(", ", words + 1) : NULL;

		if (options)
			table_add(t, words[0], options, NULL);
	}
	return print(c, t);
}

static bool known_pool(struct ctx *c, const char *name, GError **err)
{
	g_auto(GStrv) pools = admin_list(c->admin, "dom0", "admin.pool.List", err);

	if (!pools)
		return false;
	if (g_strv_contains((const char *const *)pools, name))
		return true;
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_KEY, "No such pools: %s", name);
	return false;
}

/* After a failure about a pool: a pool that does not exist is a usage error. */
static int pool_failed(struct ctx *c, GError *err)
{
	int r;

	if (err->code != ADMIN_ERROR_KEY)
		return ctx_fail(c, err);
	r = ctx_usage_error(c, "%s", err->message);
	g_error_free(err);
	return r;
}

/* After a failure of an option of old: what qubesd says is a usage error. */
static int old_failed(struct ctx *c, GError *err)
{
	int r;

	if (admin_error_is(err, ADMIN_ERROR_PERMISSION_DENIED) ||
	    admin_error_is(err, ADMIN_ERROR_PROTOCOL))
		return ctx_fail(c, err);
	r = ctx_usage_error(c, "%s", err->message);
	g_error_free(err);
	return r;
}

static int show(struct ctx *c, const char *name)
{
	static const char *const columns[] = {"key", "value", NULL};
	g_autoptr(Table) t = table_new(false, columns);
	GError *err = NULL;
	g_auto(GStrv) lines = known_pool(c, name, &err) ? pool_info(c, name, &err) : NULL;

	if (!lines)
		return pool_failed(c, err);
	table_add(t, "name", name, NULL);
	for (char **l = lines; *l; l++) {
		char *eq = strchr(*l, '=');

		if (!eq || g_str_has_prefix(*l, "name="))
			continue;
		*eq = 0;
		table_add(t, *l, eq + 1, NULL);
	}
	return print(c, t);
}

static int info(struct ctx *c)
{
	return show(c, args_get(c->args, "pool_name"));
}

/* Adds a pool; options are "key=value" and are sent sorted. */
static bool add_pool(struct ctx *c, const char *name, const char *driver, GStrv options,
		     GError **err)
{
	g_autoptr(GString) payload = g_string_new(NULL);

	clone_sort(options);
	g_string_printf(payload, "name=%s\n", name);
	for (char **o = options; *o; o++) {
		if (!strchr(*o, '=')) {
			g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_VALUE,
				    "option '%s' is not of the form key=value", *o);
			return false;
		}
		g_string_append_printf(payload, "%s\n", *o);
	}
	return admin_do(c->admin, "dom0", "admin.pool.Add", driver, payload->str, err);
}

static int add(struct ctx *c)
{
	const char *name = args_get(c->args, "pool_name");
	g_auto(GStrv) options = g_strdupv((char **)args_all(c->args, "option"));
	GError *err = NULL;

	if (add_pool(c, name, args_get(c->args, "driver"), options, &err))
		return EXIT_OK;
	g_prefix_error(&err, "Failed to add pool %s: ", name);
	return ctx_fail(c, err);
}

static int remove_pools(struct ctx *c)
{
	int r = EXIT_OK;

	for (const char *const *p = args_all(c->args, "pool_name"); *p; p++) {
		GError *err = NULL;

		if (admin_do(c->admin, "dom0", "admin.pool.Remove", *p, NULL, &err))
			continue;
		g_prefix_error(&err, "Failed to remove pool %s: ", *p);
		r = ctx_fail(c, err);
	}
	return r;
}

/* Sets one option of a pool; the rest of its configuration cannot change. */
static bool set_option(struct ctx *c, const char *pool, const char *option, GError **err)
{
	size_t n = strcspn(option, "=");
	g_autofree char *method = g_strdup_printf("admin.pool.Set.%.*s", (int)n, option);

	if (!option[n] || !word_in("revisions_to_keep ephemeral_volatile", option, n)) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_VALUE,
			    "Setting option %.*s is not supported for pool %s", (int)n, option,
			    pool);
		return false;
	}
	return admin_do(c->admin, "dom0", method, pool, option + n + 1, err);
}

static int set(struct ctx *c)
{
	const char *name = args_get(c->args, "pool_name");
	GError *err = NULL;
	int r = EXIT_OK;

	if (!known_pool(c, name, &err))
		return ctx_fail(c, err);
	for (const char *const *o = args_all(c->args, "option"); *o; o++)
		if (!set_option(c, name, *o, &err)) {
			r = ctx_fail(c, err);
			err = NULL;
		}
	return r;
}

/* The options of old: what they do, in their order. Errors are usage errors here. */
static int old_add(struct ctx *c, GStrv options)
{
	const char *const *pair = args_all(c->args, "old_add");
	GError *err = NULL;

	if (add_pool(c, pair[0], pair[1], options, &err))
		return EXIT_OK;
	g_prefix_error(&err, "failed to add pool %s: ", pair[0]);
	return old_failed(c, err);
}

static int old_set(struct ctx *c, GStrv options)
{
	const char *name = args_get(c->args, "old_set");
	GError *err = NULL;

	if (!known_pool(c, name, &err))
		return pool_failed(c, err);
	for (char **o = options; *o; o++)
		if (!set_option(c, name, *o, &err))
			return old_failed(c, err);
	return EXIT_OK;
}

static int old_remove(struct ctx *c)
{
	const char *name = args_get(c->args, "old_remove");
	GError *err = NULL;

	if (admin_do(c->admin, "dom0", "admin.pool.Remove", name, NULL, &err))
		return EXIT_OK;
	g_prefix_error(&err, "failed to remove pool %s: ", name);
	return old_failed(c, err);
}

static int old_style(struct ctx *c)
{
	const char *what = args_get(c->args, "old");
	const char *o = args_get(c->args, "old_options");
	g_auto(GStrv) options = g_strsplit(o ? o : "", ",", -1);

	if (args_has(c->args, "old_add"))
		return old_add(c, options);
	if (args_has(c->args, "old_info"))
		return show(c, args_get(c->args, "old_info"));
	if (args_has(c->args, "old_set"))
		return old_set(c, options);
	if (args_has(c->args, "old_remove"))
		return old_remove(c);
	return what && !strcmp(what, "drivers") ? drivers(c) : list(c);
}

static const struct opt format_opts[] = {
	OPT_FORMAT,
	{0},
};

static const struct opt option_opts[] = {
	{"--option -o", OPT_LIST, NULL, "KEY=VALUE", "an option of the driver"},
	{0},
};

static const struct pos name_pos[] = {
	{"pool_name", POS_ONE, "POOL_NAME", "name of the pool", 0, COMPLETE_POOL},
	{0},
};

static const struct pos names_pos[] = {
	{"pool_name", POS_SOME, "POOL_NAME", "names of pools", 0, COMPLETE_POOL},
	{0},
};

static const struct pos add_pos[] = {
	{"pool_name", POS_ONE, "POOL_NAME", "name of the new pool", 0, COMPLETE_NONE},
	{"driver", POS_ONE, "DRIVER", "its driver", 0, COMPLETE_DRIVER},
	{0},
};

static const struct command subs[] = {
	{"drivers", "d", "list the drivers and their options", .opts = format_opts, .run = drivers},
	{"list", "l ls", "list the pools", .opts = format_opts, .run = list},
	{"info", "i", "show a pool", .opts = format_opts, .pos = name_pos, .run = info},
	{"add", "a", "add a pool", .opts = option_opts, .pos = add_pos, .run = add},
	{"remove", "r rm", "remove pools", .pos = names_pos, .run = remove_pools},
	{"set", "s", "change options of a pool", .opts = option_opts, .pos = name_pos, .run = set},
	{0},
};

static const struct opt opts[] = {
	{"-o", OPT_VALUE, "old_options", "KEY=VALUE,...", "options of -a and -s"},
	{"-l --list", OPT_CONST, "old", NULL, "the same as list", "list", .group = 1},
	{"-i --info", OPT_VALUE, "old_info", "POOL_NAME", "the same as info", .group = 1},
	{"-a --add", OPT_PAIR, "old_add", "POOL_NAME", "the same as add", .group = 1},
	{"-r --remove", OPT_VALUE, "old_remove", "POOL_NAME", "the same as remove", .group = 1},
	{"-s --set", OPT_VALUE, "old_set", "POOL_NAME", "the same as set", .group = 1},
	{"--help-drivers", OPT_CONST, "old", NULL, "the same as drivers", "drivers", .group = 1},
	OPT_FORMAT,
	{0},
};

static const struct pos pos[] = {
	{"command", POS_COMMAND, "COMMAND", NULL, 0, COMPLETE_NONE},
	{0},
};

const struct command qvm_pool = {
	.name = "qvm-pool",
	.summary = "Manage storage pools.",
	.opts = opts,
	.pos = pos,
	.subs = subs,
	.run = old_style,
};

/* The same for scripts that call R4.0's command by the name it has since. */
const struct command qvm_pool_legacy = {
	.name = "qvm-pool-legacy",
	.summary = "Manage storage pools with the options of R4.0.",
	.opts = opts,
	.run = old_style,
};
