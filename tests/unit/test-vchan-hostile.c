/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vchan's socket backend against peers that lie: dom0's layout with the uid ranges of two
 * domains, containers with their own namespaces, and vchan-broker's permits between them.
 * Needs root (skipped otherwise).
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/vchan/broker/permits.h"
#include "qrexec/vchan/place.h"
#include "qrexec/vchan/vchan.h"

#define PORT 512
#define WAIT_MS 150000
#define BASE(domid) (((domid) + 16) * 65536u)

struct fixture {
	char *root;
	char *domains;
};

static char *domain_path(const struct fixture *f, unsigned domid)
{
	return g_strdup_printf("%s/%u", f->domains, domid);
}

static void make_domain(const struct fixture *f, unsigned domid, uid_t owner)
{
	char *path = domain_path(f, domid);

	g_assert_cmpint(mkdir(path, 0700), ==, 0);
	g_assert_cmpint(chmod(path, 01777), ==, 0);
	g_assert_cmpint(chown(path, owner, owner), ==, 0);
	g_free(path);
}

static void setup(struct fixture *f, const void *data)
{
	f->root = g_dir_make_tmp("test-vchan-XXXXXX", NULL);
	g_assert_cmpint(chmod(f->root, 0755), ==, 0);
	g_setenv("QUBES_ROOT", f->root, TRUE);
	g_setenv("VCHAN_DOMAIN", "0", TRUE);
	g_unsetenv("VCHAN_SOCKET_DIR");
	g_unsetenv("QUBES_VCHAN");
	f->domains = g_strdup_printf("%s/run/qubes/vchan", f->root);
	g_assert_cmpint(io_mkdir_p(f->domains, 0755), ==, 0);
	make_domain(f, 5, BASE(5));
	make_domain(f, 6, BASE(6));
}

static void teardown(struct fixture *f, const void *data)
{
	char *cmd = g_strdup_printf("rm -rf '%s'", f->root);

	g_assert_cmpint(system(cmd), ==, 0);
	g_free(cmd);
	g_free(f->root);
	g_free(f->domains);
}

static bool exists(const struct fixture *f, const char *name)
{
	char *path = g_strdup_printf("%s/%s", f->domains, name);
	struct stat st;
	bool yes = lstat(path, &st) == 0;

	g_free(path);
	return yes;
}

static void wait_for_file(const struct fixture *f, const char *name)
{
	for (int i = 0; i < WAIT_MS && !exists(f, name); i++)
		g_usleep(1000);
	g_assert_true(exists(f, name));
}

/* ---- dom0's side, peers told by uid ---- */

/* A process of uid that connects to a server in domain 5's directory, and holds on. */
static pid_t connect_as(const struct fixture *f, uid_t uid, const char *name)
{
	char *path = g_strdup_printf("%s/5/%s", f->domains, name);
	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(uid, uid, uid) < 0 || unix_connect(path, SOCK_STREAM) < 0)
			_exit(1);
		pause();
	}
	g_free(path);
	return pid;
}

/* A process of uid that listens there. */
static pid_t listen_as(const struct fixture *f, uid_t uid, const char *name)
{
	char *path = g_strdup_printf("%s/5/%s", f->domains, name);
	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(uid, uid, uid) < 0 || unix_listen(path, SOCK_STREAM, 0666) < 0)
			_exit(1);
		pause();
	}
	g_free(path);
	return pid;
}

static void stop(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFSIGNALED(status));
}

static void test_client_uid(struct fixture *f, const void *data)
{
	static const uid_t wrong[] = {BASE(6), BASE(6) + 1000, BASE(5) - 1, BASE(5) + 65536, 1000};
	struct vchan *s;
	pid_t pid;

	g_assert_cmpint(vchan_server_new(5, PORT, 1, 1, &s), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		pid = connect_as(f, wrong[i], "vchan.0.5.512.sock");
		g_assert_cmpint(vchan_connect_wait(s, 60), ==, -ETIMEDOUT);
		stop(pid);
	}
	pid = connect_as(f, BASE(5) + 1000, "vchan.0.5.512.sock");
	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, 0);
	stop(pid);
	vchan_free(s);
}

