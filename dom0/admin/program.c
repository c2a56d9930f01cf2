/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Helper programs (program.h). Children are our own tools; their output is the caller's. */
#include "dom0/admin/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dom0/admin/error.h"

extern char **environ;

static char *next_to_us(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = self ? g_path_get_dirname(self) : NULL;

	return dir ? g_build_filename(dir, name, NULL) : NULL;
}

char *program_find(const char *name, const char *env)
{
	const char *forced = env ? g_getenv(env) : NULL;
	char *path;

	if (forced && *forced)
		return g_strdup(forced);
	path = next_to_us(name);
	if (path && access(path, X_OK) == 0)
		return path;
	g_free(path);
	path = g_build_filename("/usr/lib/qubes", name, NULL);
	if (access(path, X_OK) == 0)
		return path;
	g_free(path);
	return g_strdup(name);
}

static int add_fd(posix_spawn_file_actions_t *fa, int fd, int target)
{
	if (fd < 0)
		return posix_spawn_file_actions_addopen(fa, target, "/dev/null",
							target ? O_WRONLY : O_RDONLY, 0);
	/* glibc clears close-on-exec even when fd == target. */
	return posix_spawn_file_actions_adddup2(fa, fd, target);
}

static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawnattr_setsigmask(attr, &none) || posix_spawnattr_setsigdefault(attr, &all))
		return -1;
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

pid_t program_spawn(const char *const *argv, int in, int out, int errfd, GError **err)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	pid_t pid = -1;
	int r;

	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	r = add_fd(&fa, in, 0) || add_fd(&fa, out, 1) || add_fd(&fa, errfd, 2) || set_signals(&attr)
		    ? ENOMEM
		    : posix_spawnp(&pid, argv[0], &fa, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	if (r == 0)
		return pid;
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_COMMUNICATION, "cannot start %s: %s", argv[0],
		    g_strerror(r));
	return -1;
}

int program_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
