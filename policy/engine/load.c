/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a policy from its folders (load.h). The files are dom0's own. */
#include "policy/engine/load-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NOWHERE ((struct place){NULL, 0})

void pol_error_clear(struct pol_error *e)
{
	free(e->file);
	free(e->shown);
	free(e->message);
	*e = (struct pol_error){0};
}

void pol_error_text(const struct pol_error *e, struct pol_buf *buf)
{
	if (e->file)
		pol_buf_printf(buf, "%s:", e->file);
	if (e->line)
		pol_buf_printf(buf, "%u:", e->line);
	pol_buf_printf(buf, "%s%s", e->file || e->line ? " " : "",
		       e->message ? e->message : "out of memory");
}

int pol_each_line(struct pol_str text, int (*fn)(void *ctx, struct pol_str line, unsigned no),
		  void *ctx)
{
	struct pol_str line;
	int r = 0;

	for (unsigned no = 1; !r && pol_line(&text, &line); no++) {
		bool valid = pol_utf8_valid(line);

		if (valid)
			line = pol_strip(line);
		if (!valid || (line.n && line.p[0] != '#'))
			r = fn(ctx, line, no);
	}
	return r;
}

int load_add_rule(struct loader *l, struct pol_rule *rule, struct place at)
{
	int r;

	rule->file = at.file;
	rule->line = at.line;
	r = pol_policy_add(l->policy, rule);
	if (r == -E2BIG)
		return load_fail(l, POL_ERROR_LIMIT, at, "more than %u rules", POL_RULES_MAX);
	return r ? load_fail(l, POL_ERROR_MEMORY, at, "out of memory") : 0;
}

/* A file being read: the loader, where it is, and the service of the old format. */
struct reading {
	struct loader *l;
	const struct pol_file *file;
	const struct pol_service *service; /* NULL: today's format */
};

/* Records the message that why holds. */
static int fail_why(struct loader *l, struct place at, struct pol_buf *why)
{
	load_fail(l, POL_ERROR_SYNTAX, at, "%s", why->p ? why->p : "out of memory");
	pol_buf_clear(why);
	return -1;
}

/* Takes the parameters of a directive; false when there are not exactly want. */
static bool params(struct pol_str line, size_t want, struct pol_str *ret)
{
	struct pol_str extra;

	for (size_t i = 0; i < want; i++)
		if (!pol_word(&line, &ret[i]))
			return false;
	return !pol_word(&line, &extra);
}

/* Resolves an include path, and complains unless there is a file. */
static int find_include(struct loader *l, struct pol_str path, struct place at,
			char ret[POL_PATH_MAX])
{
	char text[POL_PATH_MAX];
	bool removed = false;

	if (path.n >= sizeof(text) || memchr(path.p, '\0', path.n))
		return load_fail(l, POL_ERROR_SYNTAX, at, "not a file: path too long");
	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	if (pol_path_resolve(l->base, text, ret) < 0)
		return load_fail(l, POL_ERROR_SYNTAX, at, "not a file: %s", text);
	if (load_is_file(l, ret, &removed))
		return 0;
	return load_fail(l, POL_ERROR_SYNTAX, at,
			 removed ? "including a file that will be removed: %s" : "not a file: %s",
			 ret);
}

static int include(struct loader *l, struct pol_str path, struct place at)
{
	char *resolved = malloc(POL_PATH_MAX);
	int r = -1;

	if (!resolved)
		return load_fail(l, POL_ERROR_MEMORY, at, "out of memory");
	if (find_include(l, path, at, resolved) == 0)
		r = load_policy_file(l, resolved);
	free(resolved);
	return r;
}

int load_include_service(struct loader *l, struct pol_str service, struct pol_str argument,
			 const char *path, struct place at)
{
	struct pol_service checked;
	struct pol_buf why = {0};
	char *resolved;
	int r = -1;

	if (!pol_service_parse(service, argument, &checked, &why))
		return fail_why(l, at, &why);
	resolved = malloc(POL_PATH_MAX);
	if (!resolved)
		return load_fail(l, POL_ERROR_MEMORY, at, "out of memory");
	if (find_include(l, pol_str(path), at, resolved) == 0)
		r = load_service_file(l, &checked, resolved);
	free(resolved);
	return r;
}

/* The same for a path that is not NUL-terminated. */
static int include_service(struct loader *l, struct pol_str service, struct pol_str argument,
			   struct pol_str path, struct place at)
{
	char *text = memchr(path.p, '\0', path.n) ? NULL : strndup(path.p, path.n);
	int r;

	if (!text)
		return load_fail(l, POL_ERROR_SYNTAX, at, "not a file");
	r = load_include_service(l, service, argument, text, at);
	free(text);
	return r;
}

static int load_dir_files(struct loader *l, const char *dir)
{
	struct names names = {0};
	int r = load_policy_files(l, dir, &names);

	for (size_t i = 0; !r && i < names.n; i++)
		r = load_policy_file(l, names.v[i]);
	load_names_free(&names);
	return r;
}

