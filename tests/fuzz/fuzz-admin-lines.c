/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz harness: the texts inside replies: qubes, properties, devices, firewall rules. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/admin/device.h"
#include "dom0/admin/firewall.h"
#include "dom0/admin/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What we write we understand, and it says the same. */
static void fuzz_written(const struct assignment *a)
{
	g_autofree char *payload = assignment_payload(a);
	g_autofree char *line = g_strdup_printf("%s+%s %s", a->backend, a->port, payload);
	g_autoptr(Assignment) b = assignment_parse(line, "usb", NULL);
	g_autofree char *again = b ? assignment_payload(b) : NULL;
	g_autofree char *arg = device_qarg(a->backend, a->port, a->id);

	if (strpbrk(arg, ":*") || (b && strcmp(payload, again) != 0))
		abort();
}

static void fuzz_device(const char *line)
{
	g_autoptr(Device) d = device_parse(line, "backend", "usb", NULL);
	g_autoptr(Assignment) a = assignment_parse(line, "usb", NULL);
	g_autofree char *description = device_description(d);

	if (!*description)
		abort();
	device_denied(d, "u03****b******");
	if (a)
		fuzz_written(a);
}

static void fuzz_rules(const char *text)
{
	g_autoptr(GPtrArray) rules = fw_rules_parse(text, NULL);
	g_autofree char *out = rules ? fw_rules_text(rules) : NULL;
	g_autoptr(GPtrArray) again = out ? fw_rules_parse(out, NULL) : NULL;
	g_autofree char *out2 = again ? fw_rules_text(again) : NULL;

	/* The standard form of a rule is its own standard form. */
	if (out && (!out2 || strcmp(out, out2) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(AdminVms) vms = admin_vms_parse(text);
	g_autoptr(GPtrArray) props = admin_props_parse(text, NULL);

	for (guint i = 0; props && i < props->len; i++)
		admin_prop_show(g_ptr_array_index(props, i));
	g_free(admin_state_field(text, "power_state"));
	admin_vms_suggest(vms, "work");
	fuzz_device(text);
	fuzz_rules(text);
	return 0;
}
