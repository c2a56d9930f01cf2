/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of the parser of command lines (dom0/cli/args.h). */
#include <string.h>

#include "dom0/cli/args.h"
#include "dom0/cli/help.h"

static int run_nothing(struct ctx *c)
{
	return 0;
}

static const struct opt opts[] = {
	{"--force -f", OPT_FLAG, NULL, NULL, "a flag"},
	{"--format", OPT_VALUE, NULL, "FORMAT", "a choice", .choices = "text json"},
	{"--name -n", OPT_VALUE, NULL, "NAME", "a value", .group = 1},
	{"--other", OPT_FLAG, NULL, NULL, "excludes name", .group = 1},
	{"--list -l", OPT_LIST, NULL, "X", "many values"},
	{"--some", OPT_SOME, NULL, "X", "some values"},
	{"--maybe", OPT_MAYBE, NULL, "X", "a value or none"},
	{"--pair", OPT_PAIR, NULL, "X", "two values"},
	{"--number", OPT_INT, NULL, "N", "a number"},
	{"--yes", OPT_CONST, "answer", NULL, "a constant", "yes"},
	{"--no", OPT_CONST, "answer", NULL, "another", "no"},
	{0},
};

static const struct pos pos[] = {
	{"first", POS_ONE, "FIRST", "required"},
	{"second", POS_OPTIONAL, "SECOND", "not required"},
	{"third", POS_OPTIONAL, "THIRD", "not required", 1},
	{0},
};

static const struct command plain = {
	.name = "plain", .summary = "s", .opts = opts, .pos = pos, .run = run_nothing};

static const struct pos run_pos[] = {
	{"vm", POS_OPTIONAL, "VM", "v"},
	{"cmd", POS_ONE, "CMD", "c"},
	{"rest", POS_REST, "REST", "r"},
	{0},
};
static const struct opt run_opts[] = {
	{"--maybe", OPT_MAYBE, NULL, "X", "m"}, {"--pass -p", OPT_FLAG, NULL, NULL, "p"}, {0}};
static const struct command runner = {
	.name = "runner", .summary = "s", .opts = run_opts, .pos = run_pos, .run = run_nothing};

static const struct pos sub_pos[] = {{"tag", POS_SOME, "TAG", "t"}, {0}};
static const struct command subs[] = {
	{"list", "ls l", "lists", .run = run_nothing},
	{"add", "a", "adds", .opts = run_opts, .pos = sub_pos, .run = run_nothing},
	{0},
};
static const struct pos cmd_pos[] = {{"command", POS_COMMAND, "COMMAND", NULL}, {0}};
static const struct command tags = {.name = "tags",
				    .summary = "s",
				    .flags = CMD_VM,
				    .pos = cmd_pos,
				    .subs = subs,
				    .run = run_nothing};
static const struct command vms = {
	.name = "vms", .summary = "s", .flags = CMD_VMS, .opts = run_opts, .run = run_nothing};

const struct command *const all_commands[] = {&plain, &runner, &tags, &vms, NULL};

static struct args *parse(const struct command *cmd, const char *line, GError **err)
{
	g_auto(GStrv) argv = g_strsplit(line, " ", -1);

	if (!*line)
		argv[0] = NULL;
	return args_parse(cmd, argv, err);
}

/* "DEST=V,V" for each of dests that has values, separated by spaces. */
static char *show(const struct args *a, const char *dests)
{
	g_auto(GStrv) names = g_strsplit(dests, " ", -1);
	g_autoptr(GString) s = g_string_new(NULL);

	for (char **n = names; *n; n++) {
		g_autofree char *values = g_strjoinv(",", (char **)args_all(a, *n));

		if (args_has(a, *n))
			g_string_append_printf(s, "%s%s=%s", s->len ? " " : "", *n, values);
	}
	return g_string_free(g_steal_pointer(&s), FALSE);
}

static const char all_dests[] = "first second third vm cmd rest vmname vmnames tag all_domains "
				"exclude force format name other list some maybe pair number "
				"answer pass verbose quiet";

