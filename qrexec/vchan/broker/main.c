/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vchan-broker: where qubes are containers, lets two of them meet, and only where a
 * decision in dom0 said so. Peers: dom0's qrexec daemons, on a socket of their group;
 * they read from qubes, so what they send is parsed as untrusted. It keeps no state
 * that a restart would miss.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/notify.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/sandbox.h"
#include "qrexec/base/signals.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/vchan/broker/permits.h"
#include "qrexec/vchan/place.h"

#define CLIENTS_MAX 32
#define CLIENT_TIMEOUT_MS 2000

/* clang-format off */
static const char *const syscalls[] = {
	"accept4", "brk", "clock_gettime", "close", "exit_group", "fcntl", "fstat", "getdents64",
	"inotify_add_watch", "inotify_init1", "inotify_rm_watch", "linkat", "lseek", "mmap",
	"munmap", "newfstatat", "openat", "poll", "ppoll", "read", "recvfrom", "rt_sigreturn",
	"sendto", "unlink", "unlinkat", "write", NULL,
};
/* clang-format on */

/* The one table of privileges. Sockets of other owners are linked (fs.protected_hardlinks)
 * and removed from sticky directories (CAP_FOWNER) that may be closed to others. */
static const struct sandbox confinement = {
	.name = "vchan-broker",
	.syscalls = syscalls,
	.max_memory = 64u << 20,
	.max_files = 2 * PERMITS_MAX + CLIENTS_MAX + 32,
	.keep_caps = 1ull << CAP_FOWNER | 1ull << CAP_DAC_OVERRIDE,
};

struct client {
	int fd; /* owned, -1: free */
	int64_t deadline_ms;
};

struct broker {
	int listen_fd, signal_fd, domains_fd; /* owned */
	struct permits *permits;	      /* owned */
	struct client client[CLIENTS_MAX];
};

