/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bench-qubesd.sh measures with: calls of the Admin API, one connection each.
 *
 *   qubesd-probe latency SOCKET METHOD DEST ARG N    median of N calls, in microseconds
 *   qubesd-probe load SOCKET CLIENTS SECONDS         calls a second of that many clients side by
 * side qubesd-probe echo SOCKET N                       median of N calls to a server that only
 * answers qubesd-probe each SOCKET                         sends what standard input has, a call a
 * line: METHOD DEST ARG PAYLOAD ("-": empty)
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "tests/bench/samples.h"

#define SAMPLES_MAX 20000

static double samples[SAMPLES_MAX];

static void die(const char *what)
{
	fprintf(stderr, "qubesd-probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* One call; the first byte of the reply, which must be there. */
static char call(const char *path, const char *request, size_t len)
{
	char buf[65536], first = 0;
	int fd = unix_connect(path, SOCK_STREAM);
	ssize_t n;

	if (fd < 0) {
		errno = -fd;
		die(path);
	}
	if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
	shutdown(fd, SHUT_WR);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		first = first ? first : buf[0];
	close(fd);
	if (n < 0 || !first)
		die("no reply");
	return first;
}

static size_t make(char *buf, size_t cap, const char *method, const char *dest, const char *arg,
		   const char *payload)
{
	int n = snprintf(buf, cap, "%s+%s dom0 name %s%c%s", method, arg, dest, 0, payload);

	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

static void latency(const char *path, const char *request, size_t len, size_t n)
{
	n = n < SAMPLES_MAX ? n : SAMPLES_MAX;
	for (size_t i = 0; i < n; i++) {
		double start = now_us();

		if (call(path, request, len) != '0')
			die("the call was refused");
		samples[i] = now_us() - start;
	}
	printf("%.1f\n", median(samples, n));
}

/* --- a server that only answers --- */

static pid_t serve(const char *path)
{
	int listener = unix_listen(path, SOCK_STREAM, 0600);
	char buf[4096];
	pid_t pid;

	if (listener < 0)
		die(path);
	pid = fork();
	if (pid)
		return close(listener), pid;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		while (read(fd, buf, sizeof(buf)) > 0)
			;
		if (write(fd, "0", 2) != 2)
			_exit(1);
		close(fd);
	}
}

static void echo(const char *path, size_t n)
{
	pid_t pid = serve(path);

	latency(path, "x", 1, n);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	unlink(path);
}

/* --- many clients --- */

static void client(const char *path, double end, int out)
{
	static const char *const mix[][3] = {{"admin.vm.property.Get", "work1", "memory"},
					     {"admin.vm.feature.CheckWithTemplate", "work2", "gui"},
					     {"admin.vm.List", "work3", ""},
					     {"admin.vm.tag.List", "work4", ""}};
	unsigned long n = 0;

	for (; now_us() < end; n++) {
		char request[256];
		const char *const *m = mix[n % 4];

		call(path, request, make(request, sizeof(request), m[0], m[1], m[2], ""));
	}
	if (write(out, &n, sizeof(n)) != sizeof(n))
		_exit(1);
	_exit(0);
}

static void load(const char *path, unsigned clients, unsigned seconds)
{
	double start = now_us(), end = start + seconds * 1e6;
	unsigned long total = 0, n;
	int fd[2];

	if (pipe(fd) < 0)
		die("pipe");
	for (unsigned i = 0; i < clients; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (!pid)
			client(path, end, fd[1]);
	}
	close(fd[1]);
	while (read(fd[0], &n, sizeof(n)) == sizeof(n))
		total += n;
	while (wait(NULL) > 0)
		;
	printf("%.0f\n", (double)total / ((now_us() - start) / 1e6));
}

/* --- a script of calls --- */

static void each(const char *path)
{
	char line[1024], request[2048], method[128], dest[64], arg[128], payload[512];

	while (fgets(line, sizeof(line), stdin)) {
		size_t len;

		if (sscanf(line, "%127s %63s %127s %511[^\n]", method, dest, arg, payload) != 4)
			continue;
		len = make(request, sizeof(request), method, dest, strcmp(arg, "-") ? arg : "",
			   strcmp(payload, "-") ? payload : "");
		if (call(path, request, len) != '0') {
			fprintf(stderr, "qubesd-probe: refused: %s", line);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	char request[1024];

	signal(SIGPIPE, SIG_IGN);
	if (argc == 7 && !strcmp(argv[1], "latency"))
		latency(argv[2], request,
			make(request, sizeof(request), argv[3], argv[4],
			     strcmp(argv[5], "-") ? argv[5] : "", ""),
			(size_t)atoi(argv[6]));
	else if (argc == 5 && !strcmp(argv[1], "load"))
		load(argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	else if (argc == 4 && !strcmp(argv[1], "echo"))
		echo(argv[2], (size_t)atoi(argv[3]));
	else if (argc == 3 && !strcmp(argv[1], "each"))
		each(argv[2]);
	else
		return fprintf(stderr, "usage: see the top of qubesd-probe.c\n"), 2;
	return 0;
}
