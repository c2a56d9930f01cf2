/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QubesDB's messages (specs/qubesdb.md section 1): a header of 72 bytes, then data_len
 * bytes of data. Between the daemons of dom0 and of a qube by vchan, and between a
 * daemon and its local clients. Pure codec.
 *
 *   offset 0   u8       type
 *          1   char[64] path, NUL-terminated
 *          65  3 bytes  padding
 *          68  u32      data_len
 */
#ifndef QUBES_QUBESDB_PROTO_H
#define QUBES_QUBESDB_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QDB_HEADER_SIZE 72
#define QDB_PATH_SIZE 64  /* with the NUL */
#define QDB_DATA_MAX 3071 /* bytes of a value */
#define QDB_MESSAGE_MAX (QDB_HEADER_SIZE + QDB_DATA_MAX)
#define QDB_VCHAN_PORT 111
#define QDB_RING_SIZE 4096

enum qdb_type {
	QDB_READ = 0,
	QDB_WRITE = 1,
	QDB_MULTIREAD = 2,
	QDB_LIST = 3,
	QDB_RM = 4,
	QDB_WATCH = 5,
	QDB_UNWATCH = 6,
	QDB_OK = 7,
	QDB_ERROR_NOENT = 8,
	QDB_ERROR = 9,
	QDB_R_READ = 10,
	QDB_R_MULTIREAD = 11,
	QDB_R_LIST = 12,
	QDB_R_WATCH = 13,
};

struct qdb_header {
	uint8_t type;
	char path[QDB_PATH_SIZE]; /* always NUL-terminated, rest zero */
	uint32_t data_len;
};

/* Who sent a message, hence which types it may have. */
enum qdb_source {
	QDB_FROM_CLIENT, /* a local program: READ … UNWATCH */
	QDB_FROM_LINK,	 /* the other daemon: WRITE, RM, MULTIREAD, OK, ERROR*, R_MULTIREAD */
	QDB_FROM_DAEMON, /* to a local program: OK … R_WATCH */
};

/*
 * Takes the fields apart; any byte sequence of QDB_HEADER_SIZE is taken, byte 63 of the path
 * counts as NUL. The result is raw until qdb_header_check() has passed it.
 */
void qdb_header_decode(const uint8_t raw[QDB_HEADER_SIZE], struct qdb_header *ret_untrusted);

/* Type fit for the source, path of allowed characters, data_len at most QDB_DATA_MAX. 0 or
 * -EBADMSG. */
int qdb_header_check(const struct qdb_header *untrusted, enum qdb_source from);

void qdb_header_encode(const struct qdb_header *h, uint8_t ret_raw[QDB_HEADER_SIZE]);

/* A header with everything set; path is at most 63 bytes. */
struct qdb_header qdb_header_make(enum qdb_type type, const char *path, uint32_t data_len);

/* Allowed characters, no leading "-", shorter than QDB_PATH_SIZE. May be empty. */
bool qdb_path_ok(const char *path);

/* The path of an entry: as above, begins with "/" and does not end with it. */
bool qdb_path_is_entry(const char *path);

/* Does a change of `path` concern who asked for `spec` (exact, or a prefix if it ends in "/")? */
bool qdb_path_matches(const char *spec, const char *path);

/* No NUL among the bytes. */
bool qdb_data_ok(const void *data, size_t len);

#endif
