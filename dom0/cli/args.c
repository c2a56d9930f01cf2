/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parser of command lines (args.h). The input is what the user typed. First every argument
 * becomes a token (tokens.h); then options, and runs of positionals between them, take
 * their tokens in turn.
 */
#include "dom0/cli/args.h"

#include <string.h>

#include "dom0/cli/tokens.h"

#define POS_MAX 16

G_DEFINE_QUARK(qubes - args - error, args_error)

struct parser {
	const struct command *cmd;
	struct args *args;
	const struct token *t; /* n tokens, of which the first `at` are done */
	guint n, at;
	const struct pos *pos[POS_MAX]; /* those not matched yet, from next_pos on */
	guint n_pos, next_pos;
	GPtrArray *extras; /* arguments nobody wants; shared with subcommands */
	unsigned given[8]; /* groups of which something was given, and by whom */
	char *given_by[8]; /* owned */
	guint n_given;
};

static bool parse_level(const struct command *cmd, char *const *argv, struct args *args,
			GPtrArray *extras, GError **err);

static bool fail(GError **err, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool fail(GError **err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (err && !*err)
		*err = g_error_new_valist(ARGS_ERROR, 0, format, ap);
	va_end(ap);
	return false;
}

static void store(struct args *a, const char *dest, const char *value, bool replace)
{
	GPtrArray *v = g_hash_table_lookup(a->values, dest);

	if (!v) {
		v = g_ptr_array_new_with_free_func(g_free);
		g_ptr_array_add(v, NULL);
		g_hash_table_insert(a->values, g_strdup(dest), v);
	}
	g_ptr_array_set_size(v, replace ? 0 : (gint)v->len - 1);
	if (value) {
		g_ptr_array_add(v, g_strdup(value));
		g_hash_table_insert(a->places, v->pdata[v->len - 1],
				    GUINT_TO_POINTER(++a->n_stored));
	}
	g_ptr_array_add(v, NULL);
}

/* Notes who was given of a group; false when somebody else of it was given before. */
static bool enter_group(struct parser *p, unsigned group, const char *who, GError **err)
{
	if (!group)
		return true;
	for (guint i = 0; i < p->n_given; i++) {
		if (p->given[i] != group)
			continue;
		if (!strcmp(p->given_by[i], who))
			return true;
		return fail(err, "argument %s: not allowed with argument %s", who, p->given_by[i]);
	}
	if (p->n_given < G_N_ELEMENTS(p->given)) {
		p->given[p->n_given] = group;
		p->given_by[p->n_given++] = g_strdup(who);
	}
	return true;
}

static bool check_value(const struct opt *o, const char *who, const char *value, GError **err)
{
	const char *digits = *value == '-' || *value == '+' ? value + 1 : value;

	if (o->choices && !word_in(o->choices, value, strlen(value)))
		return fail(err, "argument %s: invalid choice: '%s' (choose from: %s)", who, value,
			    o->choices);
	if (o->kind == OPT_INT &&
	    (!*digits || digits[strspn(digits, "0123456789")] || strlen(digits) > 18))
		return fail(err, "argument %s: invalid number: '%s'", who, value);
	return true;
}

/* Stores an option with the n values it got. */
static bool take_option(struct parser *p, const struct opt *o, const char *const *v, guint n,
			GError **err)
{
	g_autofree char *dest = opt_dest(o);
	g_autofree char *who = opt_label(o);
	bool keep = o->kind == OPT_LIST || o->kind == OPT_COUNT;

	if (!enter_group(p, o->group, who, err))
		return false;
	if (!n)
		store(p->args, dest, o->kind == OPT_CONST ? o->constant : "", !keep);
	for (guint i = 0; i < n; i++) {
		if (!check_value(o, who, v[i], err))
			return false;
		store(p->args, dest, v[i], !keep && i == 0);
	}
	return true;
}

/* Takes an option whose values are the value tokens at p->at. */
static bool take_values(struct parser *p, const struct opt *o, GError **err)
{
	guint min = o->kind < OPT_VALUE || o->kind == OPT_MAYBE ? 0 : o->kind == OPT_PAIR ? 2 : 1;
	guint max = o->kind == OPT_SOME ? G_MAXUINT : o->kind == OPT_MAYBE ? 1 : min;
	g_autoptr(GPtrArray) v = g_ptr_array_new();
	g_autofree char *who = opt_label(o);

	while (v->len < max && p->at < p->n && p->t[p->at].kind == TOKEN_VALUE)
		g_ptr_array_add(v, (gpointer)p->t[p->at++].text);
	if (v->len >= min)
		return take_option(p, o, (const char *const *)v->pdata, v->len, err);
	if (min == 2)
		return fail(err, "argument %s: expected 2 arguments", who);
	return fail(err, "argument %s: expected %s argument", who,
		    o->kind == OPT_SOME ? "at least one" : "one");
}

/* The option at p->at, with what is written together with it: "--a=b", "-ab", "-xyz". */
static bool take_token(struct parser *p, GError **err)
{
	const struct token *t = &p->t[p->at++];
	const struct opt *o = t->opt;
	const char *value = t->value;

	if (!o) {
		g_ptr_array_add(p->extras, (gpointer)t->text);
		return true;
	}
	while (value) {
		g_autofree char *who = opt_label(o);
		char name[3] = {'-', *value, 0};

		if (o->kind == OPT_PAIR)
			return fail(err, "argument %s: expected 2 arguments", who);
		if (o->kind >= OPT_VALUE)
			return take_option(p, o, &value, 1, err);
		/* A flag: the rest of "-xyz" are more of them. */
		o = t->is_short && *value ? opt_exact(p->cmd, name, 2) : NULL;
		if (!o)
			return fail(err, "argument %s: unexpected value '%s'", who, value);
		if (!take_option(p, opt_exact(p->cmd, t->text, 2), NULL, 0, err))
			return false;
		value = value[1] ? value + 1 : NULL;
	}
	return take_values(p, o, err);
}

static bool take_command(struct parser *p, const struct pos *pos, const struct token *t, guint n,
			 GError **err)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GString) names = g_string_new(NULL);
	const char *name = t[0].kind == TOKEN_DASHES ? t[1].text : t[0].text;

	for (guint i = t[0].kind == TOKEN_DASHES ? 2 : 1; i < n; i++)
		g_ptr_array_add(argv, (gpointer)t[i].text);
	g_ptr_array_add(argv, NULL);
	p->args->sub = command_sub(p->cmd, name);
	if (p->args->sub)
		return parse_level(p->args->sub, (char *const *)argv->pdata, p->args, p->extras,
				   err);
	for (const struct command *s = p->cmd->subs; s->name; s++)
		g_string_append_printf(names, "%s%s", names->len ? ", " : "", s->name);
	return fail(err, "argument %s: invalid choice: '%s' (choose from: %s)", pos->metavar, name,
		    names->str);
}

