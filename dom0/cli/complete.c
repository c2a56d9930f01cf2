/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell completion from the commands' tables (complete.h). Peer: qubesd, trusted. */
#include "dom0/cli/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/cli/command.h"
#include "dom0/cli/complete-values.h"
#include "dom0/cli/tokens.h"

/* qubesd gets this long: a shell must not hang on a key. */
#define TIMEOUT_MS 300

static void offer_options(const struct completion *k, const struct command *cmd)
{
	const struct opt *o;
	guint i = 0;

	while ((o = command_opt(cmd, &i))) {
		g_auto(GStrv) names = g_strsplit(o->names, " ", -1);

		for (char **n = names; o->help && *n; n++)
			if (g_str_has_prefix(*n, "--"))
				complete_offer(k, *n);
	}
}

static void offer_choices(const struct completion *k, const char *choices)
{
	g_auto(GStrv) words = g_strsplit(choices, " ", -1);

	for (char **w = words; *w; w++)
		complete_offer(k, *w);
}

/* Where the line stands after the words before the one to complete. */
struct place {
	const struct command *cmd;
	guint n_pos;	       /* positionals so far */
	const struct opt *opt; /* whose value comes next, or NULL */
	bool dashes;	       /* after "--": no more options */
	const char *vm, *property, *devclass;
};

/* What a positional is: VMNAMEs are what their command says. */
static enum complete kind_of(const struct command *cmd, const struct pos *pos)
{
	return pos->complete == COMPLETE_VM && cmd->vms ? cmd->vms : pos->complete;
}

static void take_positional(struct place *p, const char *word)
{
	const struct pos *pos = command_pos(p->cmd, p->n_pos);

	if (!pos)
		return;
	if (pos->kind == POS_COMMAND) {
		const struct command *sub = command_sub(p->cmd, word);

		p->cmd = sub ? sub : p->cmd;
		p->n_pos = 0;
		return;
	}
	if (pos->complete == COMPLETE_VM && !p->vm)
		p->vm = word;
	else if (pos->complete == COMPLETE_PROPERTY || pos->complete == COMPLETE_GLOBAL)
		p->property = word;
	else if (pos->complete == COMPLETE_DEVCLASS)
		p->devclass = word;
	if (pos->kind != POS_ANY && pos->kind != POS_SOME && pos->kind != POS_REST)
		p->n_pos++;
}

static void step(struct place *p, const char *word)
{
	const struct opt *o = NULL;

	if (p->opt && *word != '-') {
		p->opt = p->opt->kind == OPT_SOME ? p->opt : NULL;
		return;
	}
	p->opt = NULL;
	if (p->dashes || *word != '-') {
		take_positional(p, word);
		return;
	}
	p->dashes = !strcmp(word, "--");
	o = opt_exact(p->cmd, word, strlen(word));
	if (o && o->kind >= OPT_VALUE && o->kind != OPT_MAYBE)
		p->opt = o;
}

static void offer_option_values(const struct completion *k, const struct opt *o)
{
	if (o->choices)
		offer_choices(k, o->choices);
	complete_values(k, o->complete);
}

/* "--label=re": the values with the option in front of them. */
static bool complete_joined(struct completion *k, const struct place *p)
{
	const char *eq = g_str_has_prefix(k->prefix, "--") ? strchr(k->prefix, '=') : NULL;
	const struct opt *o = eq ? opt_exact(p->cmd, k->prefix, (size_t)(eq - k->prefix)) : NULL;
	g_autofree char *before = NULL;

	if (!eq)
		return false;
	before = g_strndup(k->prefix, (gsize)(eq + 1 - k->prefix));
	k->before = before;
	k->prefix = eq + 1;
	if (o && o->kind >= OPT_VALUE)
		offer_option_values(k, o);
	k->before = "";
	return true;
}

static void complete(struct completion *k, const struct place *p)
{
	const struct pos *pos = command_pos(p->cmd, p->n_pos);

	if (!p->dashes && complete_joined(k, p))
		return;
	if (p->opt && *k->prefix != '-') {
		offer_option_values(k, p->opt);
	} else if (*k->prefix == '-' && !p->dashes) {
		offer_options(k, p->cmd);
	} else if (pos && pos->kind == POS_COMMAND) {
		for (const struct command *s = p->cmd->subs; s && s->name; s++)
			complete_offer(k, s->name);
	} else if (pos) {
		complete_values(k, kind_of(p->cmd, pos));
	}
}

/* The class of devices that a command is for: qvm-block. */
static const char *devclass_of(const struct command *cmd)
{
	const char *dash = strrchr(cmd->name, '-');

	return command_pos(cmd, 0) && command_pos(cmd, 0)->kind == POS_COMMAND && dash ? dash + 1
										       : NULL;
}

/* Words of the line as they stand: argv[0] is the command. */
static int complete_line(char **words, guint n, guint index)
{
	const char *base = strrchr(words[0], '/') ? strrchr(words[0], '/') + 1 : words[0];
	struct place p = {.cmd = command_find(base)};
	struct completion k = {.prefix = index < n ? words[index] : "", .before = ""};

	if (!p.cmd || !index)
		return 0;
	p.devclass = devclass_of(p.cmd);
	for (guint i = 1; i < index && i < n; i++)
		step(&p, words[i]);
	k.admin = admin_new();
	admin_set_timeout(k.admin, TIMEOUT_MS);
	k.vm = p.vm;
	k.property = p.property;
	k.devclass = p.devclass;
	complete(&k, &p);
	admin_free(k.admin);
	return 0;
}

/* "qvm ls …": the command is the second word, and may be short. */
static int complete_qvm(char **words, guint n, guint index)
{
	struct completion k = {.prefix = index < n ? words[index] : "", .before = ""};
	g_autofree char *full = NULL;

	if (index > 1 && n > 1) {
		full = command_find(words[1]) ? g_strdup(words[1])
					      : g_strconcat("qvm-", words[1], NULL);
		words[1] = full;
		return complete_line(words + 1, n - 1, index - 1);
	}
	for (const struct command *const *c = all_commands; *c; c++)
		complete_offer(&k, (*c)->name + (g_str_has_prefix((*c)->name, "qvm-") ? 4 : 0));
	return 0;
}

int complete_main(char **argv)
{
	guint n = g_strv_length(argv);
	guint index = n ? (guint)strtoul(argv[0], NULL, 10) : 0;
	const char *slash = n > 1 ? strrchr(argv[1], '/') : NULL;

	if (n < 2)
		return 0;
	if (!strcmp(slash ? slash + 1 : argv[1], "qvm"))
		return complete_qvm(argv + 1, n - 1, index);
	return complete_line(argv + 1, n - 1, index);
}

void complete_commands(void)
{
	puts("qvm");
	for (const struct command *const *c = all_commands; *c; c++) {
		g_auto(GStrv) aliases = g_strsplit((*c)->aliases ? (*c)->aliases : "", " ", -1);

		puts((*c)->name);
		for (char **a = aliases; *a; a++)
			if (**a)
				puts(*a);
	}
}
