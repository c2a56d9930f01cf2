/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves one call (serve.h). The caller at the other end of the data vchan is
 * hostile; the command was decided by dom0.
 */
#include "qrexec/call/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/call/relay.h"
#include "qrexec/call/tcp.h"

/* Connects to a socket service: a descriptor or -errno with *e set. */
static int connect_service(const struct service_found *f, const struct qrx_command *c,
			   struct qrx_error *e)
{
	char host[QRX_HOST_MAX + 1], port[6];
	_cleanup_free_ char *arg = NULL;
	const char *why = "the address is too long";
	int fd;

	if (f->kind == SERVICE_UNIX) {
		fd = unix_connect(f->path, SOCK_STREAM);
		if (fd < 0)
			qrx_error_set(e, "service %s: cannot connect to %.150s: %s", c->name,
				      f->path, strerror(-fd));
		return fd;
	}
	arg = strndup(c->arg, c->arg_len);
	fd = arg ? qrx_tcp_address(f->path, c->has_arg ? arg : NULL, host, port, &why) : -ENOMEM;
	if (fd < 0) {
		qrx_error_set(e, "service %s: %s", c->name, why);
		return fd;
	}
	fd = tcp_connect(host, port);
	if (fd < 0)
		qrx_error_set(e, "service %s: cannot connect to %s port %s: %s", c->name, host,
			      port, strerror(-fd));
	return fd;
}

static void say(const struct serve *s, const char *text)
{
	if (s->log)
		s->log(text);
}

/* Where the descriptors of the running service are, and what it is. */
struct started {
	struct spawned p;
	bool is_socket;
};

static int exit_code_of(int err)
{
	return err == -ENOENT ? QRX_EXIT_NOT_FOUND : QRX_EXIT_PROBLEM;
}

static int start_process(const struct serve *s, const char *path, int log_fd, struct started *ret,
			 struct qrx_error *e)
{
	struct spawn sp = {
		.cmd = s->cmd,
		.path = path,
		.stdio = s->type == QRX_JUST_EXEC ? SPAWN_DETACHED
			 : s->dom0		  ? SPAWN_OWN_STDERR
						  : SPAWN_PIPES,
		.log_fd = log_fd,
		.shell = s->shell,
		.exec = s->exec,
	};
	int r;

	if (path && !qrx_command_words_ok(s->cmd)) {
		qrx_error_set(e, "the call has %u words instead of 2 or 4", s->cmd->words);
		return QRX_EXIT_PROBLEM;
	}
	r = spawn_start(&sp, &ret->p);
	if (r) {
		qrx_error_set(e, "cannot run %.150s: %s", path ? path : "the shell", strerror(-r));
		return exit_code_of(r);
	}
	return 0;
}

/* Starts what the command names. 0 or an exit code with *e set. */
static int start(const struct serve *s, int log_fd, struct started *ret, struct qrx_error *e)
{
	struct service_found found;
	int r;

	*ret = (struct started){.p = {0, -1, -1, -1}};
	if (s->failure)
		return s->failure;
	if (!s->cmd->is_service)
		return start_process(s, NULL, log_fd, ret, e);
	r = lookup_service(s->paths, s->cmd, &found, e);
	if (r)
		return exit_code_of(r);
	if (found.kind == SERVICE_EXEC) {
		if (s->conf->skip_descriptor || s->conf->exit_on_client_eof ||
		    s->conf->exit_on_service_eof)
			say(s, "skip-service-descriptor and exit-on-*-eof mean nothing for an "
			       "executable service: ignored");
		return start_process(s, found.path, log_fd, ret, e);
	}
	ret->is_socket = true;
	ret->p.in_fd = ret->p.out_fd = connect_service(&found, s->cmd, e);
	return ret->p.in_fd < 0 ? QRX_EXIT_PROBLEM : 0;
}

static int just_exec(const struct serve *s, struct vchan *v, const char *tag)
{
	int log_fd = tag[0] && s->open_log ? s->open_log(tag) : -1;
	struct qrx_error e = {""};
	struct started st;
	int code = start(s, log_fd, &st, &e);

	if (!code && st.is_socket && !s->conf->skip_descriptor &&
	    io_write_all(st.p.in_fd, s->cmd->text, strlen(s->cmd->text) + 1))
		code = QRX_EXIT_PROBLEM;
	if (e.text[0])
		say(s, e.text);
	if (st.is_socket)
		cleanup_close(&st.p.in_fd);
	relay_send_exit(v, code);
	return code;
}

