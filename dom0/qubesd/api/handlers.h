/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers of methods (m-*.c), named after what they answer. See call.h. */
#ifndef QUBESD_API_HANDLERS_H
#define QUBESD_API_HANDLERS_H

#include "dom0/qubesd/api/call.h"

#define SYNC(name) char *name(Call *c, GError **error)
#define FLOW(name) char *name(Flow *f, Call *c, GError **error)
#define STREAM(name) void name(Call *c)

/* m-vm.c: lists, state, system info. */
SYNC(m_vmclass_list);
SYNC(m_vm_list);
SYNC(m_deviceclass_list);
FLOW(m_current_state);
FLOW(m_console);
SYNC(m_system_info);
FLOW(m_suspend_pre);
FLOW(m_suspend_post);

/* m-property.c. variant 0: of a qube, 1: of the system. */
SYNC(m_property_list);
SYNC(m_property_get);
SYNC(m_property_get_all);
SYNC(m_property_of_all);
SYNC(m_property_get_default);
SYNC(m_property_set);
SYNC(m_property_reset);
SYNC(m_property_help);

/* m-label.c */
SYNC(m_label_list);
SYNC(m_label_get);
SYNC(m_label_index);
SYNC(m_label_create);
SYNC(m_label_remove);

/* m-attributes.c: tags, features, notes, deny list. */
SYNC(m_tag_list);
SYNC(m_tag_get);
SYNC(m_tag_set);
SYNC(m_tag_remove);
SYNC(m_feature_list);
SYNC(m_feature_get);
/* variant: see m-attributes.c */
SYNC(m_feature_check);
SYNC(m_feature_set);
SYNC(m_feature_remove);
FLOW(m_notes_get);
FLOW(m_notes_set);
SYNC(m_denied_list);
SYNC(m_denied_add);
SYNC(m_denied_remove);

/* m-life.c */
FLOW(m_start);
FLOW(m_shutdown);
FLOW(m_kill);
FLOW(m_pause);
FLOW(m_unpause);
FLOW(m_suspend);
FLOW(m_resume);
FLOW(m_remove);

/* m-create.c; variant: the class; of CreateInPool with CREATE_IN_POOL. */
#define CREATE_IN_POOL 0x100
FLOW(m_create);
FLOW(m_create_disposable);

/* m-volume.c, m-volume-copy.c */
SYNC(m_volume_list);
FLOW(m_volume_info);
FLOW(m_volume_snapshots);
FLOW(m_volume_revert);
FLOW(m_volume_resize);
FLOW(m_volume_clear);
SYNC(m_volume_set_revisions);
SYNC(m_volume_set_rw);
SYNC(m_volume_set_ephemeral);
SYNC(m_volume_clone_from);
FLOW(m_volume_clone_to);
FLOW(m_volume_import_begin);
FLOW(m_volume_import_end);

/* m-pool.c */
SYNC(m_pool_list);
SYNC(m_pool_list_drivers);
FLOW(m_pool_info);
FLOW(m_pool_usage);
FLOW(m_pool_add);
FLOW(m_pool_remove);
FLOW(m_pool_volumes);
SYNC(m_pool_set_revisions);
SYNC(m_pool_set_ephemeral);

/* m-firewall.c */
FLOW(m_firewall_get);
FLOW(m_firewall_set);
SYNC(m_firewall_reload);

/* m-device.c; variant: the class. */
FLOW(m_device_available);
SYNC(m_device_assigned);
SYNC(m_device_attached);
SYNC(m_device_assign);
SYNC(m_device_unassign);
SYNC(m_device_set_assignment);
FLOW(m_device_attach);
FLOW(m_device_detach);

/* m-stream.c */
STREAM(m_events);
STREAM(m_stats);

/* m-misc.c */
FLOW(m_features_request);
SYNC(m_notify_updates);

#endif
