/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vchan's socket backend as its users see it (qrexec/vchan/vchan.h), in the flat layout. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/vchan/backend.h"
#include "qrexec/vchan/vchan.h"

#define PORT 512
#define WAIT_MS 150000

struct fixture {
	char *dir;
};

static void setup(struct fixture *f, const void *data)
{
	f->dir = g_dir_make_tmp("test-vchan-XXXXXX", NULL);
	g_assert_nonnull(f->dir);
	g_setenv("VCHAN_SOCKET_DIR", f->dir, TRUE);
	g_unsetenv("QUBES_VCHAN");
}

static void teardown(struct fixture *f, const void *data)
{
	char *cmd = g_strdup_printf("rm -rf '%s'", f->dir);

	g_assert_cmpint(system(cmd), ==, 0);
	g_free(cmd);
	g_free(f->dir);
}

static char *path_of(const struct fixture *f, const char *name)
{
	return g_strdup_printf("%s/%s", f->dir, name);
}

/* The server is domain 42 and the client domain 0, like an agent and its daemon. */
static struct vchan *new_server(void)
{
	struct vchan *v = NULL;

	g_setenv("VCHAN_DOMAIN", "42", TRUE);
	g_assert_cmpint(vchan_server_new(0, PORT, 4096, 4096, &v), ==, 0);
	return v;
}

static struct vchan *new_client(void)
{
	struct vchan *v = NULL;

	g_setenv("VCHAN_DOMAIN", "0", TRUE);
	g_assert_cmpint(vchan_client_new(42, PORT, &v), ==, 0);
	return v;
}

static void new_pair(struct vchan **s, struct vchan **c)
{
	*s = new_server();
	*c = new_client();
	g_assert_cmpint(vchan_connect_wait(*s, WAIT_MS), ==, 0);
	g_assert_cmpint(vchan_connect_wait(*c, WAIT_MS), ==, 0);
}

/* A raw peer, as upstream's tests are. */
static int raw_connect(const struct fixture *f)
{
	char *path = path_of(f, "vchan.42.0.512.sock");
	int fd = unix_connect(path, SOCK_STREAM);

	g_free(path);
	g_assert_cmpint(fd, >=, 0);
	return fd;
}

static void pump(struct vchan *v, int timeout_ms)
{
	struct pollfd p = {.fd = vchan_fd(v), .events = vchan_events(v)};

	if (poll(&p, 1, timeout_ms) == 1)
		vchan_wait(v);
}

static void test_server_first(struct fixture *f, const void *data)
{
	char *path = path_of(f, "vchan.42.0.512.sock");
	struct vchan *s = new_server(), *c;
	struct stat st;
	char buf[16];

	g_assert_cmpint(vchan_state(s), ==, VCHAN_WAITING);
	g_assert_cmpint(lstat(path, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 0777, ==, 0666);
	c = new_client();
	g_assert_cmpint(vchan_state(c), ==, VCHAN_CONNECTED);
	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	g_assert_cmpint(lstat(path, &st), ==, -1); /* one client only */

	g_assert_cmpint(vchan_write(c, "hello", 5), ==, 5);
	g_assert_cmpuint(vchan_data_ready(s), ==, 5);
	g_assert_cmpint(vchan_read(s, buf, sizeof(buf)), ==, 5);
	g_assert_cmpint(memcmp(buf, "hello", 5), ==, 0);
	g_assert_cmpint(vchan_read(s, buf, sizeof(buf)), ==, 0);
	g_assert_cmpint(vchan_write_all(s, "back", 4), ==, 0);
	g_assert_cmpint(vchan_read_all(c, buf, 4), ==, 0);
	vchan_free(s);
	vchan_free(c);
	g_free(path);
}

static void test_client_first(struct fixture *f, const void *data)
{
	struct vchan *c = new_client(), *s;
	int64_t start;

	g_assert_cmpint(vchan_state(c), ==, VCHAN_WAITING);
	g_assert_cmpint(vchan_connect_wait(c, 20), ==, -ETIMEDOUT);
	s = new_server();
	start = io_now_ms();
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, 0);
	g_assert_cmpint(io_now_ms() - start, <, WAIT_MS / 2);
	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	vchan_free(c);
	vchan_free(s);
}

