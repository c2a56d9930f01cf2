/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bench-policy.sh measures with. Prints medians in microseconds, one per line.
 *
 *   policy-probe engine POLICY-DIR INFO   load, then decide: allow, deny, no rule, ask
 *   policy-probe socket PATH              a decision over the policy socket
 *   policy-probe echo PATH                the same bytes to a server that only answers (it is ours)
 *   policy-probe qubesd ADMIN INTERNAL INFO   stands in for qubesd until killed
 *   policy-probe info N                   prints system info of N qubes
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/engine/eval.h"
#include "policy/engine/load.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "tests/bench/samples.h"

#define SAMPLES 5000

static double samples[SAMPLES];

static void print_median(const char *what, size_t n)
{
	printf("%s %.2f\n", what, median(samples, n));
}

static int die(const char *what)
{
	fprintf(stderr, "policy-probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct pol_policy *load(const char *dir)
{
	const struct pol_load o = {.dirs = &dir, .n_dirs = 1};
	struct pol_policy *p = NULL;
	struct pol_error e;

	if (pol_load(&o, &p, &e) < 0) {
		fprintf(stderr, "policy-probe: %s\n", e.message);
		exit(1);
	}
	return p;
}

static void time_load(const char *dir)
{
	for (int i = 0; i < 51; i++) {
		double t = now_us();

		pol_policy_unref(load(dir));
		samples[i] = now_us() - t;
	}
	print_median("load", 51);
}

static void time_call(const char *what, const struct pol_policy *p, const struct pol_sysinfo *si,
		      const char *source, const char *target, const char *service)
{
	struct pol_request rq = {.source = pol_str(source), .target = pol_str(target)};

	pol_request_service(&rq, pol_str(service));
	for (int i = 0; i < SAMPLES; i++) {
		struct pol_buf response = {0};
		struct pol_decision d;
		double t = now_us();

		pol_evaluate(p, si, &rq, &d, &response);
		samples[i] = now_us() - t;
		pol_decision_clear(&d);
		pol_buf_clear(&response);
	}
	print_median(what, SAMPLES);
}

static int engine(const char *dir, const char *info)
{
	struct pol_sysinfo *si = NULL;
	struct pol_policy *p;
	char *text;
	size_t len;

	if (io_read_file(info, POL_SYSINFO_MAX, &text, &len) < 0)
		return die(info);
	for (int i = 0; i < 501; i++) {
		double t = now_us();

		pol_sysinfo_unref(si);
		if (pol_sysinfo_parse((struct pol_str){text, len}, &si) < 0)
			return die(info);
		samples[i] = now_us() - t;
	}
	print_median("info", 501);
	time_load(dir);
	p = load(dir);
	time_call("allow", p, si, "qube5", "qube7", "bench.Allow");
	time_call("deny", p, si, "qube5", "qube6", "qubes.VMShell");
	time_call("none", p, si, "qube5", "qube6", "bench.Nothing");
	time_call("ask", p, si, "qube5", "qube6", "qubes.Filecopy");
	free(text);
	pol_policy_unref(p);
	pol_sysinfo_unref(si);
	return 0;
}

static void round_trip(const char *path, const char *request)
{
	char answer[4096];
	int fd = unix_connect(path, SOCK_STREAM);

	if (fd < 0 || io_write_all(fd, request, strlen(request)) < 0 ||
	    read(fd, answer, sizeof(answer)) <= 0)
		die(path);
	close(fd);
}

static int over_socket(const char *what, const char *path, const char *service)
{
	char request[256];

	snprintf(request, sizeof(request),
		 "source=qube5\nintended_target=qube7\nservice_and_arg=%s\n\n", service);
	for (int i = 0; i < SAMPLES; i++) {
		double t = now_us();

		round_trip(path, request);
		samples[i] = now_us() - t;
	}
	print_median(what, SAMPLES);
	return 0;
}

/* A server that reads a little and answers a little, as a floor. */
static int echo(const char *path)
{
	int fd = unix_listen(path, SOCK_STREAM, 0600), conn;
	char buf[512];
	pid_t pid;

	if (fd < 0)
		return die(path);
	pid = fork();
	if (pid == 0) {
		while ((conn = accept(fd, NULL, NULL)) >= 0) {
			if (read(conn, buf, sizeof(buf)) < 0 || write(conn, buf, 128) < 0)
				_exit(1);
			close(conn);
		}
		_exit(0);
	}
	over_socket("echo", path, "bench.Allow");
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	unlink(path);
	return 0;
}

static int qubesd(const char *admin, const char *internal, const char *info)
{
	static const char hello[] = "1\0\0connection-established\0";
	struct pollfd p[2] = {{unix_listen(admin, SOCK_STREAM, 0666), POLLIN, 0},
			      {unix_listen(internal, SOCK_STREAM, 0666), POLLIN, 0}};
	char *text, *ignored;
	size_t len, n;

	if (p[0].fd < 0 || p[1].fd < 0 || io_read_file(info, POL_SYSINFO_MAX, &text, &len) < 0)
		return die(info);
	while (poll(p, 2, -1) > 0) {
		int which = p[0].revents ? 0 : 1, conn = accept(p[which].fd, NULL, NULL);

		if (conn < 0 || io_read_to_end(conn, 4096, &ignored, &n) < 0)
			continue;
		free(ignored);
		if (which == 0) {
			/* Kept open: nothing ever happens. */
			io_write_all(conn, hello, sizeof(hello));
			continue;
		}
		io_write_all(conn, "0", 2);
		io_write_all(conn, text, len);
		close(conn);
	}
	return 0;
}

static int info(unsigned n)
{
	printf("{\"domains\": {\"dom0\": {\"type\": \"AdminVM\", \"power_state\": \"Running\", "
	       "\"tags\": [], \"uuid\": \"00000000-0000-0000-0000-000000000000\"}");
	for (unsigned i = 1; i < n; i++)
		printf(", \"qube%u\": {\"internal\": null, \"tags\": [\"created-by-dom0\", "
		       "\"tag%u\"], \"type\": \"AppVM\", \"template_for_dispvms\": %s, "
		       "\"default_dispvm\": \"qube4\", \"icon\": \"appvm-red\", \"label\": "
		       "\"0xcc0000\", \"guivm\": null, \"relayvm\": null, \"transport_rpc\": null, "
		       "\"power_state\": \"Running\", \"uuid\": "
		       "\"%08x-1111-4222-8333-000000000000\"}",
		       i, i % 5, i % 8 == 4 ? "true" : "false", i);
	printf("}}\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "engine") == 0)
		return engine(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "socket") == 0)
		return over_socket("socket", argv[2], "bench.Allow");
	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		return echo(argv[2]);
	if (argc == 5 && strcmp(argv[1], "qubesd") == 0)
		return qubesd(argv[2], argv[3], argv[4]);
	if (argc == 3 && strcmp(argv[1], "info") == 0)
		return info((unsigned)atoi(argv[2]));
	fprintf(stderr, "policy-probe: see the head of policy-probe.c\n");
	return 2;
}
