/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of qrexec/base. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "qrexec/base/bytebuf.h"
#include "qrexec/base/cursor.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/pidfile.h"
#include "qrexec/base/ppoll.h"
#include "qrexec/base/signals.h"
#include "qrexec/base/unixsock.h"

static void cursor_reads_in_order(void)
{
	uint8_t wire[] = {1, 2, 0, 3, 0, 0, 0, 'a', 'b'};
	struct cur c = cur_init(wire, sizeof(wire));
	char text[3] = "";

	g_assert_cmpuint(cur_u8(&c), ==, 1);
	g_assert_cmpuint(cur_u16(&c), ==, 2);
	g_assert_cmpuint(cur_u32(&c), ==, 3);
	g_assert_true(cur_bytes(&c, text, 2));
	g_assert_cmpstr(text, ==, "ab");
	g_assert_true(cur_done(&c));
}

static void cursor_remembers_failure(void)
{
	uint8_t wire[] = {1, 2, 3};
	struct cur c = cur_init(wire, sizeof(wire));
	char text[2] = "xx";

	g_assert_cmpuint(cur_u32(&c), ==, 0);
	g_assert_cmpuint(cur_u8(&c), ==, 0);
	g_assert_false(cur_bytes(&c, text, 2));
	g_assert_cmpint(text[0], ==, 0);
	g_assert_false(cur_ok(&c));
	g_assert_false(cur_done(&c));
}

static void cursor_sub_view_is_bounded(void)
{
	uint8_t wire[] = {1, 2, 3, 4};
	struct cur c = cur_init(wire, sizeof(wire));
	struct cur sub = cur_sub(&c, 2);

	g_assert_null(cur_take(&sub, 3));
	g_assert_cmpuint(cur_u16(&c), ==, 0x0403);
	sub = cur_sub(&c, 1);
	g_assert_false(cur_ok(&sub));
	g_assert_false(cur_ok(&c));
}

static void writer_refuses_overflow(void)
{
	uint8_t buf[6];
	struct wcur w = wcur_init(buf, sizeof(buf));

	wcur_u32(&w, 0x04030201);
	g_assert_cmpmem(buf, w.len, "\1\2\3\4", 4);
	wcur_u32(&w, 1);
	g_assert_true(w.failed);
	wcur_u8(&w, 1);
	g_assert_cmpuint(w.len, ==, 4);
}

static void paths_follow_the_root(void)
{
	char buf[32];

	g_unsetenv("QUBES_ROOT");
	g_assert_cmpstr(qubes_path(buf, sizeof(buf), "/run/%d", 7), ==, "/run/7");
	g_setenv("QUBES_ROOT", "/r//", TRUE);
	g_assert_cmpstr(qubes_path(buf, sizeof(buf), "/run/%d", 7), ==, "/r/run/7");
	g_setenv("QUBES_ROOT", "/", TRUE);
	g_assert_cmpstr(qubes_path(buf, sizeof(buf), "/run"), ==, "/run");
	g_assert_null(qubes_path(buf, sizeof(buf), "/%040d", 0));
	g_unsetenv("QUBES_ROOT");
}

static void bytebuf_keeps_order_and_limit(void)
{
	struct bytebuf b;

	bytebuf_init(&b, 600);
	for (int i = 0; i < 100; i++) {
		g_assert_cmpint(bytebuf_add(&b, "abcdef", 6), ==, 0);
		if (i % 3 == 0)
			bytebuf_drop(&b, 6);
	}
	g_assert_cmpuint(b.len, ==, 66 * 6);
	g_assert_cmpmem(bytebuf_peek(&b), 6, "abcdef", 6);
	g_assert_cmpint(bytebuf_add(&b, (char[300]){0}, 300), ==, -ENOBUFS);
	g_assert_cmpuint(b.len, ==, 66 * 6);
	g_assert_null(bytebuf_reserve(&b, (size_t)-1));
	bytebuf_clear(&b);
	g_assert_cmpuint(b.len, ==, 0);
}

static void numbers_are_strict(void)
{
	unsigned long v = 42;

	g_assert_cmpint(io_parse_uint("513", 1, 600, &v), ==, 0);
	g_assert_cmpuint(v, ==, 513);
	for (const char **s = (const char *[]){"", " 1", "+1", "-1", "1x", "0x1", "601",
					       "99999999999999999999999", NULL};
	     *s; s++)
		g_assert_cmpint(io_parse_uint(*s, 1, 600, &v), ==, -EINVAL);
	g_assert_cmpuint(v, ==, 513);
}

static void read_to_end_is_bounded(void)
{
	size_t len;
	char *buf;
	int p[2];

	g_assert_cmpint(pipe(p), ==, 0);
	g_assert_cmpint(io_write_all(p[1], "0123456789", 10), ==, 0);
	close(p[1]);
	g_assert_cmpint(io_read_to_end(p[0], 9, &buf, &len), ==, -EMSGSIZE);
	close(p[0]);
	g_assert_cmpint(pipe(p), ==, 0);
	g_assert_cmpint(io_write_all(p[1], "0123456789", 10), ==, 0);
	close(p[1]);
	g_assert_cmpint(io_read_to_end(p[0], 10, &buf, &len), ==, 0);
	g_assert_cmpstr(buf, ==, "0123456789");
	free(buf);
	close(p[0]);
}

