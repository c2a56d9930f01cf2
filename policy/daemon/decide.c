/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a call is decided (call.h): policy and state of the qubes, the user's word where the
 * policy wants it, the log, the answer. The request's names come from qubes and are untrusted;
 * they reach the log only after cleaning and the answer only when they name something.
 */
#include <errno.h>
#include <glib.h>

#include "policy/daemon/call-internal.h"

#define SHOWN_MAX 128 /* characters of a name in the log */

/* Appends a name, every byte that is not plain printed as "_". */
static void put_clean(GString *s, struct pol_str untrusted_name)
{
	size_t n = MIN(untrusted_name.n, SHOWN_MAX);

	for (size_t i = 0; i < n; i++) {
		char c = untrusted_name.p[i];

		g_string_append_c(s, c > ' ' && c < 0x7f ? c : '_');
	}
	if (n < untrusted_name.n)
		g_string_append(s, "...");
}

void call_log(const struct call *c, const char *what, struct pol_str detail)
{
	const struct pol_request *rq = &c->asked.request;
	const struct pol_rule *rule = c->decision.rule;
	g_autoptr(GString) s = g_string_new("qrexec: ");

	put_clean(s, rq->service);
	put_clean(s, rq->argument);
	g_string_append(s, ": ");
	if (rq->requested_source.n) {
		put_clean(s, rq->requested_source);
		g_string_append(s, " (through ");
	}
	put_clean(s, rq->source);
	g_string_append(s, rq->requested_source.n ? ") -> " : " -> ");
	put_clean(s, rq->target.n ? rq->target : POL_STR("@default"));
	g_string_append_printf(s, ": %s", what);
	if (detail.p) {
		g_string_append_c(s, ' ');
		g_string_append_len(s, detail.p, (gssize)detail.n);
	}
	if (rule && rule->line)
		g_string_append_printf(s, " (%s:%u)", rule->file->path.p, rule->line);
	else if (rule)
		g_string_append_printf(s, " (%s)", rule->file->path.p);
	g_message("%s", s->str);
}

static struct pol_str guivm_of(const struct call *c, struct pol_str name)
{
	const struct pol_domain *d = pol_domain_find(c->info, name);

	return d ? d->guivm : POL_NONE;
}

static void tell_user(struct call *c)
{
	const struct pol_request *rq = &c->asked.request;
	const struct pol_decision *d = &c->decision;
	bool allowed = d->outcome == POL_ALLOW;
	struct pol_str about = allowed ? d->source : rq->source;
	struct pol_str guivm = guivm_of(c, about);

	if (!d->notify || rq->just_evaluate || !guivm.n)
		return;
	agent_notify(&c->service->agent, guivm, allowed ? "allow" : "deny", rq, about,
		     allowed ? d->target : rq->target);
}

/* Only what qrexec-daemon can read may leave; a policy's user= may hold anything. */
static bool sendable(const struct pol_buf *response)
{
	for (size_t i = 0; i < response->n; i++)
		if (response->p[i] != '\n' && (response->p[i] < ' ' || response->p[i] >= 0x7f))
			return false;
	return !response->failed && response->n && response->n < RESPONSE_MAX;
}

/* The decision stands: log, notify, answer. */
static void conclude(struct call *c, struct pol_buf *response)
{
	struct pol_decision *d = &c->decision;

	if (d->outcome == POL_ALLOW && !sendable(response)) {
		d->outcome = POL_DENY;
		d->reason = POL_UNDEFINED_CASE;
	}
	if (d->outcome == POL_ALLOW)
		call_log(c, "allowed to", d->target);
	else
		call_log(c, "denied:", pol_str(pol_reason_text(d->reason)));
	tell_user(c);
	if (d->outcome != POL_ALLOW) {
		pol_buf_clear(response);
		pol_buf_add(response, POL_STR("result=deny"));
	}
	if (c->kind != CALL_POLICY)
		pol_buf_add(response, POL_STR("\n"));
	call_answer(c, (struct pol_str){response->p, response->n});
}

static void conclude_new(struct call *c)
{
	struct pol_buf response = {0};

	pol_respond(&c->decision, c->info, &c->asked.request, &response);
	conclude(c, &response);
	pol_buf_clear(&response);
}

static void refuse(struct call *c, const char *why)
{
	call_log(c, "denied:", pol_str(why));
	call_answer(c, c->kind == CALL_POLICY ? POL_STR("result=deny") : POL_STR("result=deny\n"));
}

/*
 * The policy changed while the user was thinking: the answer counts only if the new policy
 * would have asked the same. False when the call was refused.
 */
