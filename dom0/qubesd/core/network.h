/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets the network from whom. */
#ifndef QUBESD_CORE_NETWORK_H
#define QUBESD_CORE_NETWORK_H

#include "dom0/qubesd/core/model.h"

/* The qubes whose netvm is d: Domain*, borrowed, by name. g_ptr_array_unref. */
GPtrArray *network_clients(Domain *d);
/* Does d get its network through netvm, directly or not? */
bool network_is_behind(Domain *d, Domain *netvm);
/* Clears the netvm of qubes that are in a loop (of a store written elsewhere). */
void network_break_loops(App *app);

#endif
