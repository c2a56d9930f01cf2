/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walking a command's table, with the options that its flags imply (command.h). */
#include "dom0/cli/command.h"

#include <string.h>

/* The group of --all and VMNAME; groups of commands count from 1. */
#define GROUP_VMS 1000

static const struct opt vms_opts[] = {
	{"--all", OPT_FLAG, "all_domains", NULL, "every qube but dom0", .group = GROUP_VMS},
	{"--exclude", OPT_LIST, NULL, "VMNAME", "leave this qube out of --all",
	 .complete = COMPLETE_VM},
	{0},
};

static const struct opt common_opts[] = {
	{"--verbose -v", OPT_COUNT, NULL, NULL, "say more"},
	{"--quiet -q", OPT_COUNT, NULL, NULL, "say less"},
	{"--force-root", OPT_FLAG, NULL, NULL, NULL},
	{"--help -h", OPT_FLAG, NULL, NULL, "show this help and exit"},
	{"--version", OPT_FLAG, NULL, NULL, "show the version and exit"},
	{0},
};

static const struct pos vms_pos = {"vmnames", POS_ANY,	  "VMNAME", "names or patterns (* ? [ ])",
				   GROUP_VMS, COMPLETE_VM};
static const struct pos vm_pos = {"vmname", POS_ONE, "VMNAME", "name of a qube", 0, COMPLETE_VM};

static guint count_opts(const struct opt *o)
{
	guint n = 0;

	while (o && o[n].names)
		n++;
	return n;
}

const struct opt *command_opt(const struct command *cmd, guint *i)
{
	const struct opt *tables[] = {cmd->opts,
				      cmd->flags & (CMD_VMS | CMD_VMS_OPTIONAL) ? vms_opts : NULL,
				      common_opts};
	guint at = *i;

	for (guint t = 0; t < G_N_ELEMENTS(tables); t++) {
		guint n = count_opts(tables[t]);

		if (at < n) {
			(*i)++;
			return &tables[t][at];
		}
		at -= n;
	}
	return NULL;
}

const struct pos *command_pos(const struct command *cmd, guint n)
{
	guint own = 0;

	if (cmd->flags & CMD_VM && n-- == 0)
		return &vm_pos;
	while (cmd->pos && cmd->pos[own].dest)
		own++;
	if (n < own)
		return &cmd->pos[n];
	return n == own && cmd->flags & (CMD_VMS | CMD_VMS_OPTIONAL) ? &vms_pos : NULL;
}

bool word_in(const char *list, const char *name, size_t n)
{
	while (list && *list) {
		size_t len = strcspn(list, " ");

		if (len == n && !memcmp(list, name, n))
			return true;
		list += len;
		list += strspn(list, " ");
	}
	return false;
}

const struct command *command_sub(const struct command *cmd, const char *name)
{
	for (const struct command *s = cmd->subs; s && s->name; s++)
		if (!strcmp(s->name, name) || word_in(s->aliases, name, strlen(name)))
			return s;
	return NULL;
}

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = all_commands; *c; c++)
		if (!strcmp((*c)->name, name) || word_in((*c)->aliases, name, strlen(name)))
			return *c;
	return NULL;
}