static void test_server_uid(struct fixture *f, const void *data)
{
	struct vchan *c;
	pid_t pid;

	g_assert_cmpint(vchan_client_new(5, PORT, &c), ==, 0);
	pid = listen_as(f, BASE(6) + 1, "vchan.5.0.512.sock");
	wait_for_file(f, "5/vchan.5.0.512.sock");
	g_assert_cmpint(vchan_connect_wait(c, 100), ==, -ETIMEDOUT);
	stop(pid);
	g_assert_cmpint(vchan_connect_wait(c, 50), ==, -ETIMEDOUT);
	/* The right one appears later, in place of the stale file. */
	char *path = g_strdup_printf("%s/5/vchan.5.0.512.sock", f->domains);
	g_assert_cmpint(unlink(path), ==, 0);
	pid = listen_as(f, BASE(5) + 65535, "vchan.5.0.512.sock");
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, 0);
	stop(pid);
	vchan_free(c);
	g_free(path);
}

/* A qube may give its directory to another of its users: that moves no border. */
static void test_shifted_range(struct fixture *f, const void *data)
{
	char *path = domain_path(f, 5);
	struct vchan *s;
	unsigned base;
	pid_t pid;
	int fd;

	g_assert_cmpint(chown(path, BASE(5) + 65535, 0), ==, 0);
	fd = vchan_domain_dir(5, &base);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpuint(base, ==, BASE(5));
	close(fd);
	g_assert_cmpint(vchan_server_new(5, PORT, 1, 1, &s), ==, 0);
	pid = connect_as(f, BASE(6), "vchan.0.5.512.sock");
	g_assert_cmpint(vchan_connect_wait(s, 60), ==, -ETIMEDOUT);
	stop(pid);
	vchan_free(s);
	g_free(path);
}

static void test_domain_link(struct fixture *f, const void *data)
{
	char *link = domain_path(f, 9), *sock = domain_path(f, 5);
	char *target = g_strdup_printf("%s/vchan.5.0.512.sock", sock);
	char *other = g_strdup_printf("%s/other.sock", f->root);
	int lfd = unix_listen(other, SOCK_STREAM | SOCK_NONBLOCK, 0666);
	struct vchan *v;

	g_assert_cmpint(symlink("5", link), ==, 0);
	g_assert_cmpint(vchan_client_new(9, PORT, &v), <, 0);
	g_assert_cmpint(vchan_server_new(9, PORT, 1, 1, &v), <, 0);
	g_assert_cmpint(vchan_domain_dir(9, NULL), <, 0);
	g_assert_cmpint(vchan_client_new(10, PORT, &v), ==, -ENOENT);
	/* A link in place of the socket leads nowhere. */
	g_assert_cmpint(symlink(other, target), ==, 0);
	g_assert_cmpint(vchan_client_new(5, PORT, &v), ==, 0);
	g_assert_cmpint(vchan_connect_wait(v, 60), ==, -ETIMEDOUT);
	g_assert_cmpint(accept(lfd, NULL, NULL), ==, -1);
	vchan_free(v);
	close(lfd);
	g_free(link);
	g_free(sock);
	g_free(target);
	g_free(other);
}

/* Both ends learn at once that the domain is gone. */
static void test_domain_gone(struct fixture *f, const void *data)
{
	int64_t start = io_now_ms();
	struct vchan *s, *c;

	g_assert_cmpint(vchan_server_new(5, PORT, 1, 1, &s), ==, 0);
	g_assert_cmpint(vchan_client_new(5, PORT, &c), ==, 0);
	g_assert_cmpint(system("rm -rf \"$QUBES_ROOT\"/run/qubes/vchan/5"), ==, 0);
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, -ENODEV);
	g_assert_cmpint(vchan_connect_wait(s, WAIT_MS), ==, -ENODEV);
	g_assert_cmpint(io_now_ms() - start, <, WAIT_MS / 2);
	vchan_free(s);
	vchan_free(c);
}

