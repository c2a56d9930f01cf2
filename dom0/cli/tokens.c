/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of a command line, and which positional takes which of them (tokens.h). Pure. */
#include "dom0/cli/tokens.h"

#include <string.h>

#include "dom0/cli/args.h"

const struct opt *opt_exact(const struct command *cmd, const char *name, size_t n)
{
	guint i = 0;

	for (const struct opt *o; (o = command_opt(cmd, &i));)
		if (word_in(o->names, name, n))
			return o;
	return NULL;
}

char *opt_dest(const struct opt *o)
{
	const char *name = o->names + strspn(o->names, "-");

	if (o->dest)
		return g_strdup(o->dest);
	return g_strdelimit(g_strndup(name, strcspn(name, " ")), "-", '_');
}

char *opt_label(const struct opt *o)
{
	return g_strdelimit(g_strdup(o->names), " ", '/');
}

/* Options of which one long name starts with the n bytes at prefix. Counts, keeps one. */
static guint abbreviated(const struct command *cmd, const char *prefix, size_t n,
			 const struct opt **ret, GString *names)
{
	guint i = 0, found = 0;

	for (const struct opt *o; (o = command_opt(cmd, &i));) {
		g_auto(GStrv) words = g_strsplit(o->names, " ", -1);

		for (char **w = words; *w; w++) {
			if (o->in_full || strncmp(*w, prefix, n) != 0)
				continue;
			g_string_append_printf(names, "%s%s", found ? ", " : "", *w);
			*ret = o;
			found++;
		}
	}
	return found;
}

static bool looks_like_number(const char *s)
{
	const char *p = s + 1;

	p += strspn(p, "0123456789");
	if (*p == '.' && p[1])
		p += 1 + strspn(p + 1, "0123456789");
	return !*p && p > s + 1;
}

/* What an argument before "--" is; false for an ambiguous abbreviation. */
static bool classify(const struct command *cmd, struct token *t, GError **err)
{
	g_autoptr(GString) names = g_string_new(NULL);
	const char *eq = strchr(t->text, '=');
	bool is_long = g_str_has_prefix(t->text, "--");
	size_t n = is_long && eq ? (size_t)(eq - t->text) : strlen(t->text);

	t->kind = TOKEN_VALUE;
	if (t->text[0] != '-' || !t->text[1])
		return true;
	t->opt = opt_exact(cmd, t->text, n);
	if (t->opt) {
		t->value = is_long && eq ? eq + 1 : NULL;
	} else if (is_long && !(cmd->flags & CMD_NO_ABBREV)) {
		t->value = eq ? eq + 1 : NULL;
		if (abbreviated(cmd, t->text, n, &t->opt, names) > 1) {
			g_set_error(err, ARGS_ERROR, 0, "ambiguous option: %s could match %s",
				    t->text, names->str);
			return false;
		}
	} else if (!is_long) {
		t->opt = opt_exact(cmd, t->text, 2);
		t->value = t->text + (t->text[2] == '=' ? 3 : 2);
	}
	if (!t->opt && (looks_like_number(t->text) || strchr(t->text, ' ')))
		return true;
	t->kind = TOKEN_OPTION;
	t->is_short = !is_long;
	return true;
}

GArray *tokens_make(const struct command *cmd, char *const *argv, GError **err)
{
	GArray *out = g_array_new(FALSE, TRUE, sizeof(struct token));
	bool dashes = false;

	for (char *const *a = argv; *a; a++) {
		struct token t = {.kind = TOKEN_VALUE, .text = *a};

		if (!dashes && !strcmp(*a, "--")) {
			dashes = true;
			t.kind = TOKEN_DASHES;
		} else if (!dashes && !classify(cmd, &t, err)) {
			g_array_unref(out);
			return NULL;
		}
		g_array_append_val(out, t);
	}
	return out;
}

/* Whether a positional of this kind can take exactly these n tokens. */
static bool fits(enum pos_kind kind, const struct token *t, guint n)
{
	guint values = 0;

	if (kind == POS_REST)
		return true;
	if (kind == POS_COMMAND) {
		if (n && t->kind == TOKEN_DASHES)
			return n > 1;
		return n && t->kind == TOKEN_VALUE;
	}
	for (guint i = 0; i < n; i++) {
		if (t[i].kind == TOKEN_OPTION)
			return false;
		values += t[i].kind == TOKEN_VALUE;
	}
	switch (kind) {
	case POS_ONE:
		return values == 1;
	case POS_OPTIONAL:
		return values <= 1;
	case POS_SOME:
		return values >= 1;
	default:
		return true;
	}
}

/* Matches all of pos[0..n), the longest share for the first one that lets the rest match. */
static bool match_all(const struct pos *const *pos, guint n, const struct token *t, guint n_tokens,
		      guint *ret_taken)
{
	guint max = 0;

	if (!n)
		return true;
	while (max < n_tokens && (t[max].kind != TOKEN_OPTION || pos[0]->kind == POS_REST ||
				  (pos[0]->kind == POS_COMMAND && max > 0)))
		max++;
	for (guint take = max + 1; take-- > 0;)
		if (fits(pos[0]->kind, t, take) &&
		    match_all(pos + 1, n - 1, t + take, n_tokens - take, ret_taken + 1)) {
			ret_taken[0] = take;
			return true;
		}
	return false;
}

guint tokens_match(const struct pos *const *pos, guint n, const struct token *t, guint n_tokens,
		   guint *ret_taken)
{
	while (n && !match_all(pos, n, t, n_tokens, ret_taken))
		n--;
	return n;
}
