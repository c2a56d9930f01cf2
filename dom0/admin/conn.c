/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of the Admin API (conn.h). The peer is qubesd, trusted; through qrexec it is
 * qubesd behind a policy, and a refusal shows as a failed qrexec-client-vm.
 */
#include "dom0/admin/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/admin/reply.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

struct admin {
	bool local;
	char *socket;	  /* owned */
	char *client_vm;  /* owned; qrexec-client-vm */
	char *local_name; /* owned; NULL until asked for */
	guint timeout_ms, patience_ms;
	int cancel; /* descriptor, not owned; -1: none */
};

struct admin_call {
	const struct admin *admin;
	int fd;	    /* the answer is read from here; -1 after a failure */
	int err_fd; /* stderr of the child, -1 on the socket's way */
	pid_t pid;  /* child of the qrexec way, else 0 */
	GError *error;
};

static bool choose_local(const char *socket)
{
	const char *way = g_getenv("QUBES_CONNECTION");

	if (way && *way)
		return strcmp(way, "qrexec") != 0;
	if (access(socket, F_OK) == 0 || access("/etc/qubes-release", F_OK) == 0)
		return true;
	/* Neither a daemon here nor a way out: be dom0, whose error names the socket. */
	return access("/usr/bin/qrexec-client-vm", X_OK) != 0;
}

struct admin *admin_new(void)
{
	struct admin *a = g_new0(struct admin, 1);
	const char *socket = g_getenv("QUBESD_SOCKET");
	char path[QUBES_PATH_MAX];

	if (!socket || !*socket)
		socket = qubes_path(path, sizeof(path), "/run/qubesd.sock");
	a->socket = g_strdup(socket ? socket : "/run/qubesd.sock");
	a->local = choose_local(a->socket);
	a->cancel = -1;
	if (!a->local)
		a->client_vm = program_find("qrexec-client-vm", "QREXEC_CLIENT_VM");
	return a;
}

void admin_free(struct admin *a)
{
	if (!a)
		return;
	g_free(a->socket);
	g_free(a->client_vm);
	g_free(a->local_name);
	g_free(a);
}

bool admin_is_local(const struct admin *a)
{
	return a->local;
}

const char *admin_socket_path(const struct admin *a)
{
	return a->socket;
}

void admin_set_cancel(struct admin *a, int fd)
{
	a->cancel = fd;
}

void admin_set_patience(struct admin *a, guint ms)
{
	a->patience_ms = ms;
}

void admin_set_timeout(struct admin *a, guint ms)
{
	a->timeout_ms = ms;
}

const char *admin_local_name(struct admin *a)
{
	struct utsname u;

	if (!a->local_name)
		a->local_name = g_strdup(a->local ? "dom0" : uname(&u) ? "" : u.nodename);
	return a->local_name;
}

static void call_fail(struct admin_call *c, const char *what, int err)
{
	if (c->error)
		return;
	g_set_error(&c->error, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION, "%s: %s", what,
		    g_strerror(err));
}

static int send_all(int fd, const char *data, gsize len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (gsize)n;
	}
	return 0;
}

static void begin_socket(struct admin_call *c, const char *dest, const char *method,
			 const char *arg, const char *payload, gsize len)
{
	const struct admin *a = c->admin;
	g_autofree char *head = g_strdup_printf("%s+%s dom0 name %s", method, arg, dest);
	g_autofree char *what = NULL;
	int r;

	c->fd = unix_connect_restarted(a->socket, SOCK_STREAM, (int)a->patience_ms);
	if (c->fd < 0) {
		r = -c->fd;
		c->fd = -1;
		what = g_strdup_printf("cannot reach qubesd at %s (is it running?)", a->socket);
		call_fail(c, what, r);
		return;
	}
	r = send_all(c->fd, head, strlen(head) + 1);
	if (!r && len)
		r = send_all(c->fd, payload, len);
	/* qubesd may have answered and closed already: its answer says more than EPIPE. */
	if (r && r != -EPIPE && r != -ECONNRESET)
		call_fail(c, "cannot send the request to qubesd", -r);
	shutdown(c->fd, SHUT_WR);
}

