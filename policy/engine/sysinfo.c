/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System info as a table (sysinfo.h). The text comes from qubesd, which is trusted. */
#include "policy/engine/sysinfo.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/engine/json.h"

bool pol_is_uuid(struct pol_str name)
{
	return pol_starts(name, POL_STR("uuid:"));
}

bool pol_is_dom0(struct pol_str name)
{
	return pol_eq(name, POL_STR("dom0")) || pol_eq(name, POL_STR("@adminvm")) ||
	       pol_eq(name, POL_STR("uuid:00000000-0000-0000-0000-000000000000"));
}

bool pol_domain_has_tag(const struct pol_domain *d, struct pol_str tag)
{
	for (size_t i = 0; i < d->n_tags; i++)
		if (pol_eq(d->tags[i], tag))
			return true;
	return false;
}

/* While parsing, the table grows here; it is copied to the arena at the end. */
struct builder {
	struct pol_domain *domains; /* owned */
	size_t n, cap;
	struct pol_arena *arena;
};

static int read_tags(struct builder *b, struct pol_json *j, struct pol_domain *d)
{
	struct pol_json probe = *j;
	struct pol_arena scratch = {0};
	struct pol_str *tags;
	size_t n = 0;

	pol_json_array(&probe);
	while (pol_json_next(&probe)) {
		pol_json_string(&probe, &scratch);
		n++;
	}
	pol_arena_clear(&scratch);
	tags = pol_arena_alloc(b->arena, (n + 1) * sizeof(*tags));
	if (!tags)
		return -ENOMEM;
	d->n_tags = 0;
	pol_json_array(j);
	while (pol_json_next(j)) {
		struct pol_str tag = pol_json_string(j, b->arena);

		if (tag.p)
			tags[d->n_tags++] = tag;
	}
	d->tags = tags;
	return 0;
}

static int read_domain(struct builder *b, struct pol_json *j, struct pol_domain *d)
{
	const struct {
		struct pol_str key;
		struct pol_str *value;
	} strings[] = {
		{POL_STR("type"), &d->type},
		{POL_STR("default_dispvm"), &d->default_dispvm},
		{POL_STR("icon"), &d->icon},
		{POL_STR("label"), &d->label},
		{POL_STR("guivm"), &d->guivm},
		{POL_STR("relayvm"), &d->relayvm},
		{POL_STR("transport_rpc"), &d->transport_rpc},
		{POL_STR("power_state"), &d->power_state},
		{POL_STR("uuid"), &d->uuid},
	};
	struct pol_str key;
	int r = 0;

	pol_json_object(j);
	while (!r && pol_json_key(j, b->arena, &key)) {
		size_t i = 0, n = sizeof(strings) / sizeof(strings[0]);

		while (i < n && !pol_eq(key, strings[i].key))
			i++;
		if (i < n)
			*strings[i].value = pol_json_string(j, b->arena);
		else if (pol_eq(key, POL_STR("tags")))
			r = read_tags(b, j, d);
		else if (pol_eq(key, POL_STR("template_for_dispvms")))
			d->template_for_dispvms = pol_json_truth(j, b->arena);
		else if (pol_eq(key, POL_STR("internal")))
			d->internal = pol_json_truth(j, b->arena);
		else
			pol_json_skip(j);
	}
	return r ? r : j->failed ? -EINVAL : 0;
}

static struct pol_domain *add_domain(struct builder *b)
{
	struct pol_domain *bigger;

	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 64;
		bigger = realloc(b->domains, b->cap * sizeof(*bigger));
		if (!bigger)
			return NULL;
		b->domains = bigger;
	}
	return &b->domains[b->n++];
}

/* Names that look like a token would be ambiguous: no qube can be called so. */
static bool usable_name(struct pol_str name)
{
	return name.n && name.p[0] != '@' && !pol_eq(name, POL_STR("*")) && !pol_is_uuid(name) &&
	       !memchr(name.p, '\0', name.n);
}

static int read_domains(struct builder *b, struct pol_json *j)
{
	struct pol_str name;
	int r = 0;

	pol_json_object(j);
	while (!r && pol_json_key(j, b->arena, &name)) {
		struct pol_domain d = {.name = name}, *slot;

		r = read_domain(b, j, &d);
		if (r || !usable_name(name))
			continue;
		slot = add_domain(b);
		if (!slot)
			return -ENOMEM;
		*slot = d;
	}
	return r;
}

