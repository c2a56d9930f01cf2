/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identifiers of properties and qube classes. A property of the same name in two
 * classes (or of the whole system) is one id with a definition per class.
 */
#ifndef QUBESD_CORE_IDS_H
#define QUBESD_CORE_IDS_H

#include <stdbool.h>

/* In the order of admin.vmclass.List. CLS_GLOBAL stands for the system itself. */
typedef enum {
	CLS_APP,
	CLS_TEMPLATE,
	CLS_STANDALONE,
	CLS_ADMIN,
	CLS_DISP,
	CLS_REMOTE,
	CLS_GLOBAL,
	CLS_N
} VmClass;

#define CLASS_BIT(c) (1u << (c))
/* Classes with a domain of the hypervisor and volumes. */
#define CLASSES_QUBE                                                                               \
	(CLASS_BIT(CLS_APP) | CLASS_BIT(CLS_TEMPLATE) | CLASS_BIT(CLS_STANDALONE) |                \
	 CLASS_BIT(CLS_DISP))
#define CLASSES_LOCAL (CLASSES_QUBE | CLASS_BIT(CLS_ADMIN))
#define CLASSES_VM (CLASSES_LOCAL | CLASS_BIT(CLS_REMOTE))
#define CLASSES_TEMPLATED (CLASS_BIT(CLS_APP) | CLASS_BIT(CLS_DISP))
#define CLASSES_GLOBAL CLASS_BIT(CLS_GLOBAL)

/* "AppVM"...; NULL for CLS_GLOBAL. */
const char *class_name(VmClass cls);
/* False when there is no such class. */
bool class_from_name(const char *name, VmClass *ret);

#define PROP_IDS(X)                                                                                \
	X(appvm_default_bootmode)                                                                  \
	X(audiovm)                                                                                 \
	X(auto_cleanup)                                                                            \
	X(autostart)                                                                               \
	X(backup_timestamp)                                                                        \
	X(bootmode)                                                                                \
	X(debug)                                                                                   \
	X(default_dispvm)                                                                          \
	X(default_user)                                                                            \
	X(devices_denied)                                                                          \
	X(dispid)                                                                                  \
	X(dns)                                                                                     \
	X(gateway)                                                                                 \
	X(gateway6)                                                                                \
	X(guivm)                                                                                   \
	X(icon)                                                                                    \
	X(include_in_backups)                                                                      \
	X(installed_by_rpm)                                                                        \
	X(ip)                                                                                      \
	X(ip6)                                                                                     \
	X(is_preload)                                                                              \
	X(kernel)                                                                                  \
	X(kernelopts)                                                                              \
	X(keyboard_layout)                                                                         \
	X(klass)                                                                                   \
	X(label)                                                                                   \
	X(mac)                                                                                     \
	X(management_dispvm)                                                                       \
	X(maxmem)                                                                                  \
	X(memory)                                                                                  \
	X(name)                                                                                    \
	X(netvm)                                                                                   \
	X(provides_network)                                                                        \
	X(qid)                                                                                     \
	X(qrexec_timeout)                                                                          \
	X(relayvm)                                                                                 \
	X(remote_name)                                                                             \
	X(shutdown_timeout)                                                                        \
	X(start_time)                                                                              \
	X(stubdom_mem)                                                                             \
	X(stubdom_uuid)                                                                            \
	X(stubdom_xid)                                                                             \
	X(template)                                                                                \
	X(template_for_dispvms)                                                                    \
	X(transport_rpc)                                                                           \
	X(updateable)                                                                              \
	X(uuid)                                                                                    \
	X(vcpus)                                                                                   \
	X(virt_mode)                                                                               \
	X(visible_gateway)                                                                         \
	X(visible_gateway6)                                                                        \
	X(visible_ip)                                                                              \
	X(visible_ip6)                                                                             \
	X(visible_netmask)                                                                         \
	X(xid)                                                                                     \
	X(check_updates_vm)                                                                        \
	X(clockvm)                                                                                 \
	X(default_audiovm)                                                                         \
	X(default_guivm)                                                                           \
	X(default_kernel)                                                                          \
	X(default_netvm)                                                                           \
	X(default_pool)                                                                            \
	X(default_pool_kernel)                                                                     \
	X(default_pool_private)                                                                    \
	X(default_pool_root)                                                                       \
	X(default_pool_volatile)                                                                   \
	X(default_qrexec_timeout)                                                                  \
	X(default_shutdown_timeout)                                                                \
	X(default_template)                                                                        \
	X(no_cpus)                                                                                 \
	X(stats_interval)                                                                          \
	X(updatevm)

typedef enum {
#define X(name) P_##name,
	PROP_IDS(X)
#undef X
		P_N
} PropId;

const char *prop_name(PropId id);
/* P_N when there is no such property anywhere. */
PropId prop_id(const char *name);

#endif