/* The flat directory itself may come later (upstream's clients wait for that too). */
static void test_directory_later(struct fixture *f, const void *data)
{
	char *sub = path_of(f, "later");
	struct vchan *c, *s;

	g_setenv("VCHAN_SOCKET_DIR", sub, TRUE);
	c = new_client();
	g_assert_cmpint(vchan_connect_wait(c, 20), ==, -ETIMEDOUT);
	g_assert_cmpint(mkdir(sub, 0755), ==, 0);
	s = new_server();
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, 0);
	vchan_free(c);
	vchan_free(s);
	g_free(sub);
}

static void test_write_before_connect(struct fixture *f, const void *data)
{
	struct vchan *s = new_server(), *c;
	char buf[8];

	g_assert_cmpint(vchan_write(s, "early", 5), ==, 5);
	c = new_client();
	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	g_assert_cmpint(vchan_read_all(c, buf, 5), ==, 0);
	g_assert_cmpint(memcmp(buf, "early", 5), ==, 0);
	vchan_free(c);
	vchan_free(s);
}

/* Small messages arrive as they were written: a header is never split. */
static void test_raw_peer(struct fixture *f, const void *data)
{
	struct vchan *s = new_server();
	int fd = raw_connect(f);
	char buf[64];

	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	g_assert_cmpint(vchan_write(s, "HEADER__", 8), ==, 8);
	g_assert_cmpint(vchan_write(s, "body", 4), ==, 4);
	g_assert_cmpint(recv(fd, buf, 8, 0), ==, 8);
	g_assert_cmpint(recv(fd, buf, sizeof(buf), 0), ==, 4);
	vchan_free(s);
	g_assert_cmpint(recv(fd, buf, sizeof(buf), 0), ==, 0);
	close(fd);
}

static void test_data_outlives_peer(struct fixture *f, const void *data)
{
	struct vchan *s = new_server();
	int fd = raw_connect(f);
	char buf[64];

	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	/* Data that we wrote stays unread, and the peer goes: a reset for writers. */
	g_assert_cmpint(vchan_write(s, "unread", 6), ==, 6);
	g_assert_cmpint(send(fd, "last words", 10, 0), ==, 10);
	close(fd);
	g_assert_cmpint(vchan_write(s, "more", 4), ==, -EPIPE);
	g_assert_cmpint(vchan_state(s), ==, VCHAN_DISCONNECTED);
	g_assert_cmpuint(vchan_data_ready(s), ==, 10);
	g_assert_cmpint(vchan_read(s, buf, sizeof(buf)), ==, 10);
	g_assert_cmpint(vchan_read(s, buf, sizeof(buf)), ==, -EPIPE);
	g_assert_cmpint(vchan_read_all(s, buf, 1), ==, -EPIPE);
	vchan_free(s);
}

/* A reader who does not read is not woken for it, and gets everything in the end. */
static void test_backpressure(struct fixture *f, const void *data)
{
	static char chunk[65536];
	struct vchan *s = new_server();
	int fd = raw_connect(f);
	size_t sent = 0, got = 0;
	ssize_t r;

	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	while ((r = send(fd, chunk, sizeof(chunk), MSG_DONTWAIT)) > 0 || vchan_events(s)) {
		sent += r > 0 ? (size_t)r : 0;
		pump(s, 0);
	}
	g_assert_cmpint(vchan_events(s) & POLLIN, ==, 0);
	close(fd);
	vchan_wait(s);
	g_assert_cmpint(vchan_fd(s), ==, -1);
	g_assert_cmpint(vchan_state(s), ==, VCHAN_CONNECTED);
	while ((r = vchan_read(s, chunk, sizeof(chunk))) > 0) {
		got += (size_t)r;
		g_assert_cmpint(vchan_fd(s), >=, 0);
	}
	g_assert_cmpint(r, ==, -EPIPE);
	g_assert_cmpuint(got, ==, sent);
	vchan_free(s);
}

static void test_full_queue(struct fixture *f, const void *data)
{
	static char chunk[65536];
	struct vchan *s, *c;
	size_t sent = 0, got = 0;
	ssize_t r;

	new_pair(&s, &c);
	while ((r = vchan_write(s, chunk, sizeof(chunk))) > 0)
		sent += (size_t)r;
	g_assert_cmpint(r, ==, 0);
	g_assert_cmpuint(vchan_buffer_space(s), ==, 0);
	g_assert_true(vchan_events(s) & POLLOUT);
	while (got < sent) {
		r = vchan_read(c, chunk, sizeof(chunk));
		g_assert_cmpint(r, >=, 0);
		got += (size_t)r;
		pump(s, 0);
	}
	g_assert_cmpuint(got, ==, sent);
	g_assert_cmpuint(vchan_buffer_space(s), >, 0);
	g_assert_false(vchan_events(s) & POLLOUT);
	vchan_free(s);
	vchan_free(c);
}

