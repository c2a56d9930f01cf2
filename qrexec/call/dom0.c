/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dom0's local protocols, the client's side (dom0.h). The peers are our own daemons. */
#include "qrexec/call/dom0.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/proto/answer.h"

#define ADMIN_REPLY_MAX (1024 * 1024)
/* As long as a daemon that died may take to be there again. */
#define RESTART_MS 2000

const char *dom0_socket_dir(const char *dir, char *buf, size_t n)
{
	return dir ? dir : qubes_path(buf, n, "/run/qubes");
}

int dom0_connect(const char *dir, const char *qube, struct qrx_error *e)
{
	char path[QUBES_PATH_MAX];
	int fd;

	if (!dir || strchr(qube, '/') || !*qube ||
	    (size_t)snprintf(path, sizeof(path), "%s/qrexec.%s", dir, qube) >= sizeof(path)) {
		qrx_error_set(e, "'%.60s' cannot be the name of a qube", qube);
		return -EINVAL;
	}
	fd = unix_connect_restarted(path, SOCK_STREAM, RESTART_MS);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		qrx_error_set(e,
			      "qube %s is not running, or its agent has not connected yet (no "
			      "daemon at %s); start it with: qvm-start %s",
			      qube, path, qube);
	else if (fd < 0)
		qrx_error_set(e, "cannot reach the qrexec daemon of qube %s at %s: %s", qube, path,
			      strerror(-fd));
	return fd;
}

static int read_hello(int fd)
{
	uint8_t hello[QRX_HEADER_LEN + QRX_HELLO_LEN];
	uint32_t version;
	int r = io_read_all(fd, hello, sizeof(hello));

	if (!r)
		r = qrx_get_hello(hello, &version);
	if (!r && version < QRX_CLIENT_VERSION)
		r = -EPROTO;
	return r;
}

static int read_params(int fd, uint32_t type, struct qrx_params *ret)
{
	uint8_t head[QRX_HEADER_LEN], body[QRX_PARAMS_LEN];
	struct qrx_header h;
	int r = io_read_all(fd, head, sizeof(head));

	if (r)
		return r;
	h = qrx_get_header(head);
	if (h.type != type || h.len != sizeof(body))
		return -EBADMSG;
	r = io_read_all(fd, body, sizeof(body));
	if (!r)
		*ret = qrx_get_params(body);
	return r;
}

int dom0_request(int fd, uint32_t type, struct qrx_params *p, const void *body, size_t len,
		 struct qrx_error *e)
{
	const size_t fixed = QRX_HEADER_LEN + QRX_HELLO_LEN + QRX_HEADER_LEN + QRX_PARAMS_LEN;
	_cleanup_free_ uint8_t *m = malloc(fixed + len);
	int r;

	if (len + QRX_PARAMS_LEN > QRX_COMMAND_MAX) {
		qrx_error_set(e, "the command is too long: %zu bytes, the limit is %d", len,
			      QRX_COMMAND_MAX - QRX_PARAMS_LEN);
		return -EMSGSIZE;
	}
	if (!m)
		return -ENOMEM;
	/* The daemon's HELLO need not be seen before ours is sent. */
	qrx_put_hello(m, QRX_CLIENT_VERSION);
	qrx_put_header(m + QRX_HEADER_LEN + QRX_HELLO_LEN, type, (uint32_t)(len + QRX_PARAMS_LEN));
	qrx_put_params(m + fixed - QRX_PARAMS_LEN, *p);
	memcpy(m + fixed, body, len);
	r = io_write_all(fd, m, fixed + len);
	if (!r)
		r = read_hello(fd);
	if (!r && !p->port)
		r = read_params(fd, type, p);
	if (r)
		qrx_error_set(e, "the qrexec daemon did not take the request: %s%s", strerror(-r),
			      r == -ENODATA ? " (its log tells why)" : "");
	return r;
}

int dom0_service_connect(const char *dir, unsigned source, const char *ident, struct qrx_params *p,
			 struct qrx_error *e)
{
	char number[16], field[QRX_IDENT_LEN] = "";
	_cleanup_close_ int fd = -1;
	int r;

	if (strlen(ident) >= sizeof(field)) {
		qrx_error_set(e, "the request id is too long");
		return -EINVAL;
	}
	memcpy(field, ident, strlen(ident));
	snprintf(number, sizeof(number), "%u", source);
	fd = dom0_connect(dir, number, e);
	if (fd < 0)
		return fd;
	r = dom0_request(fd, QRX_SERVICE_CONNECT, p, field, sizeof(field), e);
	return r ? r : steal_fd(&fd);
}

static int admin_exchange(int fd, const char *request, size_t n, const char *payload,
			  char **ret_reply, size_t *ret_len)
{
	int r = io_write_all(fd, request, n);

	if (!r && payload)
		r = io_write_all(fd, payload, strlen(payload));
	if (!r && shutdown(fd, SHUT_WR) < 0)
		r = -errno;
	return r ? r : io_read_to_end(fd, ADMIN_REPLY_MAX, ret_reply, ret_len);
}

int dom0_admin(const char *method, const char *arg, const char *dest, const char *payload,
	       char **ret_text, char ret_type[64], struct qrx_error *e)
{
	char path[QUBES_PATH_MAX], request[512];
	const char *type = "", *text = "";
	_cleanup_free_ char *reply = NULL;
	_cleanup_close_ int fd = -1;
	size_t len = 0;
	long n = qrx_admin_write(method, arg, dest, request, sizeof(request));
	int r;

	if (n < 0)
		return (int)n;
	if (!qubes_path(path, sizeof(path), "/run/qubesd.sock"))
		return -ENAMETOOLONG;
	fd = unix_connect_restarted(path, SOCK_STREAM, RESTART_MS);
	r = fd < 0 ? fd : admin_exchange(fd, request, (size_t)n, payload, &reply, &len);
	if (r) {
		qrx_error_set(e, "%s of %s: no answer from qubesd at %s: %s", method, dest, path,
			      strerror(-r));
		return r;
	}
	r = qrx_admin_parse(reply, len, &type, &text);
	if (r) {
		qrx_error_set(e, "%s of %s failed: %s %.200s", method, dest, type,
			      r == -EREMOTEIO ? text : "malformed answer from qubesd");
		if (ret_type)
			snprintf(ret_type, 64, "%s", type);
		return r;
	}
	if (ret_text) {
		*ret_text = strdup(text);
		return *ret_text ? 0 : -ENOMEM;
	}
	return 0;
}
