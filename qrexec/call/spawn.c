/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts services (spawn.h). The command line is dom0's; the service argument in it
 * is the calling qube's, hostile, and is only ever passed as one word.
 */
#include "qrexec/call/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/call/relay.h"

void spawn_close_from(int first)
{
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0)
		return;
	for (int fd = first; fd < 1024; fd++)
		close(fd);
}

/* ---- environment ---- */

static bool is_stale(const char *var)
{
	return !strncmp(var, "QREXEC", 6) && strncmp(var + 6, "_SERVICE_PATH=", 14) != 0;
}

static char *make_var(const char *name, const char *value, size_t n)
{
	char *s;

	return asprintf(&s, "%s=%.*s", name, (int)n, value) < 0 ? NULL : s;
}

static bool word_is(const char *word, size_t n, const char *text)
{
	return strlen(text) == n && !memcmp(word, text, n);
}

/* Adds the variables that describe the call at *p. False when out of memory. */
static bool add_call(char ***p, const struct qrx_command *c)
{
	const char *type = c->words == 4 ? c->target_type : "";
	size_t type_len = c->words == 4 ? c->target_type_len : 0;
	char **v = *p;

	*v++ = make_var("QREXEC_SERVICE_FULL_NAME", c->text, c->full_len);
	*v++ = make_var("QREXEC_REMOTE_DOMAIN", c->source, c->source_len);
	*v++ = make_var("QREXEC_REQUESTED_TARGET_TYPE", type, type_len);
	if (c->has_arg)
		*v++ = make_var("QREXEC_SERVICE_ARGUMENT", c->arg, c->arg_len);
	if (word_is(type, type_len, "name"))
		*v++ = make_var("QREXEC_REQUESTED_TARGET", c->target, c->target_len);
	else if (word_is(type, type_len, "keyword"))
		*v++ = make_var("QREXEC_REQUESTED_TARGET_KEYWORD", c->target, c->target_len);
	for (char **q = *p; q < v; q++)
		if (!*q)
			return false;
	*p = v;
	return true;
}

char **spawn_env(char *const *base, const struct qrx_command *c, pid_t agent_pid)
{
	char pid[16];
	size_t n = 0;
	char **env, **p;

	while (base[n])
		n++;
	env = p = calloc(n + 8, sizeof(*env));
	if (!env)
		return NULL;
	for (; *base; base++)
		if (!is_stale(*base))
			*p++ = *base;
	snprintf(pid, sizeof(pid), "%d", (int)agent_pid);
	*p = make_var("QREXEC_AGENT_PID", pid, strlen(pid));
	if (!*p++ || (c->is_service && !add_call(&p, c)))
		return NULL;
	return env;
}

/* ---- in the child ---- */

void spawn_exec_service(const struct spawn *s, char *const *env)
{
	const struct qrx_command *c = s->cmd;
	char *arg = c->has_arg && c->arg_len ? strndup(c->arg, c->arg_len) : NULL;
	char *argv[] = {(char *)s->path, arg, NULL};

	if (s->path[0] == '/')
		execve(s->path, argv, env);
	else
		errno = EINVAL;
	fprintf(stderr, "qrexec: cannot run %s: %s\n", s->path, strerror(errno));
	_exit(errno == ENOENT ? QRX_EXIT_NOT_FOUND : QRX_EXIT_PROBLEM);
}

struct channels {
	int in[2], out[2], err[2];
};

static void close_channels(struct channels *c)
{
	for (int i = 0; i < 2; i++) {
		cleanup_close(&c->in[i]);
		cleanup_close(&c->out[i]);
		cleanup_close(&c->err[i]);
	}
}

/* What becomes the child's 0, 1 and 2; null: /dev/null. */
static void choose_stdio(const struct spawn *s, const struct channels *c, int null, int fds[3])
{
	if (s->stdio == SPAWN_DETACHED) {
		fds[0] = fds[1] = null;
		fds[2] = s->log_fd >= 0 ? s->log_fd : null;
		return;
	}
	fds[0] = c->in[1];
	fds[1] = c->out[1];
	fds[2] = s->stdio == SPAWN_PIPES ? c->err[1] : STDERR_FILENO;
}

