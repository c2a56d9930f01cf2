/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Client of QubesDB, a qube's small tree of settings that dom0 and the qube share
 * (specs/qubesdb.md sections 1 and 2). The calls have the names and meaning of upstream's
 * library; a char * argument of theirs fits here.
 *
 * A path is "/" and more of [A-Za-z0-9_/.:@-], at most 63 bytes; a value is at most 3071
 * bytes without NUL. Values come from a qube: hostile.
 *
 * No call but qdb_read_watch() lasts longer than the handle's timeout (5 s unless set). A
 * handle is for one thread at a time. When the daemon was restarted, the next call
 * connects again and sets the watches again.
 *
 * On failure errno tells: ENOENT no such path, EINVAL bad argument, ETIMEDOUT, EPIPE no
 * daemon, EACCES refused by the daemon, EPROTO nonsense from it, ENOMEM.
 */
#ifndef QUBES_QUBESDB_CLIENT_H
#define QUBES_QUBESDB_CLIENT_H

#include <stdbool.h>

#define QDB_DEFAULT_TIMEOUT_MS 5000
/* As long as a daemon that was killed may take to be there again. */
#define QDB_RESTART_MS 2000

struct qdb_handle;
typedef struct qdb_handle *qdb_handle_t;

/*
 * Connects to the daemon of a qube (dom0 only), or to the local one (NULL). Takes the
 * read-only socket where the other may not be opened. NULL on failure.
 */
qdb_handle_t qdb_open(const char *vmname);

/*
 * The same for programs that have nothing else to do meanwhile: where the daemon was killed, waits
 * so many milliseconds for it to be started again, here and in later calls (within their time).
 * One that was stopped is not waited for.
 */
qdb_handle_t qdb_open_patient(const char *vmname, int patience_ms);
void qdb_close(qdb_handle_t h); /* NULL is fine */

/* Milliseconds that each later call may take; -1: for ever. */
void qdb_set_timeout(qdb_handle_t h, int timeout_ms);

/* The value, NUL-terminated, to be freed by the caller; its length in *value_len unless
 * NULL. NULL on failure. */
char *qdb_read(qdb_handle_t h, const char *path, unsigned int *value_len);

/*
 * The paths that begin with the text `path` ("/a" finds "/ab"), sorted, NULL-terminated;
 * the caller frees each and the array (or qdb_free_list()). NULL on failure.
 */
char **qdb_list(qdb_handle_t h, const char *path, unsigned int *list_len);

/*
 * The same with values: path, value, path, value …, NULL, NULL. *values_len (unless NULL)
 * receives an array of the values' lengths, *list_len the number of pairs; the caller
 * frees everything.
 */
char **qdb_multiread(qdb_handle_t h, const char *path, unsigned int **values_len,
		     unsigned int *list_len);

/* Frees what qdb_list() and qdb_multiread() return. */
void qdb_free_list(char **list);

/* 1 or, on failure, 0. */
int qdb_write(qdb_handle_t h, const char *path, const char *value, unsigned int value_len);

/* Removes a path, or with a "/" at its end all below it. 1, also when there was nothing,
 * or 0. */
int qdb_rm(qdb_handle_t h, const char *path);

/* Asks for events about a path, or with a "/" at its end about all below it. 1 or 0. An
 * event may still come after qdb_unwatch(). */
int qdb_watch(qdb_handle_t h, const char *path);
int qdb_unwatch(qdb_handle_t h, const char *path);

/* Waits for an event, without a limit: the path that changed, to be freed by the caller,
 * or NULL on failure. */
char *qdb_read_watch(qdb_handle_t h);

/* The same for at most timeout_ms (-1: for ever; 0: what is there); then NULL, ETIMEDOUT. */
char *qdb_read_watch_timeout(qdb_handle_t h, int timeout_ms);

/* The descriptor that polls readable when events come; ask again after every other call.
 * Events that came during another call are already here: see qdb_watch_pending(). */
int qdb_watch_fd(qdb_handle_t h);
bool qdb_watch_pending(qdb_handle_t h);

#endif
