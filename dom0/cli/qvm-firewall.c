/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-firewall: shows and changes the firewall rules of a qube. */
#include <string.h>
#include <time.h>

#include "dom0/admin/firewall.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "dom0/cli/fwwords.h"
#include "dom0/cli/table.h"

/* The rule that the words of the command line describe; NULL after a message. */
static struct fw_rule *read_rule(struct ctx *c, int *ret_status)
{
	GError *err = NULL;
	struct fw_rule *rule = fw_words_rule(args_all(c->args, "rule"), &err);

	if (rule)
		return rule;
	if (err->domain != ARGS_ERROR) {
		*ret_status = ctx_fail(c, err);
		return NULL;
	}
	*ret_status = ctx_usage_error(c, "%s", err->message);
	g_error_free(err);
	return NULL;
}

static GPtrArray *get_rules(struct ctx *c, GError **err)
{
	g_autofree char *text =
		admin_call(c->admin, ctx_vm(c)->name, "admin.vm.firewall.Get", NULL, NULL, err);

	return text ? fw_rules_parse(text, err) : NULL;
}

static int save_rules(struct ctx *c, GPtrArray *rules)
{
	g_autofree char *payload = fw_rules_text(rules);
	GError *err = NULL;

	return admin_do(c->admin, ctx_vm(c)->name, "admin.vm.firewall.Set", NULL, payload, &err)
		       ? EXIT_OK
		       : ctx_fail(c, err);
}

static int add(struct ctx *c)
{
	int status = EXIT_OK;
	g_autoptr(FwRule) rule = read_rule(c, &status);
	GError *err = NULL;
	g_autoptr(GPtrArray) rules = rule ? get_rules(c, &err) : NULL;
	gint64 before;

	if (!rule)
		return status;
	if (!rules)
		return ctx_fail(c, err);
	before = args_int(c->args, "before", rules->len);
	g_ptr_array_insert(rules, (gint)CLAMP(before, 0, (gint64)rules->len),
			   g_steal_pointer(&rule));
	return save_rules(c, rules);
}

static int find_rule(GPtrArray *rules, const struct fw_rule *rule)
{
	g_autofree char *wanted = fw_rule_text(rule);

	for (guint i = 0; i < rules->len; i++) {
		g_autofree char *text = fw_rule_text(g_ptr_array_index(rules, i));

		if (!strcmp(text, wanted))
			return (int)i;
	}
	return -1;
}

static int del(struct ctx *c)
{
	bool by_number = args_has(c->args, "rule_no");
	int status = EXIT_OK;
	g_autoptr(FwRule) rule = NULL;
	g_autoptr(GPtrArray) rules = NULL;
	GError *err = NULL;
	gint64 n;

	if (!by_number && !args_has(c->args, "rule"))
		return ctx_usage_error(c, "a rule or --rule-no is required");
	if (!by_number && !(rule = read_rule(c, &status)))
		return status;
	rules = get_rules(c, &err);
	if (!rules)
		return ctx_fail(c, err);
	n = by_number ? args_int(c->args, "rule_no", -1) : find_rule(rules, rule);
	if (n < 0 || n >= (gint64)rules->len)
		return ctx_error(c, "qube '%s' has no such rule", ctx_vm(c)->name);
	g_ptr_array_remove_index(rules, (guint)n);
	return save_rules(c, rules);
}

static int reset(struct ctx *c)
{
	GError *err = NULL;

	return admin_do(c->admin, ctx_vm(c)->name, "admin.vm.firewall.Set", NULL, "action=accept\n",
			&err)
		       ? EXIT_OK
		       : ctx_fail(c, err);
}

static void print_table(struct ctx *c, GPtrArray *rules)
{
	static const char *const columns[] = {
		"NO",	     "ACTION", "HOST",	  "PROTOCOL", "PORT(S)", "SPECIAL TARGET",
		"ICMP TYPE", "EXPIRE", "COMMENT", NULL};
	g_autoptr(Table) t = table_new(true, columns);

	t->none = "-";
	for (guint i = 0; i < rules->len; i++) {
		const struct fw_rule *r = g_ptr_array_index(rules, i);
		g_autofree char *no = g_strdup_printf("%u", i);
		g_autofree char *expire = fw_rule_expires_in(r, time(NULL));
		const char *cells[] = {r->action,  r->host,	r->proto, r->ports,
				       r->special, r->icmptype, expire,	  r->comment};

		table_row(t);
		table_cell_bare(t, no);
		for (guint j = 0; j < G_N_ELEMENTS(cells); j++)
			table_cell(t, cells[j]);
	}
	if (args_has(c->args, "format"))
		table_print_json(t, stdout);
	else
		table_print(t, stdout);
}

static int list(struct ctx *c)
{
	GError *err = NULL;
	g_autoptr(GPtrArray) rules = get_rules(c, &err);
	g_autofree char *raw = NULL;

	if (!rules)
		return ctx_fail(c, err);
	if (args_has(c->args, "raw")) {
		raw = fw_rules_text(rules);
		fputs(raw, stdout);
	} else {
		print_table(c, rules);
	}
	if (args_has(c->args, "reload") &&
	    !admin_do(c->admin, ctx_vm(c)->name, "admin.vm.firewall.Reload", NULL, NULL, &err))
		return ctx_fail(c, err);
	return EXIT_OK;
}

static const struct opt add_opts[] = {
	{"--before", OPT_INT, NULL, "NUMBER", "add before this rule instead of at the end"},
	{0},
};

static const struct pos add_pos[] = {
	{"rule", POS_SOME, "match", "parts of the rule", 0, COMPLETE_NONE},
	{0},
};

static const struct opt del_opts[] = {
	{"--rule-no", OPT_INT, NULL, "NUMBER", "number of the rule"},
	{0},
};

static const struct pos del_pos[] = {
	{"rule", POS_ANY, "match", "the rule", 0, COMPLETE_NONE},
	{0},
};

static const struct command subs[] = {
	{"add", NULL, "add a rule", .opts = add_opts, .pos = add_pos, .run = add},
	{"del", NULL, "remove a rule", .opts = del_opts, .pos = del_pos, .run = del},
	{"list", NULL, "list the rules", .run = list},
	{"reset", NULL, "remove all rules; everything is accepted", .run = reset},
	{0},
};

static const struct opt opts[] = {
	{"--reload -r", OPT_FLAG, NULL, NULL, "have the rules loaded again, unchanged or not"},
	{"--raw", OPT_FLAG, NULL, NULL, "print rules as in the Admin API"},
	OPT_FORMAT,
	{0},
};

static const struct pos pos[] = {
	{"command", POS_COMMAND, "COMMAND", NULL, 0, COMPLETE_NONE},
	{0},
};

const struct command qvm_firewall = {
	.name = "qvm-firewall",
	.summary = "Show and change the firewall rules of a qube.",
	.epilog = "A rule is: ACTION [HOST [PROTO [PORTS|ICMPTYPE]]], or with keys:\n"
		  "action=accept|drop [dsthost=HOST] [proto=tcp|udp|icmp] [dstports=N[-M]]\n"
		  "[icmptype=N] [specialtarget=dns] [expire=SECONDS|+SECONDS] [comment=TEXT]\n"
		  "HOST is an address, a network or a name. The first rule that matches counts.",
	.flags = CMD_VM,
	.opts = opts,
	.pos = pos,
	.subs = subs,
	.run = list,
};
