/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-client-vm: a qube's way to call a service of another. Its caller and the
 * agent are its own qube's; what comes over the data vchan is another qube's, hostile:
 * it is copied to the standard output or to the local program.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/call/stdio.h"
#include "qrexec/call/relay.h"
#include "qrexec/call/spawn.h"
#include "qrexec/proto/trigger.h"

#define AGENT_SOCKET "/var/run/qubes/qrexec-agent"
#define CONNECT_TIMEOUT_MS 120000
/* As long as an agent that died may take to be there again. */
#define AGENT_RESTART_MS 2000
#define RING_MAX (16u * 1024 * 1024)

struct options {
	const char *agent, *prefix, *source;
	char *target;
	const char *service;
	char **program;		    /* NULL: our own stdio */
	int filter_out, filter_err; /* -1: when it is a terminal */
	bool stdin_socket;
	unsigned long ring;
};

static void usage(FILE *to)
{
	fputs("usage: qrexec-client-vm [options] TARGET SERVICE[+ARGUMENT] [PROGRAM [ARG...]]\n"
	      "  -t, --filter-escape-chars-stdout  replace control characters in the output\n"
	      "  -T, --filter-escape-chars-stderr  the same for stderr\n"
	      "  --no-filter-escape-chars-stdout, --no-filter-escape-chars-stderr\n"
	      "                                    never do (default: do it on a terminal)\n"
	      "  -p, --prefix-data=X               send X before the standard input\n"
	      "  -s, --source-qube=NAME            the remote qube this call is relayed for\n"
	      "  --use-stdin-socket                standard input is a socket: use it both ways\n"
	      "  --buffer-size=BYTES               least size of the channel's buffers\n"
	      "  -a, --agent-socket=PATH           where qrexec-agent listens\n",
	      to);
}

static int complain(const char *what, int err)
{
	fprintf(stderr, "qrexec-client-vm: %s%s%s\n", what, err ? ": " : "",
		err ? strerror(err) : "");
	return QRX_EXIT_PROBLEM;
}

static void log_line(const char *text)
{
	complain(text, 0);
}

enum { OPT_NO_OUT = 256, OPT_NO_ERR, OPT_SOCKET, OPT_BUFFER };

