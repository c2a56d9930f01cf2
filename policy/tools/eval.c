/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-policy-eval: one decision, or many in batch mode, without a daemon. The caller is
 * dom0's user or a test; the policy folders and the system info are files it names.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/engine/eval.h"
#include "policy/engine/json.h"
#include "policy/engine/load.h"
#include "policy/tools/verdict.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"

#define MAX_DIRS 16
#define LINE_MAX_BYTES (1u << 20) /* of one batch request */

/* What to evaluate. Strings are borrowed. */
struct job {
	const char *dirs[MAX_DIRS];
	size_t n_dirs;
	const char *compat_dir;
	const char *system_info;
	struct pol_request request;
	struct pol_str id;     /* batch: p == NULL when the request has none */
	bool answered;	       /* go on after an ask with answer */
	struct pol_str answer; /* p == NULL: the user refuses */
};

/* Policies and system infos already read, by what names them. */
struct cached {
	struct cached *next;
	char *key; /* owned */
	struct pol_policy *policy;
	struct pol_error error;
	struct pol_sysinfo *sysinfo;
};

struct cache {
	struct cached *policies, *sysinfos;
};

static struct cached *find(struct cached *list, const char *key)
{
	while (list && strcmp(list->key, key) != 0)
		list = list->next;
	return list;
}

static struct cached *add(struct cached **list, const char *key)
{
	struct cached *c = calloc(1, sizeof(*c));

	if (c)
		c->key = strdup(key);
	if (!c || !c->key) {
		fprintf(stderr, "qrexec-policy-eval: out of memory\n");
		exit(1);
	}
	c->next = *list;
	*list = c;
	return c;
}

static void free_list(struct cached *list)
{
	while (list) {
		struct cached *next = list->next;

		pol_policy_unref(list->policy);
		pol_sysinfo_unref(list->sysinfo);
		pol_error_clear(&list->error);
		free(list->key);
		free(list);
		list = next;
	}
}

static struct cached *get_policy(struct cache *cache, const struct job *job)
{
	const struct pol_load options = {
		.dirs = job->dirs, .n_dirs = job->n_dirs, .compat_dir = job->compat_dir};
	struct pol_buf key = {0};
	struct cached *c;

	for (size_t i = 0; i < job->n_dirs; i++)
		pol_buf_printf(&key, "%s\n", job->dirs[i]);
	pol_buf_printf(&key, "%s", job->compat_dir ? job->compat_dir : "");
	c = find(cache->policies, key.p);
	if (!c) {
		c = add(&cache->policies, key.p);
		pol_load(&options, &c->policy, &c->error);
	}
	pol_buf_clear(&key);
	return c;
}

static struct pol_sysinfo *get_sysinfo(struct cache *cache, const char *path)
{
	struct cached *c = find(cache->sysinfos, path);
	char *text = NULL;
	size_t len;
	int r;

	if (c)
		return c->sysinfo;
	c = add(&cache->sysinfos, path);
	r = io_read_file(path, POL_SYSINFO_MAX, &text, &len);
	if (!r)
		r = pol_sysinfo_parse((struct pol_str){text, len}, &c->sysinfo);
	if (r)
		fprintf(stderr, "qrexec-policy-eval: cannot use system info %s: %s\n", path,
			r == -EINVAL ? "not what internal.GetSystemInfo returns" : strerror(-r));
	free(text);
	return c->sysinfo;
}

/* Evaluates and prints one line. False when the system info is unusable. */
static bool run(struct cache *cache, const struct job *job)
{
	struct cached *policy = get_policy(cache, job);
	struct pol_sysinfo *si = get_sysinfo(cache, job->system_info);
	struct pol_buf out = {0}, response = {0};
	struct pol_decision d = {0};

	pol_buf_printf(&out, "{");
	if (job->id.p)
		put_string(&out, "id", job->id);
	if (!policy->policy) {
		put_error(&out, &policy->error);
	} else if (!si) {
		put_string(&out, "result", POL_STR("error"));
		put_string(&out, "file", POL_NONE);
		put_line(&out, "line", 0);
		put_string(&out, "reason", POL_STR("system-info"));
		put_string(&out, "message", POL_STR("system info cannot be used"));
	} else {
		pol_evaluate(policy->policy, si, &job->request, &d, &response);
		if (d.outcome == POL_ASK && job->answered) {
			pol_answer(&d, job->answer);
			pol_respond(&d, si, &job->request, &response);
		}
		put_decision(&out, &d, &response);
	}
	pol_buf_printf(&out, "}\n");
	fwrite(out.p, 1, out.n, stdout);
	pol_decision_clear(&d);
	pol_buf_clear(&out);
	pol_buf_clear(&response);
	return si != NULL || !policy->policy;
}

