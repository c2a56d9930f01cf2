/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qubes-policy's explain and reach share (explain.h). The user is dom0's. */
#include <getopt.h>

#include "policy/tools/explain.h"

int query_open(struct query *q, int argc, char **argv, int want, const char *usage, int *ret_first)
{
	static const struct option options[] = {{"policy-dir", required_argument, NULL, 'p'},
						{"system-info", required_argument, NULL, 's'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	int opt;

	*q = (struct query){.system_info = NULL};
	optind = 1;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 's') {
			q->system_info = optarg;
		} else if (opt != 'p' || !tool_dirs_add(&q->dirs, optarg)) {
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? -1 : 2;
		}
	}
	if (argc - optind != want) {
		fputs(usage, stderr);
		return 2;
	}
	tool_dirs_default(&q->dirs);
	q->policy = tool_load("qubes-policy", &q->dirs);
	q->info = q->policy ? tool_info("qubes-policy", q->system_info) : NULL;
	*ret_first = optind;
	return q->info ? 0 : 1;
}

void query_close(struct query *q)
{
	pol_policy_unref(q->policy);
	pol_sysinfo_unref(q->info);
}

void rule_print(FILE *to, const struct pol_rule *r)
{
	fprintf(to, "%.*s %.*s %.*s %.*s %s", POL_ARG(r->service.p ? r->service : POL_STR("*")),
		POL_ARG(r->argument.p ? r->argument : POL_STR("*")), POL_ARG(r->source.text),
		POL_ARG(r->target.text), pol_action_name(r->action));
	if (r->redirect.kind)
		fprintf(to, " target=%.*s", POL_ARG(r->redirect.text));
	if (r->default_target.kind)
		fprintf(to, " default_target=%.*s", POL_ARG(r->default_target.text));
	if (r->user.p)
		fprintf(to, " user=%.*s", POL_ARG(r->user));
	if (r->notify != (r->action == POL_ACTION_DENY))
		fprintf(to, " notify=%s", r->notify ? "yes" : "no");
	if (!r->autostart)
		fprintf(to, " autostart=no");
	fputc('\n', to);
}
