/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of policy (rule.h). The text is dom0's own; errors are for its author. */
#include "policy/engine/rule.h"

static bool rpc_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("+-._", c));
}

bool pol_rpc_name_ok(struct pol_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!rpc_char(s.p[i]))
			return false;
	return true;
}

const char *pol_action_name(enum pol_action action)
{
	static const char *const names[] = {"deny", "allow", "ask"};

	return names[action];
}

#define MAX_SHOWN 64 /* different wrong characters listed in a message */

/* The wrong characters of s, sorted and once each; returns how many. */
static size_t wrong_chars(struct pol_str s, bool plus_ok, uint32_t *ret_cps)
{
	size_t n = 0;

	while (s.n && n < MAX_SHOWN) {
		uint32_t cp = 0;
		size_t len = pol_utf8(s.p, s.n, &cp), i = 0;

		len = len ? len : 1;
		if (cp >= 0x80 || !rpc_char((char)cp) || (cp == '+' && !plus_ok)) {
			while (i < n && ret_cps[i] < cp)
				i++;
			if (i == n || ret_cps[i] != cp) {
				memmove(ret_cps + i + 1, ret_cps + i, (n - i) * sizeof(cp));
				ret_cps[i] = cp;
				n++;
			}
		}
		s = pol_skip(s, len);
	}
	return n;
}

/* The character cp as it stands in s. */
static struct pol_str spelled(struct pol_str s, uint32_t cp)
{
	while (s.n) {
		uint32_t here = 0;
		size_t len = pol_utf8(s.p, s.n, &here);

		len = len ? len : 1;
		if (here == cp)
			return (struct pol_str){s.p, len};
		s = pol_skip(s, len);
	}
	return POL_STR("");
}

static bool check_chars(const char *what, struct pol_str s, bool plus_ok, struct pol_buf *why)
{
	uint32_t cps[MAX_SHOWN + 1];
	size_t n = wrong_chars(s, plus_ok, cps);

	if (!n)
		return true;
	pol_buf_printf(why, "%s ", what);
	pol_buf_repr(why, s);
	pol_buf_add(why, POL_STR(" contains invalid characters: ("));
	for (size_t i = 0; i < n; i++) {
		pol_buf_repr(why, spelled(s, cps[i]));
		pol_buf_printf(why, "%s", n == 1 ? "," : i + 1 < n ? ", " : "");
	}
	pol_buf_add(why, POL_STR(")"));
	return false;
}

bool pol_service_parse(struct pol_str service, struct pol_str argument, struct pol_service *ret,
		       struct pol_buf *why)
{
	if (pol_eq(service, POL_STR("*")))
		service = POL_NONE;
	if (service.p && !check_chars("service", service, false, why))
		return false;
	if (pol_eq(argument, POL_STR("*")))
		argument = POL_NONE;
	if (argument.p) {
		if (!check_chars("argument", argument, true, why))
			return false;
		if (!argument.n || argument.p[0] != '+') {
			pol_buf_add(why, POL_STR("argument "));
			pol_buf_repr(why, argument);
			pol_buf_add(why, POL_STR(" does not start with +"));
			return false;
		}
		if (!service.p) {
			pol_buf_add(why, POL_STR("only * argument allowed for * service"));
			return false;
		}
	}
	*ret = (struct pol_service){service, argument};
	return true;
}

enum param { P_TARGET, P_DEFAULT_TARGET, P_USER, P_NOTIFY, P_AUTOSTART, P_UNKNOWN };
#define BIT(p) (1u << (p))
#define MAX_PARAMS 32 /* there are five; keeps the search for doubles short */

static const struct pol_str param_names[] = {
	[P_TARGET] = {"target", 6},	  [P_DEFAULT_TARGET] = {"default_target", 14},
	[P_USER] = {"user", 4},		  [P_NOTIFY] = {"notify", 6},
	[P_AUTOSTART] = {"autostart", 9},
};

