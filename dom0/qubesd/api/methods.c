// SPDX-License-Identifier: GPL-2.0-or-later
/* Every method there is: one line each. specs/admin-api.md section 2. */
#include "dom0/qubesd/api/handlers.h"

#include <string.h>

#define NO FORBIDDEN
#define YES REQUIRED
#define OPT OPTIONAL
#define ANY TO_ANY
#define DOM0 TO_DOM0
#define QUBE TO_QUBE
#define SAVE M_SAVE
#define TEXT M_TEXT

#define R(n, a, p, d, f, ...)                                                                      \
	{                                                                                          \
		.name = n, .arg = a, .payload = p, .dest = d, .flags = f, __VA_ARGS__              \
	}
#define S(fn) .sync = fn
#define F(fn) .flow = fn
#define INTERNAL .socket = SOCKET_INTERNAL
#define MISC .socket = SOCKET_MISC

#define CREATE(cls, id)                                                                            \
	R("admin.vm.Create." cls, OPT, OPT, DOM0, TEXT, F(m_create), .variant = id),               \
		R("admin.vm.CreateInPool." cls, OPT, OPT, DOM0, TEXT, F(m_create),                 \
		  .variant = (id) | CREATE_IN_POOL)

#define D(name, cls) "admin.vm.device." cls "." name
/* clang-format off */
#define DEVICE(cls, id)                                                                            \
	R(D("Available", cls), OPT, NO,  ANY, 0, F(m_device_available), .variant = id),            \
	R(D("Assigned", cls),  OPT, NO,  ANY, 0, S(m_device_assigned), .variant = id),             \
	R(D("Attached", cls),  OPT, NO,  ANY, 0, S(m_device_attached), .variant = id),             \
	R(D("Assign", cls),    YES, YES, ANY, SAVE | TEXT, S(m_device_assign), .variant = id),     \
	R(D("Unassign", cls),  YES, NO,  ANY, SAVE, S(m_device_unassign), .variant = id),          \
	R(D("Attach", cls),    YES, OPT, ANY, TEXT, F(m_device_attach), .variant = id),            \
	R(D("Detach", cls),    YES, NO,  ANY, 0, F(m_device_detach), .variant = id),               \
	R(D("Set.assignment", cls), YES, YES, ANY, SAVE | TEXT, S(m_device_set_assignment),        \
	  .variant = id)
