/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-policy-graph: who may call what of whom, as a drawing for dot(1). The user is dom0's.
 */
#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/tools/common.h"

#define PROGRAM "qrexec-policy-graph"

struct graph {
	struct pol_policy *policy;
	struct pol_sysinfo *info;
	GPtrArray *sources, *targets, *services; /* of char *: limits; empty = none */
	bool include_ask, skip_labels, full;
	FILE *out;
	GHashTable *printed;		      /* lines, owned */
	GPtrArray *all_sources, *all_targets; /* of owned char * */
};

static bool listed(const GPtrArray *a, struct pol_str s)
{
	for (guint i = 0; i < a->len; i++)
		if (pol_eq(pol_str(a->pdata[i]), s))
			return true;
	return false;
}

/* Prints a line unless it was printed before. Takes line over. */
static void print_once(struct graph *g, char *line)
{
	if (g_hash_table_add(g->printed, line))
		fputs(line, g->out);
}

static void print_node(struct graph *g, struct pol_str name)
{
	const struct pol_domain *d = pol_domain_find(g->info, name);

	if (d && d->label.n > 2)
		print_once(g, g_strdup_printf("  \"%.*s\" [color = \"#%.*s\", penwidth = 3];\n",
					      POL_ARG(name), POL_ARG(pol_skip(d->label, 2))));
	else
		print_once(g, g_strdup_printf("  \"%.*s\" [style = dotted];\n", POL_ARG(name)));
}

/* The action as the full output shows it. */
static void put_action(GString *s, const struct pol_rule *r)
{
	g_string_append(s, pol_action_name(r->action));
	if (r->redirect.kind)
		g_string_append_printf(s, " target=%.*s", POL_ARG(r->redirect.text));
	if (r->default_target.kind)
		g_string_append_printf(s, " default_target=%.*s", POL_ARG(r->default_target.text));
	if (r->user.n)
		g_string_append_printf(s, " user=%.*s", POL_ARG(r->user));
}

static void print_edge(struct graph *g, const struct pol_decision *d, const struct pol_request *rq,
		       struct pol_str target)
{
	g_autoptr(GString) label = g_string_new("");

	if (!g->skip_labels)
		g_string_append_len(label, rq->service.p, (gssize)rq->service.n);
	if (!g->skip_labels && g->full)
		g_string_append_len(label, d->rule->argument.p, (gssize)d->rule->argument.n);
	if (g->full) {
		g_string_append_c(label, ' ');
		put_action(label, d->rule);
	}
	print_once(g, g_strdup_printf("  \"%.*s\" -> \"%.*s\" [label=\"%s\" color=%s];\n",
				      POL_ARG(d->source), POL_ARG(target), label->str,
				      d->outcome == POL_ASK ? "orange" : "red"));
}

static void draw_call(struct graph *g, const struct pol_request *rq)
{
	struct pol_decision d;
	struct pol_str target;

	pol_decide(g->policy, g->info, rq, &d);
	if (d.outcome == POL_ALLOW || (d.outcome == POL_ASK && (g->include_ask || g->full))) {
		target = d.rule->redirect.kind ? d.rule->redirect.text : d.requested_target;
		if (!g->targets->len || listed(g->targets, target)) {
			print_node(g, d.source);
			print_node(g, target);
			print_edge(g, &d, rq, target);
		}
	}
	pol_decision_clear(&d);
}

/* A service is wanted by its name, or by name and argument together. */
static bool wanted(const struct graph *g, const struct pol_service *call)
{
	g_autofree char *both = NULL;

	if (!g->services->len)
		return true;
	both = g_strdup_printf("%.*s%.*s", POL_ARG(call->service), POL_ARG(call->argument));
	return listed(g->services, call->service) || listed(g->services, pol_str(both));
}

