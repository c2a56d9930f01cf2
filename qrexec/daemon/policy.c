/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks whether a qube may call a service (policy.h). The policy daemon is trusted; no
 * answer, and an answer that cannot be understood, is a refusal.
 */
#include "qrexec/daemon/policy.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

static int read_answer(int fd, struct policy_answer *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = io_read_to_end(fd, QRX_ANSWER_MAX, &text, &len);

	if (r)
		return r;
	memcpy(ret->text, text, len);
	return qrx_answer_parse(ret->text, len, &ret->a);
}

static int ask_daemon(const struct config *cfg, const struct spawn_request *r,
		      struct policy_answer *ret)
{
	_cleanup_free_ char *question = malloc(QRX_FROM_AGENT_MAX + 512);
	char path[QUBES_PATH_MAX];
	_cleanup_close_ int fd = -1;
	long n;
	int e;

	if (!question || !qubes_path(path, sizeof(path), "/run/qubes/policy.sock"))
		return -ENOMEM;
	n = qrx_question_write(cfg->name, r->has_source ? r->source : NULL, r->target, r->service,
			       question, QRX_FROM_AGENT_MAX + 512);
	if (n < 0)
		return (int)n;
	fd = unix_connect(path, SOCK_STREAM);
	if (fd < 0)
		return fd;
	e = io_write_all(fd, question, (size_t)n);
	return e ? e : read_answer(fd, ret);
}

/* Its standard input and output are fd. The pid, or -1. */
static pid_t start_program(const struct config *cfg, const struct spawn_request *r, int fd)
{
	char *argv[] = {"qrexec-policy-exec", "--", (char *)cfg->name, (char *)r->target,
			(char *)r->service,   NULL};
	pid_t pid = vfork();

	if (pid != 0)
		return pid;
	/* Shares our memory until it executes: system calls only. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (dup2(fd, STDIN_FILENO) == STDIN_FILENO && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO)
		execve(cfg->policy_program, argv, environ);
	_exit(QRX_EXIT_PROBLEM);
}

static int ask_program(const struct config *cfg, const struct spawn_request *r,
		       struct policy_answer *ret)
{
	int fds[2], status = -1, e;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	pid = start_program(cfg, r, fds[1]);
	close(fds[1]);
	e = pid < 0 ? -EAGAIN : read_answer(fds[0], ret);
	close(fds[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && (!WIFEXITED(status) || WEXITSTATUS(status)))
		return -EACCES;
	return e;
}

int policy_ask(const struct config *cfg, const struct spawn_request *r, struct policy_answer *ret)
{
	int e = ask_daemon(cfg, r, ret);

	if (!e)
		return 0;
	if (access(cfg->policy_program, X_OK) < 0) {
		daemon_log("no answer from qrexec-policy-daemon (%s), and there is no policy "
			   "program %s either: is qubes-qrexec-policy-daemon running?",
			   strerror(-e), cfg->policy_program);
		return e;
	}
	return ask_program(cfg, r, ret);
}
