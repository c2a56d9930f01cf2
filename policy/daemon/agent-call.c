/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to the policy agent (agent-call.h). The agent is dom0's, or a GUI qube's, which
 * is trusted with what the user sees and answers, and with nothing else.
 */
#include "policy/daemon/agent-call.h"

#include <glib.h>

#include "policy/daemon/wire.h"
#include "policy/engine/json.h"

#define NOTIFY_TIMEOUT_MS 5000

static void put(struct pol_buf *b, const char *key, struct pol_str value)
{
	pol_buf_printf(b, "%s\"%s\": ", b->p[b->n - 1] == '{' ? "" : ", ", key);
	pol_json_put(b, value);
}

static struct exchange *call(struct agent *agent, struct pol_str guivm, bool notify,
			     const struct pol_buf *json, unsigned timeout_ms, exchange_done done,
			     void *ctx)
{
	struct pol_buf message = {0};
	struct exchange *x;

	if (!pol_is_dom0(guivm))
		return exchange_qube(agent->starter, notify, guivm,
				     (struct pol_str){json->p, json->n}, POL_WIRE_ANSWER_MAX,
				     timeout_ms, done, ctx);
	pol_buf_printf(&message, "policy.%s dom0 name dom0", notify ? "Notify" : "Ask");
	pol_buf_add(&message, (struct pol_str){"", 1});
	pol_buf_add(&message, (struct pol_str){json->p, json->n});
	x = message.failed ? NULL
			   : exchange_socket(agent->socket, (struct pol_str){message.p, message.n},
					     POL_WIRE_ANSWER_MAX, timeout_ms, done, ctx);
	pol_buf_clear(&message);
	return x;
}

/* A new disposable wears its template's icon, as a disposable. */
static void put_dispvm_icon(struct pol_buf *b, struct pol_str icon)
{
	g_autofree char *text = g_strndup(icon.p ? icon.p : "", icon.n);
	g_auto(GStrv) parts = g_strsplit(text, "app", -1);
	g_autofree char *disp = g_strjoinv("disp", parts);

	pol_json_put(b, pol_str(disp));
}

enum looks { ICONS, LABELS };

static void put_look(struct pol_buf *b, enum looks which, struct pol_str target,
		     const struct pol_sysinfo *si)
{
	const struct pol_str disp = POL_STR("@dispvm:");
	bool is_disp = pol_starts(target, disp);
	const struct pol_domain *d =
		pol_domain_find(si, is_disp ? pol_skip(target, disp.n) : target);

	if (!d)
		return;
	pol_buf_printf(b, "%s", b->p[b->n - 1] == '{' ? "" : ", ");
	pol_json_put(b, target);
	pol_buf_printf(b, ": ");
	if (which == LABELS)
		pol_json_put(b, d->label);
	else if (is_disp)
		put_dispvm_icon(b, d->icon);
	else
		pol_json_put(b, d->icon);
}

/* Icon names, and label colors, which upstream's agent does not know and ignores. */
static void put_looks(struct pol_buf *b, enum looks which, const struct pol_decision *d,
		      const struct pol_sysinfo *si)
{
	pol_buf_printf(b, ", \"%s\": {", which == ICONS ? "icons" : "labels");
	put_look(b, which, d->source, si);
	for (size_t i = 0; i < d->n_targets; i++)
		if (!pol_eq(d->targets[i], d->source))
			put_look(b, which, d->targets[i], si);
	pol_buf_printf(b, "}");
}

struct exchange *agent_ask(struct agent *agent, struct pol_str guivm, const struct pol_decision *d,
			   const struct pol_request *rq, const struct pol_sysinfo *si,
			   exchange_done done, void *ctx)
{
	struct pol_buf b = {0};
	struct exchange *x;

	pol_buf_printf(&b, "{");
	put(&b, "source", d->source);
	put(&b, "service", rq->service);
	put(&b, "argument", rq->argument);
	pol_buf_printf(&b, ", \"targets\": [");
	for (size_t i = 0; i < d->n_targets; i++) {
		pol_buf_printf(&b, "%s", i ? ", " : "");
		pol_json_put(&b, d->targets[i]);
	}
	pol_buf_printf(&b, "]");
	put(&b, "default_target", d->default_target.p ? d->default_target : POL_STR(""));
	put_looks(&b, ICONS, d, si);
	put_looks(&b, LABELS, d, si);
	pol_buf_printf(&b, "}");
	x = b.failed ? NULL : call(agent, guivm, false, &b, 0, done, ctx);
	pol_buf_clear(&b);
	return x;
}

/* ctx is the notice's place in the agent. */
static void notified(void *ctx, int error, struct pol_str reply)
{
	struct exchange **slot = ctx;

	*slot = NULL;
}

static struct exchange **free_slot(struct agent *agent)
{
	for (unsigned i = 0; i < AGENT_NOTICES_MAX; i++)
		if (!agent->notices[i])
			return &agent->notices[i];
	return NULL;
}

void agent_notify(struct agent *agent, struct pol_str guivm, const char *resolution,
		  const struct pol_request *rq, struct pol_str source, struct pol_str target)
{
	struct exchange **slot = free_slot(agent);
	struct pol_buf b = {0};

	if (!slot)
		return;
	pol_buf_printf(&b, "{");
	put(&b, "resolution", pol_str(resolution));
	put(&b, "service", rq->service);
	put(&b, "argument", rq->argument);
	put(&b, "source", source);
	put(&b, "target", target);
	pol_buf_printf(&b, "}");
	if (!b.failed)
		*slot = call(agent, guivm, true, &b, NOTIFY_TIMEOUT_MS, notified, slot);
	pol_buf_clear(&b);
}

void agent_clear(struct agent *agent)
{
	for (unsigned i = 0; i < AGENT_NOTICES_MAX; i++) {
		exchange_cancel(agent->notices[i]);
		agent->notices[i] = NULL;
	}
}
