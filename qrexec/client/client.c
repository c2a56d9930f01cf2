/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-client: dom0's way to run something in a qube, and to connect two qubes.
 * Its caller and qrexec-daemon are trusted; what comes over the data vchan is a
 * qube's, hostile: it is copied to the standard output and never looked at.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/call/confine.h"
#include "qrexec/call/dom0.h"
#include "qrexec/call/relay.h"
#include "qrexec/call/serve.h"
#include "qrexec/client/options.h"

#define EXIT_CONNECT_FAILED 137 /* -c to a qube */

static void log_line(const char *text)
{
	client_complain(text);
}

#define DOM0_SHELL "/bin/bash"

/* Starts the -l program, or takes our own stdio. */
static int open_local(const struct options *o, struct relay *r, struct qrx_command *cmd,
		      const char **ret_why)
{
	struct spawn sp = {.cmd = cmd, .stdio = SPAWN_OWN_STDERR, .shell = DOM0_SHELL};
	struct spawned p;
	int e;

	r->errout_fd = STDERR_FILENO;
	if (!o->local) {
		r->in_fd = o->stdin_socket ? STDIN_FILENO : STDOUT_FILENO;
		r->out_fd = STDIN_FILENO;
		r->inherited = true;
		return 0;
	}
	e = qrx_command_parse(o->local, false, cmd, ret_why);
	if (!e && cmd->is_service) {
		*ret_why = "the local program must be a command, not a service";
		e = -EINVAL;
	}
	if (!e)
		e = spawn_start(&sp, &p);
	if (e)
		return e;
	r->in_fd = p.in_fd;
	r->out_fd = p.out_fd;
	r->child = p.pid;
	return 0;
}

/* Says why there is no data channel. The exit code. */
static int no_channel(const struct options *o, int err)
{
	const char *why = strerror(-err);
	char text[256];

	if (err == -ECANCELED)
		why = "its qrexec agent or daemon ended the call (are they running? is the "
		      "limit of open calls reached?)";
	else if (err == -ETIMEDOUT)
		why = "it did not answer in time (-w)";
	snprintf(text, sizeof(text), "no data channel to qube %.60s: %s", o->qube, why);
	return client_complain(text);
}

static int run_data(const struct options *o, struct vchan *v, int call_fd)
{
	struct relay r = {.v = v,
			  .role = DP_CLIENT,
			  .err_fd = -1,
			  .prefix = o->prefix,
			  .prefix_len = o->prefix ? strlen(o->prefix) : 0,
			  .replace_out = o->replace_out,
			  .replace_err = o->replace_err,
			  .log = log_line,
			  .confine = qrx_confine_data};
	const char *why = NULL;
	struct qrx_command cmd;
	char text[128];
	int code, timeout = o->wait_s ? (int)o->wait_s * 1000 : -1;

	code = relay_meet(v, call_fd, RELAY_GRACE_MS, timeout);
	if (!code)
		code = relay_handshake(v, timeout);
	if (code < 0)
		return no_channel(o, code);
	snprintf(text, sizeof(text), "call to qube %.60s", o->qube);
	r.log_tag = text;
	r.version = code;
	r.signal_fd = relay_signals();
	code = r.signal_fd < 0 ? r.signal_fd : open_local(o, &r, &cmd, &why);
	if (code < 0)
		return client_complain(why ? why : strerror(-code));
	code = relay_run(&r);
	return code < 0 ? 255 : code;
}

static int call_qube(const struct options *o)
{
	struct qrx_params p = {0, 0};
	_cleanup_close_ int fd = -1;
	struct vchan *v = NULL;
	struct qrx_error e;
	int r;

	setenv("QREXEC_REMOTE_DOMAIN", o->qube, 1);
	fd = dom0_connect(o->dir, o->qube, &e);
	if (fd < 0)
		return client_complain(e.text);
	r = dom0_request(fd, o->just_exec ? QRX_JUST_EXEC : QRX_EXEC_CMDLINE, &p, o->command,
			 strlen(o->command) + 1, &e);
	if (r)
		return client_complain(e.text);
	r = vchan_server_new(p.domain, p.port, QRX_DATA_RING, QRX_DATA_RING, &v);
	if (r) {
		qrx_error_set(&e, "cannot create the data channel for qube %s: %s", o->qube,
			      strerror(-r));
		return client_complain(e.text);
	}
	r = run_data(o, v, fd);
	vchan_free(v);
	return r;
}

static int connect_qubes(const struct options *o)
{
	struct dom0_call c = {.dir = o->dir,
			      .target = o->qube,
			      .by_uuid = !strncmp(o->qube, "uuid:", 5),
			      .source = (unsigned)o->source,
			      .ident = o->ident,
			      .command = o->command,
			      .wait_end = o->wait_end};
	struct qrx_error e;

	if (dom0_connect_qubes(&c, &e) < 0) {
		client_complain(e.text);
		return EXIT_CONNECT_FAILED;
	}
	return 0;
}