static const unsigned params_of[] = {
	[POL_ACTION_DENY] = BIT(P_NOTIFY),
	[POL_ACTION_ALLOW] = BIT(P_TARGET) | BIT(P_USER) | BIT(P_NOTIFY) | BIT(P_AUTOSTART),
	[POL_ACTION_ASK] = BIT(P_TARGET) | BIT(P_DEFAULT_TARGET) | BIT(P_USER) | BIT(P_NOTIFY) |
			   BIT(P_AUTOSTART),
};

static enum param param_of(struct pol_str key)
{
	enum param p = P_TARGET;

	while (p < P_UNKNOWN && !pol_eq(param_names[p], key))
		p++;
	return p;
}

static bool split_param(struct pol_str word, struct pol_str *ret_key, struct pol_str *ret_value)
{
	const char *eq = memchr(word.p, '=', word.n);

	if (!eq)
		return false;
	*ret_key = (struct pol_str){word.p, (size_t)(eq - word.p)};
	*ret_value = pol_skip(word, ret_key->n + 1);
	return true;
}

/* Whether key was already given in the text between from and word. */
static bool given_before(struct pol_str from, const char *word, struct pol_str key)
{
	struct pol_str w, k, v;

	while (pol_word(&from, &w) && w.p < word)
		if (split_param(w, &k, &v) && pol_eq(k, key))
			return true;
	return false;
}

static bool bad_params(struct pol_rule *r, struct pol_str params, struct pol_buf *why)
{
	static const char *const classes[] = {"Deny", "Allow", "Ask"};
	struct pol_str word;
	const char *comma = "";

	pol_buf_printf(why, "invalid parameters for action %s: [", classes[r->action]);
	while (pol_word(&params, &word)) {
		pol_buf_printf(why, "%s", comma);
		pol_buf_repr(why, word);
		comma = ", ";
	}
	pol_buf_add(why, POL_STR("]"));
	return false;
}

/* First pass: every parameter is KEY=VALUE and given once. Collects the values. */
static bool read_params(struct pol_str params, struct pol_str *values, bool *ret_unknown,
			struct pol_buf *why)
{
	struct pol_str rest = params, word, key, value;

	for (unsigned n = 0; pol_word(&rest, &word); n++) {
		enum param p;

		if (n == MAX_PARAMS) {
			pol_buf_add(why, POL_STR("too many action parameters"));
			return false;
		}
		if (!split_param(word, &key, &value)) {
			pol_buf_add(why, POL_STR("invalid action parameter syntax: "));
			pol_buf_repr(why, word);
			return false;
		}
		if (given_before(params, word.p, key)) {
			pol_buf_add(why, POL_STR("parameter given twice: "));
			pol_buf_repr(why, key);
			return false;
		}
		p = param_of(key);
		if (p == P_UNKNOWN)
			*ret_unknown = true;
		else
			values[p] = value;
	}
	return true;
}

static bool read_bool(enum param p, struct pol_str value, bool *ret, struct pol_buf *why)
{
	if (!value.p)
		return true;
	if (!pol_eq(value, POL_STR("yes")) && !pol_eq(value, POL_STR("no"))) {
		pol_buf_repr(why, param_names[p]);
		pol_buf_add(why, POL_STR(" is "));
		pol_buf_repr(why, value);
		pol_buf_add(why, POL_STR(", but can be only 'yes' or 'no'"));
		return false;
	}
	*ret = pol_eq(value, POL_STR("yes"));
	return true;
}