/* ---- containers ---- */

typedef int (*body_fn)(void);

static void write_map(pid_t pid, const char *file, unsigned base)
{
	char *path = g_strdup_printf("/proc/%d/%s", (int)pid, file);
	char *text = g_strdup_printf("0 %u 65536\n", base);
	int fd = open(path, O_WRONLY);

	g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
	close(fd);
	g_free(path);
	g_free(text);
}

static int enter_container(const char *dir, unsigned domid, body_fn body)
{
	char *number = g_strdup_printf("%u", domid);

	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return 10;
	if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0)
		return 11;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 12;
	int fd = open(dir, O_PATH);
	char *from = g_strdup_printf("/proc/self/fd/%d", fd);
	if (mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/vchan", 0755) < 0)
		return 13;
	if (mount(from, "/run/vchan", NULL, MS_BIND, NULL) < 0)
		return 14;
	g_unsetenv("QUBES_ROOT");
	g_setenv("VCHAN_DOMAIN", number, TRUE);
	pid_t pid = fork();
	int status;
	if (pid == 0)
		_exit(body());
	if (waitpid(pid, &status, 0) != pid)
		return 15;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 16;
}

/* Runs body as root of domain domid, in its namespaces, with its directory at /run/vchan. */
static pid_t in_container(const struct fixture *f, unsigned domid, body_fn body)
{
	char *dir = domain_path(f, domid);
	int ready[2], go[2];
	char c = 0;

	g_assert_cmpint(pipe(ready) | pipe(go), ==, 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], "", 1) != 1 ||
		    read(go[0], &c, 1) != 1)
			_exit(20);
		_exit(enter_container(dir, domid, body));
	}
	close(ready[1]); /* its end is seen */
	g_assert_cmpint(read(ready[0], &c, 1), ==, 1);
	write_map(pid, "uid_map", BASE(domid));
	write_map(pid, "gid_map", BASE(domid));
	g_assert_cmpint(write(go[1], "", 1), ==, 1);
	close(ready[0]);
	close(go[0]);
	close(go[1]);
	g_free(dir);
	return pid;
}

static void expect_exit(pid_t pid, int code)
{
	int status;

	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, code);
}

/* Echoes three bytes back to dom0. */
static int agent_body(void)
{
	struct vchan *s;
	char buf[3];

	if (vchan_layout() != VCHAN_CONTAINER || vchan_server_new(0, PORT, 1, 1, &s))
		return 1;
	if (vchan_connect_wait(s, WAIT_MS) || vchan_read_all(s, buf, 3))
		return 2;
	if (vchan_write_all(s, buf, 3))
		return 3;
	vchan_free(s);
	return 0;
}

static void test_container(struct fixture *f, const void *data)
{
	pid_t pid = in_container(f, 5, agent_body);
	struct vchan *c;
	char buf[3];

	g_assert_cmpint(vchan_client_new(5, PORT, &c), ==, 0);
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, 0);
	g_assert_cmpint(vchan_write_all(c, "abc", 3), ==, 0);
	g_assert_cmpint(vchan_read_all(c, buf, 3), ==, 0);
	g_assert_cmpint(memcmp(buf, "abc", 3), ==, 0);
	vchan_free(c);
	expect_exit(pid, 0);
}

/* A process of the qube that plays dom0, towards the agent and towards a client. */
static int impostor_body(void)
{
	struct vchan *s, *c;
	int fd, lfd;

	if (vchan_server_new(0, PORT, 1, 1, &s))
		return 1;
	fd = unix_connect("/run/vchan/vchan.5.0.512.sock", SOCK_STREAM);
	if (fd < 0)
		return 2;
	if (vchan_connect_wait(s, 60) != -ETIMEDOUT)
		return 3;
	lfd = unix_listen("/run/vchan/vchan.0.5.111.sock", SOCK_STREAM, 0666);
	if (lfd < 0 || vchan_client_new(0, 111, &c))
		return 4;
	return vchan_connect_wait(c, 60) == -ETIMEDOUT ? 0 : 5;
}