/* Closing waits a second at most for a peer that does not read; aborting does not. */
static void test_stalled_peer(struct fixture *f, const void *data)
{
	static char chunk[65536];
	struct vchan *s, *c;
	int64_t took;

	for (int abort_it = 0; abort_it < 2; abort_it++) {
		int64_t limit = abort_it ? 100 : 1500;

		/* A busy machine may take longer now and then. */
		took = limit;
		for (int tries = 0; tries < 30 && took >= limit; tries++) {
			new_pair(&s, &c);
			while (vchan_write(s, chunk, sizeof(chunk)) > 0)
				;
			took = -io_now_ms();
			(abort_it ? vchan_abort : vchan_free)(s);
			took += io_now_ms();
			vchan_free(c);
		}
		g_assert_cmpint(took, <, limit);
	}
}

/* Random sizes both ways at once, checked byte by byte. */
static void test_stream(struct fixture *f, const void *data)
{
	enum { TOTAL = 8 << 20 };
	static unsigned char buf[100000];
	struct vchan *s, *c;
	GRand *rnd = g_rand_new_with_seed(7);
	size_t sent[2] = {0}, got[2] = {0};

	new_pair(&s, &c);
	while (got[0] < TOTAL || got[1] < TOTAL) {
		for (int i = 0; i < 2; i++) {
			struct vchan *w = i ? s : c, *r = i ? c : s;
			size_t n = (size_t)g_rand_int_range(rnd, 1, sizeof(buf));
			ssize_t k;

			if (n > TOTAL - sent[i])
				n = TOTAL - sent[i];
			for (size_t j = 0; j < n; j++)
				buf[j] = (unsigned char)((sent[i] + j) * 31 >> 3);
			k = n ? vchan_write(w, buf, n) : 0;
			g_assert_cmpint(k, >=, 0);
			sent[i] += (size_t)k;
			if (g_rand_boolean(rnd))
				pump(r, 0);
			k = vchan_read(r, buf, (size_t)g_rand_int_range(rnd, 1, sizeof(buf)));
			g_assert_cmpint(k, >=, 0);
			for (ssize_t j = 0; j < k; j++)
				if (buf[j] != (unsigned char)((got[i] + (size_t)j) * 31 >> 3))
					g_error("byte %zu differs", got[i] + (size_t)j);
			got[i] += (size_t)k;
			pump(w, 0);
		}
	}
	g_rand_free(rnd);
	vchan_free(s);
	vchan_free(c);
}

/* A server killed with -9 leaves its file: clients wait, a new server takes over. */
static void test_stale_socket(struct fixture *f, const void *data)
{
	struct vchan *c, *s;
	pid_t pid = fork();

	if (pid == 0) {
		new_server();
		raise(SIGKILL);
	}
	g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
	c = new_client();
	g_assert_cmpint(vchan_connect_wait(c, 100), ==, -ETIMEDOUT);
	s = new_server();
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, 0);
	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	vchan_free(c);
	vchan_free(s);
}

static void test_superseded(struct fixture *f, const void *data)
{
	struct vchan *old = new_server(), *s = new_server(), *c;

	vchan_free(old); /* must leave the new one's file alone */
	c = new_client();
	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, 0);
	vchan_free(c);
	vchan_free(s);
}

static void test_second_client(struct fixture *f, const void *data)
{
	struct vchan *s, *c, *late;

	new_pair(&s, &c);
	late = new_client();
	g_assert_cmpint(vchan_connect_wait(late, 50), ==, -ETIMEDOUT);
	vchan_free(late);
	vchan_free(s);
	vchan_free(c);
}

static void test_directory_gone(struct fixture *f, const void *data)
{
	char *sub = path_of(f, "sub");
	struct vchan *s, *c;

	g_assert_cmpint(mkdir(sub, 0755), ==, 0);
	g_setenv("VCHAN_SOCKET_DIR", sub, TRUE);
	c = new_client();
	g_setenv("VCHAN_DOMAIN", "7", TRUE);
	g_assert_cmpint(vchan_server_new(0, PORT, 1, 1, &s), ==, 0);
	g_assert_cmpint(system("rm -rf \"$VCHAN_SOCKET_DIR\""), ==, 0);
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, -ENODEV);
	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, -ENODEV);
	g_assert_cmpint(vchan_state(s), ==, VCHAN_DISCONNECTED);
	g_assert_cmpuint(vchan_data_ready(s), ==, 0);
	g_assert_cmpuint(vchan_buffer_space(s), ==, 0);
	vchan_free(s);
	vchan_free(c);
	g_free(sub);
}

