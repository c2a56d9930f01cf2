/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a netvm's QubesDB up to date about the qubes behind it, and firewall rules that end
 * at some time. Main thread.
 */
#ifndef QUBESD_CORE_NETVM_H
#define QUBESD_CORE_NETVM_H

#include "dom0/qubesd/core/error.h"
#include "dom0/qubesd/core/model.h"

/* The addresses of all qubes behind netvm. Nothing happens unless it runs. */
void netvm_publish_connected(Domain *netvm);
/* How d is seen, and its firewall rules, in the QubesDB of its netvm. */
void netvm_publish_client(Domain *d);
/* Only the rules. */
void netvm_publish_firewall(Domain *d);
/* All of it, for all that run behind netvm: its QubesDB is new. */
void netvm_publish_all(Domain *netvm);

/* --- netvm-deferred.c: changes of netvm that wait until the qube runs again --- */

#define FEATURE_DEFERRED_NETVM "deferred-netvm-original"

/* The change waits; from: the netvm that d has until then, NULL: none. An earlier one stays. */
bool netvm_defer(Domain *d, const Domain *from, GError **error);
void netvm_forget_deferred(Domain *d);
/* Makes the change, with its events, unless it has to wait longer. */
void netvm_apply_deferred(Domain *d);
/* The same for all qubes behind a netvm that has just started. */
void netvm_clients_apply(Domain *netvm);
/* netvm stopped: what was paused meanwhile has to be connected anew. */
void netvm_clients_defer(Domain *netvm);

/* One event of the property netvm, to reactions and clients; oldv may be NULL. */
bool netvm_tell(Domain *d, const char *what, bool pre, const Value *newv, const Value *oldv,
		GError **error);

/* The first rule of d to end does so at this second; 0: none does. */
void netvm_expire_at(Domain *d, gint64 at);
/* Looks for such rules in all qubes' files, at start. */
void netvm_expire_begin(App *app);
void netvm_expire_stop(App *app);

/* DIR/firewall.xml of a qube, NULL for classes without a folder. g_free. */
char *firewall_path(const Domain *d);
/*
 * The rules in a file (char*, g_ptr_array_unref); the default when there is none. NULL with
 * an error when it is damaged. Blocks.
 */
GPtrArray *firewall_load(const char *path, GError **error);
/* Writes those that have not ended. *ret_next: when the next one will, 0: never. Blocks. */
bool firewall_save(const char *path, const GPtrArray *rules, gint64 *ret_next, GError **error);

#endif
