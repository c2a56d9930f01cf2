/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-fork-server: runs calls inside the user's own session, so that they see its
 * environment and display. The agent (root) hands it the calls over a socket; another
 * user cannot reach it. The caller's data is hostile and handled in a process per call.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/agent/agent.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/cursor.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/call/relay.h"
#include "qrexec/call/serve.h"

#define CONNECT_TIMEOUT_MS 120000

static void log_text(const char *text)
{
	fprintf(stderr, "qrexec-fork-server[%d]: %s\n", (int)getpid(), text);
}

static const char *own_shell(void)
{
	const char *shell = getenv("SHELL");

	return shell && *shell == '/' ? shell : "/bin/sh";
}

/* Reads {type, domain, port, length} and the command. 0 or -errno. */
static int read_call(int fd, struct serve *s, char **ret_command)
{
	uint8_t head[16];
	struct cur c = cur_init(head, sizeof(head));
	_cleanup_free_ char *command = NULL;
	uint32_t len;
	int r = io_read_all(fd, head, sizeof(head));

	if (r)
		return r;
	s->type = cur_u32(&c);
	s->where.domain = cur_u32(&c);
	s->where.port = cur_u32(&c);
	len = cur_u32(&c);
	if ((s->type != QRX_EXEC_CMDLINE && s->type != QRX_JUST_EXEC) || len < 1 ||
	    len > QRX_TO_AGENT_MAX)
		return -EBADMSG;
	command = malloc(len);
	if (!command)
		return -ENOMEM;
	r = io_read_all(fd, command, len);
	if (!r && memchr(command, '\0', len) != command + len - 1)
		r = -EBADMSG;
	if (r)
		return r;
	*ret_command = command;
	command = NULL;
	return 0;
}

/* In a process of its own; the connection closes with it, which tells the agent. */
static int run_call(int fd)
{
	struct lookup_paths paths;
	struct qrx_command c;
	struct qrx_rpcconf conf;
	struct serve s = {.paths = &paths,
			  .cmd = &c,
			  .conf = &conf,
			  .timeout_ms = CONNECT_TIMEOUT_MS,
			  .call_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3),
			  .shell = own_shell(),
			  .open_log = journal_open,
			  .log = log_text};
	char *command = NULL;
	const char *why = NULL;

	if (read_call(fd, &s, &command)) {
		log_text("the agent sent a malformed call");
		return 1;
	}
	lookup_paths_init(&paths, false);
	qrx_rpcconf_defaults(&conf);
	if (qrx_command_parse(command, false, &c, &why)) {
		log_text(why);
		s.failure = QRX_EXIT_PROBLEM;
		s.cmd = NULL;
	}
	return serve_run(&s);
}

static bool from_agent(int fd)
{
	uid_t uid;

	return unix_peer(fd, &uid, NULL) == 0 && (uid == 0 || uid == geteuid());
}

static int serve_loop(int listen_fd)
{
	for (;;) {
		_cleanup_close_ int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno != EINTR && errno != ECONNABORTED)
				return 1;
			continue;
		}
		if (!from_agent(fd) || fork() != 0)
			continue;
		relay_signals_reset();
		close(listen_fd);
		_exit(run_call(fd));
	}
}

/* The socket that the service manager opened for us, or -1; sd_listen_fds(3). */
static int activated_socket(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	unsigned long value;
	bool ours = pid && fds && !io_parse_uint(pid, 1, 0x7fffffff, &value) &&
		    (pid_t)value == getpid() && !strcmp(fds, "1");

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!ours || io_set_cloexec(3, true))
		return -1;
	return 3;
}

int main(int argc, char **argv)
{
	const char *user = getenv("USER");
	char path[256];
	int fd;

	if (stdio_sanitize())
		return 1;
	fd = activated_socket();
	if (fd >= 0) {
		signal(SIGCHLD, SIG_IGN);
		return serve_loop(fd);
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-') || (argc == 1 && !user)) {
		fprintf(stderr, "usage: qrexec-fork-server [SOCKET]\n");
		return argc == 2 && !strcmp(argv[1], "--help") ? 0 : 1;
	}
	if (argc == 2)
		snprintf(path, sizeof(path), "%s", argv[1]);
	else
		snprintf(path, sizeof(path), "/var/run/qubes/qrexec-server.%s.sock", user);
	fd = unix_listen(path, SOCK_STREAM, 0700);
	if (fd < 0) {
		fprintf(stderr, "qrexec-fork-server: cannot listen at %s: %s\n", path,
			strerror(-fd));
		return 1;
	}
	/* The session's start scripts go on when we listen. */
	if (fork() != 0)
		return 0;
	setsid();
	signal(SIGCHLD, SIG_IGN);
	return serve_loop(fd);
}