/* What is no socket is never connected to, and waited on instead. */
static void test_not_a_socket(struct fixture *f, const void *data)
{
	char *path = path_of(f, "vchan.42.0.512.sock"), *real = path_of(f, "real.sock");
	int lfd = unix_listen(real, SOCK_STREAM | SOCK_NONBLOCK, 0666);
	struct vchan *c, *s;

	g_assert_cmpint(lfd, >=, 0);
	for (int kind = 0; kind < 4; kind++) {
		if (kind == 0)
			g_assert_cmpint(symlink("real.sock", path), ==, 0);
		else if (kind == 1)
			g_assert_true(g_file_set_contents(path, "x", 1, NULL));
		else if (kind == 2)
			g_assert_cmpint(mkfifo(path, 0666), ==, 0);
		else
			g_assert_cmpint(mkdir(path, 0777), ==, 0);
		c = new_client();
		g_assert_cmpint(vchan_connect_wait(c, 50), ==, -ETIMEDOUT);
		g_assert_cmpint(accept(lfd, NULL, NULL), ==, -1);
		g_assert_cmpint(remove(path), ==, 0);
		s = new_server();
		g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, 0);
		vchan_free(c);
		vchan_free(s);
	}
	/* A server replaces files but not directories. */
	g_assert_cmpint(mkdir(path, 0777), ==, 0);
	g_setenv("VCHAN_DOMAIN", "42", TRUE);
	g_assert_cmpint(vchan_server_new(0, PORT, 1, 1, &s), <, 0);
	close(lfd);
	g_free(path);
	g_free(real);
}

/* A stale socket makes clients back off, a missing one sleep: no CPU either way. */
static void test_idle_cpu(struct fixture *f, const void *data)
{
	struct vchan *c = new_client();
	struct rusage a, b;
	int64_t us;

	getrusage(RUSAGE_SELF, &a);
	g_assert_cmpint(vchan_connect_wait(c, 1500), ==, -ETIMEDOUT);
	getrusage(RUSAGE_SELF, &b);
	us = (b.ru_utime.tv_sec - a.ru_utime.tv_sec + b.ru_stime.tv_sec - a.ru_stime.tv_sec) *
		     1000000 +
	     b.ru_utime.tv_usec - a.ru_utime.tv_usec + b.ru_stime.tv_usec - a.ru_stime.tv_usec;
	g_test_message("waiting 1.5 s took %d us of CPU", (int)us);
	g_assert_cmpint(us, <, 100000);
	vchan_free(c);
}

/* A user has 128 inotify instances by default; beyond them a timer does the work. */
static int without_inotify(void)
{
	struct vchan *c, *s;
	struct rlimit files = {4096, 4096};
	struct rusage a, b;

	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < 2000 && inotify_init1(IN_CLOEXEC) >= 0; i++)
		;
	if (inotify_init1(IN_CLOEXEC) >= 0)
		return 77;
	c = new_client();
	/* It looks often at first; how long that takes is the machine's. */
	for (int tries = 0;; tries++) {
		getrusage(RUSAGE_SELF, &a);
		if (vchan_connect_wait(c, 300) != -ETIMEDOUT)
			return 1;
		getrusage(RUSAGE_SELF, &b);
		if (tries && b.ru_nvcsw - a.ru_nvcsw <= 15)
			break;
		if (tries == 100)
			return 2;
	}
	s = new_server();
	if (vchan_connect_wait(c, WAIT_MS) || vchan_connect_wait(s, WAIT_MS))
		return 3;
	vchan_free(c);
	c = new_client();
	vchan_free(s);
	if (system("rm -rf \"$VCHAN_SOCKET_DIR\""))
		return 4;
	return vchan_connect_wait(c, WAIT_MS) == -ENODEV ? 0 : 5;
}

static void test_no_inotify(struct fixture *f, const void *data)
{
	char *sub = path_of(f, "sub");
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		g_test_skip("needs root, to be a user of its own");
		return;
	}
	g_assert_cmpint(chmod(f->dir, 0777), ==, 0);
	g_assert_cmpint(mkdir(sub, 0777), ==, 0);
	g_assert_cmpint(chmod(sub, 0777), ==, 0);
	g_setenv("VCHAN_SOCKET_DIR", sub, TRUE);
	pid = fork();
	if (pid == 0)
		_exit(setresuid(54321, 54321, 54321) < 0 ? 9 : without_inotify());
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		g_test_skip("this machine's limit is too high");
	else
		g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	g_free(sub);
}