static bool still_asks(struct call *c)
{
	const struct pol_error *error;
	struct pol_policy *now;

	if (!store_policy(c->service->store, &now, &error) || !now) {
		refuse(c, "the policy changed while the user was asked");
		return false;
	}
	if (now == c->policy) {
		pol_policy_unref(now);
		return true;
	}
	pol_decision_clear(&c->decision);
	pol_policy_unref(c->policy);
	c->policy = now;
	pol_decide(c->policy, c->info, &c->asked.request, &c->decision);
	if (c->decision.outcome == POL_ASK)
		return true;
	refuse(c, "the policy changed while the user was asked");
	return false;
}

static const char *why_not_asked(int error)
{
	switch (error) {
	case -EPROTO:
		return "the policy agent gave no answer";
	case -ENOENT:
	case -ECONNREFUSED:
		return "no policy agent is running";
	case -ECHILD:
		return "the call to the policy agent in the GUI qube failed";
	default:
		return g_strerror(-error);
	}
}

static void user_answered(void *ctx, int error, struct pol_str reply)
{
	struct pol_str target = POL_NONE;
	struct call *c = ctx;

	c->question = NULL;
	if (!error)
		error = pol_wire_answer(reply, &target);
	if (error) {
		g_autofree char *why =
			g_strdup_printf("the user could not be asked: %s", why_not_asked(error));

		refuse(c, why);
		return;
	}
	if (!still_asks(c))
		return;
	pol_answer(&c->decision, target);
	conclude_new(c);
}

static unsigned questions_of(const struct service *s, struct pol_str source)
{
	unsigned n = 0;

	for (GList *l = s->calls.head; l; l = l->next) {
		const struct call *other = l->data;

		n += other->state == ASKING && pol_eq(other->decision.source, source);
	}
	return n;
}

static void ask(struct call *c)
{
	struct pol_str guivm = guivm_of(c, c->decision.source);

	if (!guivm.n) {
		pol_answer(&c->decision, POL_NONE);
		call_log(c, "the user cannot be asked: the source has no guivm", POL_NONE);
		conclude_new(c);
		return;
	}
	if (questions_of(c->service, c->decision.source) >= ASKS_PER_SOURCE) {
		refuse(c, "too many open questions about this qube's calls");
		return;
	}
	call_log(c, "asking the user", POL_NONE);
	c->state = ASKING;
	c->question = agent_ask(&c->service->agent, guivm, &c->decision, &c->asked.request, c->info,
				user_answered, c);
	if (!c->question)
		refuse(c, "out of memory");
}

/* policy.EvalGUI answers only the GUI qube of both ends. */
static bool may_evaluate(const struct call *c)
{
	g_autofree char *tag = NULL;
	const struct pol_domain *ends[2];

	if (c->kind != CALL_EVAL_GUI)
		return true;
	tag = g_strdup_printf("guivm-%.*s", POL_ARG(c->asked.caller));
	ends[0] = pol_domain_find(c->info, c->asked.request.source);
	ends[1] = pol_domain_find(c->info, c->asked.request.target);
	for (int i = 0; i < 2; i++)
		if (!ends[i] || !pol_domain_has_tag(ends[i], pol_str(tag)))
			return false;
	return true;
}

static void evaluate(struct call *c)
{
	struct pol_buf response = {0};

	if (!may_evaluate(c)) {
		call_log(c, "not answered: the caller is not the GUI qube of both ends", POL_NONE);
		call_answer(c, POL_STR(""));
		return;
	}
	pol_evaluate(c->policy, c->info, &c->asked.request, &c->decision, &response);
	if (c->decision.outcome == POL_ASK)
		ask(c);
	else
		conclude(c, &response);
	pol_buf_clear(&response);
}

static void refuse_all(struct call *c, const struct pol_error *error)
{
	struct pol_buf text = {0};

	pol_buf_add(&text, POL_STR("error loading policy: "));
	pol_error_text(error, &text);
	c->decision.notify = error->kind == POL_ERROR_FILE;
	tell_user(c);
	refuse(c, text.p ? text.p : "error loading policy");
	pol_buf_clear(&text);
}

void call_decide(struct call *c)
{
	const struct pol_error *error;
	int r = 1;

	if (!c->info)
		r = qubesd_info(c->service->qubesd, c->ticket, &c->info);
	if (r == 0)
		return;
	if (r < 0) {
		g_autofree char *why =
			g_strdup_printf("error getting system info from qubesd: %s",
					r == -EPROTO || r == -EINVAL ? "it gave no sensible answer"
								     : g_strerror(-r));

		refuse(c, why);
		return;
	}
	if (!store_policy(c->service->store, &c->policy, &error))
		return;
	if (c->policy)
		evaluate(c);
	else
		refuse_all(c, error);
}