static void test_impostor(struct fixture *f, const void *data)
{
	expect_exit(in_container(f, 5, impostor_body), 0);
}

/* ---- two containers and the broker's permits ---- */

static int caller_body(void)
{
	struct vchan *s;
	char buf[4];

	if (vchan_server_new(6, 514, 1, 1, &s) || vchan_connect_wait(s, WAIT_MS))
		return 1;
	if (vchan_read_all(s, buf, 4) || memcmp(buf, "call", 4) != 0)
		return 2;
	vchan_free(s);
	return 0;
}

static int callee_body(void)
{
	struct vchan *c;

	if (vchan_client_new(5, 514, &c) || vchan_connect_wait(c, WAIT_MS))
		return 1;
	if (vchan_write_all(c, "call", 4))
		return 2;
	vchan_free(c);
	return 0;
}

static void serve_permits(struct permits *p, int ms)
{
	int64_t end = io_now_ms() + ms;

	while (io_now_ms() < end && permits_count(p)) {
		permits_event(p);
		g_usleep(1000);
	}
}

static struct permits *new_permits(const struct fixture *f)
{
	struct permits *p = NULL;
	int fd = open(f->domains, O_PATH | O_DIRECTORY);

	g_assert_cmpint(permits_new(fd, &p), ==, 0);
	return p; /* fd stays open for it: the test process is short-lived */
}

static int add(struct permits *p, unsigned server, unsigned client, unsigned port)
{
	unsigned domain;

	return permits_add(p, &(struct request){server, client, port}, io_now_ms(), &domain);
}

static void test_two_qubes(struct fixture *f, const void *data)
{
	struct permits *p = new_permits(f);
	char *link = g_strdup_printf("%s/6/vchan.5.6.514.sock", f->domains);
	pid_t callee = in_container(f, 6, callee_body), caller;

	g_assert_cmpint(add(p, 5, 6, 514), ==, 0);
	caller = in_container(f, 5, caller_body);
	serve_permits(p, WAIT_MS);
	g_assert_cmpuint(permits_count(p), ==, 0);
	g_assert_cmpint(access(link, F_OK), ==, -1);
	expect_exit(caller, 0);
	expect_exit(callee, 0);
	permits_free(p);
	g_free(link);
}

/* Without a permit the callee never finds the caller. */
static int lonely_body(void)
{
	struct vchan *c;

	return vchan_client_new(5, 514, &c) || vchan_connect_wait(c, 150) != -ETIMEDOUT;
}

static void test_no_permit(struct fixture *f, const void *data)
{
	pid_t pid = listen_as(f, BASE(5), "vchan.5.6.514.sock");

	expect_exit(in_container(f, 6, lonely_body), 0);
	stop(pid);
}

static void test_permit_life(struct fixture *f, const void *data)
{
	struct permits *p = new_permits(f);
	int64_t start = io_now_ms();
	pid_t pid;

	/* Deadline; and the same permit twice is one. */
	pid = listen_as(f, BASE(5), "vchan.5.6.514.sock");
	wait_for_file(f, "5/vchan.5.6.514.sock");
	g_assert_cmpint(add(p, 5, 6, 514), ==, 0);
	g_assert_cmpint(add(p, 5, 6, 514), ==, 0);
	g_assert_cmpuint(permits_count(p), ==, 1);
	g_assert_true(exists(f, "6/vchan.5.6.514.sock"));
	g_assert_cmpint(permits_expire(p, start), >=, PERMIT_LIFETIME_MS);
	g_assert_cmpint(permits_expire(p, io_now_ms() + PERMIT_LIFETIME_MS), ==, -1);
	g_assert_false(exists(f, "6/vchan.5.6.514.sock"));

	/* A broker that was killed leaves a link: the next one removes it, and only it. */
	g_assert_cmpint(add(p, 5, 6, 514), ==, 0);
	pid_t own = listen_as(f, BASE(5), "vchan.5.0.512.sock");
	wait_for_file(f, "5/vchan.5.0.512.sock");
	struct permits *next = new_permits(f);
	g_assert_false(exists(f, "6/vchan.5.6.514.sock"));
	g_assert_true(exists(f, "5/vchan.5.6.514.sock"));
	g_assert_true(exists(f, "5/vchan.5.0.512.sock"));
	permits_free(next);
	permits_free(p);
	stop(pid);
	stop(own);
}