/* A string of the batch request as a path; NULL for null or one with a NUL in it. */
static const char *take_path(struct pol_json *j, struct pol_arena *a)
{
	struct pol_str s = pol_json_string(j, a);

	return s.p && !memchr(s.p, '\0', s.n) ? pol_arena_dup(a, s).p : NULL;
}

static void take_dirs(struct pol_json *j, struct pol_arena *a, struct job *job)
{
	pol_json_array(j);
	while (pol_json_next(j)) {
		const char *dir = take_path(j, a);

		if (!dir || job->n_dirs == MAX_DIRS)
			j->failed = true;
		else
			job->dirs[job->n_dirs++] = dir;
	}
}

static void take_key(struct pol_json *j, struct pol_arena *a, struct job *job, struct pol_str key)
{
	if (pol_eq(key, POL_STR("id"))) {
		job->id = pol_json_string(j, a);
	} else if (pol_eq(key, POL_STR("policy_dirs"))) {
		take_dirs(j, a, job);
	} else if (pol_eq(key, POL_STR("compat_dir"))) {
		job->compat_dir = take_path(j, a);
	} else if (pol_eq(key, POL_STR("system_info"))) {
		job->system_info = take_path(j, a);
	} else if (pol_eq(key, POL_STR("source"))) {
		job->request.source = pol_json_string(j, a);
	} else if (pol_eq(key, POL_STR("target"))) {
		job->request.target = pol_json_string(j, a);
	} else if (pol_eq(key, POL_STR("service_arg"))) {
		pol_request_service(&job->request, pol_json_string(j, a));
	} else if (pol_eq(key, POL_STR("requested_source"))) {
		job->request.requested_source = pol_json_string(j, a);
	} else if (pol_eq(key, POL_STR("answer"))) {
		job->answered = true;
		job->answer = pol_json_string(j, a);
	} else if (pol_eq(key, POL_STR("just_evaluate"))) {
		job->request.just_evaluate = pol_json_truth(j, a);
	} else if (pol_eq(key, POL_STR("assume_yes_for_ask"))) {
		job->request.assume_yes = pol_json_truth(j, a);
	} else {
		pol_json_skip(j);
	}
}

static void run_line(struct cache *cache, struct pol_str line)
{
	struct pol_json j = pol_json_init(line);
	struct pol_arena a = {.max = 4 * LINE_MAX_BYTES};
	struct job job = {.n_dirs = 0};
	struct pol_str key;

	pol_json_object(&j);
	while (pol_json_key(&j, &a, &key))
		take_key(&j, &a, &job, key);
	if (pol_json_end(&j) && job.request.source.p && job.request.target.p &&
	    job.request.service.p && job.system_info && job.n_dirs) {
		run(cache, &job);
	} else {
		printf("{\"result\": \"error\", \"file\": null, \"line\": null, "
		       "\"reason\": \"request\", \"message\": \"malformed request\"}\n");
		fprintf(stderr, "qrexec-policy-eval: malformed request: %.*s\n",
			(int)(line.n < 200 ? line.n : 200), line.p);
	}
	pol_arena_clear(&a);
}

static int batch(void)
{
	struct cache cache = {0};
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct pol_str text = {line, (size_t)n};

		if (text.p[text.n - 1] == '\n')
			text.n--;
		if (text.n && text.n <= LINE_MAX_BYTES)
			run_line(&cache, text);
	}
	free(line);
	free_list(cache.policies);
	free_list(cache.sysinfos);
	return fflush(stdout) ? 1 : 0;
}

