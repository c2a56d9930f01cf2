/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell completion from the commands' tables (complete.h). Peer: qubesd, trusted. */
#include "dom0/cli/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/admin/vm.h"
#include "dom0/cli/command.h"
#include "dom0/cli/tokens.h"

/* qubesd gets this long: a shell must not hang on a key. */
#define TIMEOUT_MS 300

struct completion {
	struct admin *admin; /* owned */
	const char *prefix;
	const char *vm; /* the qube named on the line so far, or NULL */
};

static void offer(const struct completion *k, const char *word)
{
	if (g_str_has_prefix(word, k->prefix))
		puts(word);
}

/* The first word of each line. */
static void offer_list(const struct completion *k, const char *dest, const char *method)
{
	g_auto(GStrv) lines = admin_list(k->admin, dest, method, NULL);

	for (char **l = lines; l && *l; l++) {
		(*l)[strcspn(*l, " ")] = 0;
		offer(k, *l);
	}
}

static void offer_vms(const struct completion *k, enum complete what)
{
	g_autoptr(AdminVms) vms = admin_vms_list(k->admin, NULL);

	for (guint i = 0; vms && i < vms->list->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms->list, i);
		bool running = admin_state_running(vm->state);

		if ((what == COMPLETE_RUNNING && !running) ||
		    (what == COMPLETE_HALTED && running) ||
		    (what == COMPLETE_TEMPLATE && strcmp(vm->klass, "TemplateVM") != 0 &&
		     strcmp(vm->klass, "AppVM") != 0))
			continue;
		offer(k, vm->name);
	}
}

static void offer_volumes(const struct completion *k)
{
	const char *colon = strchr(k->prefix, ':');
	g_autofree char *vm = colon ? g_strndup(k->prefix, (gsize)(colon - k->prefix)) : NULL;
	g_auto(GStrv) names = vm ? admin_list(k->admin, vm, "admin.vm.volume.List", NULL) : NULL;

	if (!vm)
		offer_vms(k, COMPLETE_VM);
	for (char **n = names; n && *n; n++) {
		g_autofree char *full = g_strdup_printf("%s:%s", vm, *n);

		offer(k, full);
	}
}

static void offer_values(const struct completion *k, enum complete what)
{
	switch (what) {
	case COMPLETE_VM:
	case COMPLETE_RUNNING:
	case COMPLETE_HALTED:
	case COMPLETE_TEMPLATE:
		offer_vms(k, what);
		break;
	case COMPLETE_PROPERTY:
		offer_list(k, k->vm ? k->vm : "dom0", "admin.vm.property.List");
		break;
	case COMPLETE_GLOBAL:
		offer_list(k, "dom0", "admin.property.List");
		break;
	case COMPLETE_FEATURE:
		offer_list(k, k->vm ? k->vm : "dom0", "admin.vm.feature.List");
		break;
	case COMPLETE_TAG:
		offer_list(k, k->vm ? k->vm : "dom0", "admin.vm.tag.List");
		break;
	case COMPLETE_LABEL:
		offer_list(k, "dom0", "admin.label.List");
		break;
	case COMPLETE_CLASS:
		offer_list(k, "dom0", "admin.vmclass.List");
		break;
	case COMPLETE_POOL:
		offer_list(k, "dom0", "admin.pool.List");
		break;
	case COMPLETE_DRIVER:
		offer_list(k, "dom0", "admin.pool.ListDrivers");
		break;
	case COMPLETE_DEVCLASS:
		offer_list(k, "dom0", "admin.deviceclass.List");
		break;
	case COMPLETE_VOLUME:
		offer_volumes(k);
		break;
	case COMPLETE_FILE:
		puts(":files"); /* the shell knows them */
		break;
	case COMPLETE_NONE:
		break;
	}
}

static void offer_options(const struct completion *k, const struct command *cmd)
{
	const struct opt *o;
	guint i = 0;

	while ((o = command_opt(cmd, &i))) {
		g_auto(GStrv) names = g_strsplit(o->names, " ", -1);

		for (char **n = names; o->help && *n; n++)
			if (g_str_has_prefix(*n, "--"))
				offer(k, *n);
	}
}

static void offer_choices(const struct completion *k, const char *choices)
{
	g_auto(GStrv) words = g_strsplit(choices, " ", -1);

	for (char **w = words; *w; w++)
		offer(k, *w);
}

/* Where the line stands after the words before the one to complete. */
struct place {
	const struct command *cmd;
	guint n_pos;	       /* positionals so far */
	const struct opt *opt; /* whose value comes next, or NULL */
	const char *vm;
};

static void step(struct place *p, const char *word)
{
	const struct opt *o = *word == '-' ? opt_exact(p->cmd, word, strlen(word)) : NULL;
	const struct pos *pos;

	if (p->opt && *word != '-') {
		p->opt = p->opt->kind == OPT_SOME ? p->opt : NULL;
		return;
	}
	p->opt = o && o->kind >= OPT_VALUE && o->kind != OPT_MAYBE ? o : NULL;
	if (*word == '-')
		return;
	pos = command_pos(p->cmd, p->n_pos);
	if (pos && pos->kind == POS_COMMAND) {
		const struct command *sub = command_sub(p->cmd, word);

		p->cmd = sub ? sub : p->cmd;
		p->n_pos = 0;
		return;
	}
	if (pos && pos->complete == COMPLETE_VM && !p->vm)
		p->vm = word;
	if (pos && pos->kind != POS_ANY && pos->kind != POS_SOME && pos->kind != POS_REST)
		p->n_pos++;
}

static void complete(struct completion *k, const struct place *p)
{
	const struct pos *pos = command_pos(p->cmd, p->n_pos);

	if (p->opt && *k->prefix != '-') {
		if (p->opt->choices)
			offer_choices(k, p->opt->choices);
		offer_values(k, p->opt->complete);
	} else if (*k->prefix == '-') {
		offer_options(k, p->cmd);
	} else if (pos && pos->kind == POS_COMMAND) {
		for (const struct command *s = p->cmd->subs; s && s->name; s++)
			offer(k, s->name);
	} else if (pos) {
		offer_values(k, pos->complete);
	}
}

int complete_main(char **argv)
{
	guint n = g_strv_length(argv);
	guint index = n ? (guint)strtoul(argv[0], NULL, 10) : 0;
	const char *name = n > 1 ? argv[1] : "";
	const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	struct place p = {.cmd = command_find(base)};
	struct completion k = {.prefix = index + 1 < n ? argv[index + 1] : ""};

	if (!p.cmd || !index)
		return 0;
	for (guint i = 1; i < index && i + 1 < n; i++)
		step(&p, argv[i + 1]);
	k.admin = admin_new();
	admin_set_timeout(k.admin, TIMEOUT_MS);
	k.vm = p.vm;
	complete(&k, &p);
	admin_free(k.admin);
	return 0;
}