static void test_numbers(struct fixture *f, const void *data)
{
	static const char *const bad[] = {"", "-1", "x", "1x", "32752", "99999999999999999999"};
	struct vchan *v;

	g_setenv("VCHAN_DOMAIN", "42", TRUE);
	g_assert_cmpuint(vchan_own_domid(), ==, 42);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_setenv("VCHAN_DOMAIN", bad[i], TRUE);
		g_assert_cmpuint(vchan_own_domid(), ==, 0);
	}
	g_assert_cmpint(vchan_server_new(VCHAN_DOMID_MAX + 1, 1, 1, 1, &v), ==, -EINVAL);
	g_assert_cmpint(vchan_client_new(VCHAN_DOMID_MAX + 1, 1, &v), ==, -EINVAL);
	g_assert_true(vchan_is_socket());
	g_setenv("QUBES_VCHAN", "xen", TRUE);
	g_assert_false(vchan_is_socket());
	g_setenv("QUBES_VCHAN", "socket", TRUE);
	g_assert_true(vchan_is_socket());
	g_unsetenv("QUBES_VCHAN");
}

/* The Xen backend finds every function it calls in the libraries that Debian ships. */
/* With a window little is under way, and a reader that comes late finds little that is old. */
static void test_window(struct fixture *f, const void *data)
{
	static const char block[1024];
	struct vchan *s, *c;
	size_t sent = 0, got = 0;
	ssize_t n;

	new_pair(&s, &c);
	vchan_set_window(s, 8192);
	while (sent < 1024 * 1024 && (n = vchan_write(s, block, sizeof(block))) > 0)
		sent += (size_t)n;
	g_assert_cmpuint(sent, >=, 4096);
	g_assert_cmpuint(sent, <=, 4 * 8192);
	/* All of it arrives, and then more can be sent. */
	while (got < sent) {
		char buf[4096];

		vchan_wait(s);
		n = vchan_read(c, buf, sizeof(buf));
		g_assert_cmpint(n, >=, 0);
		got += (size_t)n;
	}
	g_assert_cmpuint(got, ==, sent);
	g_assert_cmpint(vchan_write(s, block, sizeof(block)), ==, sizeof(block));
	vchan_free(s);
	vchan_free(c);
}

static void test_xen_symbols(void)
{
	const char *missing = "nothing";
	struct vchan *v;
	int r = vchan_xen_probe(&missing);

	if (r == -ENOSYS && g_str_has_prefix(missing, "libxen") && !strchr(missing, '_')) {
		g_test_skip("libxenvchan is not installed");
		return;
	}
	if (r)
		g_error("%s is missing", missing);
	if (access("/proc/xen", F_OK) == 0 || access("/dev/xen", F_OK) == 0)
		return;
	/* No Xen here: each end fails cleanly. */
	g_assert_cmpint(vchan_xen_domid(), <, 0);
	g_assert_cmpint(vchan_xen_server(1, 1, 1024, 1024, &v), <, 0);
	g_assert_cmpint(vchan_xen_client(1, 1, &v), <, 0);
}

#define ADD(name, func) g_test_add("/vchan/" name, struct fixture, NULL, setup, func, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("server-first", test_server_first);
	ADD("client-first", test_client_first);
	ADD("directory-later", test_directory_later);
	ADD("write-before-connect", test_write_before_connect);
	ADD("raw-peer", test_raw_peer);
	ADD("data-outlives-peer", test_data_outlives_peer);
	ADD("backpressure", test_backpressure);
	ADD("full-queue", test_full_queue);
	ADD("stalled-peer", test_stalled_peer);
	ADD("window", test_window);
	ADD("stream", test_stream);
	ADD("stale-socket", test_stale_socket);
	ADD("superseded", test_superseded);
	ADD("second-client", test_second_client);
	ADD("directory-gone", test_directory_gone);
	ADD("not-a-socket", test_not_a_socket);
	ADD("idle-cpu", test_idle_cpu);
	ADD("no-inotify", test_no_inotify);
	ADD("numbers", test_numbers);
	g_test_add_func("/vchan/xen-symbols", test_xen_symbols);
	return g_test_run();
}