static void read_to_end_of_the_hasty(void)
{
	size_t len;
	char *buf;
	int p[2];

	for (int says = 0; says < 2; says++) {
		g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, p), ==, 0);
		g_assert_cmpint(io_write_all(p[0], "never read", 10), ==, 0);
		g_assert_cmpint(io_write_all(p[1], "answer", says ? 6 : 0), ==, 0);
		close(p[1]);
		g_assert_cmpint(io_read_to_end(p[0], 10, &buf, &len), ==, says ? 0 : -ECONNRESET);
		close(p[0]);
	}
	g_assert_cmpstr(buf, ==, "answer");
	free(buf);
}

static char *temp_dir(void)
{
	char *dir = g_dir_make_tmp("base-XXXXXX", NULL);

	g_assert_nonnull(dir);
	return dir;
}

static void descriptors_are_sent(void)
{
	char text[] = "with it", got[16] = "";
	struct iovec iov = {.iov_base = got, .iov_len = sizeof(got)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	int s[2], p[2], fd;
	char c;

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), ==, 0);
	g_assert_cmpint(pipe(p), ==, 0);
	g_assert_cmpint(unix_send_fd(s[0], text, sizeof(text), p[0], MSG_NOSIGNAL), ==, 0);
	g_assert_cmpint(recvmsg(s[1], &m, 0), ==, sizeof(text));
	g_assert_cmpstr(got, ==, text);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	g_assert_cmpint(write(p[1], "x", 1), ==, 1);
	g_assert_cmpint(read(fd, &c, 1), ==, 1);
	g_assert_cmpint(unix_send_fd(s[0], text, sizeof(text), -1, MSG_NOSIGNAL), ==, -EBADF);
	close(s[1]);
	g_assert_cmpint(unix_send_fd(s[0], text, sizeof(text), p[0], MSG_NOSIGNAL), ==, -EPIPE);
	close(s[0]);
	close(p[0]);
	close(p[1]);
	close(fd);
}

static void signals_are_read(void)
{
	static const int list[] = {SIGUSR1, SIGUSR2, 0};
	struct signalfd_siginfo si;
	sigset_t before;
	int fd;

	g_assert_cmpint(sigprocmask(SIG_BLOCK, NULL, &before), ==, 0);
	fd = signals_fd(list);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(read(fd, &si, sizeof(si)), ==, -1);
	g_assert_cmpint(errno, ==, EAGAIN);
	raise(SIGUSR2);
	raise(SIGPIPE);
	g_assert_cmpint(read(fd, &si, sizeof(si)), ==, sizeof(si));
	g_assert_cmpuint(si.ssi_signo, ==, SIGUSR2);
	g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
	close(fd);
	signal(SIGPIPE, SIG_DFL);
	g_assert_cmpint(sigprocmask(SIG_SETMASK, &before, NULL), ==, 0);
}

static void pidfile_tells_the_living(void)
{
	g_autofree char *dir = temp_dir();
	g_autofree char *path = g_build_filename(dir, "d.pid", NULL);
	int sync[2], status;
	char c;
	pid_t pid;

	g_assert_cmpint(pidfile_holder(path), ==, 0);
	g_assert_cmpint(pipe(sync), ==, 0);
	pid = fork();
	if (pid == 0) {
		int fd = pidfile_lock(path);

		(void)!write(sync[1], fd >= 0 ? "y" : "n", 1);
		pause();
		_exit(0);
	}
	g_assert_cmpint(read(sync[0], &c, 1), ==, 1);
	g_assert_cmpint(c, ==, 'y');
	g_assert_cmpint(pidfile_holder(path), ==, pid);
	g_assert_cmpint(pidfile_lock(path), ==, -EALREADY);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	g_assert_cmpint(pidfile_holder(path), ==, 0);
	close(sync[0]);
	close(sync[1]);
	g_unlink(path);
	g_rmdir(dir);
}