/* Carries the data of a service that was started, or answers that it was not. */
static int carry(const struct serve *s, struct vchan *v, int version, const char *tag,
		 const struct started *st, int signal_fd)
{
	struct relay r = {.v = v,
			  .role = DP_SERVICE,
			  .version = version,
			  .in_fd = st->p.in_fd,
			  .out_fd = st->p.out_fd,
			  .err_fd = st->p.err_fd,
			  .errout_fd = -1,
			  .child = st->p.pid,
			  .signal_fd = signal_fd,
			  .open_log = tag[0] ? s->open_log : NULL,
			  .log_tag = tag,
			  .log = s->log,
			  .confine = s->confine};
	int code;

	if (st->is_socket) {
		if (!s->conf->skip_descriptor) {
			r.first = s->cmd->text;
			r.first_len = strlen(s->cmd->text) + 1;
		}
		r.exit_on_client_eof = s->conf->exit_on_client_eof;
		r.exit_on_service_eof = s->conf->exit_on_service_eof;
	}
	code = relay_run(&r);
	return code < 0 ? 255 : code;
}

/* "service+argument-caller"; empty for shell commands. */
static void make_tag(const struct qrx_command *c, char *tag, size_t n)
{
	tag[0] = '\0';
	if (c && c->is_service)
		snprintf(tag, n, "%.*s-%.*s", c->full_len > 80 ? 80 : (int)c->full_len, c->text,
			 c->source_len > 40 ? 40 : (int)c->source_len, c->source);
}

/* r as it is, after logging that it is an error. */
static int report_channel(const struct serve *s, int r)
{
	char text[256], what[128];

	if (r < 0) {
		make_tag(s->cmd, what, sizeof(what));
		snprintf(text, sizeof(text), "%s: no data channel to domain %u port %u: %s",
			 what[0] ? what : "a command", s->where.domain, s->where.port,
			 r == -ECANCELED ? "the call has ended" : strerror(-r));
		say(s, text);
	}
	return r;
}

/* Begins to connect to the caller. 0 or -errno. */
static int seek_caller(const struct serve *s, struct vchan **ret)
{
	/* Else it could take the place of another call's service, which was given the same port. */
	if (relay_call_over(s->call_fd))
		return -ECANCELED;
	return vchan_client_new(s->where.domain, s->where.port, ret);
}

/* Waits for the caller and says HELLO; r: from seek_caller(). 0 or -errno. */
static int meet_caller(const struct serve *s, struct vchan *v, int r)
{
	if (!r)
		r = relay_meet(v, s->call_fd, RELAY_NO_GRACE, s->timeout_ms);
	if (s->call_fd >= 0)
		close(s->call_fd);
	return report_channel(s, r ? r : relay_hello(v));
}

/* The caller's HELLO: the version or -errno. */
static int await_caller(const struct serve *s, struct vchan *v)
{
	return report_channel(s, relay_await_hello(v, s->timeout_ms));
}

/* Starts the service for EXEC_CMDLINE. 0 or an exit code; the reason was logged. */
static int start_piped(const struct serve *s, struct started *st, int *ret_signal_fd)
{
	struct qrx_error e = {""};
	int code;

	*ret_signal_fd = relay_signals();
	code = *ret_signal_fd < 0 ? QRX_EXIT_PROBLEM : start(s, -1, st, &e);
	if (code && e.text[0])
		say(s, e.text);
	return code;
}

/*
 * The service starts while its caller makes the channel and says HELLO: what decides about the call
 * has decided. Where no channel comes the service sees the end of its input. Most callers
 * are there before: connected first, we see it when they go.
 */
static int serve_exec(const struct serve *s, const char *tag)
{
	struct started st = {.p = {0, -1, -1, -1}};
	struct vchan *v = NULL;
	int signal_fd = -1, r = seek_caller(s, &v);
	int code = start_piped(s, &st, &signal_fd), version = -EPIPE;

	if (meet_caller(s, v, r) == 0)
		version = await_caller(s, v);
	if (version < 0)
		code = QRX_EXIT_PROBLEM;
	else if (code)
		relay_send_failure(v, code, s->dom0);
	else
		code = carry(s, v, version, tag, &st, signal_fd);
	vchan_free(v);
	return code;
}

int serve_run(const struct serve *s)
{
	int code = QRX_EXIT_PROBLEM, r;
	struct vchan *v = NULL;
	char tag[128];

	make_tag(s->cmd, tag, sizeof(tag));
	if (s->type != QRX_JUST_EXEC)
		return serve_exec(s, tag);
	r = seek_caller(s, &v);
	if (meet_caller(s, v, r) == 0 && await_caller(s, v) >= 0)
		code = just_exec(s, v, tag);
	vchan_free(v);
	return code;
}

int serve_wait_session(const struct lookup_paths *p, const struct qrx_command *c)
{
	char path[PATH_MAX];
	int status, r = lookup_plain(p, "qubes.WaitForSession", path);
	pid_t pid;

	if (r)
		return r;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		spawn_exec_wait_session(path, c, open("/dev/null", O_RDONLY));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}