/*        name                         arg  payload dest flags */
static const Method methods[] = {
	R("admin.vmclass.List",            NO,  NO,  DOM0, 0, S(m_vmclass_list)),
	R("admin.vm.List",                 NO,  NO,  ANY,  0, S(m_vm_list)),
	R("admin.vm.CurrentState",         NO,  NO,  ANY,  0, F(m_current_state)),
	R("admin.vm.Console",              NO,  NO,  ANY,  M_SCRIPT, F(m_console)),
	R("admin.deviceclass.List",        NO,  NO,  DOM0, 0, S(m_deviceclass_list)),

	R("admin.vm.property.List",        NO,  NO,  ANY,  0, S(m_property_list)),
	R("admin.vm.property.Get",         YES, NO,  ANY,  0, S(m_property_get)),
	R("admin.vm.property.GetAll",      NO,  NO,  ANY,  0, S(m_property_get_all)),
	/* Ours: the properties that the payload names, of all qubes. */
	R("admin.vms.property.Get",        NO,  YES, DOM0, TEXT, S(m_property_of_all)),
	R("admin.vm.property.GetDefault",  YES, NO,  ANY,  0, S(m_property_get_default)),
	R("admin.vm.property.Set",         YES, OPT, ANY,  SAVE, S(m_property_set)),
	R("admin.vm.property.Reset",       YES, NO,  ANY,  SAVE, S(m_property_reset)),
	R("admin.vm.property.Help",        YES, NO,  ANY,  0, S(m_property_help)),
	R("admin.property.List",           NO,  NO,  DOM0, 0, S(m_property_list), .variant = 1),
	R("admin.property.Get",            YES, NO,  DOM0, 0, S(m_property_get), .variant = 1),
	R("admin.property.GetAll",         NO,  NO,  DOM0, 0, S(m_property_get_all), .variant = 1),
	R("admin.property.GetDefault",     YES, NO,  DOM0, 0, S(m_property_get_default), .variant = 1),
	R("admin.property.Set",            YES, OPT, DOM0, SAVE, S(m_property_set), .variant = 1),
	R("admin.property.Reset",          YES, NO,  DOM0, SAVE, S(m_property_reset), .variant = 1),
	R("admin.property.Help",           YES, NO,  DOM0, 0, S(m_property_help), .variant = 1),

	R("admin.label.List",              NO,  NO,  DOM0, 0, S(m_label_list)),
	R("admin.label.Get",               YES, NO,  DOM0, 0, S(m_label_get)),
	R("admin.label.Index",             YES, NO,  DOM0, 0, S(m_label_index)),
	R("admin.label.Create",            YES, YES, DOM0, SAVE, S(m_label_create)),
	R("admin.label.Remove",            YES, NO,  DOM0, SAVE, S(m_label_remove)),

	R("admin.vm.tag.List",             NO,  NO,  ANY,  0, S(m_tag_list)),
	R("admin.vm.tag.Get",              YES, NO,  ANY,  0, S(m_tag_get)),
	R("admin.vm.tag.Set",              YES, NO,  ANY,  SAVE, S(m_tag_set)),
	R("admin.vm.tag.Remove",           YES, NO,  ANY,  SAVE, S(m_tag_remove)),

	R("admin.vm.feature.List",         NO,  NO,  ANY,  0, S(m_feature_list)),
	R("admin.vm.feature.Get",          YES, NO,  ANY,  0, S(m_feature_get)),
	R("admin.vm.feature.CheckWithTemplate", YES, NO, ANY, 0, S(m_feature_check), .variant = 0),
	R("admin.vm.feature.CheckWithNetvm",    YES, NO, ANY, 0, S(m_feature_check), .variant = 1),
	R("admin.vm.feature.CheckWithAdminVM",  YES, NO, ANY, 0, S(m_feature_check), .variant = 2),
	R("admin.vm.feature.CheckWithTemplateAndAdminVM", YES, NO, ANY, 0, S(m_feature_check),
	  .variant = 3),
	R("admin.vm.feature.Set",          YES, OPT, ANY,  SAVE | TEXT, S(m_feature_set)),
	R("admin.vm.feature.Remove",       YES, NO,  ANY,  SAVE, S(m_feature_remove)),

	R("admin.vm.notes.Get",            NO,  NO,  QUBE, 0, F(m_notes_get)),
	R("admin.vm.notes.Set",            NO,  OPT, QUBE, 0, F(m_notes_set)),

	R("admin.vm.firewall.Get",         NO,  NO,  QUBE, 0, F(m_firewall_get)),
	R("admin.vm.firewall.Set",         NO,  YES, QUBE, TEXT, F(m_firewall_set)),
	R("admin.vm.firewall.Reload",      NO,  NO,  QUBE, 0, S(m_firewall_reload)),

	CREATE("AppVM", CLS_APP),
	CREATE("TemplateVM", CLS_TEMPLATE),
	CREATE("StandaloneVM", CLS_STANDALONE),
	CREATE("AdminVM", CLS_ADMIN),
	CREATE("DispVM", CLS_DISP),
	CREATE("RemoteVM", CLS_REMOTE),
	R("admin.vm.CreateDisposable",     OPT, OPT, ANY,  TEXT, F(m_create_disposable)),
	R("admin.vm.Remove",               NO,  NO,  ANY,  0, F(m_remove)),

	/* "trace" is an argument of ours: the reply tells how long each stage took. */
	R("admin.vm.Start",                OPT, NO,  ANY,  0, F(m_start)),
	R("admin.vm.Shutdown",             OPT, NO,  ANY,  0, F(m_shutdown)),
	R("admin.vm.Kill",                 NO,  NO,  ANY,  0, F(m_kill)),
	R("admin.vm.Pause",                NO,  NO,  ANY,  0, F(m_pause)),
	R("admin.vm.Unpause",              NO,  NO,  ANY,  0, F(m_unpause)),
	R("admin.vm.Suspend",              NO,  NO,  ANY,  0, F(m_suspend)),
	R("admin.vm.Resume",               NO,  NO,  ANY,  0, F(m_resume)),

	R("admin.vm.volume.List",          NO,  NO,  ANY,  0, S(m_volume_list)),
	R("admin.vm.volume.Info",          YES, NO,  ANY,  0, F(m_volume_info)),
	R("admin.vm.volume.ListSnapshots", YES, NO,  ANY,  0, F(m_volume_snapshots)),
	R("admin.vm.volume.Revert",        YES, YES, ANY,  TEXT, F(m_volume_revert)),
	R("admin.vm.volume.CloneFrom",     YES, NO,  ANY,  0, S(m_volume_clone_from)),
	R("admin.vm.volume.CloneTo",       YES, YES, ANY,  SAVE | TEXT, F(m_volume_clone_to)),
	R("admin.vm.volume.Resize",        YES, YES, ANY,  SAVE | TEXT, F(m_volume_resize)),
	R("admin.vm.volume.Clear",         YES, NO,  ANY,  SAVE, F(m_volume_clear)),
	R("admin.vm.volume.Set.revisions_to_keep", YES, YES, ANY, SAVE | TEXT,
	  S(m_volume_set_revisions)),
	R("admin.vm.volume.Set.rw",        YES, YES, ANY,  SAVE | TEXT, S(m_volume_set_rw)),
	R("admin.vm.volume.Set.ephemeral", YES, YES, ANY,  SAVE | TEXT, S(m_volume_set_ephemeral)),

	R("admin.pool.List",               NO,  NO,  DOM0, 0, S(m_pool_list)),
	R("admin.pool.ListDrivers",        NO,  NO,  DOM0, 0, S(m_pool_list_drivers)),
	R("admin.pool.Info",               YES, NO,  DOM0, 0, F(m_pool_info)),
	R("admin.pool.UsageDetails",       YES, NO,  DOM0, 0, F(m_pool_usage)),
	R("admin.pool.Add",                YES, YES, DOM0, TEXT, F(m_pool_add)),
	R("admin.pool.Remove",             YES, NO,  DOM0, 0, F(m_pool_remove)),
	R("admin.pool.volume.List",        YES, NO,  DOM0, 0, F(m_pool_volumes)),
	R("admin.pool.Set.revisions_to_keep",  YES, YES, DOM0, SAVE | TEXT, S(m_pool_set_revisions)),
	R("admin.pool.Set.ephemeral_volatile", YES, YES, DOM0, SAVE | TEXT, S(m_pool_set_ephemeral)),

	DEVICE("pci", DEV_PCI),
	DEVICE("block", DEV_BLOCK),
	DEVICE("mic", DEV_MIC),
	DEVICE("usb", DEV_USB),
	R("admin.vm.device.denied.List",   NO,  NO,  ANY,  0, S(m_denied_list)),
	R("admin.vm.device.denied.Add",    NO,  OPT, ANY,  SAVE | TEXT, S(m_denied_add)),
	R("admin.vm.device.denied.Remove", NO,  OPT, ANY,  SAVE | TEXT, S(m_denied_remove)),

	R("admin.Events",                  NO,  NO,  ANY,  0, .stream = m_events),
	R("admin.vm.Stats",                NO,  NO,  ANY,  0, .stream = m_stats),

	R("internal.GetSystemInfo",        NO,  NO,  DOM0, 0, S(m_system_info), INTERNAL),
	R("internal.SuspendPre",           NO,  NO,  DOM0, 0, F(m_suspend_pre), INTERNAL),
	R("internal.SuspendPost",          NO,  NO,  DOM0, 0, F(m_suspend_post), INTERNAL),
	R("internal.vm.volume.ImportBegin", YES, OPT, ANY, TEXT, F(m_volume_import_begin), INTERNAL),
	R("internal.vm.volume.ImportEnd",  YES, YES, ANY,  SAVE, F(m_volume_import_end), INTERNAL),

	R("qubes.FeaturesRequest",         NO,  NO,  DOM0, SAVE, F(m_features_request), MISC),
	R("qubes.NotifyTools",             NO,  NO,  DOM0, SAVE, F(m_features_request), MISC,
	  .variant = 1),
	R("qubes.NotifyUpdates",           NO,  YES, DOM0, SAVE | TEXT, S(m_notify_updates), MISC),
};
/* clang-format on */

GHashTable *methods_table(void)
{
	GHashTable *t = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
		g_hash_table_insert(t, (gpointer)methods[i].name, (gpointer)&methods[i]);
	return t;
}

const Method *method_find(GHashTable *table, const char *name, ApiSocket socket)
{
	const Method *m = g_hash_table_lookup(table, name);

	return m && m->socket == socket ? m : NULL;
}