/* Locks, is alone, removes the file and lets go, again and again. Exit status. */
static int come_and_go(const char *path, const char *inside)
{
	for (int had = 0; had < 300;) {
		int fd = pidfile_lock(path), in;

		if (fd == -EALREADY)
			continue;
		if (fd < 0)
			return 2;
		in = open(inside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
		if (in < 0)
			return 3;
		close(in);
		unlink(inside);
		unlink(path);
		close(fd);
		had++;
	}
	return 0;
}

/* A file that its last holder removes meanwhile is not taken for the one at that path. */
static void pidfile_has_one_holder(void)
{
	g_autofree char *dir = temp_dir();
	g_autofree char *path = g_build_filename(dir, "d.pid", NULL);
	g_autofree char *inside = g_build_filename(dir, "inside", NULL);
	pid_t pid[4];
	int status;

	for (size_t i = 0; i < G_N_ELEMENTS(pid); i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(come_and_go(path, inside));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(pid); i++) {
		g_assert_cmpint(waitpid(pid[i], &status, 0), ==, pid[i]);
		g_assert_cmpint(status, ==, 0);
	}
	g_rmdir(dir);
}

static void sockets_reach_long_paths(void)
{
	g_autofree char *dir = temp_dir();
	g_autofree char *name = g_strnfill(200, 'd');
	g_autofree char *deep = g_build_filename(dir, name, NULL);
	g_autofree char *path = g_build_filename(deep, "s", NULL);
	int server, client;

	g_assert_cmpint(g_mkdir(deep, 0700), ==, 0);
	server = unix_listen(path, SOCK_STREAM, 0600);
	g_assert_cmpint(server, >=, 0);
	client = unix_connect(path, SOCK_STREAM);
	g_assert_cmpint(client, >=, 0);
	g_assert_cmpint(unix_listen(path, SOCK_STREAM, 0600), ==, -EADDRINUSE);
	close(client);
	close(server);
	/* Nobody accepts any more: stale, so replaced. */
	server = unix_listen(path, SOCK_STREAM, 0600);
	g_assert_cmpint(server, >=, 0);
	close(server);
	g_unlink(path);
	g_rmdir(deep);
	g_rmdir(dir);
}

static void untrusted_connect_follows_no_link(void)
{
	g_autofree char *dir = temp_dir();
	g_autofree char *real = g_build_filename(dir, "real", NULL);
	g_autofree char *link = g_build_filename(dir, "link", NULL);
	g_autofree char *file = g_build_filename(dir, "file", NULL);
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int server = unix_listen(real, SOCK_STREAM, 0600), client;

	g_assert_cmpint(symlink("real", link), ==, 0);
	g_assert_true(g_file_set_contents(file, "x", 1, NULL));
	client = unix_connect_untrusted(fd, "real", SOCK_STREAM);
	g_assert_cmpint(client, >=, 0);
	close(client);
	g_assert_cmpint(unix_connect_untrusted(fd, "link", SOCK_STREAM), ==, -ENOTSOCK);
	g_assert_cmpint(unix_connect_untrusted(fd, "file", SOCK_STREAM), ==, -ENOTSOCK);
	g_assert_cmpint(unix_connect_untrusted(fd, "none", SOCK_STREAM), ==, -ENOENT);
	close(server);
	close(fd);
	g_unlink(real);
	g_unlink(link);
	g_unlink(file);
	g_rmdir(dir);
}

static volatile sig_atomic_t signalled;

static void note_signal(int sig)
{
	signalled = sig;
}

static void ppoll_lets_signals_in(void)
{
	const struct sigaction note = {.sa_handler = note_signal};
	const struct timespec at_once = {0};
	struct pollfd p = {.events = POLLIN};
	struct sigaction before;
	sigset_t blocked, unblocked;
	int fds[2];

	g_assert_cmpint(pipe(fds), ==, 0);
	p.fd = fds[0];
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaction(SIGUSR1, &note, &before);
	sigprocmask(SIG_BLOCK, &blocked, &unblocked);
	g_assert_cmpint(ppoll_signals(&p, 1, &at_once, &unblocked), ==, 0);
	g_assert_cmpint(write(fds[1], "x", 1), ==, 1);
	g_assert_cmpint(ppoll_signals(&p, 1, NULL, &unblocked), ==, 1);
	raise(SIGUSR1);
	g_assert_cmpint(signalled, ==, 0);
	g_assert_cmpint(ppoll_signals(&p, 1, NULL, &unblocked), ==, -1);
	g_assert_cmpint(errno, ==, EINTR);
	g_assert_cmpint(signalled, ==, SIGUSR1);
	g_assert_cmpint(ppoll_signals(&p, 1, NULL, &unblocked), ==, 1);
	sigprocmask(SIG_SETMASK, &unblocked, NULL);
	sigaction(SIGUSR1, &before, NULL);
	close(fds[0]);
	close(fds[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cursor/order", cursor_reads_in_order);
	g_test_add_func("/cursor/failure", cursor_remembers_failure);
	g_test_add_func("/cursor/sub", cursor_sub_view_is_bounded);
	g_test_add_func("/cursor/writer", writer_refuses_overflow);
	g_test_add_func("/paths", paths_follow_the_root);
	g_test_add_func("/bytebuf", bytebuf_keeps_order_and_limit);
	g_test_add_func("/io/numbers", numbers_are_strict);
	g_test_add_func("/io/read-to-end", read_to_end_is_bounded);
	g_test_add_func("/io/read-to-end-hasty", read_to_end_of_the_hasty);
	g_test_add_func("/ppoll/signals", ppoll_lets_signals_in);
	g_test_add_func("/signals", signals_are_read);
	g_test_add_func("/pidfile/living", pidfile_tells_the_living);
	g_test_add_func("/pidfile/one-holder", pidfile_has_one_holder);
	g_test_add_func("/unixsock/send-fd", descriptors_are_sent);
	g_test_add_func("/unixsock/long", sockets_reach_long_paths);
	g_test_add_func("/unixsock/untrusted", untrusted_connect_follows_no_link);
	return g_test_run();
}
