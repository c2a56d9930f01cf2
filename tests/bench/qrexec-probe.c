/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For bench-qrexec.sh:
 *   qrexec-probe time N COMMAND...     runs it N times; prints median and 10th percentile in ms
 *   qrexec-probe policy SOCKET USER    answers every question with allow
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int measure(int n, char **argv)
{
	int64_t *us = calloc((size_t)n, sizeof(*us));
	int null = open("/dev/null", O_RDONLY), failed = 0;

	if (!us || dup2(null, STDIN_FILENO) < 0)
		return 1;
	for (int i = 0; i < n; i++) {
		int64_t start = io_now_us();
		int status = 1;
		pid_t pid;

		if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == 0)
			waitpid(pid, &status, 0);
		us[i] = io_now_us() - start;
		failed += status != 0;
	}
	qsort(us, (size_t)n, sizeof(*us), compare);
	printf("%.2f %.2f\n", (double)us[n / 2] / 1000, (double)us[n / 10] / 1000);
	free(us);
	return failed ? 1 : 0;
}

static void answer(int fd, const char *user)
{
	static const char key[] = "intended_target=";
	char question[4096], *target;
	ssize_t n = 0, r;

	while ((size_t)n < sizeof(question) - 1 &&
	       (r = read(fd, question + n, sizeof(question) - 1 - (size_t)n)) > 0) {
		n += r;
		question[n] = '\0';
		if (strstr(question, "\n\n"))
			break;
	}
	question[n] = '\0';
	target = strstr(question, key);
	if (!target)
		return;
	target += strlen(key);
	target[strcspn(target, "\n")] = '\0';
	dprintf(fd, "user=%s\nresult=allow\ntarget=%s\nautostart=False\nrequested_target=%s", user,
		target, target);
}

static int policy(const char *path, const char *user)
{
	int listen_fd = unix_listen(path, SOCK_STREAM, 0666);

	signal(SIGPIPE, SIG_IGN);
	while (listen_fd >= 0) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return 1;
		answer(fd, user);
		close(fd);
	}
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long n;

	if (argc > 3 && !strcmp(argv[1], "time") && io_parse_uint(argv[2], 1, 100000, &n) == 0)
		return measure((int)n, argv + 3);
	if (argc == 4 && !strcmp(argv[1], "policy"))
		return policy(argv[2], argv[3]);
	fprintf(stderr, "usage: qrexec-probe time N COMMAND... | policy SOCKET USER\n");
	return 2;
}
