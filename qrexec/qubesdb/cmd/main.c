/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubesdb-cmd and its links qubesdb-read, -write, -rm, -multiread, -list, -watch and
 * -read-bool: QubesDB for scripts (specs/qubesdb.md section 1). The peer is the local
 * daemon; values may come from a hostile qube.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/qubesdb/cmd/print.h"
#include "qrexec/qubesdb/qubesdb-client.h"

/* Scripts in a qube may start before its daemon has dom0's data. */
#define TIMEOUT_MS 60000

struct options {
	bool full_path, raw, quiet, wait, remove;
	const char *fallback; /* -e, NULL when not given */
	const char *domain;
	int events; /* -n */
};

struct call {
	const struct options *opt;
	qdb_handle_t db;
	char **arg;
	int args;
};

enum { EXIT_FAILED = 1, EXIT_MISSING = 2, EXIT_TROUBLE = 3 };

static const char *cause(void)
{
	switch (errno) {
	case ENOENT:
		return "no such key";
	case EACCES:
		return "refused by the daemon (invalid path or value, or the read-only socket)";
	case EPIPE:
		return "the daemon is not running";
	case EINVAL:
		return "a path is \"/\" and at most 62 characters more, a value at most 3071 bytes";
	default:
		return strerror(errno);
	}
}

static int failed(const struct call *c, const char *what, const char *path)
{
	if (!c->opt->quiet)
		fprintf(stderr, "Failed to %s %s: %s\n", what, path, cause());
	return EXIT_FAILED;
}

/* The value, waiting until there is one. */
static char *read_waiting(const struct call *c, const char *path)
{
	char *value = qdb_read(c->db, path, NULL), *event;

	if (value || errno != ENOENT || !qdb_watch(c->db, path))
		return value;
	while (!(value = qdb_read(c->db, path, NULL)) && errno == ENOENT) {
		event = qdb_read_watch(c->db);
		/* A daemon that was restarted meanwhile may have the value already. */
		if (!event && (errno != EPIPE || qdb_watch_fd(c->db) < 0))
			return NULL;
		free(event);
	}
	return value;
}

static int read_one(const struct call *c, const char *path)
{
	const struct options *o = c->opt;
	char *value = o->wait ? read_waiting(c, path) : qdb_read(c->db, path, NULL);
	int r = 0;

	if (!value && errno == ENOENT && o->fallback)
		value = strdup(o->fallback);
	if (!value)
		r = errno == ENOENT ? EXIT_MISSING : EXIT_FAILED;
	if (!value) {
		failed(c, "read", path);
	} else {
		if (o->full_path)
			printf("%s = ", path);
		print_value(value, o->raw);
	}
	free(value);
	if (o->remove && !qdb_rm(c->db, path))
		return failed(c, "remove", path);
	return r;
}

static int cmd_read(const struct call *c)
{
	bool any_failed = false, any_missing = false;

	if (c->opt->fallback && c->args != 1) {
		fprintf(stderr, "--default only valid with exactly 1 path to read\n");
		return EXIT_FAILED;
	}
	for (int i = 0; i < c->args; i++) {
		int r = read_one(c, c->arg[i]);

		any_failed |= r == EXIT_FAILED;
		any_missing |= r == EXIT_MISSING;
	}
	if (any_failed)
		return EXIT_FAILED;
	return any_missing ? EXIT_MISSING : 0;
}

static int cmd_multiread(const struct call *c)
{
	int r = 0;

	for (int i = 0; i < c->args; i++) {
		size_t skip = c->opt->full_path ? 0 : strlen(c->arg[i]);
		char **list = qdb_multiread(c->db, c->arg[i], NULL, NULL);

		if (!list) {
			r = failed(c, "read", c->arg[i]);
			continue;
		}
		for (int j = 0; list[j]; j += 2) {
			printf("%s = ", list[j] + skip);
			print_value(list[j + 1], c->opt->raw);
		}
		qdb_free_list(list);
	}
	return r;
}

static int cmd_list(const struct call *c)
{
	size_t skip;
	char **list;

	if (c->args != 1) {
		fprintf(stderr, "The list command takes exactly one path\n");
		return EXIT_FAILED;
	}
	skip = c->opt->full_path ? 0 : strlen(c->arg[0]);
	list = qdb_list(c->db, c->arg[0], NULL);
	if (!list)
		return failed(c, "list", c->arg[0]);
	for (int i = 0; list[i]; i++)
		puts(list[i] + skip);
	qdb_free_list(list);
	return 0;
}

static int cmd_write(const struct call *c)
{
	int r = 0;

	if (c->args % 2) {
		fprintf(stderr, "The write command takes pairs of path and value\n");
		return EXIT_FAILED;
	}
	for (int i = 0; i < c->args; i += 2)
		if (!qdb_write(c->db, c->arg[i], c->arg[i + 1], (unsigned)strlen(c->arg[i + 1])))
			r = failed(c, "write", c->arg[i]);
	return r;
}

static int cmd_rm(const struct call *c)
{
	int r = 0;

	for (int i = 0; i < c->args; i++)
		if (!qdb_rm(c->db, c->arg[i]))
			r = failed(c, "remove", c->arg[i]);
	return r;
}

