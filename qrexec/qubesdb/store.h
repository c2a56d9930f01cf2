/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entries of one QubesDB, sorted by path as strcmp sorts. Values are wiped when they
 * are replaced or removed: one of them is a random seed.
 */
#ifndef QUBES_QUBESDB_STORE_H
#define QUBES_QUBESDB_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "qrexec/qubesdb/proto.h"

/* What a qube can make dom0's daemon keep. */
#define QDB_ENTRIES_MAX 16384u
#define QDB_BYTES_MAX (4u * 1024 * 1024) /* of all values together */

struct qdb_entry {
	char path[QDB_PATH_SIZE];
	char *value; /* owned, not NUL-terminated, NULL when empty */
	size_t len;
	bool local;   /* the last write came from a local client */
	bool unsent;  /* … and the other daemon was not there to be told */
	bool in_dump; /* the other daemon's dump had it */
};

struct qdb_store {
	struct qdb_entry **entry; /* owned, sorted */
	size_t count, cap;
	size_t bytes;
};

/* Zero is empty. */
void qdb_store_clear(struct qdb_store *s);

/* The entry, or NULL. Valid until the next change. */
struct qdb_entry *qdb_store_get(const struct qdb_store *s, const char *path);

/*
 * Writes a value; path must be qdb_path_is_entry(). The flags of the entry are cleared.
 * 0, -ENOSPC over a limit, -ENOMEM; nothing is changed then.
 */
int qdb_store_set(struct qdb_store *s, const char *path, const void *value, size_t len,
		  struct qdb_entry **ret);

/* Removes a path, or with "/" at its end all that begin with it. How many there were. */
size_t qdb_store_remove(struct qdb_store *s, const char *path);

/* The index range [*ret_first, *ret_end) of the entries whose path begins with text. */
void qdb_store_range(const struct qdb_store *s, const char *text, size_t *ret_first,
		     size_t *ret_end);

#endif