static void answer(struct broker *b, struct client *c)
{
	char text[REQUEST_MAX + 1], reply[96] = "ok";
	ssize_t n = recv(c->fd, text, sizeof(text), MSG_DONTWAIT);
	unsigned domain = 0;
	struct request rq;
	int r = -EINVAL;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		r = request_parse(text, (size_t)n, &rq);
	if (!r)
		r = permits_add(b->permits, &rq, io_now_ms(), &domain);
	if (r == -EINVAL)
		snprintf(reply, sizeof(reply), "error: not \"permit SERVER CLIENT PORT\"");
	else if (r == -ENOENT)
		snprintf(reply, sizeof(reply), "error: no such domain: %u", domain);
	else if (r == -EBUSY)
		snprintf(reply, sizeof(reply), "error: too many calls wait for an answer");
	else if (r)
		snprintf(reply, sizeof(reply), "error: %s", strerror(-r));
	if (n > 0)
		send(c->fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(c->fd);
	c->fd = -1;
}

static void accept_client(struct broker *b)
{
	int fd = accept4(b->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *oldest = &b->client[0];

	if (fd < 0)
		return;
	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &b->client[i];

		if (c->fd < 0) {
			oldest = c;
			break;
		}
		if (c->deadline_ms < oldest->deadline_ms)
			oldest = c;
	}
	if (oldest->fd >= 0)
		close(oldest->fd);
	*oldest = (struct client){fd, io_now_ms() + CLIENT_TIMEOUT_MS};
}

/* Closes silent clients; milliseconds until the next one is due, -1 when none. */
static int expire_clients(struct broker *b, int64_t now)
{
	int next = -1;

	for (int i = 0; i < CLIENTS_MAX; i++) {
		struct client *c = &b->client[i];

		if (c->fd < 0)
			continue;
		if (c->deadline_ms <= now) {
			close(c->fd);
			c->fd = -1;
		} else if (next < 0 || c->deadline_ms - now < next) {
			next = (int)(c->deadline_ms - now);
		}
	}
	return next;
}

static int next_timeout(struct broker *b)
{
	int64_t now = io_now_ms();
	int a = permits_expire(b->permits, now), c = expire_clients(b, now);

	return a < 0 || (c >= 0 && c < a) ? c : a;
}

static void run(struct broker *b)
{
	struct pollfd p[CLIENTS_MAX + 3];

	for (;;) {
		p[0] = (struct pollfd){.fd = b->signal_fd, .events = POLLIN};
		p[1] = (struct pollfd){.fd = b->listen_fd, .events = POLLIN};
		p[2] = (struct pollfd){.fd = permits_fd(b->permits), .events = POLLIN};
		for (int i = 0; i < CLIENTS_MAX; i++)
			p[3 + i] = (struct pollfd){.fd = b->client[i].fd, .events = POLLIN};
		if (poll(p, CLIENTS_MAX + 3, next_timeout(b)) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (p[0].revents)
			return;
		if (p[2].revents)
			permits_event(b->permits);
		for (int i = 0; i < CLIENTS_MAX; i++)
			if (b->client[i].fd >= 0 && p[3 + i].revents)
				answer(b, &b->client[i]);
		if (p[1].revents)
			accept_client(b);
	}
}

static int die(const char *what, int err)
{
	fprintf(stderr, "vchan-broker: %s: %s\n", what, strerror(-err));
	return 1;
}

static const int signals[] = {SIGTERM, SIGINT, 0};

static int open_domains(struct broker *b)
{
	char path[QUBES_PATH_MAX];
	int r;

	if (!vchan_domains_path(path, sizeof(path)))
		return -ENAMETOOLONG;
	r = io_mkdir_p(path, 0755);
	if (r)
		return r;
	b->domains_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return b->domains_fd < 0 ? -errno : 0;
}

static int parse_owner(const char *text, uid_t *uid, gid_t *gid)
{
	char *end;
	unsigned long u = strtoul(text, &end, 10), g;

	if (end == text || *end != ':' || io_parse_uint(end + 1, 0, 0xfffffffe, &g) ||
	    u > 0xfffffffe)
		return -EINVAL;
	*uid = (uid_t)u;
	*gid = (gid_t)g;
	return 0;
}

static void usage(FILE *out)
{
	fputs("Usage: vchan-broker [--owner UID:GID] [--root DIR]\n"
	      "Lets two containers meet where a policy decision allowed it.\n",
	      out);
}

static int open_socket(struct broker *b, const char *path, uid_t uid, gid_t gid)
{
	b->listen_fd = unix_listen(path, SOCK_SEQPACKET | SOCK_NONBLOCK, 0660);
	if (b->listen_fd < 0)
		return b->listen_fd;
	return lchown(path, uid, gid) < 0 && geteuid() == 0 ? -errno : 0;
}

static int serve(uid_t uid, gid_t gid)
{
	struct broker b = {.listen_fd = -1, .domains_fd = -1};
	char path[QUBES_PATH_MAX];
	int r;

	close_range(3, ~0u, 0); /* whatever was inherited is not for this process */
	for (int i = 0; i < CLIENTS_MAX; i++)
		b.client[i].fd = -1;
	if (!qubes_path(path, sizeof(path), "/run/qubes/vchan-broker.sock"))
		return die("the root's path", -ENAMETOOLONG);
	b.signal_fd = signals_fd(signals);
	r = open_domains(&b);
	if (r)
		return die("cannot open run/qubes/vchan", r);
	r = open_socket(&b, path, uid, gid);
	if (r == -EADDRINUSE)
		fprintf(stderr, "vchan-broker: another one is running\n");
	if (r)
		return die(path, r);
	r = sandbox_enter(&confinement);
	if (r)
		return die("cannot confine itself", r);
	r = permits_new(b.domains_fd, &b.permits);
	if (r)
		return die("cannot watch directories", r);
	notify_send("READY=1");
	run(&b);
	permits_free(b.permits);
	unlink(path);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"owner", required_argument, NULL, 'o'},
		{"root", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (o == 'o' && parse_owner(optarg, &uid, &gid)) {
			fprintf(stderr, "vchan-broker: --owner wants UID:GID in numbers\n");
			return 2;
		}
		if (o == 'r')
			setenv("QUBES_ROOT", optarg, 1);
		if (o == 'h') {
			usage(stdout);
			return 0;
		}
		if (o == '?') {
			usage(stderr);
			return 2;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return 2;
	}
	return serve(uid, gid);
}
