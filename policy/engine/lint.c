/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line-by-line judgement of policy text (lint.h). Pure. Include paths are held to what the
 * policy.* services can edit: files of the policy folder and of its include folder, spelled
 * plainly.
 */
#include "policy/engine/lint.h"

#include <stdlib.h>

#include "policy/engine/rule.h"

static bool say(struct pol_buf *why, const char *text)
{
	pol_buf_add(why, pol_str(text));
	return false;
}

/* path as Python's PurePosixPath spells it: no "." components, no doubled slashes. */
static struct pol_str normal_path(struct pol_str path, struct pol_arena *a)
{
	char *out = pol_arena_alloc(a, path.n + 2);
	size_t n = 0;

	if (!out)
		return POL_NONE;
	if (path.n && path.p[0] == '/')
		out[n++] = '/';
	while (path.n) {
		const char *slash = memchr(path.p, '/', path.n);
		struct pol_str part = {path.p, slash ? (size_t)(slash - path.p) : path.n};

		path = pol_skip(path, part.n + (slash != NULL));
		if (!part.n || pol_eq(part, POL_STR(".")))
			continue;
		if (n && out[n - 1] != '/')
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
	}
	if (!n)
		out[n++] = '.';
	return (struct pol_str){out, n};
}

static size_t slashes(struct pol_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '/';
	return n;
}

/* written: the path as the line spells it before substitutions; p == NULL: it had none. */
static bool check_path(struct pol_str path, struct pol_str written, struct pol_buf *why)
{
	struct pol_arena a = {0};
	struct pol_str normal = normal_path(path, &a);
	size_t deep = slashes(normal);
	bool ok = false;

	if (!normal.p) {
		say(why, "out of memory");
	} else if (deep && (deep > 1 || !pol_starts(normal, POL_STR("include/")))) {
		pol_buf_printf(why,
			       "invalid path %.*s, only paths inside the directories "
			       "/etc/qubes/policy.d and /etc/qubes/policy.d/include are considered",
			       POL_ARG(normal));
	} else if (!written.p || !pol_eq(normal, written)) {
		say(why, "no such policy file: ");
		pol_buf_repr(why, normal);
	} else {
		ok = true;
	}
	pol_arena_clear(&a);
	return ok;
}

/* Takes up to 3 parameters; returns how many there are (4: more). */
static size_t params(struct pol_str line, struct pol_str *ret)
{
	struct pol_str word;
	size_t n = 0;

	while (n < 4 && pol_word(&line, &word)) {
		if (n < 3)
			ret[n] = word;
		n++;
	}
	return n;
}

static bool lint_include_service(struct pol_str *p, struct pol_buf *why)
{
	struct pol_service ignored;

	return pol_service_parse(p[0], p[1], &ignored, why) && check_path(p[2], p[2], why);
}

/* A line of today's format that starts with "!". */
static bool lint_directive(struct pol_str line, struct pol_buf *why)
{
	struct pol_str word, p[3];
	size_t n;

	pol_word(&line, &word);
	n = params(line, p);
	if (pol_eq(word, POL_STR("!include")))
		return n == 1 ? check_path(p[0], p[0], why) : say(why, "invalid number of params");
	if (pol_eq(word, POL_STR("!include-dir")))
		return n == 1 ? true : say(why, "invalid number of params");
	if (pol_eq(word, POL_STR("!include-service")))
		return n == 3 ? lint_include_service(p, why) : say(why, "invalid number of params");
	if (pol_eq(word, POL_STR("!compat-4.0")))
		return n == 0 ? true : say(why, "invalid number of params");
	return say(why, "invalid directive");
}

/* The path that the line names before substitutions, if it is a plain !include. */
static struct pol_str written_path(struct pol_str line)
{
	struct pol_str word, p[3];

	if (!pol_word(&line, &word) || !pol_eq(word, POL_STR("!include")))
		return POL_NONE;
	return params(line, p) == 1 ? p[0] : POL_NONE;
}

static bool lint_old(struct pol_str line, struct pol_str original, struct pol_buf *why)
{
	const struct pol_service any = {POL_NONE, POL_NONE};
	struct pol_str word, p[3], rest = line;
	struct pol_rule rule;

	if (line.p[0] != '!')
		return pol_rule_parse_old(line, &any, &rule, why);
	pol_word(&rest, &word);
	if (!pol_eq(word, POL_STR("!include")))
		return say(why, "invalid directive");
	if (params(rest, p) != 1)
		return say(why, "invalid number of params");
	return check_path(p[0], written_path(original), why);
}

bool pol_lint_line(struct pol_str line, bool service, struct pol_buf *why)
{
	struct pol_arena a = {0};
	struct pol_str old, word, p[3], rest = line;
	struct pol_rule rule;
	bool ok;

	if (!pol_utf8_valid(line))
		return say(why, "not UTF-8 text");
	if (!service)
		return line.p[0] == '!' ? lint_directive(line, why)
					: pol_rule_parse(line, &rule, why);
	/* Upstream's linter lets a well-formed !include-dir pass here, although the
	 * loader does not. */
	pol_word(&rest, &word);
	if (pol_eq(word, POL_STR("!include-dir")))
		return params(rest, p) == 1 ? true : say(why, "invalid number of params");
	old = pol_old_line(line, &a);
	ok = old.p ? lint_old(old, line, why) : say(why, "out of memory");
	pol_arena_clear(&a);
	return ok;
}
