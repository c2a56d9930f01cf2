/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Defaults (prop-default*.c) and checks (prop-check.c) that prop-table.c is made of. */
#ifndef QUBESD_CORE_PROP_PRIVATE_H
#define QUBESD_CORE_PROP_PRIVATE_H

#include "dom0/qubesd/core/property.h"

/* The rows of prop-table.c. */
extern const PropDef prop_table[];
extern const size_t prop_table_len;

#define DEFAULT_FN(name) bool name(const Holder *h, const PropDef *def, Value *ret)

/* Plain: no default at all; nothing; def->num; def->text. */
DEFAULT_FN(d_none);
DEFAULT_FN(d_null);
DEFAULT_FN(d_bool);
DEFAULT_FN(d_int);
DEFAULT_FN(d_str);
/* The system's property def->other. */
DEFAULT_FN(d_global);
/* The template's value, else the system's def->other (or else, with def->other P_N: num, text). */
DEFAULT_FN(d_template_global);
DEFAULT_FN(d_template_int);
DEFAULT_FN(d_template_str);
/* Own, by name of the property. */
DEFAULT_FN(d_dom0);
DEFAULT_FN(d_class);
DEFAULT_FN(d_icon);
DEFAULT_FN(d_updateable);
DEFAULT_FN(d_disp_template);
DEFAULT_FN(d_disp_backups);
DEFAULT_FN(d_is_preload);
DEFAULT_FN(d_bootmode);
DEFAULT_FN(d_appvm_bootmode);
DEFAULT_FN(d_kernelopts);
DEFAULT_FN(d_virt_mode);
DEFAULT_FN(d_keyboard);
DEFAULT_FN(d_maxmem);
DEFAULT_FN(d_host_mib);
DEFAULT_FN(d_host_cpus);
DEFAULT_FN(d_xid);
DEFAULT_FN(d_start_time);
DEFAULT_FN(d_pool);
/* Network. */
DEFAULT_FN(d_ip);
DEFAULT_FN(d_ip6);
DEFAULT_FN(d_dns);
DEFAULT_FN(d_gateway);
DEFAULT_FN(d_gateway6);
DEFAULT_FN(d_visible_ip);
DEFAULT_FN(d_visible_ip6);
DEFAULT_FN(d_visible_netmask);
DEFAULT_FN(d_visible_gateway);
DEFAULT_FN(d_visible_gateway6);

#define CHECK_FN(name) bool name(const Holder *h, const PropDef *def, Value *v, GError **error)

CHECK_FN(c_qid);
CHECK_FN(c_positive);
CHECK_FN(c_not_negative);
CHECK_FN(c_user);
CHECK_FN(c_denied);
CHECK_FN(c_virt_mode);
CHECK_FN(c_keyboard);
CHECK_FN(c_kernel);
CHECK_FN(c_kernelopts);
CHECK_FN(c_mac);
CHECK_FN(c_netvm);
CHECK_FN(c_default_netvm);
CHECK_FN(c_provides_network);
CHECK_FN(c_disposable_template);
CHECK_FN(c_disp_template);

#endif
