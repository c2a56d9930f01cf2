// SPDX-License-Identifier: GPL-2.0-or-later
/* Reactions to changes of properties. */
#include "dom0/qubesd/core/reactions.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/volume.h"

#include "qrexec/base/io.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool unchanged(const Event *ev)
{
	return ev->newv && ev->oldv && value_equal(ev->newv, ev->oldv);
}

/* Calls fn for every qube that has the property and is at its default. */
static void each_at_default(App *app, PropId id, void (*fn)(Domain *d, const Event *ev),
			    const Event *ev)
{
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (prop_def(&d->h, id) && prop_is_default(&d->h, id))
			fn(d, ev);
	}
}

REACTION(r_icon)
{
	prop_fire_reset(ev->subject, P_icon, NULL);
	return true;
}

/* In the pool of a qube's kernel, or of new ones; in the usual place when that holds none. */
static char *kernel_dir(App *app, Domain *d, const char *version)
{
	g_autofree char *pool_name = prop_str(&app->h, P_default_pool_kernel);
	Pool *p = pool_name ? app_pool(app, pool_name) : NULL;
	const char *base;

	if (d && d->volumes[VOL_KERNEL])
		p = d->volumes[VOL_KERNEL]->pool;
	base = p && !strcmp(p->driver, "linux-kernel") ? g_hash_table_lookup(p->params, "dir_path")
						       : NULL;
	return base ? g_build_filename(base, version, NULL)
		    : g_strdup_printf("%s/var/lib/qubes/vm-kernels/%s", app->opt.root, version);
}

REACTION(r_kernel_exists)
{
	g_autofree char *dir = NULL, *image = NULL;
	const char *version = ev->newv->kind == V_STR ? ev->newv->s : "";

	if (!*version)
		return true;
	if (strchr(version, '/') || version[0] == '.')
		return fail(error, E_PROPERTY_VALUE, "kernel is a version, not a path");
	dir = kernel_dir(app, ev->subject, version);
	image = g_build_filename(dir, "vmlinuz", NULL);
	if (!g_file_test(dir, G_FILE_TEST_IS_DIR))
		return fail(error, E_PROPERTY_VALUE, "Kernel '%s' not installed: %s is missing",
			    version, dir);
	if (!g_file_test(image, G_FILE_TEST_EXISTS))
		return fail(error, E_PROPERTY_VALUE,
			    "Kernel '%s' not properly installed: missing 'vmlinuz' file: %s",
			    version, image);
	return true;
}

REACTION(r_template_pre_set)
{
	if (domain_is_halted(ev->subject))
		return true;
	return fail(error, E_VM_NOT_HALTED,
		    "Cannot change template while qube is running: shut down %s first",
		    ev->subject->name);
}

REACTION(r_template_pre_reset)
{
	Domain *t = prop_vm(&app->h, P_default_template);

	if (t && ev->subject->h.cls == CLS_APP)
		return fail(error, E_VALUE,
			    "Cannot unset template. You can set it to the current "
			    "default (%s) instead",
			    t->name);
	return fail(error, E_VALUE, "Cannot unset template: a qube of this class needs one");
}

REACTION(r_template_set)
{
	volumes_follow_template(ev->subject);
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (d->h.cls == CLS_DISP && prop_vm(&d->h, P_template) == ev->subject)
			volumes_follow_template(d);
	}
	return true;
}

/* What qubes take over from their template. */
REACTION(r_template_child)
{
	static const PropId inherited[] = {
		P_default_user,	  P_kernel,	      P_kernelopts,
		P_vcpus,	  P_memory,	      P_maxmem,
		P_qrexec_timeout, P_shutdown_timeout, P_management_dispvm};
	bool is_inherited = false;

	for (size_t i = 0; i < G_N_ELEMENTS(inherited); i++)
		is_inherited = is_inherited || inherited[i] == ev->prop;
	if (!is_inherited || unchanged(ev))
		return true;
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (prop_vm(&d->h, P_template) == ev->subject && prop_is_default(&d->h, ev->prop))
			prop_fire_reset(d, ev->prop, NULL);
	}
	return true;
}

/* Started by systemd with the computer: a link to its unit. */
REACTION(r_autostart)
{
	bool on = ev->newv && ev->newv->kind == V_BOOL && ev->newv->b;
	g_autofree char *dir =
		g_strconcat(app->opt.root, "/etc/systemd/system/multi-user.target.wants", NULL);
	g_autofree char *link = g_strdup_printf("%s/qubes-vm@%s.service", dir, ev->subject->name);

	if (unlink(link) < 0 && errno != ENOENT && errno != ENOTDIR)
		return fail(error, E_QUBES, "%s cannot be removed: %s", link, g_strerror(errno));
	if (on && (io_mkdir_p(dir, 0755) ||
		   symlink("/usr/lib/systemd/system/qubes-vm@.service", link) < 0))
		return fail(error, E_QUBES, "%s cannot be made: %s", link, g_strerror(errno));
	return true;
}

