/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QubesDB's client library when the daemon answers with arbitrary bytes. The first byte
 * chooses the call, the rest is the answer.
 */
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/qubesdb/client-io.h"
#include "qrexec/qubesdb/qubesdb-client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A handle whose daemon has said all it will ever say; it cannot be reached again. */
static qdb_handle_t make_handle(const uint8_t *answer, size_t n, int *ret_peer)
{
	qdb_handle_t h = calloc(1, sizeof(*h));
	int fds[2];

	assert(h && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	h->fd = fds[0];
	h->timeout_ms = 1000;
	h->last = &h->first;
	h->path = strdup("/nonexistent/a");
	h->ro_path = strdup("/nonexistent/b");
	assert(send(fds[1], answer, n, MSG_NOSIGNAL) == (ssize_t)n);
	shutdown(fds[1], SHUT_WR);
	*ret_peer = fds[1];
	return h;
}

static void check_list(char **list, unsigned n, unsigned per)
{
	if (!list)
		return;
	for (unsigned i = 0; i < n * per; i++)
		assert(list[i] && strlen(list[i]) <= QDB_DATA_MAX);
	assert(!list[n * per]);
	qdb_free_list(list);
}

static void call(qdb_handle_t h, uint8_t which)
{
	unsigned n = 0, *lens = NULL;
	char *value;

	switch (which % 6) {
	case 0:
		value = qdb_read(h, "/a", &n);
		assert(!value || (n <= QDB_DATA_MAX && !value[n]));
		free(value);
		break;
	case 1:
		check_list(qdb_list(h, "/", &n), n, 1);
		break;
	case 2:
		check_list(qdb_multiread(h, "/", &lens, &n), n, 2);
		free(lens);
		break;
	case 3:
		qdb_write(h, "/a", "x", 1);
		break;
	case 4:
		qdb_watch(h, "/a/");
		break;
	default:
		value = qdb_read_watch_timeout(h, 10);
		assert(!value || strlen(value) < QDB_PATH_SIZE);
		free(value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	qdb_handle_t h;
	int peer;

	if (size < 1 || size > 60000)
		return 0;
	h = make_handle(data + 1, size - 1, &peer);
	for (unsigned i = 0; i < 4; i++)
		call(h, (uint8_t)(data[0] + i * (data[0] / 6)));
	qdb_close(h);
	close(peer);
	return 0;
}
