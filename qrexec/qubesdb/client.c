/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QubesDB's client library (qubesdb-client.h). The peer is the local daemon (client-io.c). */
#include "qrexec/qubesdb/qubesdb-client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/qubesdb/client-io.h"

#define NAME_MAX_LEN 64

void *qdb_fail(int err)
{
	errno = -err;
	return NULL;
}

static bool name_ok(const char *name)
{
	return *name && *name != '.' && strlen(name) <= NAME_MAX_LEN && !strchr(name, '/');
}

/* The path of a socket: an owned string, or NULL. Kept, so that a later change of the
 * environment does not lead the handle elsewhere. */
static char *socket_path(const char *vmname, const char *kind)
{
	char path[QUBES_PATH_MAX];

	if (!qubes_path(path, sizeof(path), "/run/qubes/qubesdb%s%s%s", vmname ? "." : "",
			vmname ? vmname : "", kind))
		return NULL;
	return strdup(path);
}

/* What callers hear when there is no daemon. */
static int as_gone(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -ECONNRESET || r == -ENODATA ? -EPIPE : r;
}

qdb_handle_t qdb_open(const char *vmname)
{
	return qdb_open_patient(vmname, 0);
}

qdb_handle_t qdb_open_patient(const char *vmname, int patience_ms)
{
	struct qdb_handle *h;
	int r;

	if (vmname && !name_ok(vmname))
		return qdb_fail(-EINVAL);
	h = calloc(1, sizeof(*h));
	if (!h)
		return qdb_fail(-ENOMEM);
	h->fd = -1;
	h->timeout_ms = QDB_DEFAULT_TIMEOUT_MS;
	h->patience_ms = patience_ms;
	h->last = &h->first;
	h->path = socket_path(vmname, ".sock");
	h->ro_path = socket_path(vmname, ".ro.sock");
	r = h->path && h->ro_path ? qdb_io_connect(h, -1) : -ENAMETOOLONG;
	if (r) {
		qdb_close(h);
		return qdb_fail(as_gone(r));
	}
	return h;
}

void qdb_close(qdb_handle_t h)
{
	if (!h)
		return;
	while (h->first) {
		struct qdb_pending *next = h->first->next;

		free(h->first);
		h->first = next;
	}
	qdb_io_close(h);
	free(h->watch);
	free(h->path);
	free(h->ro_path);
	free(h);
}

void qdb_set_timeout(qdb_handle_t h, int timeout_ms)
{
	h->timeout_ms = timeout_ms;
}

/* ---- requests ---- */

int qdb_get_answer(qdb_handle_t h, struct qdb_header *ret_hdr, char *ret_data, int64_t deadline)
{
	int r;

	do {
		r = qdb_io_receive(h, ret_hdr, ret_data, deadline);
		if (r)
			return r;
		if (ret_hdr->type == QDB_R_WATCH)
			r = qdb_io_keep(h, ret_hdr->path);
	} while (!r && ret_hdr->type == QDB_R_WATCH);
	return r;
}

static int exchange(qdb_handle_t h, const struct qdb_header *rq, const void *data,
		    struct qdb_header *ret_hdr, char *ret_data, int64_t deadline)
{
	int r = qdb_io_send(h, rq, data, deadline);

	return r ? r : qdb_get_answer(h, ret_hdr, ret_data, deadline);
}

/* Connects, and asks again for the events that were asked for. */
static int reconnect(qdb_handle_t h, int64_t deadline)
{
	char data[QDB_DATA_MAX + 1];
	struct qdb_header a;
	int r;

	qdb_io_close(h);
	r = qdb_io_connect(h, deadline);
	for (size_t i = 0; i < h->watches && !r; i++) {
		struct qdb_header w = qdb_header_make(QDB_WATCH, h->watch[i], 0);

		r = exchange(h, &w, NULL, &a, data, deadline);
	}
	if (r)
		qdb_io_close(h);
	return r;
}

/* The daemon may have been restarted since the last call: tried once more then, on a new
 * connection. */
int qdb_request(qdb_handle_t h, enum qdb_type type, const char *path, const void *data, size_t len,
		struct qdb_header *ret_hdr, char *ret_data, int64_t *ret_deadline)
{
	struct qdb_header rq;
	int64_t deadline;
	int r = 0;

	if (!h || !path || path[0] != '/' || strlen(path) >= QDB_PATH_SIZE || len > QDB_DATA_MAX)
		return -EINVAL;
	deadline = h->timeout_ms < 0 ? -1 : io_now_ms() + h->timeout_ms;
	*ret_deadline = deadline;
	rq = qdb_header_make(type, path, (uint32_t)len);
	if (h->fd < 0)
		r = reconnect(h, deadline);
	if (!r)
		r = exchange(h, &rq, data, ret_hdr, ret_data, deadline);
	if (as_gone(r) == -EPIPE) {
		r = reconnect(h, deadline);
		if (!r)
			r = exchange(h, &rq, data, ret_hdr, ret_data, deadline);
	}
	if (r) {
		qdb_io_close(h);
		return as_gone(r);
	}
	if (ret_hdr->type == QDB_ERROR_NOENT)
		return -ENOENT;
	return ret_hdr->type == QDB_ERROR ? -EACCES : 0;
}