static void usage(FILE *to)
{
	fprintf(to, "Usage: qrexec-policy-eval [--policy-dir DIR]... [--compat-dir DIR]\n"
		    "           --system-info FILE [--requested-source NAME]\n"
		    "           [--answer TARGET | --answer-deny] [--just-evaluate]\n"
		    "           [--assume-yes-for-ask] SOURCE TARGET SERVICE[+ARG]\n"
		    "       qrexec-policy-eval --batch\n");
}

enum {
	OPT_POLICY_DIR = 1,
	OPT_COMPAT_DIR,
	OPT_SYSTEM_INFO,
	OPT_REQUESTED_SOURCE,
	OPT_ANSWER,
	OPT_ANSWER_DENY,
	OPT_JUST_EVALUATE,
	OPT_ASSUME_YES,
	OPT_BATCH,
};

static const struct option options[] = {
	{"policy-dir", required_argument, NULL, OPT_POLICY_DIR},
	{"compat-dir", required_argument, NULL, OPT_COMPAT_DIR},
	{"system-info", required_argument, NULL, OPT_SYSTEM_INFO},
	{"requested-source", required_argument, NULL, OPT_REQUESTED_SOURCE},
	{"answer", required_argument, NULL, OPT_ANSWER},
	{"answer-deny", no_argument, NULL, OPT_ANSWER_DENY},
	{"just-evaluate", no_argument, NULL, OPT_JUST_EVALUATE},
	{"assume-yes-for-ask", no_argument, NULL, OPT_ASSUME_YES},
	{"batch", no_argument, NULL, OPT_BATCH},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* 0, or -1 after a complaint. */
static int take_option(int opt, struct job *job, bool *ret_batch)
{
	switch (opt) {
	case OPT_POLICY_DIR:
		if (job->n_dirs == MAX_DIRS)
			return -1;
		job->dirs[job->n_dirs++] = optarg;
		return 0;
	case OPT_COMPAT_DIR:
		job->compat_dir = optarg;
		return 0;
	case OPT_SYSTEM_INFO:
		job->system_info = optarg;
		return 0;
	case OPT_REQUESTED_SOURCE:
		job->request.requested_source = pol_str(optarg);
		return 0;
	case OPT_ANSWER:
	case OPT_ANSWER_DENY:
		job->answered = true;
		job->answer = opt == OPT_ANSWER ? pol_str(optarg) : POL_NONE;
		return 0;
	case OPT_JUST_EVALUATE:
		job->request.just_evaluate = true;
		return 0;
	case OPT_ASSUME_YES:
		job->request.assume_yes = true;
		return 0;
	case OPT_BATCH:
		*ret_batch = true;
		return 0;
	default:
		return -1;
	}
}

static int single(struct job *job, char **args)
{
	static char run_dir[QUBES_PATH_MAX], etc_dir[QUBES_PATH_MAX], compat[QUBES_PATH_MAX];
	struct cache cache = {0};
	bool ok;

	if (!job->n_dirs) {
		job->dirs[job->n_dirs++] =
			qubes_path(run_dir, sizeof(run_dir), "/run/qubes/policy.d");
		job->dirs[job->n_dirs++] =
			qubes_path(etc_dir, sizeof(etc_dir), "/etc/qubes/policy.d");
	}
	if (!job->compat_dir)
		job->compat_dir = qubes_path(compat, sizeof(compat), "/etc/qubes-rpc/policy");
	if (!job->dirs[0] || !job->compat_dir)
		return 2;
	job->request.source = pol_str(args[0]);
	job->request.target = pol_str(args[1]);
	pol_request_service(&job->request, pol_str(args[2]));
	ok = run(&cache, job);
	free_list(cache.policies);
	free_list(cache.sysinfos);
	return ok && fflush(stdout) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct job job = {.n_dirs = 0};
	bool want_batch = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 'h') {
			usage(stdout);
			return 0;
		}
		if (take_option(opt, &job, &want_batch) < 0) {
			usage(stderr);
			return 2;
		}
	}
	if (want_batch && optind == argc)
		return batch();
	if (want_batch || argc - optind != 3 || !job.system_info) {
		usage(stderr);
		return 2;
	}
	return single(&job, argv + optind);
}
