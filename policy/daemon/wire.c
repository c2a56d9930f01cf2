/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoders of the policy daemon (wire.h). The writers of requests are qrexec-daemons, which
 * pass on names from qubes; of Eval calls, qubes themselves; of events, qubesd; of answers,
 * the policy agent, which may be in a GUI qube.
 */
#include "policy/daemon/wire.h"

#include <errno.h>

static bool is_ascii(struct pol_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80 || !s.p[i])
			return false;
	return true;
}

enum key { K_SOURCE, K_TARGET, K_SERVICE, K_ASSUME_YES, K_JUST_EVALUATE, K_REQUESTED, K_COUNT };

static const struct pol_str keys[] = {
	[K_SOURCE] = {"source", 6},
	[K_TARGET] = {"intended_target", 15},
	[K_SERVICE] = {"service_and_arg", 15},
	[K_ASSUME_YES] = {"assume_yes_for_ask", 18},
	[K_JUST_EVALUATE] = {"just_evaluate", 13},
	[K_REQUESTED] = {"requested_source", 16},
};

static int take_line(struct pol_str line, struct pol_str *values)
{
	const char *eq = memchr(line.p, '=', line.n);
	struct pol_str key;

	if (!eq || !is_ascii(line))
		return -EPROTO;
	key = (struct pol_str){line.p, (size_t)(eq - line.p)};
	for (int k = 0; k < K_COUNT; k++) {
		if (!pol_eq(key, keys[k]))
			continue;
		if (values[k].p)
			return -EPROTO;
		values[k] = pol_skip(line, key.n + 1);
		return 0;
	}
	return -EPROTO;
}

static int take_bool(struct pol_str value, bool *ret)
{
	*ret = pol_eq(value, POL_STR("yes"));
	return !value.p || *ret || pol_eq(value, POL_STR("no")) ? 0 : -EPROTO;
}

static int finish_request(const struct pol_str *values, struct pol_request *ret)
{
	struct pol_request rq = {.source = values[K_SOURCE],
				 .target = values[K_TARGET],
				 .requested_source = values[K_REQUESTED]};

	if (!rq.source.p || !rq.target.p || !values[K_SERVICE].p ||
	    take_bool(values[K_ASSUME_YES], &rq.assume_yes) < 0 ||
	    take_bool(values[K_JUST_EVALUATE], &rq.just_evaluate) < 0)
		return -EPROTO;
	pol_request_service(&rq, values[K_SERVICE]);
	*ret = rq;
	return 0;
}

int pol_wire_request(struct pol_str untrusted_text, bool at_end, struct pol_request *ret)
{
	struct pol_str values[K_COUNT] = {POL_NONE}, rest = untrusted_text;

	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct pol_str line = rest;

		if (!end && !at_end)
			return -EAGAIN;
		if (end)
			line.n = (size_t)(end - rest.p);
		if (!line.n)
			return finish_request(values, ret);
		if (take_line(line, values) < 0)
			return -EPROTO;
		rest = pol_skip(rest, line.n + (end != NULL));
	}
	return at_end ? finish_request(values, ret) : -EAGAIN;
}

/* Length of a name, and its characters as qrexec lets them through. */
static bool name_ok(struct pol_str untrusted_name, size_t max)
{
	if (!untrusted_name.n || untrusted_name.n > max)
		return false;
	for (size_t i = 0; i < untrusted_name.n; i++) {
		char c = untrusted_name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    !(c && strchr("@_.-", c)))
			return false;
	}
	return true;
}

/* SERVICE[+ARG] SP CALLER [SP …]: the service that is asked about, and who asks. */
static int eval_header(struct pol_str header, struct pol_str service_name,
		       struct pol_wire_eval *ret)
{
	const char *space = memchr(header.p, ' ', header.n), *end;
	struct pol_str call = header, caller;