__attribute__((noreturn)) static void run_child(const struct spawn *s, const int fds[3])
{
	relay_signals_reset();
	for (int i = 0; i < 3; i++)
		if (fds[i] != i && dup2(fds[i], i) < 0)
			_exit(QRX_EXIT_PROBLEM);
	spawn_close_from(3);
	s->exec(s);
	_exit(QRX_EXIT_PROBLEM);
}

static int start_forked(const struct spawn *s, const int fds[3], pid_t *ret_pid)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_child(s, fds);
	*ret_pid = pid;
	return 0;
}

/*
 * As ourselves: without copying this process only to throw the copy away. The child
 * shares our memory until it executes, so it makes system calls only, and its words to us
 * are one int. 0 or -errno, execve(2)'s too.
 */
static int start_direct(const struct spawn *s, const int fds[3], char **argv, pid_t *ret_pid)
{
	char **env = spawn_env(environ, s->cmd, getpid());
	const char *path = s->path ? s->path : s->shell;
	volatile int child_errno = 0;
	sigset_t none;
	pid_t pid;

	if (!env)
		return -ENOMEM;
	sigemptyset(&none);
	pid = vfork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			if (fds[i] != i && dup2(fds[i], i) < 0)
				_exit(QRX_EXIT_PROBLEM);
		syscall(SYS_close_range, 3u, ~0u, 0u);
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execve(path, argv, env);
		child_errno = errno;
		_exit(QRX_EXIT_PROBLEM);
	}
	free(env);
	if (pid < 0)
		return -errno;
	if (child_errno) {
		waitpid(pid, NULL, 0);
		return -child_errno;
	}
	*ret_pid = pid;
	return 0;
}

/* The service with its argument, or the shell with its command. */
static int start_self(const struct spawn *s, const int fds[3], pid_t *ret_pid)
{
	const struct qrx_command *c = s->cmd;
	_cleanup_free_ char *arg =
		s->path && c->has_arg && c->arg_len ? strndup(c->arg, c->arg_len) : NULL;
	const char *slash = s->path ? NULL : strrchr(s->shell, '/');
	char *service[] = {(char *)s->path, arg, NULL};
	char *shell[] = {slash ? (char *)slash + 1 : (char *)s->shell, "-c", (char *)c->text, NULL};

	return start_direct(s, fds, s->path ? service : shell, ret_pid);
}

static int open_channels(const struct spawn *s, struct channels *c)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC;

	if (s->stdio == SPAWN_DETACHED)
		return 0;
	if (socketpair(AF_UNIX, type, 0, c->in) < 0 || socketpair(AF_UNIX, type, 0, c->out) < 0)
		return -errno;
	return s->stdio == SPAWN_PIPES && pipe2(c->err, O_CLOEXEC) < 0 ? -errno : 0;
}

int spawn_start(const struct spawn *s, struct spawned *ret)
{
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct channels c = {{-1, -1}, {-1, -1}, {-1, -1}};
	int fds[3], r = null < 0 ? -errno : open_channels(s, &c);
	pid_t pid = -1;

	if (!r) {
		choose_stdio(s, &c, null, fds);
		r = s->exec ? start_forked(s, fds, &pid) : start_self(s, fds, &pid);
	}
	if (!r) {
		ret->pid = pid;
		ret->in_fd = steal_fd(&c.in[0]);
		ret->out_fd = steal_fd(&c.out[0]);
		ret->err_fd = steal_fd(&c.err[0]);
	}
	close_channels(&c);
	return r;
}

void spawn_exec_wait_session(const char *path, const struct qrx_command *caller, int stdin_fd)
{
	struct qrx_command c = *caller;
	char *argv[] = {(char *)path, NULL}, **env;

	relay_signals_reset();
	dup2(stdin_fd, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	spawn_close_from(3);
	c.text = "qubes.WaitForSession";
	c.full_len = strlen(c.text);
	c.has_arg = false;
	c.words = 2;
	env = spawn_env(environ, &c, getppid());
	if (env)
		execve(path, argv, env);
	_exit(QRX_EXIT_PROBLEM);
}
