// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every property there is, one row per name and set of classes: type, who has it, when
 * it is loaded, where its default comes from, what is checked.
 */
#include "dom0/qubesd/core/prop-private.h"

#include <stdlib.h>
#include <string.h>

#define QUBE CLASSES_QUBE
#define ADMIN CLASS_BIT(CLS_ADMIN)
#define DISP CLASS_BIT(CLS_DISP)
#define REMOTE CLASS_BIT(CLS_REMOTE)
#define TMPL CLASS_BIT(CLS_TEMPLATE)
#define MAYBE_DVM (CLASS_BIT(CLS_APP) | CLASS_BIT(CLS_STANDALONE))
#define GLOBAL CLASSES_GLOBAL

/* Shapes of rows; what follows the fixed arguments are further fields. */
#define ROW(i, t, c, s, ...)                                                                       \
	{                                                                                          \
		.id = P_##i, .type = t, .classes = c, .stage = s, __VA_ARGS__                      \
	}
#define COMPUTED(i, t, c, s, fn, ...) ROW(i, t, c, s, .flags = PF_READONLY, .def = fn, __VA_ARGS__)
#define FLAG(i, c, s, on, ...) ROW(i, PT_BOOL, c, s, .def = d_bool, .num = on, __VA_ARGS__)
#define REF(i, c, s, ...) ROW(i, PT_VM, c, s, .flags = PF_ALLOW_NONE, __VA_ARGS__)
#define INHERIT_GLOBAL(i, t, g, ...)                                                               \
	ROW(i, t, QUBE, 2, .def = d_template_global, .other = P_##g, __VA_ARGS__)

const PropDef prop_table[] = {
	/* --- identity --- */
	ROW(name, PT_STR, CLASSES_VM & ~ADMIN, 2, .flags = PF_ONCE | PF_NO_CLONE, .def = d_none,
	    .help = "Name of the qube. Set at creation."),
	COMPUTED(name, PT_STR, ADMIN, 2, d_str, .text = "dom0"),
	ROW(qid, PT_INT, CLASSES_VM & ~ADMIN, 2, .flags = PF_ONCE | PF_NO_CLONE, .def = d_none,
	    .check = c_qid, .help = "Number of the qube, the same for as long as it exists."),
	COMPUTED(qid, PT_INT, ADMIN, 2, d_int, .num = 0),
	ROW(uuid, PT_UUID, CLASSES_VM & ~ADMIN, 2, .flags = PF_ONCE | PF_NO_CLONE, .def = d_none,
	    .help = "Unique identifier of the qube, also for the hypervisor."),
	COMPUTED(uuid, PT_UUID, ADMIN, 2, d_str, .text = UUID_DOM0),
	ROW(label, PT_LABEL, CLASSES_VM, 2, .def = d_none,
	    .help = "Label of the qube: the color of its window frames."),
	COMPUTED(klass, PT_STR, CLASSES_VM, 2, d_class, .help = "Class of the qube."),
	COMPUTED(icon, PT_STR, CLASSES_VM, 2, d_icon,
		 .help = "Name of the icon that stands for the qube."),
	ROW(template, PT_VM, CLASS_BIT(CLS_APP), 4, .def = d_none, .vm_classes = TMPL,
	    .help = "Template whose root volume the qube starts from."),
	ROW(template, PT_VM, DISP, 4, .def = d_none, .check = c_disp_template,
	    .help = "Disposable template that the disposable is made of."),
	COMPUTED(updateable, PT_BOOL, QUBE, 2, d_updateable,
		 .help = "Whether software installed in this qube itself stays."),
	COMPUTED(updateable, PT_BOOL, ADMIN, 2, d_bool, .num = 1),
	FLAG(template_for_dispvms, MAYBE_DVM, 2, 0,
	     .help = "Whether disposables can be made of this qube."),
	FLAG(installed_by_rpm, QUBE, 2, 0,
	     .help = "Whether the package manager of dom0 installed it."),

	/* --- disposables --- */
	ROW(dispid, PT_INT, DISP, 2, .flags = PF_ONCE | PF_NO_CLONE, .def = d_none,
	    .help = "Number of the disposable."),
	FLAG(auto_cleanup, DISP, 2, 0, .help = "Whether the disposable is removed when it stops."),
	COMPUTED(is_preload, PT_BOOL, DISP, 2, d_is_preload,
		 .help = "Whether it was started ahead of its use."),
	REF(default_dispvm, CLASSES_LOCAL & ~DISP, 4, .def = d_global, .other = P_default_dispvm,
	    .check = c_disposable_template,
	    .help = "Disposable template for calls of this qube to @dispvm."),
	REF(default_dispvm, DISP, 4, .def = d_disp_template, .check = c_disposable_template,
	    .help = "Disposable template for calls of this qube to @dispvm."),
	REF(management_dispvm, QUBE, 4, .def = d_template_global, .other = P_management_dispvm,
	    .check = c_disposable_template,
	    .help = "Disposable template for what manages this qube."),

	/* --- resources --- */
	ROW(memory, PT_INT, QUBE, 2, .def = d_template_int, .num = 400, .check = c_positive,
	    .help = "Memory at start, in MiB. Default: the template's."),
	ROW(maxmem, PT_INT, QUBE, 2, .def = d_maxmem, .check = c_not_negative,
	    .help = "Most memory it may get, in MiB; 0: memory is not balanced."),
	COMPUTED(maxmem, PT_INT, ADMIN, 2, d_host_mib, .help = "Most memory it may get, in MiB."),
	ROW(vcpus, PT_INT, QUBE, 2, .def = d_template_int, .num = 2, .check = c_positive,
	    .help = "Number of virtual processors. Default: the template's."),
	ROW(stubdom_mem, PT_INT, QUBE, 2, .def = d_null, .check = c_positive,
	    .help = "Memory of the device model, in MiB."),
	ROW(virt_mode, PT_STR, QUBE, 2, .def = d_virt_mode, .text = "pvh", .check = c_virt_mode,
	    .help = "Kind of virtualisation: pvh, pv or hvm. Default: the template's."),
	INHERIT_GLOBAL(kernel, PT_STR, default_kernel, .check = c_kernel,
		       .help = "Version of dom0's kernel that it boots; empty: its own."),
	ROW(kernelopts, PT_STR, QUBE, 4, .def = d_kernelopts, .check = c_kernelopts,
	    .help = "Options of its kernel."),
	ROW(bootmode, PT_STR, QUBE, 4, .def = d_bootmode, .help = "Active boot mode."),
	ROW(appvm_default_bootmode, PT_STR, TMPL, 4, .def = d_appvm_bootmode,
	    .help = "Boot mode of the qubes based on this template."),
	INHERIT_GLOBAL(qrexec_timeout, PT_INT, default_qrexec_timeout, .check = c_positive,
		       .help = "Seconds that the qube may take from start to its first answer."),
	INHERIT_GLOBAL(shutdown_timeout, PT_INT, default_shutdown_timeout, .check = c_positive,
		       .help = "Seconds that the qube may take to shut down."),
	FLAG(autostart, QUBE, 2, 0, .help = "Whether it starts with the computer."),
	FLAG(debug, QUBE, 2, 0, .help = "Whether debugging aids are on."),
	ROW(default_user, PT_STR, QUBE, 2, .def = d_template_str, .text = "user", .check = c_user,
	    .help = "User that programs run as. Default: the template's."),

	/* --- backups --- */
	FLAG(include_in_backups, (QUBE & ~DISP) | ADMIN, 2, 1,
	     .help = "Whether it is part of a backup of everything."),
	ROW(include_in_backups, PT_BOOL, DISP, 2, .def = d_disp_backups,
	    .help = "Whether it is part of a backup of everything."),
	FLAG(include_in_backups, REMOTE, 2, 0,
	     .help = "Whether it is part of a backup of everything."),
	ROW(backup_timestamp, PT_INT, QUBE, 2, .def = d_null,
	    .help = "When it was last backed up, in seconds since 1970."),

	/* --- the session --- */
	REF(guivm, QUBE, 4, .def = d_global, .other = P_default_guivm,
	    .help = "Qube that shows its windows."),
	REF(audiovm, QUBE, 4, .def = d_global, .other = P_default_audiovm,
	    .help = "Qube that plays its sound."),
	ROW(keyboard_layout, PT_STR, QUBE, 2, .def = d_keyboard, .check = c_keyboard,
	    .help = "Keyboard layout: layout+variant+options."),
	ROW(keyboard_layout, PT_STR, ADMIN, 2, .def = d_str, .text = "us++", .check = c_keyboard,
	    .help = "Keyboard layout: layout+variant+options."),
	ROW(devices_denied, PT_STR, CLASSES_LOCAL, 2, .def = d_str, .text = "", .check = c_denied,
	    .help = "Kinds of devices that must not be attached: interface codes of 7 characters."),

	/* --- run time --- */
	COMPUTED(xid, PT_INT, QUBE, 2, d_xid,
		 .help = "Number of the running domain, -1 when halted."),
	COMPUTED(start_time, PT_STR, QUBE, 2, d_start_time,
		 .help = "When it was started, in seconds since 1970."),
	COMPUTED(stubdom_xid, PT_INT, QUBE, 2, d_int, .num = -1,
		 .help = "Number of the device model's domain."),
	COMPUTED(stubdom_uuid, PT_STR, QUBE, 2, d_str, .text = "",
		 .help = "Identifier of the device model's domain."),

	/* --- network --- */
	REF(netvm, QUBE & ~TMPL, 4, .def = d_global, .other = P_default_netvm, .check = c_netvm,
	    .help = "Qube that provides its network; empty: no network."),
	REF(netvm, TMPL, 4, .def = d_null, .check = c_netvm,
	    .help = "Qube that provides its network; empty: no network."),
	FLAG(provides_network, QUBE, 2, 0, .check = c_provides_network,
	     .help = "Whether other qubes can use it as their netvm."),
	ROW(mac, PT_STR, QUBE, 2, .def = d_str, .text = "00:16:3e:5e:6c:00", .check = c_mac,
	    .help = "Address of its network card."),
	ROW(ip, PT_IP4, QUBE, 2, .def = d_ip, .help = "Its IPv4 address."),
	ROW(ip6, PT_IP6, QUBE, 2, .def = d_ip6, .help = "Its IPv6 address."),
	COMPUTED(dns, PT_STR, QUBE, 2, d_dns, .help = "Addresses of its name servers."),
	COMPUTED(gateway, PT_STR, QUBE, 2, d_gateway,
		 .help = "Address that qubes behind it use as gateway."),
	COMPUTED(gateway6, PT_STR, QUBE, 2, d_gateway6, .help = "The same for IPv6."),
	COMPUTED(visible_ip, PT_STR, QUBE, 2, d_visible_ip,
		 .help = "Its IPv4 address as it sees it."),
	COMPUTED(visible_ip6, PT_STR, QUBE, 2, d_visible_ip6,
		 .help = "Its IPv6 address as it sees it."),
	COMPUTED(visible_netmask, PT_STR, QUBE, 2, d_visible_netmask,
		 .help = "Its netmask as it sees it."),
	COMPUTED(visible_gateway, PT_STR, QUBE, 2, d_visible_gateway,
		 .help = "Its gateway as it sees it."),
	COMPUTED(visible_gateway6, PT_STR, QUBE, 2, d_visible_gateway6,
		 .help = "Its IPv6 gateway as it sees it."),

	/* --- qubes elsewhere --- */
	REF(relayvm, REMOTE, 4, .def = d_null, .help = "Local qube that calls for it go through."),
	ROW(transport_rpc, PT_STR, REMOTE, 2, .def = d_null,
	    .help = "Service of the relay that forwards calls."),
	ROW(remote_name, PT_STR, REMOTE, 2, .def = d_null, .help = "Its name where it runs."),

	/* --- the system --- */
	REF(default_guivm, GLOBAL, 3, .def = d_dom0, .help = "Default guivm."),
	REF(default_audiovm, GLOBAL, 3, .def = d_dom0, .help = "Default audiovm."),
	REF(default_netvm, GLOBAL, 3, .def = d_null, .check = c_default_netvm,
	    .help = "Default netvm."),
	REF(default_template, GLOBAL, 3, .def = d_none, .vm_classes = TMPL,
	    .help = "Default template of new qubes."),
	REF(default_dispvm, GLOBAL, 3, .def = d_null, .check = c_disposable_template,
	    .help = "Default disposable template."),
	REF(management_dispvm, GLOBAL, 3, .def = d_null, .check = c_disposable_template,
	    .help = "Default disposable template for managing qubes."),
	REF(updatevm, GLOBAL, 3, .def = d_null, .help = "Qube that dom0 gets its updates through."),
	REF(clockvm, GLOBAL, 3, .def = d_null, .help = "Qube that dom0 gets the time from."),
	ROW(default_kernel, PT_STR, GLOBAL, 3, .def = d_none, .help = "Default kernel."),
	ROW(default_pool, PT_POOL, GLOBAL, 3, .def = d_pool, .help = "Default pool."),
	ROW(default_pool_root, PT_POOL, GLOBAL, 3, .def = d_global, .other = P_default_pool,
	    .help = "Default pool of root volumes."),
	ROW(default_pool_private, PT_POOL, GLOBAL, 3, .def = d_global, .other = P_default_pool,
	    .help = "Default pool of private volumes."),
	ROW(default_pool_volatile, PT_POOL, GLOBAL, 3, .def = d_global, .other = P_default_pool,
	    .help = "Default pool of volatile volumes."),
	ROW(default_pool_kernel, PT_POOL, GLOBAL, 3, .def = d_global, .other = P_default_pool,
	    .help = "Default pool of kernels."),
	ROW(default_qrexec_timeout, PT_INT, GLOBAL, 3, .def = d_int, .num = 60,
	    .help = "Default qrexec_timeout, in seconds."),
	ROW(default_shutdown_timeout, PT_INT, GLOBAL, 3, .def = d_int, .num = 60,
	    .help = "Default shutdown_timeout, in seconds."),
	ROW(stats_interval, PT_INT, GLOBAL, 3, .def = d_int, .num = 3,
	    .help = "Seconds between two reports of admin.vm.Stats."),
	FLAG(check_updates_vm, GLOBAL, 3, 1, .help = "Whether new qubes look for updates."),
	COMPUTED(maxmem, PT_INT, GLOBAL, 3, d_host_mib, .help = "Memory of the computer, in MiB."),
	COMPUTED(no_cpus, PT_INT, GLOBAL, 3, d_host_cpus, .help = "Number of processors."),
};
const size_t prop_table_len = G_N_ELEMENTS(prop_table);

static const PropDef *sort_def(const Catalog *c, VmClass cls, const PropId *id)
{
	return c->defs[cls][*id];
}

typedef struct {
	const Catalog *c;
	VmClass cls;
} SortBy;

static gint order(gconstpointer a, gconstpointer b, gpointer data)
{
	const SortBy *by = data;
	const PropDef *x = sort_def(by->c, by->cls, a), *y = sort_def(by->c, by->cls, b);

	if (x->stage != y->stage)
		return x->stage - y->stage;
	return strcmp(prop_name(x->id), prop_name(y->id));
}

const Catalog *catalog_new(void)
{
	Catalog *c = g_new0(Catalog, 1);

	for (size_t i = 0; i < prop_table_len; i++) {
		const PropDef *def = &prop_table[i];

		for (int cls = 0; cls < CLS_N; cls++) {
			if (!(def->classes & CLASS_BIT(cls)))
				continue;
			g_assert(!c->defs[cls][def->id]);
			c->defs[cls][def->id] = def;
			c->order[cls][c->n[cls]++] = def->id;
		}
	}
	for (int cls = 0; cls < CLS_N; cls++) {
		SortBy by = {c, (VmClass)cls};

		g_qsort_with_data(c->order[cls], (gint)c->n[cls], sizeof(PropId), order, &by);
	}
	return c;
}

void catalog_free(const Catalog *c)
{
	g_free((gpointer)c);
}
