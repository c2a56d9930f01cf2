/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of qrexec-client (options.h). The caller is dom0's user. */
#include "qrexec/client/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "qrexec/base/io.h"
#include "qrexec/call/lookup.h"
#include "qrexec/call/stdio.h"
#include "qrexec/proto/wire.h"
#include "qrexec/vchan/vchan.h"

#define WAIT_DEFAULT_S 10

static void usage(FILE *to)
{
	fputs("usage: qrexec-client [options] -d QUBE [-l PROGRAM | -c ID,NAME,DOMID | -e] "
	      "USER:COMMAND\n"
	      "  -d QUBE              name, uuid:UUID or number of the qube, or dom0\n"
	      "  -l PROGRAM           connect to PROGRAM instead of standard input and output\n"
	      "  -c ID,NAME,DOMID     answer request ID of qube NAME\n"
	      "  -e                   start the command and do not wait for it\n"
	      "  -E, --no-exit-code   exit with 0 whatever the command's exit code\n"
	      "  -t, -T               replace control characters in the output, in stderr\n"
	      "  -W                   with -c: wait until the call is over\n"
	      "  -w SECONDS           wait that long for the qube to connect (10; 0: for ever)\n"
	      "  -k                   kill the qube at the end\n"
	      "  -p, --prefix-data=X  send X before the standard input\n"
	      "  --use-stdin-socket   standard input is a socket: use it both ways\n"
	      "  --socket-dir=DIR     where the daemons' sockets are\n",
	      to);
}

int client_complain(const char *text)
{
	fprintf(stderr, "qrexec-client: %s\n", text);
	return QRX_EXIT_PROBLEM;
}

static bool parse_connect(char *arg, struct options *o)
{
	char *name = strchr(arg, ','), *id = name ? strchr(name + 1, ',') : NULL;

	if (!id)
		return false;
	*name++ = '\0';
	*id++ = '\0';
	o->ident = arg;
	o->source_name = name;
	return *arg && strlen(arg) < QRX_IDENT_LEN && !qrx_is_dom0(name) &&
	       io_parse_uint(id, 1, VCHAN_DOMID_MAX, &o->source) == 0;
}

static const struct option long_options[] = {
	{"help", no_argument, NULL, 'h'},
	{"socket-dir", required_argument, NULL, 'D'},
	{"no-exit-code", no_argument, NULL, 'E'},
	{"prefix-data", required_argument, NULL, 'p'},
	{"use-stdin-socket", no_argument, NULL, 'S'},
	{NULL, 0, NULL, 0},
};

/* 0: go on, else the exit code + 1. */
static int set_option(int opt, struct options *o)
{
	switch (opt) {
	case 'd':
		o->qube = optarg;
		return 0;
	case 'l':
		o->local = optarg;
		return 0;
	case 'e':
		o->just_exec = true;
		return 0;
	case 'E':
		o->no_exit_code = true;
		return 0;
	case 'c':
		if (!o->ident && parse_connect(optarg, o))
			return 0;
		client_complain("-c needs ID,NAME,DOMID of a request by a qube, once");
		return 2;
	case 'p':
		o->prefix = optarg;
		return 0;
	case 't':
		o->replace_out = true;
		return 0;
	case 'T':
		o->replace_err = true;
		return 0;
	case 'w':
		if (io_parse_uint(optarg, 0, 1000000, &o->wait_s) == 0)
			return 0;
		client_complain("-w needs a number of seconds");
		return 2;
	case 'W':
		o->wait_end = true;
		return 0;
	case 'k':
		o->kill = true;
		return 0;
	case 'D':
		o->dir = optarg;
		return 0;
	case 'S':
		o->stdin_socket = true;
		if (stdio_in_is_socket())
			return 0;
		client_complain("--use-stdin-socket: standard input is not a stream socket");
		return 3;
	case 'h':
		usage(stdout);
		return 1;
	default:
		usage(stderr);
		return 2;
	}
}

int client_options(int argc, char **argv, struct options *o)
{
	int opt, r;

	*o = (struct options){.wait_s = WAIT_DEFAULT_S};
	while ((opt = getopt_long(argc, argv, "hd:l:eEc:p:tTw:Wk", long_options, NULL)) != -1) {
		r = set_option(opt, o);
		if (r)
			return r;
	}
	if (!o->qube || optind >= argc) {
		usage(stderr);
		return 2;
	}
	if (o->just_exec + !!o->ident + !!o->local > 1 || (o->local && o->stdin_socket)) {
		client_complain(
			"-e, -l and -c exclude each other, and -l excludes --use-stdin-socket");
		return 2;
	}
	o->command = argv[optind];
	return 0;
}
