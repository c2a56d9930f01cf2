/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubesdb-daemon: one end of a qube's QubesDB (specs/qubesdb.md section 1). In dom0, one
 * per qube, not root, confined: it reads bytes from that qube, which is hostile. In the
 * qube, its peer is dom0.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/notify.h"
#include "qrexec/base/sandbox.h"
#include "qrexec/base/signals.h"
#include "qrexec/qubesdb/daemon/confine.h"
#include "qrexec/qubesdb/daemon/files.h"
#include "qrexec/qubesdb/daemon/server.h"
#include "qrexec/vchan/vchan.h"

struct options {
	unsigned domid;
	const char *name; /* NULL in a qube */
	mode_t rw_mode;
	bool foreground;
	uid_t uid;
	gid_t gid;
};

struct program {
	struct options opt;
	struct files files;
	struct server server;
	int ready_fd; /* owned; the parent waits for a byte, -1: nobody waits */
	int log_fd;   /* owned; taken for standard output and error when ready */
};

static int complain(const char *what, int err)
{
	fprintf(stderr, "qubesdb-daemon: %s: %s\n", what, strerror(-err));
	return 1;
}

static void usage(FILE *out)
{
	fputs("Usage: qubesdb-daemon [--rw-socket-perms=OCTAL] [--user UID:GID] [-f]\n"
	      "                      REMOTE_DOMID [REMOTE_NAME]\n"
	      "Give REMOTE_NAME only in dom0. -f stays in the foreground.\n",
	      out);
}

static int parse_user(const char *text, struct options *o)
{
	unsigned long u, g;
	const char *colon = strchr(text, ':');
	char uid[16];

	if (!colon || (size_t)(colon - text) >= sizeof(uid))
		return -EINVAL;
	snprintf(uid, sizeof(uid), "%.*s", (int)(colon - text), text);
	if (io_parse_uint(uid, 0, 0xfffffffe, &u) || io_parse_uint(colon + 1, 0, 0xfffffffe, &g))
		return -EINVAL;
	o->uid = (uid_t)u;
	o->gid = (gid_t)g;
	return 0;
}

static int parse_mode(const char *text, mode_t *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 8);

	if (!*text || *end || v > 0777)
		return -EINVAL;
	*ret = (mode_t)v;
	return 0;
}

static int parse_arguments(int argc, char **argv, struct options *o)
{
	unsigned long domid;

	if (argc - optind < 1 || argc - optind > 2 ||
	    io_parse_uint(argv[optind], 0, VCHAN_DOMID_MAX, &domid))
		return -EINVAL;
	o->domid = (unsigned)domid;
	if (argc - optind == 2 && *argv[optind + 1])
		o->name = argv[optind + 1];
	if (o->name && !files_name_ok(o->name)) {
		fprintf(stderr, "qubesdb-daemon: \"%s\" is not the name of a qube\n", o->name);
		return -EINVAL;
	}
	return 0;
}

/* 0, or the exit status + 1. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"rw-socket-perms", required_argument, NULL, 'p'},
		{"user", required_argument, NULL, 'u'},
		{"foreground", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c, r = 0;

	*o = (struct options){.rw_mode = 0666, .uid = geteuid(), .gid = getegid()};
	while (!r && (c = getopt_long(argc, argv, "fh", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			r = parse_mode(optarg, &o->rw_mode);
			break;
		case 'u':
			r = parse_user(optarg, o);
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'h':
			usage(stdout);
			return 1;
		default:
			r = -EINVAL;
		}
	}
	if (!r)
		r = parse_arguments(argc, argv, o);
	if (r)
		usage(stderr);
	return r ? 2 : 0;
}

static enum qdb_role role_of(const struct options *o)
{
	if (!o->name)
		return QDB_ROLE_VM;
	return o->domid ? QDB_ROLE_DOM0 : QDB_ROLE_ALONE;
}

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, 0};

/* Until here errors go to whoever started this. */
static void on_ready(void *arg)
{
	struct program *p = arg;

	notify_send("READY=1");
	if (p->ready_fd < 0)
		return;
	if (dup2(p->log_fd, 1) < 0 || dup2(p->log_fd, 2) < 0)
		return;
	close(p->log_fd);
	if (write(p->ready_fd, "ready", 5) != 5)
		fprintf(stderr, "the starting process is gone\n");
	close(p->ready_fd);
	p->ready_fd = -1;
}

