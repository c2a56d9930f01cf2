/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes.xml: reading it at start, writing it after changes, its history and recovery.
 *
 * A save is asynchronous: the text is made on the main thread, written by a worker
 * (temporary file, fsync, rename), and the callers are told when it is on disk. Saves
 * that are asked for while one is being written share the next one.
 */
#ifndef QUBESD_CORE_STORE_H
#define QUBESD_CORE_STORE_H

#include "dom0/qubesd/core/model.h"
#include "dom0/qubesd/core/store-doc.h"

/* How many earlier contents are kept in /var/lib/qubes/backup. */
#define STORE_HISTORY 16

/* error is NULL when it was saved; else everything since the last save was taken back. */
typedef void (*StoreCallback)(gpointer data, const GError *error);

/*
 * Loads the store below app's root into app, or makes a new one. A damaged file is kept
 * aside and the newest good one of the history is loaded, with a loud message. Blocks:
 * for the beginning only.
 */
bool store_open(App *app, GError **error);
void store_close(App *app);
/* cb may be NULL. Never calls it before it returned. */
void store_save(App *app, StoreCallback cb, gpointer data);
/* True while a write is under way or due. */
bool store_busy(const App *app);

/* --- pure parts --- */

/* The whole state as qubes.xml; g_free. */
char *store_write(App *app);
/* What a new system starts with: labels, pools, dom0. */
void store_make_initial(App *app);
/* Fills an empty app. Pools are created, not opened. */
bool store_load(App *app, const StoreDoc *doc, GError **error);

/* --- files, for store.c and its tests --- */

/* Which content of a file was seen last, so that a change by somebody else is noticed. */
typedef struct {
	bool known;
	guint64 inode, size;
	gint64 mtime_ns;
} StoreStamp;

/* What is at path now; not known when there is nothing. */
StoreStamp store_stamp(const char *path);
/*
 * Atomic and durable; keeps a copy in the history. Fails when the file is not the one of
 * *stamp any more, which is then updated. gid: the group that may read it.
 */
bool store_file_write(const char *path, const char *history_dir, const char *text, size_t len,
		      unsigned gid, StoreStamp *stamp, GError **error);
/* Names of the history's files, newest first; g_ptr_array_unref. */
GPtrArray *store_history(const char *history_dir);

#endif