static void draw_service(struct graph *g, const struct pol_service *call)
{
	struct pol_request rq = {
		.service = call->service.p ? call->service : POL_STR("*"),
		.argument = call->argument.p ? call->argument : POL_STR("+"),
	};

	for (guint s = 0; s < g->all_sources->len; s++) {
		for (guint t = 0; t < g->all_targets->len; t++) {
			rq.source = pol_str(g->all_sources->pdata[s]);
			rq.target = pol_str(g->all_targets->pdata[t]);
			draw_call(g, &rq);
		}
	}
}

static int compare_str(struct pol_str a, struct pol_str b)
{
	int r = memcmp(a.p ? a.p : "", b.p ? b.p : "", MIN(a.n, b.n));

	return r ? r : a.n < b.n ? -1 : a.n > b.n;
}

static gint compare(gconstpointer a, gconstpointer b)
{
	const struct pol_service *x = a, *y = b;
	int r = compare_str(x->service, y->service);

	return r ? r : compare_str(x->argument, y->argument);
}

/* Every service and argument that a rule or the user names, sorted. */
static void draw(struct graph *g)
{
	g_autoptr(GArray) calls = g_array_new(FALSE, FALSE, sizeof(struct pol_service));

	for (size_t i = 0; i < g->policy->n_rules; i++) {
		const struct pol_rule *r = &g->policy->rules[i];
		struct pol_service call = {r->service, r->argument};

		g_array_append_val(calls, call);
	}
	for (guint i = 0; i < g->services->len; i++) {
		struct pol_str text = pol_str(g->services->pdata[i]);
		const char *plus = memchr(text.p, '+', text.n);
		struct pol_service call = {text, POL_NONE};

		if (plus) {
			call.service.n = (size_t)(plus - text.p);
			call.argument = pol_skip(text, call.service.n);
		}
		g_array_append_val(calls, call);
	}
	g_array_sort(calls, compare);
	fputs("digraph g {\n", g->out);
	for (guint i = 0; i < calls->len; i++) {
		const struct pol_service *call = &g_array_index(calls, struct pol_service, i);

		if ((!i || compare(call - 1, call)) && wanted(g, call))
			draw_service(g, call);
	}
	fputs("}\n", g->out);
}

static void list_parties(struct graph *g)
{
	for (guint i = 0; i < g->sources->len; i++)
		g_ptr_array_add(g->all_sources, g_strdup(g->sources->pdata[i]));
	for (size_t i = 0; i < g->info->n_domains; i++) {
		struct pol_str name = g->info->domains[i].name;

		if (!g->sources->len)
			g_ptr_array_add(g->all_sources, g_strndup(name.p, name.n));
		g_ptr_array_add(g->all_targets, g_strndup(name.p, name.n));
	}
	g_ptr_array_add(g->all_targets, g_strdup("@dispvm"));
	for (size_t i = 0; i < g->info->n_domains; i++)
		if (g->info->domains[i].template_for_dispvms)
			g_ptr_array_add(
				g->all_targets,
				g_strdup_printf("@dispvm:%.*s", POL_ARG(g->info->domains[i].name)));
	g_ptr_array_add(g->all_targets, g_strdup("@default"));
}

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: qrexec-policy-graph [--include-ask] [--source QUBE...] [--target QUBE...]\n"
		"           [--service SERVICE[+ARG]...] [--output FILE] [--policy-dir DIR]\n"
		"           [--system-info FILE] [--skip-labels] [--full-output]\n");
}

enum {
	OPT_ASK = 1,
	OPT_SOURCE,
	OPT_TARGET,
	OPT_SERVICE,
	OPT_OUTPUT,
	OPT_DIR,
	OPT_INFO,
	OPT_SKIP,
	OPT_FULL
};

static const struct option options[] = {
	{"include-ask", no_argument, NULL, OPT_ASK},
	{"source", required_argument, NULL, OPT_SOURCE},
	{"target", required_argument, NULL, OPT_TARGET},
	{"service", required_argument, NULL, OPT_SERVICE},
	{"output", required_argument, NULL, OPT_OUTPUT},
	{"policy-dir", required_argument, NULL, OPT_DIR},
	{"system-info", required_argument, NULL, OPT_INFO},
	{"skip-labels", no_argument, NULL, OPT_SKIP},
	{"full-output", no_argument, NULL, OPT_FULL},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct tool_dirs dirs;
	const char *output, *system_info;
};