static int open_files(struct program *p)
{
	struct options *o = &p->opt;
	struct server *s = &p->server;
	int r;

	if (o->name) {
		r = files_lock_pid(&p->files, o->uid, o->gid);
		if (r == -EALREADY) {
			fprintf(stderr, "qubesdb-daemon: one for %s is already running\n", o->name);
			return 1;
		}
		if (r < 0)
			return complain(p->files.pid.path, r);
	}
	r = files_listen(&p->files, o->rw_mode, o->uid, o->gid, &s->rw_fd, &s->ro_fd);
	if (r)
		return complain("cannot make its sockets in run/qubes", r);
	if (role_of(o) == QDB_ROLE_ALONE && strcmp(o->name, "dom0") == 0)
		r = files_link_own(&p->files);
	if (r)
		return complain(p->files.link_rw.path, r);
	return 0;
}

static int confine(struct program *p)
{
	int r = sandbox_become(p->opt.uid, p->opt.gid, 0);

	if (r)
		return complain("cannot become --user", r);
	r = server_open_link(&p->server);
	if (r == -ENOENT) {
		fprintf(stderr, "qubesdb-daemon: there is no domain %u\n", p->opt.domid);
		return 1;
	}
	if (r)
		return complain("cannot open the vchan", r);
	r = confine_qubesdb();
	return r ? complain("cannot confine itself", r) : 0;
}

static int serve(struct program *p)
{
	int r;

	server_init(&p->server, role_of(&p->opt), p->opt.domid);
	p->server.signal_fd = signals_fd(signals);
	p->server.ready = on_ready;
	p->server.ready_arg = p;
	r = open_files(p);
	if (!r && p->ready_fd >= 0) {
		p->log_fd = files_open_log(&p->files, p->opt.uid, p->opt.gid);
		r = p->log_fd < 0 ? complain(p->files.log, p->log_fd) : 0;
	}
	if (!r)
		r = confine(p);
	if (!r) {
		int e = server_run(&p->server);

		r = e ? complain("cannot go on", e) : 0;
	}
	server_clear(&p->server);
	files_remove(&p->files);
	return r;
}

/* The parent of the daemon: leaves when the daemon is ready. A failed one has said why. */
static int wait_ready(int fd, pid_t pid)
{
	char buf[8];
	int status;

	if (read(fd, buf, sizeof(buf)) > 0)
		return 0;
	if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
		fprintf(stderr, "qubesdb-daemon: killed by signal %d at start\n", WTERMSIG(status));
	return 1;
}

static int daemonize(struct program *p)
{
	int fds[2], null;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return complain("cannot make a pipe", -errno);
	pid = fork();
	switch (pid) {
	case -1:
		return complain("cannot fork", -errno);
	case 0:
		close(fds[0]);
		setsid();
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null >= 0)
			dup2(null, 0);
		p->ready_fd = fds[1];
		return serve(p);
	default:
		close(fds[1]);
		return wait_ready(fds[0], pid);
	}
}

int main(int argc, char **argv)
{
	/* Its own buffer: making one would ask what sort of file it is, which the filter forbids. */
	static char line[1024];
	static struct program p = {.ready_fd = -1};
	int r = parse_options(argc, argv, &p.opt);

	if (r)
		return r - 1;
	close_range(3, ~0u, 0); /* whatever was inherited is not for this process */
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stderr, line, _IOLBF, sizeof(line));
	r = files_name(&p.files, p.opt.name);
	if (r)
		return complain("the root's path", r);
	return p.opt.foreground || notify_wanted() ? serve(&p) : daemonize(&p);
}