static void good(const struct command *cmd, const char *line, const char *wanted)
{
	g_autoptr(GError) err = NULL;
	struct args *a = parse(cmd, line, &err);
	g_autofree char *got = NULL;

	g_test_message("%s %s", cmd->name, line);
	g_assert_no_error(err);
	got = show(a, all_dests);
	g_assert_cmpstr(got, ==, wanted);
	args_free(a);
}

static void bad(const struct command *cmd, const char *line, const char *message)
{
	g_autoptr(GError) err = NULL;
	struct args *a = parse(cmd, line, &err);

	g_test_message("%s %s", cmd->name, line);
	g_assert_null(a);
	g_assert_error(err, ARGS_ERROR, 0);
	g_assert_cmpstr(err->message, ==, message);
}

static void test_positionals(void)
{
	good(&plain, "a", "first=a");
	good(&plain, "a b c", "first=a second=b third=c");
	good(&plain, "-- a -b", "first=a second=-b");
	good(&plain, "a -- b", "first=a second=b");
	good(&plain, "a -1", "first=a second=-1");
	good(&plain, "-", "first=-");
	bad(&plain, "", "the following arguments are required: FIRST");
	bad(&plain, "a b c d", "unrecognized arguments: d");
	/* A run of positionals takes all it can, also those it leaves empty. */
	bad(&plain, "a --force b", "unrecognized arguments: b");
	good(&plain, "--force a b -f", "first=a second=b force=");
}

static void test_options(void)
{
	good(&plain, "a --name=x", "first=a name=x");
	good(&plain, "a --name x", "first=a name=x");
	good(&plain, "a -n x", "first=a name=x");
	good(&plain, "a -nx", "first=a name=x");
	good(&plain, "a -fnx", "first=a force= name=x");
	good(&plain, "a -fn x", "first=a force= name=x");
	good(&plain, "a -n=x", "first=a name=x");
	bad(&plain, "a --name --", "argument --name/-n: expected one argument");
}

static void test_kinds(void)
{
	good(&plain, "-l 1 -l 2 a", "first=a list=1,2");
	good(&plain, "a --some 1 2 3 --force", "first=a force= some=1,2,3");
	good(&plain, "a --some 1 2 --some 3", "first=a some=3");
	good(&plain, "a --maybe", "first=a maybe=");
	good(&plain, "a --maybe x", "first=a maybe=x");
	good(&plain, "a --pair x y", "first=a pair=x,y");
	good(&plain, "a --number -5", "first=a number=-5");
	good(&plain, "a --yes --no", "first=a answer=no");
	good(&plain, "a -vvq", "first=a verbose=, quiet=");
	bad(&plain, "a --some", "argument --some: expected at least one argument");
	bad(&plain, "a --pair x", "argument --pair: expected 2 arguments");
	bad(&plain, "a --number x", "argument --number: invalid number: 'x'");
	bad(&plain, "a -n", "argument --name/-n: expected one argument");
	bad(&plain, "a --force=x", "argument --force/-f: unexpected value 'x'");
	bad(&plain, "a -fx", "argument --force/-f: unexpected value 'x'");
	bad(&plain, "a --format xml",
	    "argument --format: invalid choice: 'xml' (choose from: text json)");
}

static void test_abbreviations(void)
{
	good(&plain, "a --na x", "first=a name=x");
	good(&plain, "a --na=x", "first=a name=x");
	bad(&plain, "a --for",
	    "ambiguous option: --for could match --force, --format, --force-root");
	bad(&plain, "a --nosuch", "unrecognized arguments: --nosuch");
	bad(&plain, "a -x", "unrecognized arguments: -x");
}

static void test_groups(void)
{
	bad(&plain, "a --name x --other", "argument --other: not allowed with argument --name/-n");
	bad(&plain, "a b c --other", "argument --other: not allowed with argument THIRD");
	good(&plain, "a --name x --name y", "first=a name=y");
	bad(&vms, "--all x", "argument VMNAME: not allowed with argument --all");
}