/* Gives the n tokens at t to a positional. */
static bool take_pos(struct parser *p, const struct pos *pos, const struct token *t, guint n,
		     GError **err)
{
	bool dashes_gone = pos->kind == POS_REST;
	guint stored = 0;

	if (pos->kind == POS_COMMAND)
		return !n || take_command(p, pos, t, n, err);
	for (guint i = 0; i < n; i++) {
		/* The first "--" only separates, unless everything is passed on. */
		if (!dashes_gone && !strcmp(t[i].text, "--")) {
			dashes_gone = true;
			continue;
		}
		store(p->args, pos->dest, t[i].text, stored++ == 0);
	}
	/* A lone "--" where something is required is that something. */
	if (!stored && (pos->kind == POS_ONE || pos->kind == POS_SOME))
		store(p->args, pos->dest, "--", true);
	return !stored || enter_group(p, pos->group, pos->metavar, err);
}

/* Gives the tokens at p->at to as many positionals as possible. */
static bool take_positionals(struct parser *p, GError **err)
{
	guint taken[POS_MAX] = {0};
	guint m = tokens_match(p->pos + p->next_pos, p->n_pos - p->next_pos, p->t + p->at,
			       p->n - p->at, taken);

	for (guint i = 0; i < m; i++) {
		const struct pos *pos = p->pos[p->next_pos++];
		const struct token *t = p->t + p->at;

		p->at += taken[i];
		if (!take_pos(p, pos, t, taken[i], err))
			return false;
	}
	return true;
}

/* True when an option was given that asks for something on its own. */
static bool is_alone(const struct parser *p)
{
	const struct opt *o;
	guint i = 0;

	while ((o = command_opt(p->cmd, &i))) {
		g_autofree char *dest = o->alone ? opt_dest(o) : NULL;

		if (dest && args_has(p->args, dest))
			return true;
	}
	return false;
}

