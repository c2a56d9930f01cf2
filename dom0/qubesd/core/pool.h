/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pools: from configuration to an open one. */
#ifndef QUBESD_CORE_POOL_H
#define QUBESD_CORE_POOL_H

#include "dom0/qubesd/core/model.h"

/* From the attributes of <pool> or the lines of admin.pool.Add. NULL: no name or driver. */
Pool *pool_from_attributes(GHashTable *attrs);
/* Opens its storage. Blocks: before the main loop or in a worker thread. */
bool pool_open(Pool *p, GError **error);

/* Can volumes of this pool keep n revisions? E_VALUE if not. */
bool pool_check_revisions(const Pool *p, gint64 n, GError **error);
/* Are revisions_to_keep and ephemeral_volatile saved with a pool of this driver? */
bool pool_has_settings(const char *driver);

/* "name=value" lines sorted by name, as in admin.pool.Info; g_free. */
char *pool_describe(const Pool *p);

#endif
