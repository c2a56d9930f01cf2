/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Candidates for values on the command line, as qubesd knows them (complete-values.h). */
#include "dom0/cli/complete-values.h"

#include <stdio.h>
#include <string.h>

#include "dom0/admin/vm.h"

void complete_offer(const struct completion *k, const char *word)
{
	if (g_str_has_prefix(word, k->prefix))
		printf("%s%s\n", k->before, word);
}

/* The first word of each line. */
static void offer_list(const struct completion *k, const char *dest, const char *method)
{
	g_auto(GStrv) lines = admin_list(k->admin, dest, method, NULL);

	for (char **l = lines; l && *l; l++) {
		(*l)[strcspn(*l, " ")] = 0;
		complete_offer(k, *l);
	}
}

static void offer_vms(const struct completion *k, enum complete what)
{
	g_autoptr(AdminVms) vms = admin_vms_list(k->admin, NULL);

	for (guint i = 0; vms && i < vms->list->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms->list, i);
		bool running = admin_state_running(vm->state);

		if ((what == COMPLETE_RUNNING && !running) ||
		    (what == COMPLETE_HALTED && running) ||
		    (what == COMPLETE_PAUSED && strcmp(vm->state, "Paused") != 0 &&
		     strcmp(vm->state, "Suspended") != 0) ||
		    (what == COMPLETE_TEMPLATE && strcmp(vm->klass, "TemplateVM") != 0 &&
		     strcmp(vm->klass, "AppVM") != 0))
			continue;
		complete_offer(k, vm->name);
	}
}

static void offer_volumes(const struct completion *k)
{
	const char *colon = strchr(k->prefix, ':');
	g_autofree char *vm = colon ? g_strndup(k->prefix, (gsize)(colon - k->prefix)) : NULL;
	g_auto(GStrv) names = vm ? admin_list(k->admin, vm, "admin.vm.volume.List", NULL) : NULL;

	if (!vm)
		offer_vms(k, COMPLETE_VM);
	for (char **n = names; n && *n; n++) {
		g_autofree char *full = g_strdup_printf("%s:%s", vm, *n);

		complete_offer(k, full);
	}
}

/* Services that are set, and those that this qube's system says it has. */
static void offer_services(const struct completion *k)
{
	static const char *const prefixes[] = {"service.", "supported-service."};
	g_auto(GStrv) names =
		admin_list(k->admin, k->vm ? k->vm : "dom0", "admin.vm.feature.List", NULL);

	for (char **n = names; n && *n; n++)
		for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
			if (g_str_has_prefix(*n, prefixes[i]))
				complete_offer(k, *n + strlen(prefixes[i]));
}

/* Qubes, and after "QUBE:" its devices. */
static void offer_devices(const struct completion *k)
{
	const char *colon = strchr(k->prefix, ':');
	g_autofree char *vm = colon ? g_strndup(k->prefix, (gsize)(colon - k->prefix)) : NULL;
	g_autofree char *method = g_strdup_printf("admin.vm.device.%s.Available",
						  k->devclass ? k->devclass : "block");
	g_auto(GStrv) lines = vm ? admin_list(k->admin, vm, method, NULL) : NULL;

	if (!vm)
		offer_vms(k, COMPLETE_VM);
	for (char **l = lines; l && *l; l++) {
		g_autofree char *full = g_strdup_printf("%s:%.*s", vm, (int)strcspn(*l, ": "), *l);

		if (**l)
			complete_offer(k, full);
	}
}

/* What fits the type of the property named before. */
static void offer_property_values(const struct completion *k, bool global)
{
	g_autofree char *text =
		k->property ? admin_call(k->admin, global || !k->vm ? "dom0" : k->vm,
					 global ? "admin.property.Get" : "admin.vm.property.Get",
					 k->property, NULL, NULL)
			    : NULL;
	g_autoptr(AdminProp) p = text ? admin_prop_parse(k->property, text, NULL) : NULL;

	if (!p)
		return;
	if (p->type == ADMIN_BOOL) {
		complete_offer(k, "True");
		complete_offer(k, "False");
	} else if (p->type == ADMIN_LABEL) {
		complete_values(k, COMPLETE_LABEL);
	} else if (p->type == ADMIN_VM) {
		offer_vms(k, COMPLETE_VM);
		complete_offer(k, "none");
	} else if (*p->value && !strpbrk(p->value, " \n")) {
		complete_offer(k, p->value);
	}
}

void complete_values(const struct completion *k, enum complete what)
{
	switch (what) {
	case COMPLETE_VM:
	case COMPLETE_RUNNING:
	case COMPLETE_HALTED:
	case COMPLETE_PAUSED:
	case COMPLETE_TEMPLATE:
		offer_vms(k, what);
		break;
	case COMPLETE_PROPERTY:
		offer_list(k, k->vm ? k->vm : "dom0", "admin.vm.property.List");
		break;
	case COMPLETE_GLOBAL:
		offer_list(k, "dom0", "admin.property.List");
		break;
	case COMPLETE_FEATURE:
		offer_list(k, k->vm ? k->vm : "dom0", "admin.vm.feature.List");
		break;
	case COMPLETE_TAG:
		offer_list(k, k->vm ? k->vm : "dom0", "admin.vm.tag.List");
		break;
	case COMPLETE_LABEL:
		offer_list(k, "dom0", "admin.label.List");
		break;
	case COMPLETE_CLASS:
		offer_list(k, "dom0", "admin.vmclass.List");
		break;
	case COMPLETE_POOL:
		offer_list(k, "dom0", "admin.pool.List");
		break;
	case COMPLETE_DRIVER:
		offer_list(k, "dom0", "admin.pool.ListDrivers");
		break;
	case COMPLETE_DEVCLASS:
		offer_list(k, "dom0", "admin.deviceclass.List");
		break;
	case COMPLETE_VOLUME:
		offer_volumes(k);
		break;
	case COMPLETE_DEVICE:
		offer_devices(k);
		break;
	case COMPLETE_SERVICE:
		offer_services(k);
		break;
	case COMPLETE_SWITCH:
		complete_offer(k, "on");
		complete_offer(k, "off");
		break;
	case COMPLETE_VALUE:
	case COMPLETE_GLOBAL_VALUE:
		offer_property_values(k, what == COMPLETE_GLOBAL_VALUE);
		break;
	case COMPLETE_FILE:
		puts(":files"); /* the shell knows them */
		break;
	case COMPLETE_NONE:
		break;
	}
}
