/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoder of the policy agent's requests (params.h). The writer is the policy daemon of dom0,
 * or, in a GUI qube, what dom0 sent there. Trusted, and still checked: the names end up
 * before the user's eyes.
 */
#include "policy/agent/params.h"

#include <errno.h>

#include "policy/engine/json.h"

#define GRAY 0x808080u

static bool name_ok(struct pol_str s)
{
	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return true;
}

static void take_targets(struct pol_json *j, struct agent_params *p)
{
	struct pol_str *targets = pol_arena_alloc(&p->arena, AGENT_TARGETS_MAX * sizeof(*targets));

	p->targets = targets;
	pol_json_array(j);
	while (pol_json_next(j)) {
		struct pol_str target = pol_json_string(j, &p->arena);

		if (!targets || p->n_targets == AGENT_TARGETS_MAX || !name_ok(target)) {
			j->failed = true;
			return;
		}
		targets[p->n_targets++] = target;
	}
}

/* Icons and labels come as two dictionaries; looks is their union. */
static struct agent_look *look_for(struct agent_params *p, struct agent_look *looks,
				   struct pol_str name)
{
	for (size_t i = 0; i < p->n_looks; i++)
		if (pol_eq(looks[i].name, name))
			return &looks[i];
	if (p->n_looks == AGENT_TARGETS_MAX)
		return NULL;
	looks[p->n_looks].name = name;
	return &looks[p->n_looks++];
}

static void take_looks(struct pol_json *j, struct agent_params *p, bool labels)
{
	struct agent_look *looks = (struct agent_look *)p->looks;
	struct pol_str name;

	if (!looks)
		p->looks = looks = pol_arena_alloc(&p->arena, AGENT_TARGETS_MAX * sizeof(*looks));
	pol_json_object(j);
	while (pol_json_key(j, &p->arena, &name)) {
		struct pol_str value = pol_json_string(j, &p->arena);
		struct agent_look *look = looks ? look_for(p, looks, name) : NULL;

		if (!look)
			j->failed = true;
		else if (labels)
			look->label = value;
		else
			look->icon = value;
	}
}

static enum agent_resolution take_resolution(struct pol_json *j, struct agent_params *p)
{
	static const struct pol_str words[] = {{"allow", 5}, {"deny", 4}, {"fail", 4}};
	struct pol_str text = pol_json_string(j, &p->arena);

	for (int i = 0; i < 3; i++)
		if (pol_eq(text, words[i]))
			return (enum agent_resolution)i;
	j->failed = true;
	return AGENT_FAILED;
}

static void take_key(struct pol_json *j, struct agent_params *p, struct pol_str key)
{
	if (pol_eq(key, POL_STR("source")))
		p->source = pol_json_string(j, &p->arena);
	else if (pol_eq(key, POL_STR("service")))
		p->service = pol_json_string(j, &p->arena);
	else if (pol_eq(key, POL_STR("argument")))
		p->argument = pol_json_string(j, &p->arena);
	else if (pol_eq(key, POL_STR("target")))
		p->target = pol_json_string(j, &p->arena);
	else if (pol_eq(key, POL_STR("default_target")))
		p->default_target = pol_json_string(j, &p->arena);
	else if (pol_eq(key, POL_STR("resolution")))
		p->resolution = take_resolution(j, p);
	else if (pol_eq(key, POL_STR("targets")) && !p->targets)
		take_targets(j, p);
	else if (pol_eq(key, POL_STR("icons")))
		take_looks(j, p, false);
	else if (pol_eq(key, POL_STR("labels")))
		take_looks(j, p, true);
	else
		pol_json_skip(j);
}

static int take_header(struct pol_str header, struct agent_params *p)
{
	const char *space = memchr(header.p, ' ', header.n);

	if (!space)
		return -EPROTO;
	header.n = (size_t)(space - header.p);
	if (pol_eq(header, POL_STR("policy.Ask")))
		p->which = AGENT_ASK;
	else if (pol_eq(header, POL_STR("policy.Notify")))
		p->which = AGENT_NOTIFY;
	else
		return -EPROTO;
	return 0;
}

/* A default that is not offered is no default. */
static void check_default(struct agent_params *p)
{
	for (size_t i = 0; i < p->n_targets; i++)
		if (pol_eq(p->targets[i], p->default_target))
			return;
	p->default_target = POL_NONE;
}

static int check(struct agent_params *p)
{
	if (!name_ok(p->source) || !name_ok(p->service) || !name_ok(p->argument) ||
	    p->argument.p[0] != '+')
		return -EPROTO;
	p->argument = pol_skip(p->argument, 1);
	if (p->which == AGENT_ASK && !p->n_targets)
		return -EPROTO;
	/* The caller may have named none. */
	if (p->which == AGENT_NOTIFY && p->target.n && !name_ok(p->target))
		return -EPROTO;
	check_default(p);
	return 0;
}

int agent_params_parse(struct pol_str text, struct agent_params *ret)
{
	const char *nul = text.n ? memchr(text.p, '\0', text.n) : NULL;
	struct pol_str header = text, key;
	struct pol_json j;

	*ret = (struct agent_params){.arena = {.max = 4 * AGENT_REQUEST_MAX}};
	if (!nul)
		return -EPROTO;
	header.n = (size_t)(nul - text.p);
	if (take_header(header, ret) < 0)
		return -EPROTO;
	j = pol_json_init(pol_skip(text, header.n + 1));
	pol_json_object(&j);
	while (pol_json_key(&j, &ret->arena, &key))
		take_key(&j, ret, key);
	return pol_json_end(&j) ? check(ret) : -EPROTO;
}

void agent_params_clear(struct agent_params *p)
{
	pol_arena_clear(&p->arena);
	*p = (struct agent_params){0};
}

const struct agent_look *agent_look_of(const struct agent_params *p, struct pol_str name)
{
	for (size_t i = 0; i < p->n_looks; i++)
		if (pol_eq(p->looks[i].name, name))
			return &p->looks[i];
	return NULL;
}

static bool parse_label(struct pol_str label, uint32_t *ret)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t v = 0;

	if (label.n != 8 || !pol_starts(label, POL_STR("0x")))
		return false;
	for (size_t i = 2; i < 8; i++) {
		char c = label.p[i] >= 'A' && label.p[i] <= 'F' ? label.p[i] + 32 : label.p[i];
		const char *d = c ? strchr(digits, c) : NULL;

		if (!d)
			return false;
		v = v << 4 | (uint32_t)(d - digits);
	}
	*ret = v;
	return true;
}

uint32_t agent_color(const struct agent_look *look)
{
	static const struct {
		struct pol_str name;
		uint32_t color;
	} labels[] = {
		{{"-red", 4}, 0xcc0000},    {{"-orange", 7}, 0xf57900}, {{"-yellow", 7}, 0xedd400},
		{{"-green", 6}, 0x73d216},  {{"-gray", 5}, 0x555555},	{{"-blue", 5}, 0x3465a4},
		{{"-purple", 7}, 0x75507b}, {{"-black", 6}, 0x000000},
	};
	uint32_t color;

	if (!look)
		return GRAY;
	if (parse_label(look->label, &color))
		return color;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (look->icon.n > labels[i].name.n &&
		    pol_eq(pol_skip(look->icon, look->icon.n - labels[i].name.n), labels[i].name))
			return labels[i].color;
	return GRAY;
}
