/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a qube finds in its QubesDB: the keys that dom0 publishes (specs/qubesdb.md
 * section 2), written at its start and kept up to date while it runs.
 */
#ifndef QUBESD_CORE_QDB_H
#define QUBESD_CORE_QDB_H

#include "dom0/qubesd/core/model.h"
#include "dom0/qubesd/core/store-doc.h"

#define QDB_PATH_MAX 63

/*
 * All keys of a qube that runs or is about to: DocPair*, g_ptr_array_unref. Main thread.
 * Has a fresh random seed each time.
 */
GPtrArray *qdb_keys(Domain *d);

/* Writes them all to the QubesDB of the qube `name`. Blocks: worker threads. */
bool qdb_write_keys(const char *name, GPtrArray *keys, GError **error);

/*
 * For running qubes, in the background, in this order; nothing happens for others.
 * Main thread.
 */
void qdb_refresh(Domain *d, const char *path); /* one key, as qdb_keys() has it now */
void qdb_rewrite(Domain *d);		       /* all but the random seed */
/*
 * Has the thread that writes to QubesDBs write keys (taken: DocPair*, value NULL: remove) to
 * d's, or those that make(data) returns there. d has one.
 */
void qdb_queue(Domain *d, GPtrArray *keys);
void qdb_queue_made(Domain *d, GPtrArray *(*make)(gpointer data), gpointer data,
		    GDestroyNotify free_data);
/* One key of any kind; value NULL removes it. */
void qdb_put(Domain *d, const char *path, const char *value);
void qdb_feature_changed(Domain *d, const char *feature);
/* Ends the background writer after what is queued. */
void qdb_stop(App *app);

#endif