static struct pol_str key_of(const struct pol_domain *d, bool by_uuid)
{
	return by_uuid ? d->uuid : d->name;
}

/* The slot of key: its own or the free one where it belongs. */
static uint32_t *slot_of(const struct pol_sysinfo *si, bool by_uuid, struct pol_str key)
{
	uint32_t *table = by_uuid ? si->by_uuid : si->by_name;
	size_t i = pol_hash(by_uuid, key) & (si->n_slots - 1);

	while (table[i] && !pol_eq(key_of(&si->domains[table[i] - 1], by_uuid), key))
		i = (i + 1) & (si->n_slots - 1);
	return &table[i];
}

/* Builds both hash tables, dropping earlier duplicates of a name. */
static int finish(struct pol_sysinfo *si, struct builder *b)
{
	struct pol_domain *table;

	si->n_slots = 16;
	while (si->n_slots < b->n * 2)
		si->n_slots *= 2;
	table = pol_arena_alloc(&si->arena, (b->n + 1) * sizeof(*table));
	si->by_name = pol_arena_alloc(&si->arena, si->n_slots * sizeof(uint32_t));
	si->by_uuid = pol_arena_alloc(&si->arena, si->n_slots * sizeof(uint32_t));
	if (!table || !si->by_name || !si->by_uuid)
		return -ENOMEM;
	si->domains = table;
	for (size_t i = 0; i < b->n; i++) {
		uint32_t *slot = slot_of(si, false, b->domains[i].name);

		if (!*slot)
			*slot = (uint32_t)++si->n_domains;
		table[*slot - 1] = b->domains[i];
	}
	for (size_t i = 0; i < si->n_domains; i++) {
		uint32_t *slot;

		if (!table[i].uuid.p)
			continue;
		slot = slot_of(si, true, table[i].uuid);
		si->uuid_clash |= *slot != 0;
		*slot = (uint32_t)i + 1;
	}
	return 0;
}

static int parse(struct pol_sysinfo *si, struct pol_str json)
{
	struct builder b = {.arena = &si->arena};
	struct pol_json j = pol_json_init(json);
	struct pol_str key;
	bool found = false;
	int r = 0;

	pol_json_object(&j);
	while (!r && pol_json_key(&j, &si->arena, &key)) {
		if (pol_eq(key, POL_STR("domains")) && !found) {
			found = true;
			r = read_domains(&b, &j);
		} else {
			pol_json_skip(&j);
		}
	}
	if (!r && (!pol_json_end(&j) || !found))
		r = -EINVAL;
	if (!r)
		r = finish(si, &b);
	free(b.domains);
	return r;
}

int pol_sysinfo_parse(struct pol_str json, struct pol_sysinfo **ret)
{
	struct pol_sysinfo *si;
	int r;

	if (json.n > POL_SYSINFO_MAX)
		return -EMSGSIZE;
	si = calloc(1, sizeof(*si));
	if (!si)
		return -ENOMEM;
	si->refs = 1;
	si->text = malloc(json.n + 1);
	if (!si->text) {
		free(si);
		return -ENOMEM;
	}
	if (json.n)
		memcpy(si->text, json.p, json.n);
	r = parse(si, (struct pol_str){si->text, json.n});
	if (r) {
		pol_sysinfo_unref(si);
		return r;
	}
	*ret = si;
	return 0;
}

struct pol_sysinfo *pol_sysinfo_ref(struct pol_sysinfo *si)
{
	si->refs++;
	return si;
}

void pol_sysinfo_unref(struct pol_sysinfo *si)
{
	if (!si || --si->refs)
		return;
	pol_arena_clear(&si->arena);
	free(si->text);
	free(si);
}

const struct pol_domain *pol_domain_find(const struct pol_sysinfo *si, struct pol_str name)
{
	bool by_uuid = pol_is_uuid(name);
	uint32_t i;

	if (!name.p || !si->n_slots)
		return NULL;
	i = *slot_of(si, by_uuid, by_uuid ? pol_skip(name, 5) : name);
	return i ? &si->domains[i - 1] : NULL;
}
