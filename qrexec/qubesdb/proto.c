/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QubesDB's messages (proto.h). Peers: a qube's daemon, local programs; both untrusted. */
#include "qrexec/qubesdb/proto.h"

#include <errno.h>
#include <string.h>

#include "qrexec/base/cursor.h"

void qdb_header_decode(const uint8_t raw[QDB_HEADER_SIZE], struct qdb_header *ret_untrusted)
{
	struct cur c = cur_init(raw, QDB_HEADER_SIZE);
	struct qdb_header h = {0};
	size_t len;

	h.type = cur_u8(&c);
	cur_bytes(&c, h.path, sizeof(h.path));
	h.path[sizeof(h.path) - 1] = '\0';
	len = strlen(h.path);
	memset(h.path + len, 0, sizeof(h.path) - len);
	cur_take(&c, 3);
	h.data_len = cur_u32(&c);
	*ret_untrusted = h;
}

void qdb_header_encode(const struct qdb_header *h, uint8_t ret_raw[QDB_HEADER_SIZE])
{
	struct wcur w = wcur_init(ret_raw, QDB_HEADER_SIZE);

	wcur_u8(&w, h->type);
	wcur_bytes(&w, h->path, sizeof(h->path));
	wcur_zero(&w, 3);
	wcur_u32(&w, h->data_len);
}

struct qdb_header qdb_header_make(enum qdb_type type, const char *path, uint32_t data_len)
{
	struct qdb_header h = {.type = (uint8_t)type, .data_len = data_len};
	size_t len = strnlen(path, sizeof(h.path) - 1);

	memcpy(h.path, path, len);
	return h;
}

static bool type_ok(uint8_t type, enum qdb_source from)
{
	switch (from) {
	case QDB_FROM_CLIENT:
		return type <= QDB_UNWATCH;
	case QDB_FROM_DAEMON:
		return type >= QDB_OK && type <= QDB_R_WATCH;
	case QDB_FROM_LINK:
		return type == QDB_WRITE || type == QDB_MULTIREAD || type == QDB_RM ||
		       (type >= QDB_OK && type <= QDB_ERROR) || type == QDB_R_MULTIREAD;
	}
	return false;
}

static bool char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_/.:@-", c));
}

bool qdb_path_ok(const char *path)
{
	size_t len = strnlen(path, QDB_PATH_SIZE);

	if (len == QDB_PATH_SIZE || path[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!char_ok(path[i]))
			return false;
	return true;
}

bool qdb_path_is_entry(const char *path)
{
	return qdb_path_ok(path) && path[0] == '/' && path[strlen(path) - 1] != '/';
}

bool qdb_path_matches(const char *spec, const char *path)
{
	size_t len = strlen(spec);

	if (len && spec[len - 1] == '/')
		return strncmp(spec, path, len) == 0;
	return strcmp(spec, path) == 0;
}

bool qdb_data_ok(const void *data, size_t len)
{
	return len == 0 || !memchr(data, '\0', len);
}

int qdb_header_check(const struct qdb_header *untrusted, enum qdb_source from)
{
	if (!type_ok(untrusted->type, from) || !qdb_path_ok(untrusted->path) ||
	    untrusted->data_len > QDB_DATA_MAX)
		return -EBADMSG;
	return 0;
}
