/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For bench-qrexec.sh:
 *   qrexec-probe time N [VAR=VALUE...] COMMAND... [@@ [VAR=VALUE...] COMMAND...]...
 *                                      runs each N times, in turns; prints for each a line of
 *                                      median and 10th percentile in ms, and how many failed
 *   qrexec-probe policy SOCKET USER    answers every question with allow
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

#define SERIES_MAX 4

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

struct series {
	char **argv; /* VAR=VALUE words, then the command, to a NULL */
	int64_t *us; /* owned */
	int failed;
};

/* Runs it once with its variables set. */
static void run_once(struct series *s, int i)
{
	char **argv = s->argv;
	int64_t start;
	int status = 1;
	pid_t pid;

	for (; *argv && strchr(*argv, '=') && **argv != '/'; argv++)
		putenv(*argv);
	start = io_now_us();
	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == 0)
		waitpid(pid, &status, 0);
	s->us[i] = io_now_us() - start;
	s->failed += status != 0;
}

static int report(struct series *s, int n)
{
	qsort(s->us, (size_t)n, sizeof(*s->us), compare);
	printf("%.3f %.3f %d\n", (double)s->us[n / 2] / 1000, (double)s->us[n / 10] / 1000,
	       s->failed);
	free(s->us);
	return s->failed;
}

/* Splits the words at "@@". How many series there are, 0: too many, or no memory. */
static int split(char **words, int n, struct series *ret)
{
	int made = 0;

	for (char **p = words; made < SERIES_MAX; p++) {
		bool more = *p && strcmp(*p, "@@") == 0;

		if (*p && !more)
			continue;
		*p = NULL;
		ret[made] = (struct series){words, calloc((size_t)n, sizeof(int64_t)), 0};
		if (!ret[made++].us)
			return 0;
		if (!more)
			return made;
		words = p + 1;
	}
	return 0;
}

static int measure(int n, char **words)
{
	struct series all[SERIES_MAX];
	int null = open("/dev/null", O_RDONLY), failed = 0, count = split(words, n, all);

	if (!count || dup2(null, STDIN_FILENO) < 0)
		return 1;
	for (int i = 0; i < n; i++)
		for (int k = 0; k < count; k++)
			run_once(&all[k], i);
	for (int k = 0; k < count; k++)
		failed += report(&all[k], n);
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
	fprintf(stderr,
		"usage: qrexec-probe time N COMMAND... [@@ COMMAND...] | policy SOCKET USER\n");
	return 2;
}
