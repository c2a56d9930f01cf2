/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a netvm's QubesDB up to date about the qubes behind it, and firewall rules that end
 * at some time. Main thread.
 */
#ifndef QUBESD_CORE_NETVM_H
#define QUBESD_CORE_NETVM_H

#include "dom0/qubesd/core/model.h"

/* The addresses of all qubes behind netvm. Nothing happens unless it runs. */
void netvm_publish_connected(Domain *netvm);
/* How d is seen, and its firewall rules, in the QubesDB of its netvm. */
void netvm_publish_client(Domain *d);
/* Only the rules. */
void netvm_publish_firewall(Domain *d);
/* All of it, for all that run behind netvm: its QubesDB is new. */
void netvm_publish_all(Domain *netvm);

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