int qdb_nonsense(qdb_handle_t h)
{
	qdb_io_close(h);
	return -EPROTO;
}

static int simple(qdb_handle_t h, enum qdb_type type, const char *path, const void *data,
		  size_t len)
{
	char buf[QDB_DATA_MAX + 1];
	struct qdb_header a;
	int64_t deadline;
	int r = qdb_request(h, type, path, data, len, &a, buf, &deadline);

	if (!r && a.type != QDB_OK)
		r = qdb_nonsense(h);
	return r;
}

static int as_bool(int r)
{
	if (r)
		errno = -r;
	return r ? 0 : 1;
}

char *qdb_read(qdb_handle_t h, const char *path, unsigned int *value_len)
{
	char buf[QDB_DATA_MAX + 1], *value;
	struct qdb_header a;
	int64_t deadline;
	int r = qdb_request(h, QDB_READ, path, NULL, 0, &a, buf, &deadline);

	if (!r && a.type != QDB_R_READ)
		r = qdb_nonsense(h);
	if (r)
		return qdb_fail(r);
	value = malloc(a.data_len + 1);
	if (!value)
		return qdb_fail(-ENOMEM);
	memcpy(value, buf, a.data_len + 1);
	if (value_len)
		*value_len = a.data_len;
	return value;
}

int qdb_write(qdb_handle_t h, const char *path, const char *value, unsigned int value_len)
{
	if (!value)
		return as_bool(-EINVAL);
	return as_bool(simple(h, QDB_WRITE, path, value, value_len));
}

int qdb_rm(qdb_handle_t h, const char *path)
{
	int r = simple(h, QDB_RM, path, NULL, 0);

	return as_bool(r == -ENOENT ? 0 : r);
}

/* ---- events ---- */

int qdb_watch(qdb_handle_t h, const char *path)
{
	int r = simple(h, QDB_WATCH, path, NULL, 0);
	void *more;

	if (r)
		return as_bool(r);
	more = reallocarray(h->watch, h->watches + 1, sizeof(*h->watch));
	if (!more)
		return as_bool(-ENOMEM);
	h->watch = more;
	memset(h->watch[h->watches], 0, QDB_PATH_SIZE);
	strncpy(h->watch[h->watches++], path, QDB_PATH_SIZE - 1);
	return 1;
}

int qdb_unwatch(qdb_handle_t h, const char *path)
{
	int r = simple(h, QDB_UNWATCH, path, NULL, 0);

	for (size_t i = 0; h && (!r || r == -ENOENT) && i < h->watches; i++) {
		if (strcmp(h->watch[i], path) != 0)
			continue;
		memmove(h->watch[i], h->watch[--h->watches], QDB_PATH_SIZE);
		break;
	}
	return as_bool(r == -ENOENT ? 0 : r);
}

static char *take_pending(qdb_handle_t h)
{
	struct qdb_pending *p = h->first;
	char *path = strdup(p->path);

	if (!path)
		return qdb_fail(-ENOMEM);
	h->first = p->next;
	if (!h->first)
		h->last = &h->first;
	h->pending--;
	free(p);
	return path;
}

char *qdb_read_watch_timeout(qdb_handle_t h, int timeout_ms)
{
	char buf[QDB_DATA_MAX + 1], *path;
	int64_t deadline = timeout_ms < 0 ? -1 : io_now_ms() + timeout_ms;
	struct qdb_header a;
	int r;

	if (!h)
		return qdb_fail(-EINVAL);
	if (h->first)
		return take_pending(h);
	r = h->fd < 0 ? reconnect(h, deadline) : 0;
	if (!r)
		r = qdb_io_receive(h, &a, buf, deadline);
	if (!r && a.type != QDB_R_WATCH)
		r = -EPROTO;
	if (r) {
		if (r != -ETIMEDOUT)
			qdb_io_close(h);
		return qdb_fail(as_gone(r));
	}
	path = strdup(a.path);
	return path ? path : qdb_fail(-ENOMEM);
}

char *qdb_read_watch(qdb_handle_t h)
{
	return qdb_read_watch_timeout(h, -1);
}

int qdb_watch_fd(qdb_handle_t h)
{
	int64_t deadline;
	int r;

	if (!h)
		return -1;
	deadline = h->timeout_ms < 0 ? -1 : io_now_ms() + h->timeout_ms;
	r = h->fd < 0 ? reconnect(h, deadline) : 0;
	if (r)
		errno = EPIPE;
	return r ? -1 : h->fd;
}

bool qdb_watch_pending(qdb_handle_t h)
{
	return h && h->first;
}