static bool check_required(struct parser *p, GError **err)
{
	g_autoptr(GString) missing = g_string_new(NULL);

	if (is_alone(p))
		return true;
	for (guint i = p->next_pos; i < p->n_pos; i++)
		if (p->pos[i]->kind == POS_ONE || p->pos[i]->kind == POS_SOME)
			g_string_append_printf(missing, "%s%s", missing->len ? ", " : "",
					       p->pos[i]->metavar);
	if (missing->len)
		return fail(err, "the following arguments are required: %s", missing->str);
	if (p->cmd->flags & CMD_VMS && !args_has(p->args, "all_domains") &&
	    !args_has(p->args, "vmnames"))
		return fail(err, "one of the arguments --all VMNAME is required");
	return true;
}

/* Help and version win over every error that comes later on the line. */
static bool stop_for_help(struct parser *p)
{
	p->args->help = args_has(p->args, "help");
	p->args->version = args_has(p->args, "version");
	if (p->args->help && !p->args->help_of)
		p->args->help_of = p->cmd;
	return p->args->help || p->args->version;
}

/* Values that no positional wants, up to the next option. */
static void skip_unwanted(struct parser *p)
{
	while (p->at < p->n && p->t[p->at].kind != TOKEN_OPTION)
		g_ptr_array_add(p->extras, (gpointer)p->t[p->at++].text);
}

static bool parse_tokens(struct parser *p, GError **err)
{
	while (p->at < p->n) {
		guint before = p->at;

		if (p->t[p->at].kind == TOKEN_OPTION) {
			if (!take_token(p, err))
				return false;
			if (stop_for_help(p))
				return true;
			continue;
		}
		if (!take_positionals(p, err))
			return false;
		if (stop_for_help(p))
			return true;
		if (p->at == before)
			skip_unwanted(p);
	}
	return take_positionals(p, err) && check_required(p, err);
}

static bool parse_level(const struct command *cmd, char *const *argv, struct args *args,
			GPtrArray *extras, GError **err)
{
	g_autoptr(GArray) tokens = tokens_make(cmd, argv, err);
	struct parser p = {.cmd = cmd, .args = args, .extras = extras};
	bool ok;

	if (!tokens)
		return false;
	p.t = (const struct token *)(void *)tokens->data;
	p.n = tokens->len;
	while (p.n_pos < POS_MAX && (p.pos[p.n_pos] = command_pos(cmd, p.n_pos)))
		p.n_pos++;
	ok = parse_tokens(&p, err);
	for (guint i = 0; i < p.n_given; i++)
		g_free(p.given_by[i]);
	return ok;
}

struct args *args_parse(const struct command *cmd, char *const *argv, GError **err)
{
	g_autoptr(GPtrArray) extras = g_ptr_array_new();
	struct args *a = g_new0(struct args, 1);
	bool ok;

	a->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  (GDestroyNotify)g_ptr_array_unref);
	a->places = g_hash_table_new(NULL, NULL);
	ok = parse_level(cmd, argv, a, extras, err);
	if (ok && extras->len && !a->help && !a->version) {
		g_ptr_array_add(extras, NULL);
		g_autofree char *text = g_strjoinv(" ", (char **)extras->pdata);

		ok = fail(err, "unrecognized arguments: %s", text);
	}
	if (ok)
		return a;
	args_free(a);
	return NULL;
}

void args_free(struct args *a)
{
	if (!a)
		return;
	g_hash_table_unref(a->values);
	g_hash_table_unref(a->places);
	g_free(a);
}

const char *const *args_all(const struct args *a, const char *dest)
{
	static const char *const none[] = {NULL};
	GPtrArray *v = g_hash_table_lookup(a->values, dest);

	return v ? (const char *const *)v->pdata : none;
}

guint args_place(const struct args *a, const char *value)
{
	return value ? GPOINTER_TO_UINT(g_hash_table_lookup(a->places, value)) : 0;
}

guint args_count(const struct args *a, const char *dest)
{
	GPtrArray *v = g_hash_table_lookup(a->values, dest);

	return v ? v->len - 1 : 0;
}

bool args_has(const struct args *a, const char *dest)
{
	return args_count(a, dest) > 0;
}

const char *args_get(const struct args *a, const char *dest)
{
	guint n = args_count(a, dest);

	return n ? args_all(a, dest)[n - 1] : NULL;
}

gint64 args_int(const struct args *a, const char *dest, gint64 dflt)
{
	const char *v = args_get(a, dest);

	return v ? g_ascii_strtoll(v, NULL, 10) : dflt;
}
