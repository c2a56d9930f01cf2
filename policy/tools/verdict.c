/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decisions as JSON (verdict.h). No peer. */
#include "policy/tools/verdict.h"

#include <stdbool.h>

#include "policy/engine/json.h"

static void put_key(struct pol_buf *b, const char *key)
{
	pol_buf_printf(b, "%s\"%s\": ", b->p[b->n - 1] == '{' ? "" : ", ", key);
}

void put_string(struct pol_buf *b, const char *key, struct pol_str value)
{
	put_key(b, key);
	pol_json_put(b, value);
}

static void put_bool(struct pol_buf *b, const char *key, bool value)
{
	put_key(b, key);
	pol_buf_printf(b, "%s", value ? "true" : "false");
}

void put_line(struct pol_buf *b, const char *key, unsigned line)
{
	put_key(b, key);
	if (line)
		pol_buf_printf(b, "%u", line);
	else
		pol_buf_printf(b, "null");
}

static void put_rule(struct pol_buf *b, const struct pol_rule *r)
{
	if (!r)
		return;
	put_key(b, "rule");
	pol_buf_printf(b, "{");
	put_string(b, "file", r->file->shown);
	put_line(b, "line", r->line);
	pol_buf_printf(b, "}");
}

void put_error(struct pol_buf *b, const struct pol_error *e)
{
	bool quiet = e->kind == POL_ERROR_SYNTAX || e->kind == POL_ERROR_ENCODING;

	put_string(b, "result", POL_STR("error"));
	put_string(b, "file", pol_str(e->shown));
	put_line(b, "line", e->line);
	put_string(b, "reason", quiet ? POL_STR("policy-syntax") : POL_STR("policy-load"));
	put_string(b, "message", pol_str(e->message ? e->message : "out of memory"));
	put_bool(b, "notify", !quiet);
}

static void put_ask(struct pol_buf *b, const struct pol_decision *d)
{
	put_key(b, "targets_for_ask");
	pol_buf_printf(b, "[");
	for (size_t i = 0; i < d->n_targets; i++) {
		pol_buf_printf(b, "%s", i ? ", " : "");
		pol_json_put(b, d->targets[i]);
	}
	pol_buf_printf(b, "]");
	put_string(b, "default_target", d->default_target);
}

void put_decision(struct pol_buf *b, const struct pol_decision *d, const struct pol_buf *response)
{
	static const char *const words[] = {"deny", "allow", "ask"};

	put_string(b, "result", pol_str(words[d->outcome]));
	put_bool(b, "notify", d->notify);
	put_rule(b, d->rule);
	if (d->outcome == POL_DENY) {
		put_string(b, "reason", pol_str(pol_reason_word(d->reason)));
		put_string(b, "message", pol_str(pol_reason_text(d->reason)));
		return;
	}
	put_string(b, "user", d->user);
	put_bool(b, "autostart", d->autostart);
	if (d->outcome == POL_ASK) {
		put_ask(b, d);
		return;
	}
	put_string(b, "target", d->target);
	put_string(b, "response", (struct pol_str){response->p, response->n});
}
