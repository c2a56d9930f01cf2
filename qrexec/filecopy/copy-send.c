/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The middle of qvm-copy: runs qfile-agent and the qrexec client, connected with each other. In a
 * qube the client starts the agent itself; in dom0 both are ours, and the qube is started first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/paths.h"
#include "qrexec/filecopy/copy.h"

int copy_complain(const struct copy *c, const char *text)
{
	fprintf(stderr, "%s: %s\n", c->self, text);
	return 1;
}

/* A program next to this one, else in dir. */
static char *helper(const char *name, const char *dir)
{
	char self[QUBES_PATH_MAX], *path = NULL, *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (asprintf(&path, "%.*s/%s", (int)(slash - self), self, name) < 0)
			return NULL;
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static const char *service(const struct copy *c)
{
	return c->odd_names ? "qubes.Filecopy+allow-all-names" : "qubes.Filecopy";
}

/* argv of the given words (NULL-terminated), then the agent's own; NULL without memory. Words,
 * agent and files are not copied. */
static char **agent_argv(const struct copy *c, const char *const *words, char *agent)
{
	size_t n = 0, w = 0;
	char **argv;

	while (c->files[n])
		n++;
	while (words[w])
		w++;
	argv = agent ? calloc(w + n + 4, sizeof(*argv)) : NULL;
	if (!argv)
		return NULL;
	memcpy(argv, words, w * sizeof(*argv));
	argv[w++] = agent;
	if (c->ignore_links)
		argv[w++] = "--ignore-symlinks";
	argv[w++] = "--";
	memcpy(argv + w, c->files, n * sizeof(*argv));
	return argv;
}

/* Starts argv with its input and output there, -1: ours. The pid, or -1, said so. */
static pid_t start(const struct copy *c, char **argv, int in, int out)
{
	pid_t pid = fork();

	if (pid < 0)
		copy_complain(c, strerror(errno));
	if (pid)
		return pid;
	if ((in < 0 || dup2(in, STDIN_FILENO) >= 0) && (out < 0 || dup2(out, STDOUT_FILENO) >= 0))
		execv(argv[0], argv);
	fprintf(stderr, "%s: cannot run %s: %s\n", c->self, argv[0],
		errno == E2BIG ? "too many files at once; copy the directory they are in"
			       : strerror(errno));
	_exit(1);
}

static int finish(pid_t pid)
{
	int status = 0;

	if (pid < 0)
		return 1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int copy_from_qube(const struct copy *c)
{
	_cleanup_free_ char *client = helper("qrexec-client-vm", "/usr/bin");
	_cleanup_free_ char *agent = helper("qfile-agent", "/usr/lib/qubes");
	const char *words[] = {client, "--filter-escape-chars-stderr", "--", c->target, service(c),
			       NULL};
	_cleanup_free_ char **argv = client ? agent_argv(c, words, agent) : NULL;

	if (!argv)
		return copy_complain(c, "out of memory");
	return finish(start(c, argv, -1, -1));
}

/* ---- dom0 ---- */

static int run_tool(const struct copy *c, const char *name, const char *option, bool quiet)
{
	char *argv[] = {helper(name, "/usr/bin"), (char *)option, "--", (char *)c->target, NULL};
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int saved = -1, r;

	if (!argv[0] || null < 0)
		return copy_complain(c, "out of memory or descriptors");
	if (quiet) {
		fflush(stderr);
		saved = dup(STDERR_FILENO);
		dup2(null, STDERR_FILENO);
	}
	r = finish(start(c, argv, null, quiet ? null : -1));
	if (saved >= 0) {
		dup2(saved, STDERR_FILENO);
		close(saved);
	}
	free(argv[0]);
	return r;
}

/* A halted qube is started, a paused one goes on. They say themselves why they cannot. */
static int bring_up(const struct copy *c)
{
	char path[QUBES_PATH_MAX];

	if (!strchr(c->target, '/') &&
	    qubes_path(path, sizeof(path), "/run/qubes/qrexec.%s", c->target) &&
	    access(path, F_OK) == 0)
		return run_tool(c, "qvm-check", "--paused", true) == 0
			       ? run_tool(c, "qvm-unpause", "--quiet", false)
			       : 0;
	return run_tool(c, "qvm-start", "--skip-if-running", false);
}

static int connect_both(const struct copy *c, char **client, char **agent)
{
	int to[2] = {-1, -1}, from[2] = {-1, -1}, r, ra;
	pid_t pc = -1, pa = -1;

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		return copy_complain(c, strerror(errno));
	pa = start(c, agent, from[0], to[1]);
	pc = start(c, client, to[0], from[1]);
	for (int i = 0; i < 2; i++) {
		close(to[i]);
		close(from[i]);
	}
	r = finish(pc);
	ra = finish(pa);
	return r ? r : ra;
}

int copy_from_dom0(const struct copy *c)
{
	_cleanup_free_ char *path = helper("qrexec-client", "/usr/bin"), *command = NULL;
	_cleanup_free_ char *agent = helper("qfile-agent", "/usr/lib/qubes");
	const char *none[] = {NULL};
	_cleanup_free_ char **agent_args = agent_argv(c, none, agent);
	char *client[] = {path, "-T", "-d", (char *)c->target, NULL, NULL};
	int r;

	if (asprintf(&command, "DEFAULT:QUBESRPC %s dom0", service(c)) < 0)
		command = NULL;
	if (!path || !agent_args || !command)
		return copy_complain(c, "out of memory");
	client[4] = command;
	r = bring_up(c);
	return r ? r : connect_both(c, client, agent_args);
}
