/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that stream: volume imports (a long payload) and events (a long answer). See
 * conn.h. The peer is qubesd or the import service in dom0; both are trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dom0/admin/conn.h"
#include "dom0/admin/program.h"
#include "dom0/admin/service.h"
#include "dom0/admin/reply.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

#define COPY_CHUNK 65536

/* Everything of src to dst, a socket; stops quietly when the reader has had enough. */
static void pump(int src, int dst, const char *prefix)
{
	g_autofree char *buf = g_malloc(COPY_CHUNK);
	gsize n = prefix ? strlen(prefix) : 0;

	if (n && send(dst, prefix, n, MSG_NOSIGNAL) != (ssize_t)n)
		return;
	for (;;) {
		ssize_t got = read(src, buf, COPY_CHUNK), off = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return;
		while (off < got) {
			ssize_t put = send(dst, buf + off, (size_t)(got - off), MSG_NOSIGNAL);

			if (put < 0 && errno == EINTR)
				continue;
			if (put <= 0)
				return;
			off += put;
		}
	}
}

/* Runs argv fed with prefix and fd; its standard output, with a NUL, in malloc memory. */
static char *run_fed(const char *const *argv, const char *prefix, int fd, size_t *ret_len,
		     GError **err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	char *reply = NULL;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0 ||
	    pipe2(out, O_CLOEXEC) < 0) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION,
			    "cannot prepare the import: %s", g_strerror(errno));
		if (in[0] >= 0) {
			close(in[0]);
			close(in[1]);
		}
		return NULL;
	}
	pid = program_spawn(argv, prefix ? in[0] : fd, out[1], STDERR_FILENO, err);
	close(in[0]);
	close(out[1]);
	if (pid > 0) {
		if (prefix)
			pump(fd, in[1], prefix);
		shutdown(in[1], SHUT_WR);
		io_read_to_end(out[0], ADMIN_REPLY_MAX, &reply, ret_len);
		program_wait(pid);
	}
	close(in[1]);
	close(out[0]);
	return reply;
}

char *service_program(const char *method)
{
	const char *dir = g_getenv("QREXEC_SERVICES_DIR");
	char path[QUBES_PATH_MAX];

	if (!dir || !*dir)
		dir = qubes_path(path, sizeof(path), "/etc/qubes-rpc");
	return g_build_filename(dir ? dir : "/etc/qubes-rpc", method, NULL);
}

bool admin_call_stream(struct admin *a, const char *dest, const char *method, const char *arg,
		       const char *prefix, int fd, GError **err)
{
	g_autofree char *service = g_strdup_printf("%s+%s", method, arg ? arg : "");
	g_autofree char *program = service_program(method);
	g_autofree char *client = program_find("qrexec-client-vm", "QREXEC_CLIENT_VM");
	g_autofree char *target = g_strconcat("QREXEC_REQUESTED_TARGET=", dest, NULL);
	const char *local[] = {"sudo", "env", "QREXEC_REMOTE_DOMAIN=dom0", target, program,
			       arg,    NULL};
	const char *remote[] = {client, dest, service, NULL};
	const char *const *argv = admin_is_local(a) ? local + (geteuid() == 0) : remote;
	g_autofree char *data = NULL;
	char *buf;
	size_t len = 0;

	if (admin_is_local(a) && access(program, F_OK) < 0) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION, "no service %s", program);
		return false;
	}
	buf = run_fed(argv, prefix, fd, &len, err);
	if (!buf)
		return false;
	data = admin_parse_answer(buf, len, err);
	return data != NULL;
}

static int open_qrexec(const char *dest, const char *method, pid_t *ret_pid, GError **err)
{
	g_autofree char *client = program_find("qrexec-client-vm", "QREXEC_CLIENT_VM");
	const char *argv[] = {client, dest, method, NULL};
	int out[2];

	if (pipe2(out, O_CLOEXEC) < 0) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION, "pipe: %s",
			    g_strerror(errno));
		return -1;
	}
	*ret_pid = program_spawn(argv, -1, out[1], STDERR_FILENO, err);
	close(out[1]);
	if (*ret_pid > 0)
		return out[0];
	close(out[0]);
	return -1;
}

int admin_open_stream(struct admin *a, const char *dest, const char *method, pid_t *ret_pid,
		      GError **err)
{
	g_autofree char *head = g_strdup_printf("%s+ dom0 name %s", method, dest);
	int fd;

	*ret_pid = 0;
	if (!admin_is_local(a)) {
		fd = open_qrexec(dest, method, ret_pid, err);
	} else {
		fd = unix_connect(admin_socket_path(a), SOCK_STREAM);
		if (fd >= 0 && send(fd, head, strlen(head) + 1, MSG_NOSIGNAL) < 0) {
			close(fd);
			fd = -EPIPE;
		}
		if (fd < 0) {
			g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION,
				    "cannot reach qubesd at %s: %s", admin_socket_path(a),
				    g_strerror(-fd));
			return -1;
		}
		shutdown(fd, SHUT_WR);
	}
	if (fd >= 0)
		io_set_nonblock(fd, true);
	return fd;
}