/* A sealed-off temporary file with the given content, at its start. -1 on failure. */
static int temp_fd(const char *data, gsize len)
{
	int fd = memfd_create("qubes-admin", MFD_CLOEXEC);

	if (fd >= 0 && len && (io_write_all(fd, data, len) || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void begin_qrexec(struct admin_call *c, const char *dest, const char *method,
			 const char *arg, const char *payload, gsize len)
{
	g_autofree char *service = *arg ? g_strdup_printf("%s+%s", method, arg) : g_strdup(method);
	const char *argv[] = {c->admin->client_vm, dest, service, NULL};
	_cleanup_close_ int in = temp_fd(payload, len);
	int out[2] = {-1, -1};

	c->err_fd = temp_fd(NULL, 0);
	if (in < 0 || c->err_fd < 0 || pipe2(out, O_CLOEXEC) < 0) {
		call_fail(c, "cannot prepare a qrexec call", errno);
		return;
	}
	c->pid = program_spawn(argv, in, out[1], c->err_fd, &c->error);
	close(out[1]);
	c->fd = out[0];
	if (c->pid < 0) {
		c->pid = 0;
		close(c->fd);
		c->fd = -1;
	}
}

struct admin_call *admin_begin(struct admin *a, const char *dest, const char *method,
			       const char *arg, const char *payload, gssize len)
{
	struct admin_call *c = g_new0(struct admin_call, 1);
	gsize n = !payload ? 0 : len < 0 ? strlen(payload) : (gsize)len;

	c->admin = a;
	c->fd = c->err_fd = -1;
	if (!arg)
		arg = "";
	if (strpbrk(dest, " \n") || strpbrk(arg, " \n"))
		g_set_error(&c->error, ADMIN_ERROR, ADMIN_ERROR_VALUE,
			    "'%s': names cannot contain spaces", strpbrk(dest, " \n") ? dest : arg);
	else if (a->local)
		begin_socket(c, dest, method, arg, payload, n);
	else
		begin_qrexec(c, dest, method, arg, payload, n);
	return c;
}

/* Ends and reaps the child of the qrexec way; its complaint becomes the error. */
static void end_child(struct admin_call *c)
{
	g_autofree char *text = NULL;
	_cleanup_free_ char *msg = NULL;
	size_t len = 0;

	if (!c->pid)
		return;
	if (program_wait(c->pid) != 0 && !c->error) {
		if (lseek(c->err_fd, 0, SEEK_SET) == 0)
			io_read_to_end(c->err_fd, 65536, &msg, &len);
		text = g_strstrip(g_strdup(msg ? msg : ""));
		g_set_error(&c->error, ADMIN_ERROR, ADMIN_ERROR_ACCESS,
			    "the call was refused or failed%s%s", *text ? ": " : "", text);
	}
	close(c->err_fd);
}

static void set_exception(const struct admin_reply *r, GError **err)
{
	char *msg = admin_format_message(r->format, r->args, r->n_args);

	g_set_error_literal(err, ADMIN_ERROR, admin_error_from_name(r->type), msg);
	free(msg);
}

/* Turns a whole answer into its data, in place. */
static bool parse_answer(char *buf, gsize *len, GError **err)
{
	struct admin_reply r = {0};
	int e = admin_reply_decode(buf, *len, &r);

	if (e == -ENODATA) {
		g_set_error_literal(err, ADMIN_ERROR, ADMIN_ERROR_ACCESS,
				    "qubesd gave no answer; its log says why");
		return false;
	}
	if (e < 0) {
		g_set_error_literal(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION,
				    "qubesd's answer is not understood");
		return false;
	}
	if (r.kind == ADMIN_REPLY_EXCEPTION) {
		set_exception(&r, err);
		return false;
	}
	memmove(buf, r.data, r.len);
	buf[r.len] = 0;
	*len = r.len;
	return true;
}

char *admin_parse_answer(char *buf, gsize len, GError **err)
{
	if (parse_answer(buf, &len, err))
		return buf;
	free(buf);
	return NULL;
}

/* qubesd answers in one go, so only the first byte has to be waited for. 0 or -errno. */
static int wait_answer(const struct admin_call *c)
{
	struct pollfd pfd[] = {{.fd = c->fd, .events = POLLIN},
			       {.fd = c->admin->cancel, .events = POLLIN}};
	int timeout = c->admin->timeout_ms ? (int)c->admin->timeout_ms : -1;
	int r;

	do
		r = poll(pfd, 2, timeout);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return -ETIMEDOUT;
	return pfd[0].revents ? 0 : -ECANCELED;
}

static char *read_answer(struct admin_call *c, gsize *ret_len)
{
	char *buf = NULL;
	size_t len = 0;
	int r;

	if (c->fd < 0)
		return NULL;
	r = wait_answer(c);
	if (!r)
		r = io_read_to_end(c->fd, ADMIN_REPLY_MAX, &buf, &len);
	if (r < 0)
		call_fail(c, r == -ECANCELED ? "interrupted" : "no answer from qubesd", -r);
	*ret_len = len;
	return buf;
}

char *admin_finish(struct admin_call *c, gsize *ret_len, GError **err)
{
	gsize len = 0;
	_cleanup_free_ char *buf = read_answer(c, &len);
	char *ret = NULL;

	if (c->fd >= 0)
		close(c->fd);
	end_child(c);
	if (!c->error && parse_answer(buf, &len, &c->error)) {
		/* Plain malloc memory; GLib's allocator is malloc since 2.46. */
		ret = buf;
		buf = NULL;
		if (ret_len)
			*ret_len = len;
	}
	if (c->error)
		g_propagate_error(err, c->error);
	g_free(c);
	return ret;
}

char *admin_call(struct admin *a, const char *dest, const char *method, const char *arg,
		 const char *payload, GError **err)
{
	return admin_finish(admin_begin(a, dest, method, arg, payload, -1), NULL, err);
}

bool admin_do(struct admin *a, const char *dest, const char *method, const char *arg,
	      const char *payload, GError **err)
{
	g_autofree char *r = admin_call(a, dest, method, arg, payload, err);

	return r != NULL;
}
