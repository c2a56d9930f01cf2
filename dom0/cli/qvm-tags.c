/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-tags: lists, adds and removes tags of a qube. */
#include <string.h>

#include "dom0/cli/clone.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/table.h"

static int has(struct ctx *c, const char *tag)
{
	GError *err = NULL;
	g_autofree char *r =
		admin_call(c->admin, ctx_vm(c)->name, "admin.vm.tag.Get", tag, NULL, &err);

	if (!r)
		return ctx_fail(c, err);
	if (strcmp(r, "1") != 0)
		return EXIT_FAILED;
	if (args_has(c->args, "format"))
		json_print(tag, false);
	else
		puts(tag);
	return EXIT_OK;
}

static int list(struct ctx *c)
{
	static const char *const columns[] = {"name", NULL};
	g_autoptr(Table) t = table_new(false, columns);
	GError *err = NULL;
	g_auto(GStrv) tags = NULL;

	if (args_has(c->args, "tag"))
		return has(c, args_get(c->args, "tag"));
	tags = admin_list(c->admin, ctx_vm(c)->name, "admin.vm.tag.List", &err);
	if (!tags)
		return ctx_fail(c, err);
	clone_sort(tags);
	for (char **tag = tags; *tag; tag++)
		table_add(t, *tag, NULL);
	if (args_has(c->args, "format"))
		table_print_json(t, stdout);
	else
		table_print(t, stdout);
	return EXIT_OK;
}

static int add(struct ctx *c)
{
	GError *err = NULL;

	for (const char *const *t = args_all(c->args, "tag"); *t; t++)
		if (!admin_do(c->admin, ctx_vm(c)->name, "admin.vm.tag.Set", *t, NULL, &err))
			return ctx_fail(c, err);
	return EXIT_OK;
}

static int del(struct ctx *c)
{
	GError *err = NULL;

	if (admin_do(c->admin, ctx_vm(c)->name, "admin.vm.tag.Remove", args_get(c->args, "tag"),
		     NULL, &err))
		return EXIT_OK;
	if (!admin_error_is(err, ADMIN_ERROR_KEY))
		return ctx_fail(c, err);
	g_error_free(err);
	return EXIT_OK;
}

static const struct opt list_opts[] = {
	OPT_FORMAT,
	{0},
};

static const struct pos list_pos[] = {
	{"tag", POS_OPTIONAL, "TAG", "only tell whether it has this one", 0, COMPLETE_TAG},
	{0},
};

static const struct pos add_pos[] = {
	{"tag", POS_SOME, "TAG", "tags to add", 0, COMPLETE_TAG},
	{0},
};

static const struct pos del_pos[] = {
	{"tag", POS_ONE, "TAG", "tag to remove", 0, COMPLETE_TAG},
	{0},
};

static const struct command subs[] = {
	{"list", "ls l", "list the tags", .opts = list_opts, .pos = list_pos, .run = list},
	{"add", "a set", "add tags", .pos = add_pos, .run = add},
	{"del", "d unset u", "remove a tag", .pos = del_pos, .run = del},
	{0},
};

static const struct pos pos[] = {
	{"command", POS_COMMAND, "COMMAND", NULL, 0, COMPLETE_NONE},
	{0},
};

const struct command qvm_tags = {
	.name = "qvm-tags",
	.summary = "List, add and remove tags of a qube.",
	.flags = CMD_VM,
	.opts = list_opts,
	.pos = pos,
	.subs = subs,
	.run = list,
};
