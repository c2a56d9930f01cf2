/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy needs to know about the qubes: qubesd's answer to
 * internal.GetSystemInfo as a table. Immutable once parsed; shared by reference.
 */
#ifndef QUBES_POLICY_SYSINFO_H
#define QUBES_POLICY_SYSINFO_H

#include "policy/engine/text.h"

#define POL_SYSINFO_MAX (16u << 20) /* bytes of JSON */

/* Absent and null values are p == NULL. */
struct pol_domain {
	struct pol_str name, uuid, type, power_state;
	struct pol_str default_dispvm, guivm, relayvm, transport_rpc;
	struct pol_str icon, label; /* label: "0xrrggbb" */
	const struct pol_str *tags;
	size_t n_tags;
	bool template_for_dispvms;
	bool internal;
};

struct pol_sysinfo {
	unsigned refs;
	const struct pol_domain *domains;
	size_t n_domains;
	/* Two qubes claim one uuid (it then names the later one, as upstream's does). */
	bool uuid_clash;
	uint32_t *by_name, *by_uuid; /* hash tables of index + 1 */
	size_t n_slots;
	struct pol_arena arena;
	char *text; /* owned; strings point into it */
};

/*
 * Parses json (copied). Unknown keys are ignored; a later duplicate of a qube replaces the
 * earlier one. 0, -EINVAL when it is not what it should be, -EMSGSIZE, -ENOMEM. The new
 * object has one reference.
 */
int pol_sysinfo_parse(struct pol_str json, struct pol_sysinfo **ret);
struct pol_sysinfo *pol_sysinfo_ref(struct pol_sysinfo *si);
void pol_sysinfo_unref(struct pol_sysinfo *si);

/* By name, or by "uuid:" and a uuid. NULL when there is none. */
const struct pol_domain *pol_domain_find(const struct pol_sysinfo *si, struct pol_str name);

bool pol_domain_has_tag(const struct pol_domain *d, struct pol_str tag);

/* The three spellings of dom0 in policy and requests. */
bool pol_is_dom0(struct pol_str name);
bool pol_is_uuid(struct pol_str name); /* starts with "uuid:" */

#endif