static const struct option long_options[] = {
	{"buffer-size", required_argument, NULL, OPT_BUFFER},
	{"filter-escape-chars-stdout", no_argument, NULL, 't'},
	{"filter-escape-chars-stderr", no_argument, NULL, 'T'},
	{"no-filter-escape-chars-stdout", no_argument, NULL, OPT_NO_OUT},
	{"no-filter-escape-chars-stderr", no_argument, NULL, OPT_NO_ERR},
	{"agent-socket", required_argument, NULL, 'a'},
	{"prefix-data", required_argument, NULL, 'p'},
	{"use-stdin-socket", no_argument, NULL, OPT_SOCKET},
	{"source-qube", required_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* 0: go on, else the exit code + 1. */
static int set_option(int opt, struct options *o)
{
	switch (opt) {
	case 't':
		o->filter_out = 1;
		return 0;
	case 'T':
		o->filter_err = 1;
		return 0;
	case OPT_NO_OUT:
		o->filter_out = 0;
		return 0;
	case OPT_NO_ERR:
		o->filter_err = 0;
		return 0;
	case 'a':
		o->agent = optarg;
		return 0;
	case 'p':
		o->prefix = optarg;
		return 0;
	case 's':
		o->source = optarg;
		return 0;
	case OPT_BUFFER:
		if (io_parse_uint(optarg, 1, RING_MAX, &o->ring) == 0)
			return 0;
		complain("--buffer-size needs a number of bytes, at most 16 MiB", 0);
		return 2;
	case OPT_SOCKET:
		o->stdin_socket = true;
		if (stdio_in_is_socket())
			return 0;
		complain("--use-stdin-socket: standard input is not a stream socket", 0);
		return 3;
	case 'h':
		usage(stdout);
		return 1;
	default:
		usage(stderr);
		return 3;
	}
}

static int parse_options(int argc, char **argv, struct options *o)
{
	int opt, r;

	while ((opt = getopt_long(argc, argv, "+tTa:p:s:h", long_options, NULL)) != -1) {
		r = set_option(opt, o);
		if (r)
			return r;
	}
	if (argc - optind < 2) {
		usage(stderr);
		return 3;
	}
	o->target = argv[optind];
	o->service = argv[optind + 1];
	o->program = argc - optind > 2 ? argv + optind + 2 : NULL;
	if (o->program && o->stdin_socket) {
		complain("--use-stdin-socket and a local program exclude each other", 0);
		return 3;
	}
	if (o->filter_out < 0)
		o->filter_out = !o->program && isatty(STDOUT_FILENO);
	if (o->filter_err < 0)
		o->filter_err = isatty(STDERR_FILENO);
	/* The old spelling of keywords. */
	for (char *p = o->target; *p; p++)
		if (*p == '$')
			*p = '@';
	return 0;
}

/* Asks the agent. 0 with *ret_where, or an exit code; the message was printed. */
static int ask(const struct options *o, int agent, struct qrx_params *ret_where)
{
	size_t cap = QRX_HEADER_LEN + QRX_TRIGGER4_FIXED + QRX_SERVICE_MAX;
	_cleanup_free_ uint8_t *m = malloc(cap);
	uint8_t answer[QRX_PARAMS_LEN];
	long n;
	int r;

	if (!m)
		return complain("out of memory", 0);
	n = qrx_trigger_encode(o->source ? o->source : "", o->target, "SOCKET", o->service, m, cap);
	if (n < 0)
		return complain("the name of the target or the service is too long", 0);
	r = io_write_all(agent, m, (size_t)n);
	if (r)
		return complain("cannot send the request to qrexec-agent", -r);
	r = io_read_all(agent, answer, sizeof(answer));
	if (r == -ENODATA || r == -ECONNRESET) {
		fputs("Request refused\n", stderr);
		return QRX_EXIT_REFUSED;
	}
	if (r)
		return complain("no answer from qrexec-agent", -r);
	*ret_where = qrx_get_params(answer);
	return 0;
}

static void save_fd(int fd)
{
	char name[16], value[16];

	snprintf(name, sizeof(name), "SAVED_FD_%d", fd);
	snprintf(value, sizeof(value), "%d", dup(fd));
	setenv(name, value, 1);
}

__attribute__((noreturn)) static void run_program(char **argv, const int in[2], const int out[2],
						  int agent)
{
	const char *path = argv[0], *slash = strrchr(path, '/');
	char pid[16];

	relay_signals_reset();
	snprintf(pid, sizeof(pid), "%d", (int)getppid());
	setenv("QREXEC_AGENT_PID", pid, 1);
	save_fd(STDIN_FILENO);
	save_fd(STDOUT_FILENO);
	if (getenv("PASS_LOCAL_STDERR"))
		save_fd(STDERR_FILENO);
	close(agent);
	if (dup2(in[1], STDIN_FILENO) == STDIN_FILENO &&
	    dup2(out[1], STDOUT_FILENO) == STDOUT_FILENO) {
		if (slash)
			argv[0] = (char *)slash + 1;
		execv(path, argv);
	}
	fprintf(stderr, "qrexec-client-vm: cannot run %s: %s\n", path, strerror(errno));
	_exit(255);
}

static int open_local(const struct options *o, int agent, struct relay *r)
{
	int in[2], out[2];
	pid_t pid;

	r->errout_fd = STDERR_FILENO;
	if (!o->program) {
		r->in_fd = o->stdin_socket ? STDIN_FILENO : STDOUT_FILENO;
		r->out_fd = STDIN_FILENO;
		r->inherited = true;
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_program(o->program, in, out, agent);
	close(in[1]);
	close(out[1]);
	r->in_fd = in[0];
	r->out_fd = out[0];
	r->child = pid;
	return 0;
}

static void what_is_called(const struct options *o, char *buf, size_t n)
{
	snprintf(buf, n, "%.80s in %.60s", o->service, *o->target ? o->target : "@default");
}

static int no_channel(const struct options *o, int err)
{
	char what[160];

	what_is_called(o, what, sizeof(what));
	fprintf(stderr, "qrexec-client-vm: %s: the service did not open its data channel: %s\n",
		what, err == -ECANCELED ? "an agent has ended the call" : strerror(-err));
	return QRX_EXIT_PROBLEM;
}

static int carry(const struct options *o, int agent, struct vchan *v)
{
	struct relay r = {.v = v,
			  .role = DP_CLIENT,
			  .err_fd = -1,
			  .prefix = o->prefix,
			  .prefix_len = o->prefix ? strlen(o->prefix) : 0,
			  .replace_out = o->filter_out > 0,
			  .replace_err = o->filter_err > 0,
			  .log = log_line};
	char what[160];
	int e = relay_meet(v, agent, RELAY_GRACE_MS, CONNECT_TIMEOUT_MS);

	if (!e)
		e = relay_handshake(v, CONNECT_TIMEOUT_MS);
	if (e < 0)
		return no_channel(o, e);
	what_is_called(o, what, sizeof(what));
	r.log_tag = what;
	r.version = e;
	r.signal_fd = relay_signals();
	e = r.signal_fd < 0 ? r.signal_fd : open_local(o, agent, &r);
	if (e < 0)
		return complain("cannot start the local program", -e);
	e = relay_run(&r);
	return e < 0 ? 255 : e;
}

int main(int argc, char **argv)
{
	struct options o = {
		.agent = AGENT_SOCKET, .filter_out = -1, .filter_err = -1, .ring = QRX_DATA_RING};
	_cleanup_close_ int agent = -1;
	struct qrx_params where;
	struct vchan *v = NULL;
	int r;

	if (stdio_sanitize())
		return QRX_EXIT_PROBLEM;
	r = vchan_hand_over(argv);
	if (r)
		return complain("cannot start qrexec-client-vm-xen, which is part of this program",
				-r);
	r = parse_options(argc, argv, &o);
	if (r)
		return r - 1;
	signal(SIGPIPE, SIG_IGN);
	agent = unix_connect_restarted(o.agent, SOCK_STREAM, AGENT_RESTART_MS);
	if (agent < 0) {
		fprintf(stderr,
			"qrexec-client-vm: cannot reach qrexec-agent at %s: %s; is the "
			"service qubes-qrexec-agent running?\n",
			o.agent, strerror(-agent));
		return QRX_EXIT_PROBLEM;
	}
	r = ask(&o, agent, &where);
	if (r)
		return r;
	r = vchan_server_new(where.domain, where.port, o.ring, o.ring, &v);
	if (r)
		return complain("cannot create the data channel", -r);
	r = carry(&o, agent, v);
	vchan_free(v);
	return r;
}
