/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer to the caller (eval.h; the policy socket's protocol). The reader is
 * qrexec-daemon.
 */
#include "policy/engine/eval-internal.h"

/* What an allow resolves to. */
struct route {
	struct pol_str user, target;
	struct pol_str uuid_prefix, uuid; /* p == NULL: no target_uuid */
	const struct pol_domain *remote;  /* a RemoteVM reached through target */
};

static enum pol_reason route_to_relay(const struct pol_domain *d, const struct pol_sysinfo *si,
				      struct route *rt)
{
	const struct pol_domain *relay;

	if (!d->relayvm.n)
		return POL_NO_RELAYVM;
	if (!d->transport_rpc.n)
		return POL_NO_TRANSPORT;
	relay = pol_domain_find(si, d->relayvm);
	if (!relay)
		return POL_UNDEFINED_CASE;
	rt->user = POL_NONE;
	rt->target = d->relayvm;
	rt->uuid = relay->uuid;
	rt->remote = d;
	return POL_REASON_NONE;
}

static enum pol_reason find_route(const struct pol_decision *d, const struct pol_sysinfo *si,
				  struct route *rt)
{
	const struct pol_str disp = POL_STR("@dispvm:");
	enum pol_reason bad = POL_REASON_NONE;
	const struct pol_domain *to;

	*rt = (struct route){.user = d->user, .target = d->target};
	if (pol_eq(d->source, d->target))
		return POL_LOOPBACK;
	if (pol_is_dom0(d->target)) {
		rt->target = POL_STR("dom0");
		return POL_REASON_NONE;
	}
	if (pol_starts(d->target, disp)) {
		to = pol_domain_find(si, pol_skip(d->target, disp.n));
		rt->uuid_prefix = POL_STR("@dispvm:uuid:");
	} else {
		to = pol_domain_find(si, d->target);
		rt->uuid_prefix = POL_STR("uuid:");
	}
	if (!to)
		return POL_UNDEFINED_CASE;
	rt->uuid = to->uuid;
	if (rt->uuid_prefix.n == 5 && to->type.p && pol_eq(to->type, POL_STR("RemoteVM")))
		bad = route_to_relay(to, si, rt);
	if (bad == POL_REASON_NONE && !rt->uuid.p)
		bad = POL_UNDEFINED_CASE;
	return bad;
}

static void put(struct pol_buf *b, const char *key, struct pol_str value)
{
	pol_buf_printf(b, "%s%s=", b->n ? "\n" : "", key);
	pol_buf_add(b, value);
}

static void put_service(struct pol_buf *b, const struct pol_decision *d,
			const struct pol_request *rq, const struct route *rt)
{
	put(b, "service", rt->remote->transport_rpc);
	pol_buf_add(b, POL_STR("+"));
	pol_buf_add(b, d->requested_target);
	pol_buf_add(b, POL_STR("+"));
	pol_buf_add(b, rq->service);
	pol_buf_add(b, rq->argument);
}

static void put_route(struct pol_buf *b, const struct pol_decision *d, const struct pol_request *rq,
		      const struct route *rt)
{
	put(b, "user", rt->user.n ? rt->user : POL_STR("DEFAULT"));
	put(b, "result", POL_STR("allow"));
	put(b, "target", rt->target);
	if (rt->uuid.p) {
		put(b, "target_uuid", rt->uuid_prefix);
		pol_buf_add(b, rt->uuid);
	}
	put(b, "autostart", d->autostart ? POL_STR("True") : POL_STR("False"));
	put(b, "requested_target", d->requested_target);
	if (rt->remote)
		put_service(b, d, rq, rt);
	if (rt->uuid.p && rq->requested_source.n)
		put(b, "policy_source", d->source);
}

void pol_respond(struct pol_decision *d, const struct pol_sysinfo *si, const struct pol_request *rq,
		 struct pol_buf *ret)
{
	enum pol_reason bad = POL_REASON_NONE;
	struct route rt;

	if (d->outcome == POL_ALLOW && rq->just_evaluate) {
		put(ret, "result", POL_STR("allow"));
		return;
	}
	if (d->outcome == POL_ALLOW)
		bad = find_route(d, si, &rt);
	if (bad != POL_REASON_NONE)
		eval_deny(d, bad, bad != POL_UNDEFINED_CASE);
	if (d->outcome == POL_ALLOW)
		put_route(ret, d, rq, &rt);
	else
		put(ret, "result", POL_STR("deny"));
}