static bool parse_params(struct pol_rule *r, struct pol_str params, struct pol_buf *why)
{
	struct pol_str values[P_UNKNOWN] = {POL_NONE};
	bool unknown = false;

	r->notify = r->action == POL_ACTION_DENY;
	r->autostart = true;
	if (!read_params(params, values, &unknown, why) ||
	    !read_bool(P_NOTIFY, values[P_NOTIFY], &r->notify, why) ||
	    !read_bool(P_AUTOSTART, values[P_AUTOSTART], &r->autostart, why))
		return false;
	for (enum param p = P_TARGET; p < P_UNKNOWN; p++)
		unknown |= values[p].p && !(params_of[r->action] & BIT(p));
	if (unknown)
		return bad_params(r, params, why);
	if (values[P_TARGET].p &&
	    !pol_token_parse(values[P_TARGET], POL_IN_REDIRECT, &r->redirect, why))
		return false;
	if (values[P_DEFAULT_TARGET].p &&
	    !pol_token_parse(values[P_DEFAULT_TARGET], POL_IN_REDIRECT, &r->default_target, why))
		return false;
	r->user = values[P_USER];
	return true;
}

static bool parse_action(struct pol_rule *r, struct pol_str action, struct pol_buf *why)
{
	for (r->action = POL_ACTION_DENY; r->action <= POL_ACTION_ASK; r->action++)
		if (pol_eq(pol_str(pol_action_name(r->action)), action))
			return true;
	pol_buf_printf(why, "invalid action: %.*s", POL_ARG(action));
	return false;
}

/* Everything from the source column on; service and argument are set. */
static bool parse_rest(struct pol_str line, struct pol_rule *r, struct pol_buf *why)
{
	struct pol_str source, target, action;

	pol_word(&line, &source);
	pol_word(&line, &target);
	pol_word(&line, &action);
	if (!pol_token_parse(source, POL_IN_SOURCE, &r->source, why) ||
	    !pol_token_parse(target, POL_IN_TARGET, &r->target, why) ||
	    !parse_action(r, action, why) || !parse_params(r, line, why))
		return false;
	if (r->target.kind == POL_TOKEN_DEFAULT && r->action == POL_ACTION_ALLOW &&
	    r->redirect.kind == POL_TOKEN_NONE) {
		pol_buf_add(why,
			    POL_STR("allow action for @default rule must specify target= option"));
		return false;
	}
	return true;
}

/* No name holds a NUL, and nothing that reads our answers could cope with one. */
static bool enough_fields(struct pol_str line, size_t want, struct pol_buf *why)
{
	struct pol_str rest = line, word;
	size_t n = 0;

	while (n < want && pol_word(&rest, &word))
		n++;
	if (n < want)
		pol_buf_add(why, POL_STR("wrong number of fields"));
	else if (memchr(line.p, '\0', line.n))
		pol_buf_add(why, POL_STR("NUL byte"));
	else
		return true;
	return false;
}

bool pol_rule_parse(struct pol_str line, struct pol_rule *ret, struct pol_buf *why)
{
	struct pol_str service, argument;
	struct pol_service checked;

	if (!enough_fields(line, 5, why))
		return false;
	pol_word(&line, &service);
	pol_word(&line, &argument);
	if (!pol_service_parse(service, argument, &checked, why))
		return false;
	*ret = (struct pol_rule){.service = checked.service, .argument = checked.argument};
	return parse_rest(line, ret, why);
}

bool pol_rule_parse_old(struct pol_str line, const struct pol_service *service,
			struct pol_rule *ret, struct pol_buf *why)
{
	if (!enough_fields(line, 3, why))
		return false;
	*ret = (struct pol_rule){.service = service->service, .argument = service->argument};
	return parse_rest(line, ret, why);
}

struct pol_str pol_old_line(struct pol_str line, struct pol_arena *a)
{
	const struct pol_str old = POL_STR("$include:"), new = POL_STR("!include ");
	char *out = pol_arena_alloc(a, line.n + 1);
	size_t n = line.n;

	if (!out)
		return POL_NONE;
	for (size_t i = 0; i < n;) {
		struct pol_str here = pol_skip(line, i);

		/* Both spellings have the same length. */
		if (pol_starts(here, old)) {
			memcpy(out + i, new.p, new.n);
			i += new.n;
			continue;
		}
		out[i] = here.p[0] == '$' ? '@' : here.p[0] == ',' ? ' ' : here.p[0];
		i++;
	}
	out[n] = '\0';
	return (struct pol_str){out, n};
}
