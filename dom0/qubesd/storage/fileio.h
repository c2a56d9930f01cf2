/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps on image files, each of which either happens wholly or not at all, also
 * when the process is killed: new content is written beside its place, under a name
 * with "~", and renamed into it. All set a STORAGE_ERROR that names the file.
 */
#ifndef QUBESD_STORAGE_FILEIO_H
#define QUBESD_STORAGE_FILEIO_H

#include "dom0/qubesd/storage/storage.h"

#include <stdbool.h>
#include <sys/stat.h>

/* How much a new file must survive: nothing is waited for, or it is on disk at return. */
typedef enum { FILE_LAZY, FILE_DURABLE } FileSync;
/* Whether a copy may cost time and space. */
typedef enum { COPY_ANY, COPY_REFLINK_ONLY } CopyHow;

/* Sets error from errno: "Cannot <what> <path>: <why>", with a hint on a full disk. FALSE. */
gboolean file_error(GError **error, int err, const char *what, const char *path);

bool file_exists(const char *path);
/* TRUE and *ret filled; FALSE when there is none. */
bool file_stat(const char *path, struct stat *ret);
/* TRUE when no byte of it was ever written (or it does not exist). */
bool file_is_blank(const char *path);

/* mkdir -p below an existing directory, durable. */
gboolean file_make_dir(const char *path, GError **error);
/* An empty file of size bytes that takes no space. Replaces path. */
gboolean file_create_sparse(const char *path, guint64 size, FileSync sync, GError **error);
/*
 * A copy of src (file or block device) at dst, sharing the data where the file
 * system can; holes stay holes. size: bytes of the copy, -1: as src. The copy has src's
 * modification time. COPY_REFLINK_ONLY: does nothing and returns TRUE where sharing is
 * impossible.
 */
gboolean file_copy(const char *src, const char *dst, gint64 size, FileSync sync, CopyHow how,
		   GError **error);
/* The data of src into the blank device dst, flushed. */
gboolean file_copy_into(const char *src, const char *dst, GError **error);
/* rename(2), durable. A missing src is an error. */
gboolean file_rename(const char *src, const char *dst, GError **error);
/* Each gets the other's content, durable; where the file system cannot, b only gets a's. */
gboolean file_exchange(const char *a, const char *b, GError **error);
/* link(2), durable. Replaces nothing. */
gboolean file_link(const char *src, const char *dst, GError **error);
/* Does any process have it open? The program must ignore SIGIO: who opens it now sends one. */
bool file_is_open(const char *path);
/* unlink(2); a missing file is fine. */
gboolean file_remove(const char *path, GError **error);
gboolean file_sync(const char *path, GError **error);
/* Removes an empty directory; any other is left alone. */
void file_remove_empty_dir(const char *path);
/* Changes the size in place and tells loop devices that have it open. */
gboolean file_resize(const char *path, guint64 size, GError **error);
/* Can files in dir share data? */
bool file_can_reflink(const char *dir);

/* For file_copy(): the data of one open file into another, empty one. 0 or -errno. */
int filecopy_reflink(int src, int dst);
int filecopy_sparse(int src, int dst);

#endif