/* Takes the option's value and the words after it, up to the next option. */
static void take_list(GPtrArray *list, char **argv)
{
	g_ptr_array_add(list, optarg);
	while (argv[optind] && argv[optind][0] != '-')
		g_ptr_array_add(list, argv[optind++]);
}

static bool take_option(struct graph *g, struct arguments *a, int opt, char **argv)
{
	switch (opt) {
	case OPT_ASK:
		return g->include_ask = true;
	case OPT_SKIP:
		return g->skip_labels = true;
	case OPT_FULL:
		return g->full = true;
	case OPT_SOURCE:
		take_list(g->sources, argv);
		return true;
	case OPT_TARGET:
		take_list(g->targets, argv);
		return true;
	case OPT_SERVICE:
		take_list(g->services, argv);
		return true;
	case OPT_OUTPUT:
		a->output = optarg;
		return true;
	case OPT_INFO:
		a->system_info = optarg;
		return true;
	case OPT_DIR:
		return tool_dirs_add(&a->dirs, optarg);
	default:
		return false;
	}
}

static bool check_names(const GPtrArray *names, enum pol_token_place place, const char *what)
{
	struct pol_token ignored;

	for (guint i = 0; i < names->len; i++) {
		if (pol_token_parse(pol_str(names->pdata[i]), place, &ignored, NULL))
			continue;
		fprintf(stderr, PROGRAM ": --%s %s is not a valid %s of a call\n", what,
			(char *)names->pdata[i], what);
		return false;
	}
	return true;
}

static int run(struct graph *g, struct arguments *a)
{
	/* The folder of lasting policy alone, unless told otherwise. */
	if (!a->dirs.n && qubes_path(a->dirs.etc, sizeof(a->dirs.etc), "/etc/qubes/policy.d"))
		tool_dirs_add(&a->dirs, a->dirs.etc);
	tool_dirs_default(&a->dirs);
	g->policy = tool_load(PROGRAM, &a->dirs);
	g->info = g->policy ? tool_info(PROGRAM, a->system_info) : NULL;
	if (!g->info)
		return 1;
	g->out = a->output ? fopen(a->output, "we") : stdout;
	if (!g->out) {
		fprintf(stderr, PROGRAM ": cannot write %s: %s\n", a->output, strerror(errno));
		return 1;
	}
	list_parties(g);
	draw(g);
	return fclose(g->out) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct graph g = {
		.sources = g_ptr_array_new(),
		.targets = g_ptr_array_new(),
		.services = g_ptr_array_new(),
		.printed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.all_sources = g_ptr_array_new_with_free_func(g_free),
		.all_targets = g_ptr_array_new_with_free_func(g_free),
	};
	struct arguments a = {.output = NULL};
	int opt, status = -1;

	while (status < 0 && (opt = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		if (take_option(&g, &a, opt, argv))
			continue;
		usage(opt == 'h' ? stdout : stderr);
		status = opt == 'h' ? 0 : 2;
	}
	if (status < 0 && (optind != argc || !check_names(g.sources, POL_IN_SOURCE, "source") ||
			   !check_names(g.targets, POL_IN_REDIRECT, "target"))) {
		usage(stderr);
		status = 2;
	}
	if (status < 0)
		status = run(&g, &a);
	pol_policy_unref(g.policy);
	pol_sysinfo_unref(g.info);
	g_ptr_array_unref(g.sources);
	g_ptr_array_unref(g.targets);
	g_ptr_array_unref(g.services);
	g_ptr_array_unref(g.all_sources);
	g_ptr_array_unref(g.all_targets);
	g_hash_table_unref(g.printed);
	return status;
}
