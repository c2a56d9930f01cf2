// SPDX-License-Identifier: GPL-2.0-or-later
/* Running a program to its end, from a worker thread. */
#include "dom0/qubesd/core/spawn.h"

#include "qrexec/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define STDERR_MAX 2048

/* The last words of a program: one line, printable. */
static char *last_words(int fd)
{
	g_autofree char *raw = g_malloc0(STDERR_MAX + 1);
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t n = pread(fd, raw, STDERR_MAX, size > STDERR_MAX ? size - STDERR_MAX : 0);

	raw[n > 0 ? n : 0] = '\0';
	g_strchomp(raw);
	for (char *p = raw; *p; p++)
		if (*p == '\n')
			*p = ';';
		else if (!g_ascii_isprint(*p))
			*p = '_';
	return g_steal_pointer(&raw);
}

static bool start(char *const argv[], char **envp, int in_fd, int err_fd, pid_t *ret_pid,
		  GError **error)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	if (in_fd >= 0)
		posix_spawn_file_actions_adddup2(&fa, in_fd, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, err_fd, STDERR_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	r = posix_spawn(ret_pid, argv[0], &fa, &attr, argv, envp);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	return !r || fail(error, E_QUBES, "%s cannot be run: %s: is it installed?", argv[0],
			  g_strerror(r));
}

static SpawnResult wait_end(int pidfd, int cancel_fd, int timeout_ms)
{
	gint64 end = io_now_ms() + timeout_ms;

	for (;;) {
		struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN},
				      {.fd = cancel_fd, .events = POLLIN}};
		gint64 left = end - io_now_ms();
		int r = poll(p, 2, (int)CLAMP(left, 0, G_MAXINT));

		if (p[0].revents)
			return SPAWN_ENDED;
		if (r > 0 && p[1].revents)
			return SPAWN_CANCELLED;
		if (!r || (r < 0 && errno != EINTR))
			return SPAWN_TIMEOUT;
	}
}

SpawnResult spawn_wait(char *const argv[], char **envp, int in_fd, int timeout_ms, int cancel_fd,
		       int *ret_status, char **ret_words, GError **error)
{
	int err_fd = memfd_create("stderr", MFD_CLOEXEC), pidfd;
	SpawnResult r = SPAWN_TIMEOUT;
	pid_t pid;

	if (err_fd < 0) {
		fail(error, E_QUBES, "memfd_create: %s", g_strerror(errno));
		return SPAWN_FAILED;
	}
	if (!start(argv, envp, in_fd, err_fd, &pid, error)) {
		close(err_fd);
		return SPAWN_FAILED;
	}
	pidfd = pidfd_open(pid, 0);
	if (pidfd >= 0)
		r = wait_end(pidfd, cancel_fd, timeout_ms);
	if (r != SPAWN_ENDED)
		kill(-pid, SIGKILL); /* its whole group: it may have forked */
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	*ret_words = last_words(err_fd);
	if (pidfd >= 0)
		close(pidfd);
	close(err_fd);
	return r;
}
