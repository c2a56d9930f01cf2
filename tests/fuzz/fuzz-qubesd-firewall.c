// SPDX-License-Identifier: GPL-2.0-or-later
/* Firewall rules and firewall.xml: any bytes. A rule that was accepted is accepted unchanged. */
#include "dom0/qubesd/core/firewall.h"
#include "dom0/qubesd/hypervisor/hypervisor.h"
#include "dom0/qubesd/storage/storage.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Asked for by error.c; there is no storage and no hypervisor here. */
GQuark storage_error_quark(void)
{
	return 0;
}

GQuark hypervisor_error_quark(void)
{
	return 0;
}

static void stable(const char *rule)
{
	char *again = firewall_rule(rule, NULL);

	if (!again || strcmp(again, rule) || strchr(rule, '\n') || strpbrk(rule, "<>&\""))
		abort();
	g_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = g_strndup((const char *)data, size);
	char *rule = firewall_rule(text, NULL);
	GPtrArray *rules = firewall_from_xml((const char *)data, size, NULL);

	if (rule)
		stable(rule);
	for (guint i = 0; rules && i < rules->len; i++)
		stable(g_ptr_array_index(rules, i));
	if (rules)
		g_ptr_array_unref(rules);
	g_free(rule);
	g_free(text);
	return 0;
}