static void test_permit_hostile(struct fixture *f, const void *data)
{
	struct permits *p = new_permits(f);
	char *from = g_strdup_printf("%s/5/vchan.5.6.514.sock", f->domains);
	char *to = g_strdup_printf("%s/6/vchan.5.6.514.sock", f->domains);
	char *secret = g_strdup_printf("%s/secret.sock", f->root);
	int lfd = unix_listen(secret, SOCK_STREAM, 0600);
	struct stat st;
	pid_t pid;

	/* The server shows a link, a file, or a socket that is not its own. */
	g_assert_cmpint(symlink(secret, from), ==, 0);
	g_assert_cmpint(add(p, 5, 6, 514), ==, 0);
	g_assert_cmpint(lstat(to, &st), ==, -1);
	g_assert_cmpint(unlink(from), ==, 0);
	g_assert_true(g_file_set_contents(from, "x", 1, NULL));
	permits_event(p);
	g_assert_cmpint(lstat(to, &st), ==, -1);
	g_assert_cmpint(unlink(from), ==, 0);
	g_assert_cmpint(link(secret, from), ==, 0);
	permits_event(p);
	g_assert_cmpint(lstat(to, &st), ==, -1);
	g_assert_cmpint(unlink(from), ==, 0);
	g_assert_cmpuint(permits_count(p), ==, 1);

	/* The client has put a link to elsewhere in the way: replaced, not followed. */
	g_assert_cmpint(symlink(secret, to), ==, 0);
	pid = listen_as(f, BASE(5), "vchan.5.6.514.sock");
	/* The socket may be seen a moment before the event is there. */
	for (int i = 0; i < WAIT_MS && (lstat(to, &st) < 0 || !S_ISSOCK(st.st_mode)); i++) {
		permits_event(p);
		g_usleep(1000);
	}
	g_assert_cmpint(lstat(to, &st), ==, 0);
	g_assert_true(S_ISSOCK(st.st_mode));
	g_assert_cmpuint(st.st_uid, ==, BASE(5));
	g_assert_cmpint(stat(secret, &st), ==, 0);
	stop(pid);
	permits_free(p);
	close(lfd);
	g_free(from);
	g_free(to);
	g_free(secret);
}

static void test_permit_limits(struct fixture *f, const void *data)
{
	struct permits *p = new_permits(f);
	unsigned n;

	g_assert_cmpint(add(p, 5, 77, 1), ==, -ENOENT);
	for (n = 0; add(p, 5, 6, 600 + n) == 0; n++)
		;
	g_assert_cmpuint(n, ==, PERMITS_PER_CLIENT);
	for (n = 0; add(p, 6, 5, 600 + n) == 0; n++)
		;
	g_assert_cmpuint(permits_count(p), ==, PERMITS_MAX);
	/* A domain that goes takes its permits along. */
	g_assert_cmpint(system("rm -rf \"$QUBES_ROOT\"/run/qubes/vchan/5"), ==, 0);
	permits_event(p);
	g_assert_cmpuint(permits_count(p), ==, 0);
	permits_free(p);
}

