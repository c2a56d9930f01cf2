/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of qrexec-daemon (options.h). Written by qubesd, trusted. */
#include "qrexec/daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define NAME_MAX_LEN 63
#define USER_MAX_LEN 200
#define GROUP_FILE_MAX (1024 * 1024)

static void usage(FILE *to)
{
	fputs("usage: qrexec-daemon [options] --uuid=UUID DOMID NAME [DEFAULT_USER]\n"
	      "  -u, --uuid=UUID             the qube's uuid\n"
	      "      --user=UID:GID          as root: become that user\n"
	      "  -D, --direct                stay in the foreground, log to stderr\n"
	      "  -q, --quiet                 do not report the progress of the start\n"
	      "      --socket-dir=DIR        where to create the socket\n"
	      "  -p, --policy-program=PATH   asked when qrexec-policy-daemon does not answer\n",
	      to);
}

static const struct option long_options[] = {
	{"help", no_argument, NULL, 'h'},
	{"quiet", no_argument, NULL, 'q'},
	{"socket-dir", required_argument, NULL, 'd'},
	{"policy-program", required_argument, NULL, 'p'},
	{"direct", no_argument, NULL, 'D'},
	{"uuid", required_argument, NULL, 'u'},
	{"user", required_argument, NULL, 'U'},
	{NULL, 0, NULL, 0},
};

static bool parse_user(char *arg, struct options *o)
{
	char *colon = strchr(arg, ':');

	if (!colon)
		return false;
	*colon = '\0';
	o->have_user = true;
	return io_parse_uint(arg, 1, 0xfffffffe, &o->uid) == 0 &&
	       io_parse_uint(colon + 1, 1, 0xfffffffe, &o->gid) == 0;
}

/* Safe as part of a file name. */
static bool plain_name(const char *s, size_t max)
{
	return *s && strlen(s) <= max && !strchr(s, '/') && *s != '.';
}

int options_complain(const char *text)
{
	fprintf(stderr, "qrexec-daemon: %s\n", text);
	return 2;
}

static int parse_arguments(int argc, char **argv, struct options *o)
{
	unsigned long domid;
	int n = argc - optind;

	if (n < 2 || n > 3 || !o->cfg.uuid) {
		usage(stderr);
		return 2;
	}
	if (io_parse_uint(argv[optind], 1, VCHAN_DOMID_MAX, &domid))
		return options_complain("the first argument must be the number of a domain, not 0");
	if (!plain_name(argv[optind + 1], NAME_MAX_LEN) || !plain_name(o->cfg.uuid, 64))
		return options_complain("the name or the uuid of the qube is malformed");
	o->cfg.domid = (unsigned)domid;
	o->cfg.name = argv[optind + 1];
	o->cfg.default_user = n == 3 ? argv[optind + 2] : "user";
	if (!*o->cfg.default_user || strlen(o->cfg.default_user) > USER_MAX_LEN ||
	    strchr(o->cfg.default_user, ':'))
		return options_complain("the default user is malformed");
	return 0;
}

int options_parse(int argc, char **argv, struct options *o)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "hqp:Du:", long_options, NULL)) != -1) {
		switch (opt) {
		case 'q':
			o->quiet = true;
			break;
		case 'd':
			o->cfg.socket_dir = optarg;
			break;
		case 'p':
			o->cfg.policy_program = optarg;
			break;
		case 'D':
			o->direct = true;
			break;
		case 'u':
			o->cfg.uuid = optarg;
			break;
		case 'U':
			if (!parse_user(optarg, o))
				return options_complain("--user needs UID:GID, not root's");
			break;
		default:
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 1 : 2;
		}
	}
	return parse_arguments(argc, argv, o);
}

/* The policy program next to our own program, else where it is installed. */
static const char *sibling(char *buf, size_t n, const char *name, const char *fallback)
{
	ssize_t len = readlink("/proc/self/exe", buf, n - 1);
	char *slash;

	if (len > 0) {
		buf[len] = '\0';
		slash = strrchr(buf, '/');
		if ((size_t)(slash - buf) + strlen(name) + 2 < n) {
			strcpy(slash + 1, name);
			if (access(buf, X_OK) == 0)
				return buf;
		}
	}
	return fallback;
}

/* The group "qubes", -1: there is none. From the file: the name service would load libraries
 * into a process that reads a qube's bytes. */
static long find_qubes_group(void)
{
	static const char name[] = "qubes:";
	_cleanup_free_ char *text = NULL;
	const char *line, *gid;
	size_t n;

	if (io_read_file("/etc/group", GROUP_FILE_MAX, &text, &n))
		return -1;
	for (line = text; line && strncmp(line, name, strlen(name)) != 0;) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	/* name:password:number:members */
	gid = line ? strchr(line + strlen(name), ':') : NULL;
	return gid && gid[1] >= '0' && gid[1] <= '9' ? strtol(gid + 1, NULL, 10) : -1;
}

int options_defaults(struct options *o)
{
	o->cfg.qubes_gid = find_qubes_group();
	if (!o->cfg.socket_dir)
		o->cfg.socket_dir = qubes_path(o->socket_dir, sizeof(o->socket_dir), "/run/qubes");
	if (!o->cfg.policy_program)
		o->cfg.policy_program =
			sibling(o->policy_program, sizeof(o->policy_program), "qrexec-policy-exec",
				"/usr/bin/qrexec-policy-exec");
	return o->cfg.socket_dir ? 0 : -ENAMETOOLONG;
}
