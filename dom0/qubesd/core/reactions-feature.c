// SPDX-License-Identifier: GPL-2.0-or-later
/* Reactions to features and tags, and to the beginning and end of a run. */
#include "dom0/qubesd/core/reactions.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/run.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define VM_CONFIG_MAX 52

static bool check_service(const char *service, GError **error)
{
	if (!*service)
		return fail(error, E_VALUE, "Service name cannot be empty");
	if (!strcmp(service, ".") || !strcmp(service, "..") || strchr(service, '/'))
		return fail(error, E_VALUE, "Service name '%s' is not valid", service);
	if (strlen(service) > SERVICE_NAME_MAX && !g_str_has_prefix(service, "app-dispvm."))
		return fail(error, E_VALUE, "Service name must not exceed %d bytes",
			    SERVICE_NAME_MAX);
	return true;
}

static bool check_vm_config(const char *key, GError **error)
{
	if (strlen(key) > VM_CONFIG_MAX)
		return fail(error, E_VALUE, "VM config name must not exceed %d bytes",
			    VM_CONFIG_MAX);
	if (!g_ascii_isalpha(*key))
		return fail(error, E_VALUE, "Config name must start with an ASCII letter");
	return true;
}

static bool check_ipv4(const char *feature, const char *value, GError **error)
{
	unsigned char raw[4];

	/* The length of a prefix will do as well. */
	if (!strcmp(feature, "net.fake-netmask") && *value && strlen(value) <= 2 &&
	    !value[strspn(value, "0123456789")] && atoi(value) <= 32)
		return true;
	return !*value || inet_pton(AF_INET, value, raw) == 1 ||
	       fail(error, E_VALUE, "Value of %s is not an IPv4 address", feature);
}

REACTION(r_feature_pre_set)
{
	const char *f = ev->key;

	if (ev->subject->h.cls == CLS_REMOTE)
		return true; /* nothing of it is acted upon here */
	if (g_str_has_prefix(f, "service."))
		return check_service(f + strlen("service."), error);
	if (g_str_has_prefix(f, "vm-config."))
		return check_vm_config(f + strlen("vm-config."), error);
	if (!strcmp(f, "net.fake-ip") || !strcmp(f, "net.fake-gateway") ||
	    !strcmp(f, "net.fake-netmask"))
		return check_ipv4(f, ev->value, error);
	return true;
}

/* An old way to say maxmem. */
static bool meminfo_writer(Domain *d, const char *value, GError **error)
{
	const PropDef *def = prop_def(&d->h, P_maxmem);
	Value zero = value_int(0);

	if (def && !(*value ? prop_reset(&d->h, def, error) : prop_set(&d->h, def, &zero, error)))
		return false;
	return feature_remove(d, "service.meminfo-writer", error);
}

/* Its own default, and that of the qubes based on it. */
static void appvm_bootmode(Domain *t)
{
	prop_fire_reset(t, P_appvm_default_bootmode, NULL);
	for (guint i = 0; i < t->h.app->domains->len; i++) {
		Domain *d = g_ptr_array_index(t->h.app->domains, i);

		if (prop_vm(&d->h, P_template) == t && prop_is_default(&d->h, P_bootmode))
			prop_fire_reset(d, P_bootmode, NULL);
	}
}

REACTION(r_feature_set)
{
	Domain *d = ev->subject;
	const char *f = ev->key;
	bool same = ev->oldvalue && !strcmp(ev->oldvalue, ev->value);

	if (!strcmp(f, "service.meminfo-writer") && d->h.cls != CLS_REMOTE)
		return meminfo_writer(d, ev->value, error);
	if (!strcmp(f, "boot-mode.active") && !same && prop_def(&d->h, P_bootmode) &&
	    prop_is_default(&d->h, P_bootmode))
		prop_fire_reset(d, P_bootmode, NULL);
	if (!strcmp(f, "boot-mode.appvm-default") && !same && d->h.cls == CLS_TEMPLATE &&
	    prop_is_default(&d->h, P_appvm_default_bootmode))
		appvm_bootmode(d);
	qdb_feature_changed(d, f);
	return true;
}

REACTION(r_feature_delete)
{
	if (strcmp(ev->key, "service.meminfo-writer") || ev->subject->h.cls == CLS_REMOTE)
		qdb_feature_changed(ev->subject, ev->key);
	return true;
}

/* A qube may ask that what it creates is marked, or shown by someone else. */
REACTION(r_created_by)
{
	const char *creator_name = ev->key + strlen("created-by-");
	Domain *creator = app_domain(app, creator_name), *guivm;
	const char *tags = creator ? feature_get(creator, "tag-created-vm-with") : NULL;
	const char *gui = creator ? feature_get(creator, "set-created-guivm") : NULL;
	g_auto(GStrv) list = g_strsplit(tags ? tags : "", " ", -1);

	for (char **t = list; *t; t++)
		if (name_check_tag(*t, NULL))
			tag_add(ev->subject, *t, NULL);
	guivm = feature_true(gui) ? app_domain(app, gui) : NULL;
	if (guivm && prop_def(&ev->subject->h, P_guivm)) {
		Value v = value_vm(guivm);

		return prop_set(&ev->subject->h, prop_def(&ev->subject->h, P_guivm), &v, error);
	}
	return true;
}

REACTION(r_pre_start)
{
	if (tag_has(ev->subject, "backup-restore-in-progress"))
		return fail(error, E_VM, "Restore of this domain in progress, cannot start");
	return true;
}

REACTION(r_session_pre_shutdown)
{
	static const PropId refs[] = {P_guivm, P_audiovm};
	static const char *const roles[] = {"GuiVM", "AudioVM"};

	for (size_t k = 0; k < G_N_ELEMENTS(refs) && !ev->force; k++) {
		for (guint i = 0; i < app->domains->len; i++) {
			Domain *d = g_ptr_array_index(app->domains, i);

			if (d != ev->subject && domain_is_running(d) && !preload_is(d) &&
			    prop_vm(&d->h, refs[k]) == ev->subject)
				return fail(error, E_VM,
					    "There are running VMs using this VM as %s: %s",
					    roles[k], d->name);
		}
	}
	return true;
}
