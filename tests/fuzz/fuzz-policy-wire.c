/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz harness: everything that the policy daemon and the policy agent read from sockets. The
 * first byte chooses the decoder.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/agent/params.h"
#include "policy/daemon/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool what)
{
	if (!what)
		abort();
}

static bool inside(struct pol_str part, struct pol_str whole)
{
	return !part.n || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void request(struct pol_str text)
{
	struct pol_request rq;
	int r = pol_wire_request(text, true, &rq);

	require(r == 0 || r == -EPROTO);
	if (r == 0)
		require(rq.argument.n && rq.argument.p[0] == '+' && inside(rq.source, text) &&
			inside(rq.target, text) && inside(rq.service, text));
	/* More bytes never turn a complete or malformed request into another one. */
	for (size_t n = 0; n < text.n; n++) {
		struct pol_request part;
		int early = pol_wire_request((struct pol_str){text.p, n}, false, &part);

		require(early == -EAGAIN || early == r);
	}
}

static void eval(struct pol_str text)
{
	struct pol_wire_eval ev;

	if (pol_wire_eval(text, true, POL_STR("policy.EvalSimple"), &ev) == 0)
		require(ev.request.source.n >= 1 && ev.request.source.n <= 31 &&
			ev.request.target.n >= 1 && ev.request.target.n <= 63 && ev.caller.n &&
			ev.request.service.n && ev.request.just_evaluate);
}

static void events(struct pol_str text)
{
	struct pol_wire_event ev;
	size_t used = 0;

	while (text.n && pol_wire_event(text, &ev, &used) == 0) {
		require(used && used <= text.n);
		pol_wire_event_matters(ev.name);
		text = pol_skip(text, used);
	}
}

static void answer(struct pol_str text)
{
	struct pol_str target;

	if (pol_wire_answer(text, &target) == 0 && target.p)
		require(target.n && inside(target, text));
}

static void agent(struct pol_str text)
{
	struct agent_params p;

	if (agent_params_parse(text, &p) == 0) {
		for (size_t i = 0; i < p.n_targets; i++)
			agent_color(agent_look_of(&p, p.targets[i]));
		require(p.which == AGENT_NOTIFY || p.n_targets);
	}
	agent_params_clear(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const decoders[])(struct pol_str) = {request, eval, events, answer, agent};

	if (size && size < 65536)
		decoders[data[0] % 5]((struct pol_str){(const char *)data + 1, size - 1});
	return 0;
}
