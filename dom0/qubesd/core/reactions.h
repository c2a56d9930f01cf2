/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system's own reactions to events: what must be refused, and what follows from a
 * change. One table (reactions.c), functions by theme in reactions-*.c.
 */
#ifndef QUBESD_CORE_REACTIONS_H
#define QUBESD_CORE_REACTIONS_H

#include "dom0/qubesd/core/event.h"

/* Runs all that apply, in the order of the table; stops at the first that refuses. */
bool reactions_run(App *app, const Event *ev, GError **error);

typedef bool (*Reaction)(App *app, const Event *ev, GError **error);
#define REACTION(name) bool name(App *app, const Event *ev, GError **error)

/* reactions-prop.c */
REACTION(r_icon);
REACTION(r_kernel_exists);
REACTION(r_template_pre_set);
REACTION(r_template_pre_reset);
REACTION(r_template_set);
REACTION(r_template_child);
REACTION(r_maxmem_pre_set);
REACTION(r_autostart);
REACTION(r_guivm);
REACTION(r_audiovm);
REACTION(r_relayvm);
REACTION(r_default_guivm);
REACTION(r_default_audiovm);
REACTION(r_keyboard);
REACTION(r_default_dispvm);
REACTION(r_clockvm_pre_set);
REACTION(r_clockvm_set);
REACTION(r_bootmode);
/* reactions-net.c */
REACTION(r_netvm_pre_reset);
REACTION(r_netvm_pre_set);
REACTION(r_netvm_set);
REACTION(r_netvm_reset);
REACTION(r_default_netvm_pre_set);
REACTION(r_default_netvm_set);
REACTION(r_ip);
REACTION(r_ip6);
REACTION(r_provides_network);
REACTION(r_servicevm);
REACTION(r_netvm_pre_shutdown);
REACTION(r_netvm_qdb);
REACTION(r_net_pre_spawn);
REACTION(r_net_start);
REACTION(r_net_shutdown);
REACTION(r_firewall_changed);
REACTION(r_net_connect);
/* reactions-feature.c */
REACTION(r_feature_pre_set);
REACTION(r_feature_set);
REACTION(r_feature_delete);
REACTION(r_created_by);
REACTION(r_pre_start);
REACTION(r_session_pre_shutdown);

/* reactions-preload.c */
REACTION(r_preload_max_pre_set);
REACTION(r_preload_number_pre_set);
REACTION(r_preload_max_set);
REACTION(r_preload_max_delete);
REACTION(r_preload_list_set);
REACTION(r_preload_outdated);
REACTION(r_preload_shutdown);
REACTION(r_preload_default_dispvm);
REACTION(r_dvm_pre_set);
REACTION(r_dvm_set);
REACTION(r_dvm_template_pre_set);
REACTION(r_dvm_template_set);

#endif