REACTION(r_maxmem_pre_set)
{
	if (unchanged(ev) || domain_is_halted(ev->subject))
		return true;
	return fail(error, E_VM_NOT_HALTED,
		    "Can't change maxmem of %s while it is running: shut it down first",
		    ev->subject->name);
}

/* The value after the fact: of a set, or the new default of a reset. */
static Domain *new_vm(const Event *ev)
{
	if (ev->newv)
		return ev->newv->kind == V_VM ? ev->newv->vm : NULL;
	return prop_vm(&ev->subject->h, ev->prop);
}

REACTION(r_guivm)
{
	Domain *vm = new_vm(ev);

	tag_exclusive(ev->subject, "guivm-", vm ? vm->name : NULL, false);
	return true;
}

REACTION(r_audiovm)
{
	Domain *vm = new_vm(ev);

	tag_exclusive(ev->subject, "audiovm-", vm ? vm->name : NULL, true);
	qdb_refresh(ev->subject, "/qubes-audio-domain-xid");
	device_mic_moved(ev->subject, ev->oldv && ev->oldv->kind == V_VM ? ev->oldv->vm : NULL);
	return true;
}

REACTION(r_relayvm)
{
	Domain *vm = new_vm(ev);

	tag_exclusive(ev->subject, "relayvm-", vm ? vm->name : NULL, true);
	return true;
}

/* Told as if it had been set on the qube itself. */
static void fire_set(Domain *d, PropId id, const Event *ev)
{
	g_autofree char *name = g_strconcat("property-set:", prop_name(id), NULL);
	g_autofree char *new_text = value_text(ev->newv, "None");
	g_autofree char *old_text = ev->oldv ? value_text(ev->oldv, "None") : NULL;
	Event set = {
		.name = name,
		.subject = d,
		.prop = id,
		.newv = ev->newv,
		.oldv = ev->oldv,
		.args = {"name", prop_name(id), "newvalue", new_text, old_text ? "oldvalue" : NULL,
			 old_text},
	};

	event_emit(d->h.app, &set, NULL);
}

static void guivm_changed(Domain *d, const Event *ev)
{
	fire_set(d, P_guivm, ev);
}

REACTION(r_default_guivm)
{
	each_at_default(app, P_guivm, guivm_changed, ev);
	return true;
}

static void audiovm_changed(Domain *d, const Event *ev)
{
	fire_set(d, P_audiovm, ev);
}

REACTION(r_default_audiovm)
{
	each_at_default(app, P_audiovm, audiovm_changed, ev);
	return true;
}

REACTION(r_keyboard)
{
	if (unchanged(ev))
		return true;
	qdb_refresh(ev->subject, "/keyboard-layout");
	if (!ev->newv)
		return true;
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (d != ev->subject && prop_vm(&d->h, P_guivm) == ev->subject &&
		    prop_is_default(&d->h, P_keyboard_layout))
			prop_fire_reset(d, P_keyboard_layout, ev->oldv);
	}
	return true;
}

static void dispvm_changed(Domain *d, const Event *ev)
{
	prop_fire_reset(d, P_default_dispvm, ev->oldv);
}

REACTION(r_default_dispvm)
{
	each_at_default(app, P_default_dispvm, dispvm_changed, ev);
	return true;
}

REACTION(r_clockvm_pre_set)
{
	Domain *vm = ev->newv->kind == V_VM ? ev->newv->vm : NULL;

	if (!vm || feature_get(vm, "service.clocksync"))
		return true;
	return feature_set(vm, "service.clocksync", "1", error);
}

REACTION(r_clockvm_set)
{
	Domain *old = ev->oldv && ev->oldv->kind == V_VM ? ev->oldv->vm : NULL;

	if (unchanged(ev) || !old || !feature_true(feature_get(old, "service.clocksync")))
		return true;
	return feature_remove(old, "service.clocksync", error);
}

REACTION(r_bootmode)
{
	if (unchanged(ev))
		return true;
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);

		if (prop_vm(&d->h, P_template) == ev->subject && prop_is_default(&d->h, P_bootmode))
			prop_fire_reset(d, P_bootmode, NULL);
	}
	return true;
}
