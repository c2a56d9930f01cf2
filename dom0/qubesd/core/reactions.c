// SPDX-License-Identifier: GPL-2.0-or-later
/* Which reaction goes with which event. */
#include "dom0/qubesd/core/reactions.h"

#include <string.h>

/* Those that disposables can be made of. */
#define DVM (CLASS_BIT(CLS_APP) | CLASS_BIT(CLS_STANDALONE))
#define ADMIN CLASS_BIT(CLS_ADMIN)

/* A pattern that ends in '*' is a prefix. classes: of the subject; CLASSES_GLOBAL: the system. */
static const struct {
	const char *pattern;
	unsigned classes;
	Reaction fn;
} table[] = {
	/* Qubes: first what everything has, then what classes add. */
	{"property-set:label", CLASSES_QUBE, r_icon},
	{"property-set:template_for_dispvms", CLASSES_QUBE, r_icon},
	{"property-pre-set:kernel", CLASSES_QUBE, r_kernel_exists},
	{"property-pre-set:autostart", CLASSES_QUBE, r_autostart},
	{"property-pre-reset:autostart", CLASSES_QUBE, r_autostart},
	{"property-pre-set:maxmem", CLASSES_QUBE, r_maxmem_pre_set},
	{"property-set:guivm", CLASSES_QUBE, r_guivm},
	{"property-reset:guivm", CLASSES_QUBE, r_guivm},
	{"property-set:audiovm", CLASSES_QUBE, r_audiovm},
	{"property-reset:audiovm", CLASSES_QUBE, r_audiovm},
	{"property-set:relayvm", CLASSES_VM, r_relayvm},
	{"property-reset:relayvm", CLASSES_VM, r_relayvm},
	{"property-set:keyboard_layout", CLASSES_LOCAL, r_keyboard},
	{"property-reset:keyboard_layout", CLASSES_LOCAL, r_keyboard},
	{"property-pre-reset:netvm", CLASSES_QUBE, r_netvm_pre_reset},
	{"property-pre-set:netvm", CLASSES_QUBE, r_netvm_pre_set},
	{"property-set:netvm", CLASSES_QUBE, r_netvm_set},
	{"property-reset:netvm", CLASSES_QUBE, r_netvm_reset},
	{"property-set:ip", CLASSES_QUBE, r_ip},
	{"property-reset:ip", CLASSES_QUBE, r_ip},
	{"property-set:ip6", CLASSES_QUBE, r_ip6},
	{"property-reset:ip6", CLASSES_QUBE, r_ip6},
	{"property-pre-set:template_for_dispvms", DVM, r_dvm_pre_set},
	{"property-pre-reset:template_for_dispvms", DVM, r_dvm_pre_set},
	{"property-set:provides_network", CLASSES_QUBE, r_servicevm},
	{"property-reset:provides_network", CLASSES_QUBE, r_servicevm},
	{"property-set:provides_network", CLASSES_QUBE, r_provides_network},
	{"property-set:template_for_dispvms", DVM, r_dvm_set},
	{"property-pre-set:template", CLASSES_TEMPLATED, r_template_pre_set},
	{"property-pre-set:template", DVM, r_dvm_template_pre_set},
	{"property-pre-reset:template", CLASSES_TEMPLATED, r_template_pre_reset},
	{"property-set:template", CLASSES_TEMPLATED, r_template_set},
	{"property-set:template", DVM, r_dvm_template_set},
	{"property-set:*", CLASS_BIT(CLS_TEMPLATE), r_template_child},
	{"property-set:appvm_default_bootmode", CLASS_BIT(CLS_TEMPLATE), r_bootmode},
	{"property-reset:appvm_default_bootmode", CLASS_BIT(CLS_TEMPLATE), r_bootmode},
	{"property-set:*", DVM, r_preload_outdated},
	{"property-reset:*", DVM, r_preload_outdated},
	{"domain-feature-pre-set:preload-dispvm-max", DVM | ADMIN, r_preload_max_pre_set},
	{"domain-feature-pre-set:preload-dispvm-delay", DVM | ADMIN, r_preload_number_pre_set},
	{"domain-feature-pre-set:preload-dispvm-threshold", ADMIN, r_preload_number_pre_set},
	{"domain-feature-set:preload-dispvm-max", DVM | ADMIN, r_preload_max_set},
	{"domain-feature-delete:preload-dispvm-max", DVM | ADMIN, r_preload_max_delete},
	{"domain-feature-set:preload-dispvm", DVM, r_preload_list_set},
	{"domain-shutdown", DVM | CLASS_BIT(CLS_TEMPLATE), r_preload_shutdown},
	{"domain-feature-pre-set:*", CLASSES_VM, r_feature_pre_set},
	{"domain-feature-set:*", CLASSES_VM, r_feature_set},
	{"domain-feature-delete:*", CLASSES_VM, r_feature_delete},
	{"domain-tag-add:created-by-*", CLASSES_VM, r_created_by},
	{"domain-pre-start", CLASSES_QUBE, r_pre_start},
	{"domain-pre-shutdown", CLASSES_QUBE, r_netvm_pre_shutdown},
	{"domain-qdb-create", CLASSES_QUBE, r_netvm_qdb},
	{"domain-pre-spawn", CLASSES_QUBE, r_net_pre_spawn},
	{"domain-start", CLASSES_QUBE, r_net_start},
	{"domain-shutdown", CLASSES_QUBE, r_net_shutdown},
	{"firewall-changed", CLASSES_QUBE, r_firewall_changed},
	{"net-domain-connect", CLASSES_QUBE, r_net_connect},
	{"domain-pre-shutdown", CLASSES_QUBE, r_session_pre_shutdown},
	/* The system. */
	{"property-pre-set:default_kernel", CLASSES_GLOBAL, r_kernel_exists},
	{"property-set:default_guivm", CLASSES_GLOBAL, r_default_guivm},
	{"property-set:default_audiovm", CLASSES_GLOBAL, r_default_audiovm},
	{"property-pre-set:default_netvm", CLASSES_GLOBAL, r_default_netvm_pre_set},
	{"property-set:default_netvm", CLASSES_GLOBAL, r_default_netvm_set},
	{"property-set:default_dispvm", CLASSES_GLOBAL, r_default_dispvm},
	{"property-reset:default_dispvm", CLASSES_GLOBAL, r_default_dispvm},
	{"property-set:default_dispvm", CLASSES_GLOBAL, r_preload_default_dispvm},
	{"property-reset:default_dispvm", CLASSES_GLOBAL, r_preload_default_dispvm},
	{"property-pre-set:clockvm", CLASSES_GLOBAL, r_clockvm_pre_set},
	{"property-set:clockvm", CLASSES_GLOBAL, r_clockvm_set},
};

static bool matches(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return !strncmp(pattern, name, n - 1);
	return !strcmp(pattern, name);
}

bool reactions_run(App *app, const Event *ev, GError **error)
{
	unsigned subject = CLASS_BIT(ev->subject ? ev->subject->h.cls : CLS_GLOBAL);

	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (!(table[i].classes & subject) || !matches(table[i].pattern, ev->name))
			continue;
		if (!table[i].fn(app, ev, error))
			return false;
	}
	return true;
}