static int include_dir(struct loader *l, struct pol_str path, struct place at)
{
	char *text = strndup(path.p, path.n), *dir = malloc(POL_PATH_MAX);
	struct stat st;
	int r;

	if (!text || !dir)
		r = load_fail(l, POL_ERROR_MEMORY, at, "out of memory");
	else if (strlen(text) != path.n || pol_path_resolve(l->base, text, dir) < 0 ||
		 stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
		r = load_fail(l, POL_ERROR_SYNTAX, at, "not a directory: %s", text);
	else
		r = load_dir_files(l, dir);
	free(text);
	free(dir);
	return r;
}

static int directive(struct reading *rd, struct pol_str line, struct place at)
{
	struct pol_str word, p[3];
	struct loader *l = rd->l;
	bool ok;

	pol_word(&line, &word);
	if (pol_eq(word, POL_STR("!include"))) {
		ok = params(line, 1, p);
		if (ok && rd->service)
			return include_service(
				l, rd->service->service.p ? rd->service->service : POL_STR("*"),
				rd->service->argument.p ? rd->service->argument : POL_STR("*"),
				p[0], at);
		if (ok)
			return include(l, p[0], at);
	} else if (rd->service) {
		return load_fail(l, POL_ERROR_SYNTAX, at, "invalid directive");
	} else if (pol_eq(word, POL_STR("!include-dir"))) {
		if (params(line, 1, p))
			return include_dir(l, p[0], at);
	} else if (pol_eq(word, POL_STR("!include-service"))) {
		if (params(line, 3, p))
			return include_service(l, p[0], p[1], p[2], at);
	} else if (pol_eq(word, POL_STR("!compat-4.0"))) {
		if (params(line, 0, p))
			return load_compat(l, at);
	} else {
		return load_fail(l, POL_ERROR_SYNTAX, at, "invalid directive");
	}
	return load_fail(l, POL_ERROR_SYNTAX, at, "invalid number of params");
}

static int read_line(void *ctx, struct pol_str line, unsigned no)
{
	struct reading *rd = ctx;
	struct place at = {rd->file, no};
	struct pol_arena scratch = {0};
	struct pol_buf why = {0};
	struct pol_rule rule;
	int r;

	if (!pol_utf8_valid(line))
		return load_fail(rd->l, POL_ERROR_ENCODING, at, "not UTF-8 text");
	if (rd->service) {
		line = pol_old_line(line, &scratch);
		if (!line.p)
			return load_fail(rd->l, POL_ERROR_MEMORY, at, "out of memory");
	}
	if (line.p[0] == '!')
		r = directive(rd, line, at);
	else if (rd->service ? pol_rule_parse_old(line, rd->service, &rule, &why)
			     : pol_rule_parse(line, &rule, &why))
		r = load_add_rule(rd->l, &rule, at);
	else
		r = fail_why(rd->l, at, &why);
	pol_arena_clear(&scratch);
	return r;
}

static int read_file(struct loader *l, const char *path, const struct pol_service *service)
{
	struct reading rd = {.l = l, .service = service};
	char *text = NULL;
	size_t len;
	int r;

	if (l->depth == POL_INCLUDE_DEPTH)
		return load_fail(l, POL_ERROR_LIMIT, NOWHERE,
				 "%s: includes nested more than %u deep: does it include itself?",
				 path, POL_INCLUDE_DEPTH);
	if (load_read(l, path, &text, &len) < 0)
		return -1;
	rd.file = load_file_entry(l, path);
	l->depth++;
	r = rd.file ? pol_each_line((struct pol_str){text, len}, read_line, &rd)
		    : load_fail(l, POL_ERROR_MEMORY, NOWHERE, "out of memory");
	l->depth--;
	free(text);
	return r;
}

int load_policy_file(struct loader *l, const char *path)
{
	return read_file(l, path, NULL);
}

int load_service_file(struct loader *l, const struct pol_service *service, const char *path)
{
	return read_file(l, path, service);
}

static int compare_base(const void *a, const void *b)
{
	return strcmp(pol_path_base(*(char *const *)a), pol_path_base(*(char *const *)b));
}

/* The files of all folders that are not shadowed, in the order they are read. */
static int top_files(struct loader *l, struct names *ret)
{
	for (size_t i = 0; i < l->options->n_dirs; i++) {
		struct names here = {0};
		size_t before = ret->n;
		int r = load_policy_files(l, l->options->dirs[i], &here);

		for (size_t j = 0; !r && j < here.n; j++) {
			bool shadowed = false;

			for (size_t k = 0; k < before; k++)
				shadowed |= compare_base(&ret->v[k], &here.v[j]) == 0;
			if (!shadowed && load_names_add(ret, here.v[j]) < 0)
				r = load_fail(l, POL_ERROR_MEMORY, NOWHERE, "out of memory");
		}
		load_names_free(&here);
		if (r)
			return r;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_base);
	return 0;
}

static int load_all(struct loader *l)
{
	struct names files = {0};
	int r = top_files(l, &files);

	for (size_t i = 0; !r && i < files.n; i++) {
		char *base = strdup(files.v[i]);

		if (!base) {
			r = load_fail(l, POL_ERROR_MEMORY, NOWHERE, "out of memory");
			break;
		}
		*strrchr(base, '/') = '\0';
		l->base = base;
		r = load_policy_file(l, files.v[i]);
		l->base = NULL;
		free(base);
	}
	load_names_free(&files);
	return r;
}

int pol_load(const struct pol_load *options, struct pol_policy **ret, struct pol_error *ret_error)
{
	struct loader l = {.options = options, .error = ret_error};
	int r;

	*ret_error = (struct pol_error){0};
	l.policy = pol_policy_new();
	if (!l.policy)
		return load_fail(&l, POL_ERROR_MEMORY, NOWHERE, "out of memory");
	r = load_all(&l);
	if (!r && pol_policy_finish(l.policy) < 0)
		r = load_fail(&l, POL_ERROR_MEMORY, NOWHERE, "out of memory");
	if (r)
		pol_policy_unref(l.policy);
	else
		*ret = l.policy;
	return r;
}