/* A service in dom0 for a qube's request. */
static int serve_qube(const struct options *o)
{
	struct qrx_params p = {0, 0};
	struct lookup_paths paths;
	struct qrx_command cmd;
	struct qrx_rpcconf conf;
	struct serve s = {.type = QRX_EXEC_CMDLINE,
			  .paths = &paths,
			  .cmd = &cmd,
			  .conf = &conf,
			  .dom0 = true,
			  .shell = DOM0_SHELL,
			  .log = log_line,
			  .confine = qrx_confine_data};
	const char *why = NULL;
	struct qrx_error e;
	int r;

	setenv("QREXEC_REMOTE_DOMAIN", o->source_name, 1);
	s.call_fd = dom0_service_connect(o->dir, (unsigned)o->source, o->ident, &p, &e);
	if (s.call_fd < 0)
		return client_complain(e.text);
	s.where = p;
	s.timeout_ms = o->wait_s ? (int)o->wait_s * 1000 : -1;
	lookup_paths_init(&paths, true);
	qrx_rpcconf_defaults(&conf);
	r = qrx_command_parse(o->command, false, &cmd, &why);
	if (r) {
		s.failure = client_complain(why);
		s.cmd = NULL;
	} else if (cmd.is_service && !cmd.nogui) {
		r = lookup_config(&paths, &cmd, &conf, &e);
		if (r)
			s.failure = client_complain(e.text);
		else if (conf.wait_for_session)
			serve_wait_session(&paths, &cmd);
	}
	return serve_run(&s);
}

/* dom0 calls a service of its own: it runs in place of this process. */
static int call_self(const struct options *o)
{
	struct service_found found;
	struct lookup_paths paths;
	struct qrx_command cmd;
	struct qrx_rpcconf conf;
	const char *why = NULL;
	struct qrx_error e;
	struct spawn sp = {.cmd = &cmd, .path = found.path};
	int r;

	if (o->local || strncmp(o->command, "DEFAULT:", 8) != 0)
		return client_complain("a call from dom0 to dom0 takes no -l, and its command must "
				       "start with DEFAULT:");
	r = qrx_command_parse(o->command, true, &cmd, &why);
	if (r || !cmd.is_service)
		return client_complain(why ? why
					   : "dom0 can call only services of dom0, not commands");
	lookup_paths_init(&paths, true);
	r = cmd.nogui ? 0 : lookup_config(&paths, &cmd, &conf, &e);
	if (r)
		return client_complain(e.text);
	if (!cmd.nogui && conf.wait_for_session)
		serve_wait_session(&paths, &cmd);
	r = lookup_service(&paths, &cmd, &found, &e);
	if (r) {
		client_complain(e.text);
		return r == -ENOENT ? QRX_EXIT_NOT_FOUND : QRX_EXIT_PROBLEM;
	}
	if (found.kind != SERVICE_EXEC || !qrx_command_words_ok(&cmd))
		return client_complain(
			"dom0 can call only executable services of dom0, with 2 or 4 "
			"words");
	relay_signals_reset();
	spawn_exec_service(&sp, spawn_env(environ, &cmd, getpid()));
}

/* For -k, which is left to a process that never sees what the qube sends. Returns in both. */
static int run_and_kill(const struct options *o, int (*run)(const struct options *o))
{
	int status = QRX_EXIT_PROBLEM << 8;
	struct qrx_error e;
	pid_t pid = fork();

	if (pid == 0)
		return run(o);
	if (pid < 0)
		client_complain("cannot fork");
	else
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	if (dom0_admin("admin.vm.Kill", "", o->qube, NULL, NULL, NULL, &e))
		client_complain(e.text);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run(const struct options *o)
{
	bool dom0 = qrx_is_dom0(o->qube);

	if (dom0)
		return o->ident ? serve_qube(o) : call_self(o);
	return o->ident ? connect_qubes(o) : call_qube(o);
}

int main(int argc, char **argv)
{
	struct options o;
	char dir[QUBES_PATH_MAX];
	int r;

	if (stdio_sanitize())
		return QRX_EXIT_PROBLEM;
	if (vchan_hand_over(argv))
		return client_complain(
			"cannot start qrexec-client-xen, which is part of this program");
	/* A daemon that dies in mid-sentence is an error to report. */
	signal(SIGPIPE, SIG_IGN);
	r = client_options(argc, argv, &o);
	if (r)
		return r - 1;
	o.dir = dom0_socket_dir(o.dir, dir, sizeof(dir));
	r = o.kill && !qrx_is_dom0(o.qube) ? run_and_kill(&o, run) : run(&o);
	return o.no_exit_code ? 0 : r;
}