static void test_rest(void)
{
	good(&runner, "ls", "cmd=ls");
	good(&runner, "work ls", "vm=work cmd=ls");
	good(&runner, "work ls -l --all", "vm=work cmd=ls rest=-l,--all");
	good(&runner, "work ls -- x", "vm=work cmd=ls rest=x");
	good(&runner, "work ls -- -- x", "vm=work cmd=ls rest=--,x");
	good(&runner, "-- work ls -- x", "vm=work cmd=ls rest=--,x");
	good(&runner, "--maybe -- ls", "cmd=ls maybe=");
	good(&runner, "--maybe=t ls -- --", "vm=ls cmd=-- maybe=t");
	good(&runner, "--maybe=t -- --", "cmd=-- maybe=t");
	good(&runner, "-p work ls -p", "vm=work cmd=ls rest=-p pass=");
}

static void test_commands(void)
{
	g_autoptr(GError) err = NULL;
	struct args *a = parse(&tags, "work ls", &err);

	g_assert_no_error(err);
	g_assert_cmpstr(a->sub->name, ==, "list");
	args_free(a);
	good(&tags, "work", "vmname=work");
	good(&tags, "work add x y -p", "vmname=work tag=x,y pass=");
	good(&tags, "-q work a x", "vmname=work tag=x quiet=");
	bad(&tags, "work add", "the following arguments are required: TAG");
	bad(&tags, "work nosuch",
	    "argument COMMAND: invalid choice: 'nosuch' (choose from: list, add)");
	bad(&tags, "", "the following arguments are required: VMNAME");
	bad(&tags, "work list x", "unrecognized arguments: x");
}

static void test_vms(void)
{
	good(&vms, "a b", "vmnames=a,b");
	good(&vms, "--all --exclude x --exclude y", "all_domains= exclude=x,y");
	bad(&vms, "", "one of the arguments --all VMNAME is required");
	bad(&vms, "--exclude x", "one of the arguments --all VMNAME is required");
}

static void test_help(void)
{
	g_autoptr(GError) err = NULL;
	struct args *a = parse(&tags, "work add --help", &err);

	g_assert_no_error(err);
	g_assert_true(a->help);
	g_assert_cmpstr(a->help_of->name, ==, "add");
	args_free(a);
	a = parse(&plain, "--help", &err);
	g_assert_no_error(err);
	g_assert_true(a->help_of == &plain);
	args_free(a);
	a = parse(&plain, "--version --nosuch", &err);
	g_assert_true(a->version);
	args_free(a);
}

/* Every name in a table is shown by --help. */
static void test_help_text(void)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	help_print(f, "plain", NULL, &plain);
	help_print(f, "tags", &tags, &subs[1]);
	fclose(f);
	for (const struct opt *o = opts; o->names; o++) {
		g_auto(GStrv) names = g_strsplit(o->names, " ", -1);

		for (char **name = names; *name; name++)
			g_assert_nonnull(strstr(text, *name));
	}
	g_assert_nonnull(strstr(text, "usage: plain "));
	g_assert_nonnull(strstr(text, "usage: tags VMNAME add "));
	g_assert_nonnull(strstr(text, "FIRST [SECOND] [THIRD]"));
	g_assert_null(strstr(text, "force-root"));
	free(text);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/args/positionals", test_positionals);
	g_test_add_func("/args/options", test_options);
	g_test_add_func("/args/kinds", test_kinds);
	g_test_add_func("/args/abbreviations", test_abbreviations);
	g_test_add_func("/args/groups", test_groups);
	g_test_add_func("/args/rest", test_rest);
	g_test_add_func("/args/commands", test_commands);
	g_test_add_func("/args/vms", test_vms);
	g_test_add_func("/args/help", test_help);
	g_test_add_func("/args/help-text", test_help_text);
	return g_test_run();
}