	if (!space || !is_ascii(header))
		return -EPROTO;
	call.n = (size_t)(space - header.p);
	caller = pol_skip(header, call.n + 1);
	end = memchr(caller.p, ' ', caller.n);
	if (end)
		caller.n = (size_t)(end - caller.p);
	if (!pol_starts(call, service_name) || call.n < service_name.n + 2 ||
	    call.p[service_name.n] != '+' || call.p[service_name.n + 1] == '+' || !caller.n)
		return -EPROTO;
	pol_request_service(&ret->request, pol_skip(call, service_name.n + 1));
	ret->caller = caller;
	return 0;
}

int pol_wire_eval(struct pol_str untrusted_text, bool at_end, struct pol_str service_name,
		  struct pol_wire_eval *ret)
{
	const char *nul =
		untrusted_text.n ? memchr(untrusted_text.p, '\0', untrusted_text.n) : NULL;
	struct pol_wire_eval ev = {.request = {.just_evaluate = true, .assume_yes = true}};
	struct pol_str header = untrusted_text, data;

	if (!nul)
		return at_end ? -EPROTO : -EAGAIN;
	header.n = (size_t)(nul - untrusted_text.p);
	data = pol_skip(untrusted_text, header.n + 1);
	if (data.n < POL_WIRE_EVAL_MAX && !at_end)
		return -EAGAIN;
	if (data.n > POL_WIRE_EVAL_MAX)
		data.n = POL_WIRE_EVAL_MAX;
	nul = data.n ? memchr(data.p, '\0', data.n) : NULL;
	if (!nul || eval_header(header, service_name, &ev) < 0)
		return -EPROTO;
	ev.request.source = (struct pol_str){data.p, (size_t)(nul - data.p)};
	ev.request.target = pol_skip(data, ev.request.source.n + 1);
	if (!name_ok(ev.request.source, 31) || !name_ok(ev.request.target, 63))
		return -EPROTO;
	*ret = ev;
	return 0;
}

/* Takes a NUL-terminated string; false when its end has not come. */
static bool take_string(struct pol_str *rest, struct pol_str *ret)
{
	const char *nul = rest->n ? memchr(rest->p, '\0', rest->n) : NULL;

	if (!nul)
		return false;
	*ret = (struct pol_str){rest->p, (size_t)(nul - rest->p)};
	*rest = pol_skip(*rest, ret->n + 1);
	return true;
}

int pol_wire_event(struct pol_str text, struct pol_wire_event *ret, size_t *ret_used)
{
	struct pol_str rest = text, kind, key, value;
	int incomplete = text.n > POL_WIRE_EVENT_MAX ? -EPROTO : -EAGAIN;
	struct pol_wire_event ev;

	if (text.n && text.p[0] != '1')
		return -EPROTO;
	if (!take_string(&rest, &kind))
		return incomplete;
	if (kind.n != 1)
		return -EPROTO;
	if (!take_string(&rest, &ev.subject) || !take_string(&rest, &ev.name))
		return incomplete;
	for (;;) {
		if (!take_string(&rest, &key))
			return incomplete;
		if (!key.n)
			break;
		if (!take_string(&rest, &value))
			return incomplete;
	}
	*ret = ev;
	*ret_used = text.n - rest.n;
	return 0;
}

bool pol_wire_event_matters(struct pol_str name)
{
	/* Everything else is taken to matter: asking qubesd once too often is cheap. */
	static const struct pol_str not_these[] = {
		{"vm-stats", 8},
		{"device-", 7},
		{"property-pre-", 13},
		{"backup-", 7},
		{"firewall-changed", 16},
		{"domain-qdb-", 11},
		{"domain-volume-", 14},
		{"domain-import-", 14},
		{"net-domain-connect", 18},
		{"domain-feature-pre-", 19},
	};

	for (size_t i = 0; i < sizeof(not_these) / sizeof(not_these[0]); i++)
		if (pol_starts(name, not_these[i]))
			return false;
	return true;
}

int pol_wire_answer(struct pol_str text, struct pol_str *ret_target)
{
	const struct pol_str allow = POL_STR("allow:");

	if (pol_eq(text, POL_STR("deny"))) {
		*ret_target = POL_NONE;
		return 0;
	}
	if (!pol_starts(text, allow) || !is_ascii(text) || text.n == allow.n)
		return -EPROTO;
	*ret_target = pol_skip(text, allow.n);
	return 0;
}