static void test_request(void)
{
	static const char *const bad[] = {
		"",
		"permit",
		"permit 1 2",
		"permit 1 1 5",
		"permit 0 1 5",
		"permit 1 0 5",
		"permit 1 2 5 ",
		"permit 1 2 5 6",
		"permit 1  2 5",
		"permit 1 2 -5",
		"permit 32752 1 5",
		"permit 1 2 2147483648",
		"forbid 1 2 5",
		"permit 1 2 5\n",
		"permit 1 2 00000000000000000000000000000000000000000000000000000000005",
	};
	struct request rq;

	g_assert_cmpint(request_parse("permit 5 6 514", 14, &rq), ==, 0);
	g_assert_cmpuint(rq.server, ==, 5);
	g_assert_cmpuint(rq.client, ==, 6);
	g_assert_cmpuint(rq.port, ==, 514);
	g_assert_cmpint(request_parse("permit 5 6 5\0", 13, &rq), ==, -EINVAL);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(request_parse(bad[i], strlen(bad[i]), &rq), ==, -EINVAL);
}

/* The program itself, when it was built: its socket, its answers, its confinement. */
static void test_broker_program(struct fixture *f, const void *data)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *dir, *prog;

	g_assert_cmpint(n, >, 0);
	self[n] = '\0';
	dir = g_path_get_dirname(self);
	prog = g_strdup_printf("%s/../bin/vchan-broker", dir);
	if (access(prog, X_OK) < 0) {
		g_test_skip("vchan-broker is not built");
		return;
	}
	pid_t pid = fork(), server;
	int r = -ECONNREFUSED;
	if (pid == 0) {
		/* Heeded by sanitizer builds only, which need calls of their own at the end. */
		g_setenv("QUBES_NO_SECCOMP", "1", TRUE);
		execl(prog, "vchan-broker", "--owner", "1000:1000", (char *)NULL);
		_exit(127);
	}
	wait_for_file(f, "../vchan-broker.sock");
	/* Its socket is there a moment before it listens. */
	for (int i = 0; i < WAIT_MS && (r = vchan_permit(5, 6, 514)) == -ECONNREFUSED; i++)
		g_usleep(1000);
	g_assert_cmpint(r, ==, 0);
	g_assert_cmpint(vchan_permit(5, 99, 514), ==, -ENOENT);
	g_assert_cmpint(vchan_permit(5, 5, 514), ==, -EPROTO);
	server = listen_as(f, BASE(5) + 3, "vchan.5.6.514.sock");
	wait_for_file(f, "6/vchan.5.6.514.sock");
	g_assert_cmpint(system("rm \"$QUBES_ROOT\"/run/qubes/vchan/5/*.sock"), ==, 0);
	for (int i = 0; i < WAIT_MS && exists(f, "6/vchan.5.6.514.sock"); i++)
		g_usleep(1000);
	g_assert_false(exists(f, "6/vchan.5.6.514.sock"));
	stop(server);
	int status;
	kill(pid, SIGTERM);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	g_assert_false(exists(f, "../vchan-broker.sock"));
	g_assert_cmpint(vchan_permit(5, 6, 514), <, 0);
	g_free(dir);
	g_free(prog);
}

#define ADD(name, func)                                                                            \
	g_test_add("/vchan-hostile/" name, struct fixture, NULL, setup, func, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/vchan-hostile/request", test_request);
	if (geteuid() != 0)
		return g_test_run();
	ADD("client-uid", test_client_uid);
	ADD("server-uid", test_server_uid);
	ADD("shifted-range", test_shifted_range);
	ADD("domain-link", test_domain_link);
	ADD("domain-gone", test_domain_gone);
	ADD("container", test_container);
	ADD("impostor", test_impostor);
	ADD("two-qubes", test_two_qubes);
	ADD("no-permit", test_no_permit);
	ADD("permit-life", test_permit_life);
	ADD("permit-hostile", test_permit_hostile);
	ADD("permit-limits", test_permit_limits);
	ADD("broker-program", test_broker_program);
	return g_test_run();
}