static int cmd_watch(const struct call *c)
{
	for (int i = 0; i < c->args; i++)
		if (!qdb_watch(c->db, c->arg[i]))
			return failed(c, "watch", c->arg[i]);
	for (int n = c->args ? c->opt->events : 0; n; n -= n > 0) {
		char *path = qdb_read_watch(c->db);

		if (!path)
			return failed(c, "watch", c->arg[0]);
		puts(path);
		fflush(stdout);
		free(path);
	}
	return 0;
}

static int cmd_read_bool(const struct call *c)
{
	char *value;
	int r;

	if (c->args < 1 || c->args > 2) {
		fprintf(stderr, "Usage: qubesdb-read-bool KEY [DEFAULT]\n");
		return EXIT_TROUBLE;
	}
	value = qdb_read(c->db, c->arg[0], NULL);
	if (!value && errno == ENOENT)
		return c->args == 2 ? atoi(c->arg[1]) : EXIT_MISSING;
	if (!value)
		return EXIT_TROUBLE;
	r = *value ? 0 : 1;
	free(value);
	return r;
}

static const struct command {
	const char *name;
	int (*run)(const struct call *c);
} commands[] = {
	{"read", cmd_read},	      {"write", cmd_write},	    {"rm", cmd_rm},
	{"list", cmd_list},	      {"multiread", cmd_multiread}, {"watch", cmd_watch},
	{"read-bool", cmd_read_bool},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static const struct command *command_of_program(const char *argv0)
{
	const char *slash = strrchr(argv0, '/'), *base = slash ? slash + 1 : argv0;

	return strncmp(base, "qubesdb-", 8) == 0 ? find_command(base + 8) : NULL;
}

static void usage(const char *argv0)
{
	fprintf(stderr,
		"Usage: %s [-frqwx] [-c COMMAND] [-d DOMAIN] [-e DEFAULT] [-n N] [ARGUMENT]...\n"
		"  -c COMMAND  what to do, when the program's name does not say; first option\n"
		"  -d DOMAIN   the qube to ask (dom0 only)\n"
		"  -f          print full paths\n"
		"  -r          print values as they are\n"
		"  -q          no error messages\n"
		"  -w          read: wait until there is a value\n"
		"  -x          read: remove the value afterwards\n"
		"  -e DEFAULT  read: print DEFAULT if there is no such path (also --default)\n"
		"  -n N        watch: stop after N events (1; negative: never)\n"
		"Commands:\n"
		"  read PATH...           multiread PATH...      list PATH\n"
		"  write PATH VALUE...    rm PATH...             watch PATH...\n",
		argv0);
}

static int wrong(const char *text)
{
	fprintf(stderr, "%s\n", text);
	return EXIT_FAILED;
}

/* 0, or -1 for help wanted, or the exit status. */
static int parse(int argc, char **argv, struct options *o, const struct command **cmd)
{
	static const struct option long_options[] = {
		{"default", required_argument, NULL, 'e'}, {"help", no_argument, NULL, 'h'}, {0}};
	bool by_name = *cmd, first = true;
	int c;

	for (; (c = getopt_long(argc, argv, "hxc:d:n:e:frqw", long_options, NULL)) != -1;
	     first = false) {
		switch (c) {
		case 'c':
			if (!first || by_name)
				return wrong(by_name ? "-c only valid for qubesdb-cmd"
						     : "-c must be first argument");
			*cmd = find_command(optarg);
			break;
		case 'd':
			o->domain = optarg;
			break;
		case 'e':
			if (!*cmd || (*cmd)->run != cmd_read)
				return wrong("--default valid only for read command");
			o->fallback = optarg;
			break;
		case 'n':
			if (!*cmd || (*cmd)->run != cmd_watch)
				return wrong("-n valid only for watch command");
			o->events = atoi(optarg);
			break;
		case 'f':
			o->full_path = true;
			break;
		case 'r':
			o->raw = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'w':
			o->wait = true;
			break;
		case 'x':
			o->remove = true;
			break;
		case 'h':
			return -1;
		default:
			usage(argv[0]);
			return EXIT_FAILED;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct command *cmd = command_of_program(argv[0]);
	struct options opt = {.events = 1};
	struct call call = {.opt = &opt};
	int r = parse(argc, argv, &opt, &cmd);

	if (r > 0)
		return r;
	if (r < 0 || argc <= 1 || !cmd) {
		usage(argv[0]);
		return cmd && cmd->run == cmd_read_bool && r >= 0 ? EXIT_TROUBLE : 0;
	}
	call.arg = argv + optind;
	call.args = argc - optind;
	call.db = qdb_open_patient(opt.domain, QDB_RESTART_MS);
	if (!call.db) {
		if (!opt.quiet)
			fprintf(stderr, "Failed to connect to the %s QubesDB daemon: %s\n",
				opt.domain ? opt.domain : "local", cause());
		return cmd->run == cmd_read_bool ? EXIT_TROUBLE : EXIT_FAILED;
	}
	qdb_set_timeout(call.db, TIMEOUT_MS);
	r = cmd->run(&call);
	qdb_close(call.db);
	if (fflush(stdout) == EOF || ferror(stdout))
		return EXIT_FAILED;
	return r;
}
