/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two real qubesdb-daemons, dom0's and a qube's, over the socket vchan in a temporary
 * directory, used through the client library and the commands.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/pidfile.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/qubesdb/proto.h"
#include "qrexec/qubesdb/qubesdb-client.h"
#include "test-qubesdb-env.h"

static void test_both(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;
	char *event, **list;
	unsigned n, *lens;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	d = qe_open_dom0(f);
	qe_write_value(d, "/name", "work");
	qe_write_value(d, "/empty", "");
	qe_spawn_vm(f);
	v = qe_open_vm(f);
	qe_expect_value(v, "/name", "work");
	qe_expect_value(v, "/empty", "");
	g_assert_cmpint(qdb_watch(d, "/features-request/"), ==, 1);
	qe_write_value(v, "/features-request/x", "1");
	event = qdb_read_watch_timeout(d, WAIT_MS);
	g_assert_cmpstr(event, ==, "/features-request/x");
	free(event);
	qe_expect_value(d, "/features-request/x", "1");
	g_assert_null(qdb_read_watch_timeout(d, 0));
	g_assert_cmpint(errno, ==, ETIMEDOUT);
	/* An event that comes between question and answer is not lost. */
	qe_write_value(d, "/features-request/y", "2");
	g_assert_true(qdb_watch_pending(d) || qdb_watch_fd(d) >= 0);
	event = qdb_read_watch_timeout(d, WAIT_MS);
	g_assert_cmpstr(event, ==, "/features-request/y");
	free(event);

	list = qdb_multiread(v, "/features-request/", &lens, &n);
	g_assert_nonnull(list);
	qe_expect_value(v, "/features-request/y", "2");
	qdb_free_list(list);
	free(lens);
	list = qdb_list(v, "/", &n);
	g_assert_cmpuint(n, ==, 4);
	g_assert_cmpstr(list[0], ==, "/empty");
	qdb_free_list(list);
	g_assert_cmpint(qdb_rm(d, "/features-request/"), ==, 1);
	qe_expect_value(v, "/features-request/x", NULL);
	g_assert_cmpint(errno, ==, ENOENT);

	/* Mistakes are errors, and the handle stays usable. */
	g_assert_null(qdb_read(d, "no-slash", NULL));
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_cmpint(qdb_write(d, "/a b", "x", 1), ==, 0);
	g_assert_cmpint(errno, ==, EACCES);
	g_assert_cmpint(qdb_write(d, "/dir/", "x", 1), ==, 0);
	g_assert_cmpint(qdb_write(d, "/nul", "a\0b", 3), ==, 0);
	qe_expect_value(d, "/name", "work");
	qdb_close(d);
	qdb_close(v);
	g_assert_true(WIFEXITED(qe_kill_vm(f, SIGTERM)));
}

static void test_dom0_killed(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;
	char *event;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	d = qe_open_dom0(f);
	qe_write_value(d, "/name", "work");
	qe_spawn_vm(f);
	v = qe_open_vm(f);
	qe_write_value(v, "/mine", "1");
	qe_expect_value(d, "/mine", "1");
	g_assert_cmpint(qdb_watch(d, "/mine"), ==, 1);

	qe_kill_dom0(f, SIGKILL);
	g_assert_null(qdb_read(d, "/name", NULL));
	g_assert_cmpint(errno, ==, EPIPE);
	qe_expect_value(v, "/name", "work"); /* the qube goes on */
	qe_write_value(v, "/while-down", "2");

	qe_start_dom0(f); /* sockets, pid file and vchan of the dead one are no obstacle */
	qe_in_dom0(f);
	qe_write_value(d, "/name", "work"); /* the old handle connects again */
	qe_expect_value(d, "/mine", "1");
	qe_expect_value(d, "/while-down", "2");
	qe_write_value(d, "/later", "3");
	qe_expect_value(v, "/later", "3");
	qe_write_value(v, "/mine", "4"); /* its watch was set again */
	event = NULL;
	for (int i = 0; i < 3 && g_strcmp0(event, "/mine") != 0; i++) {
		free(event);
		event = qdb_read_watch_timeout(d, WAIT_MS);
	}
	g_assert_cmpstr(event, ==, "/mine");
	free(event);
	qdb_close(d);
	qdb_close(v);
}

static void test_vm_killed(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	d = qe_open_dom0(f);
	qe_write_value(d, "/name", "work");
	for (int i = 0; i < 3; i++) {
		qe_spawn_vm(f);
		v = qe_open_vm(f);
		qe_expect_value(v, "/name", "work");
		qe_write_value(v, "/mine", "1");
		qe_expect_value(d, "/mine", "1");
		qe_kill_vm(f, SIGKILL);
		qdb_close(v);
		qe_write_value(d, "/while-down", i ? "b" : "a");
	}
	qe_spawn_vm(f);
	v = qe_open_vm(f);
	qe_expect_value(v, "/mine", "1");
	qe_expect_value(v, "/while-down", "b");
	qdb_close(v);
	qdb_close(d);
}

/* The qube's daemon is not ready before dom0's data is there; then it is, at once. */
static void test_vm_first(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;

	NEED_PROGRAMS(f);
	qe_spawn_vm(f);
	v = qe_open_vm(f);
	qdb_set_timeout(v, 100);
	g_assert_null(qdb_read(v, "/name", NULL));
	g_assert_cmpint(errno, ==, ETIMEDOUT);
	qe_start_dom0(f);
	d = qe_open_dom0(f);
	qe_write_value(d, "/name", "work");
	qe_in_vm(f);
	qdb_set_timeout(v, WAIT_MS);
	qe_expect_value(v, "/name", "work");
	qdb_close(d);
	qdb_close(v);
}

static void test_second(struct fixture *f, const void *data)
{
	pid_t pid;
	qdb_handle_t d;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	pid = qe_dom0_pid(f);
	g_assert_cmpint(qe_run(f, "qubesdb-daemon 5 work", NULL), ==, 1);
	g_assert_cmpint(qe_dom0_pid(f), ==, pid);
	d = qe_open_dom0(f); /* the first is unharmed */
	qe_write_value(d, "/name", "work");
	qdb_close(d);
	g_assert_cmpint(qe_run(f, "qubesdb-daemon 5 ../evil", NULL), ==, 1);
	g_assert_cmpint(qe_run(f, "qubesdb-daemon 99999999 x", NULL), ==, 1);
	g_assert_cmpint(qe_run(f, "qubesdb-daemon --rw-socket-perms=8 5 x", NULL), ==, 1);
	g_assert_cmpint(qe_run(f, "qubesdb-daemon", NULL), ==, 1);
	/* After SIGTERM nothing is left. */
	qe_kill_dom0(f, SIGTERM);
	char *path = g_strdup_printf("%s/run/qubes", f->dom0_root);
	GDir *dir = g_dir_open(path, 0, NULL);
	for (int i = 0; i < WAIT_MS && g_dir_read_name(dir); i++) {
		g_usleep(1000);
		g_dir_rewind(dir);
	}
	g_assert_null(g_dir_read_name(dir));
	g_dir_close(dir);
	g_free(path);
}

static void test_own(struct fixture *f, const void *data)
{
	char *out = NULL, *pid_path, *rw;
	struct stat st;
	pid_t pid;

	NEED_PROGRAMS(f);
	qe_in_dom0(f);
	g_assert_cmpint(qe_run(f, "qubesdb-daemon --rw-socket-perms=660 0 dom0", NULL), ==, 0);
	g_assert_cmpint(qe_run(f, "qubesdb-write /a b", NULL), ==, 0);
	g_assert_cmpint(qe_run(f, "qubesdb-read /a", &out), ==, 0);
	g_assert_cmpstr(out, ==, "b\n");
	rw = g_strdup_printf("%s/run/qubes/qubesdb.dom0.sock", f->dom0_root);
	g_assert_cmpint(stat(rw, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 0777, ==, 0660);
	pid_path = g_strdup_printf("%s/run/qubes/qubesdb.dom0.pid", f->dom0_root);
	pid = pidfile_holder(pid_path);
	g_assert_cmpint(pid, >, 0);
	kill(pid, SIGTERM);
	/* Whoever has to reap it may take long. */
	for (int i = 0; i < WAIT_MS && pidfile_holder(pid_path) == pid; i++)
		g_usleep(1000);
	g_assert_cmpint(pidfile_holder(pid_path), !=, pid);
	g_free(out);
	g_free(rw);
	g_free(pid_path);
}

/* A stopped daemon costs its clients their timeout, not more. */
static void test_stopped(struct fixture *f, const void *data)
{
	qdb_handle_t d;
	int64_t start;
	pid_t pid;
	int status;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	pid = qe_dom0_pid(f);
	d = qe_open_dom0(f);
	qe_write_value(d, "/name", "work");
	qdb_set_timeout(d, 200);
	/* As its subreaper this process is told when it stands still. */
	g_assert_cmpint(kill(pid, SIGSTOP), ==, 0);
	g_assert_cmpint(waitpid(pid, &status, WUNTRACED), ==, pid);
	g_assert_true(WIFSTOPPED(status));
	start = io_now_ms();
	g_assert_null(qdb_read(d, "/name", NULL));
	g_assert_cmpint(errno, ==, ETIMEDOUT);
	g_assert_cmpint(io_now_ms() - start, <, 20000);
	kill(pid, SIGCONT);
	qdb_set_timeout(d, WAIT_MS);
	qe_expect_value(d, "/name", "work");
	qdb_close(d);
}

/* Raw bytes of a hostile qube: the link closes, the daemon stays. */
static int hostile_connect(const struct fixture *f)
{
	char *path = g_strdup_printf("%s/vchan.0.5.111.sock", f->sockets);
	int fd = -1;

	for (int i = 0; i < WAIT_MS && fd < 0; i++) {
		fd = unix_connect(path, SOCK_STREAM);
		if (fd < 0)
			g_usleep(1000);
	}
	g_assert_cmpint(fd, >=, 0);
	g_free(path);
	return fd;
}

static void test_hostile_vm(struct fixture *f, const void *data)
{
	char junk[4096], sink[65536];
	qdb_handle_t d, v;
	ssize_t n;
	int fd;

	NEED_PROGRAMS(f);
	memset(junk, 0xff, sizeof(junk));
	qe_start_dom0(f);
	d = qe_open_dom0(f);
	qe_write_value(d, "/name", "work");
	for (int i = 0; i < 4; i++) {
		fd = hostile_connect(f);
		g_assert_cmpint(send(fd, junk, sizeof(junk), MSG_NOSIGNAL), >, 0);
		while (recv(fd, sink, sizeof(sink), 0) > 0)
			;
		close(fd);
		qe_expect_value(d, "/name", "work");
	}
	/* A stream of writes whose answers are never read. */
	struct qdb_header h = qdb_header_make(QDB_WRITE, "/flood", 0);
	uint8_t raw[QDB_HEADER_SIZE];
	qdb_header_encode(&h, raw);
	fd = hostile_connect(f);
	io_set_nonblock(fd, true);
	for (int64_t end = io_now_ms() + 3000; io_now_ms() < end;) {
		n = send(fd, raw, sizeof(raw), MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			break;
		if (n != sizeof(raw) && n > 0)
			break; /* the stream would be out of step */
		if (n < 0)
			g_usleep(1000);
	}
	qe_expect_value(d, "/name", "work");
	close(fd);
	/* And the honest one is served afterwards. */
	qe_spawn_vm(f);
	v = qe_open_vm(f);
	qe_expect_value(v, "/name", "work");
	qdb_close(v);
	qdb_close(d);
}

/* Clients that connect and say nothing, or half a message, are nobody's problem. */
static void test_silent_clients(struct fixture *f, const void *data)
{
	char *path = g_strdup_printf("%s/run/qubes/qubesdb.work.sock", f->dom0_root);
	int fd[300];
	qdb_handle_t d;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	for (size_t i = 0; i < G_N_ELEMENTS(fd); i++) {
		fd[i] = unix_connect(path, SOCK_STREAM);
		if (fd[i] >= 0)
			send(fd[i], "half", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(fd); i++)
		if (fd[i] >= 0)
			close(fd[i]);
	d = qe_open_dom0(f);
	qe_write_value(d, "/name", "work");
	qdb_close(d);
	g_free(path);
}

/* dom0's layout: the daemon ends when its domain's directory does. */
static void test_domain_gone(struct fixture *f, const void *data)
{
	char *dir = g_strdup_printf("%s/run/qubes/vchan/5", f->dom0_root);
	pid_t pid;

	NEED_PROGRAMS(f);
	g_unsetenv("VCHAN_SOCKET_DIR");
	g_assert_cmpint(io_mkdir_p(dir, 0777), ==, 0);
	qe_start_dom0(f);
	g_assert_cmpint(qe_run(f, "qubesdb-daemon 6 other", NULL), ==, 1); /* no such domain */
	pid = qe_dom0_pid(f);
	g_assert_cmpint(system("rm -r \"$QUBES_ROOT\"/run/qubes/vchan/5"), ==, 0);
	for (int i = 0; i < WAIT_MS && qe_dom0_pid(f) == pid; i++)
		g_usleep(1000);
	g_assert_cmpint(qe_dom0_pid(f), ==, 0);
	g_free(dir);
}

static char *status_line(pid_t pid, const char *key)
{
	char *path = g_strdup_printf("/proc/%d/status", (int)pid), *text, *at, *line;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	at = strstr(text, key);
	g_assert_nonnull(at);
	line = g_strndup(at, strcspn(at, "\n"));
	g_free(text);
	g_free(path);
	return line;
}

static void assert_status(pid_t pid, const char *key, const char *value)
{
	char *line = status_line(pid, key);

	g_assert_true(g_str_has_suffix(line, value));
	g_free(line);
}

static void test_confined(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;
	pid_t pid;

	NEED_PROGRAMS(f);
	qe_in_dom0(f);
	if (geteuid() == 0) {
		g_assert_cmpint(chmod(f->sockets, 01777), ==, 0);
		g_assert_cmpint(qe_run(f, "qubesdb-daemon --user 1234:4321 5 work", NULL), ==, 0);
	} else {
		qe_start_dom0(f);
	}
	pid = qe_dom0_pid(f);
	assert_status(pid, "CapEff:", "0000000000000000");
	assert_status(pid, "CapPrm:", "0000000000000000");
	assert_status(pid, "NoNewPrivs:", "1");
#if !defined(__SANITIZE_ADDRESS__)
	assert_status(pid, "Seccomp:", "2");
#endif
	if (geteuid() == 0) {
		assert_status(pid, "Uid:", "1234\t1234\t1234\t1234");
		assert_status(pid, "Gid:", "4321\t4321\t4321\t4321");
		assert_status(pid, "Groups:", "\t ");
	}
	/* It does its work like that, re-listening included. */
	d = qe_open_dom0(f);
	qe_write_value(d, "/name", "work");
	for (int i = 0; i < 2; i++) {
		qe_spawn_vm(f);
		v = qe_open_vm(f);
		qe_expect_value(v, "/name", "work");
		qdb_close(v);
		qe_kill_vm(f, SIGKILL);
	}
	g_assert_cmpint(qe_dom0_pid(f), ==, pid);
	qdb_close(d);
}

static long cpu_ticks(pid_t pid)
{
	char *path = g_strdup_printf("/proc/%d/stat", (int)pid), *text, **word;
	long ticks;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	word = g_strsplit(strrchr(text, ')') + 2, " ", 0);
	ticks = atol(word[11]) + atol(word[12]);
	g_strfreev(word);
	g_free(text);
	g_free(path);
	return ticks;
}

static void test_idle(struct fixture *f, const void *data)
{
	long before, used = 2;

	NEED_PROGRAMS(f);
	qe_spawn_vm(f); /* waits for a dom0 that does not come */
	/* Once it has started, which may be late. */
	for (int i = 0; i < 60 && used > 1; i++) {
		before = cpu_ticks(f->vm);
		g_usleep(1000000);
		used = cpu_ticks(f->vm) - before;
	}
	g_assert_cmpint(used, <=, 1);
}

static void test_commands(struct fixture *f, const void *data)
{
	static const struct {
		const char *line;
		int code;
		const char *out;
	} calls[] = {
		{"qubesdb-write -d work /a 1 /b/c 2 /b/d three", 0, ""},
		{"qubesdb-write -d work /a", 1, ""},
		{"qubesdb-read -d work /a", 0, "1\n"},
		{"qubesdb-read -f -d work /a /b/c", 0, "/a = 1\n/b/c = 2\n"},
		{"qubesdb-read -d work /nope", 2, ""},
		{"qubesdb-read -d work -e dflt /nope", 0, "dflt\n"},
		{"qubesdb-read -d work --default=dflt /a", 0, "1\n"},
		{"qubesdb-read -d work bad", 1, ""},
		{"qubesdb-multiread -d work /b/", 0, "c = 2\nd = three\n"},
		{"qubesdb-multiread -f -d work /b/", 0, "/b/c = 2\n/b/d = three\n"},
		{"qubesdb-list -d work /b", 0, "/c\n/d\n"},
		{"qubesdb-list -d work /b /a", 1, ""},
		{"qubesdb-cmd -c read -d work /a", 0, "1\n"},
		{"qubesdb-cmd -c nonsense", 0, ""},
		{"qubesdb-cmd", 0, ""},
		{"qubesdb-read -c read /a", 1, ""},
		{"qubesdb-read -x -d work /a", 0, "1\n"},
		{"qubesdb-read -q -d work /a", 2, ""},
		{"qubesdb-rm -d work /b/ /nope", 0, ""},
		{"qubesdb-list -d work /", 0, ""},
		{"qubesdb-read -d nobody /a", 1, ""},
		{"qubesdb-read-bool /a", 3, ""},
	};
	qdb_handle_t d;
	char *out;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		int code = qe_run(f, calls[i].line, &out);

		g_test_message("%s", calls[i].line);
		g_assert_cmpint(code, ==, calls[i].code);
		g_assert_cmpstr(out, ==, calls[i].out);
		g_free(out);
	}
	/* Values of a qube cannot write to the terminal. */
	d = qe_open_dom0(f);
	qe_write_value(d, "/evil", "a\033[2Jb\xc3\xa4\n");
	qdb_close(d);
	g_assert_cmpint(qe_run(f, "qubesdb-read -d work /evil", &out), ==, 0);
	g_assert_cmpstr(out, ==, "a\\x1b[2Jb\\xc3\\xa4\\x0a\n");
	g_free(out);
	g_assert_cmpint(qe_run(f, "qubesdb-read -r -d work /evil", &out), ==, 0);
	g_assert_cmpstr(out, ==, "a\033[2Jb\xc3\xa4\n\n");
	g_free(out);
}

static void test_read_bool_and_watch(struct fixture *f, const void *data)
{
	char *out = NULL, *prog;
	qdb_handle_t v;
	int status;
	pid_t pid;

	NEED_PROGRAMS(f);
	qe_start_dom0(f);
	qe_spawn_vm(f);
	v = qe_open_vm(f);
	qe_write_value(v, "/yes", "1");
	qe_write_value(v, "/no", "");
	g_assert_cmpint(qe_run(f, "qubesdb-read-bool /yes", NULL), ==, 0);
	g_assert_cmpint(qe_run(f, "qubesdb-read-bool /no", NULL), ==, 1);
	g_assert_cmpint(qe_run(f, "qubesdb-read-bool /nope", NULL), ==, 2);
	g_assert_cmpint(qe_run(f, "qubesdb-read-bool /nope 7", NULL), ==, 7);
	g_assert_cmpint(qe_run(f, "qubesdb-read-bool", NULL), ==, 3);
	/* -w waits for a value. */
	prog = g_strdup_printf("%s/qubesdb-read", f->bin);
	pid = fork();
	if (pid == 0) {
		execl(prog, prog, "-w", "/later", (char *)NULL);
		_exit(127);
	}
	g_usleep(100000);
	g_assert_cmpint(waitpid(pid, &status, WNOHANG), ==, 0);
	qe_write_value(v, "/later", "");
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
	qdb_close(v);
	g_free(prog);
	g_free(out);
}

#define ADD(name, func)                                                                            \
	g_test_add("/qubesdb-daemon/" name, struct fixture, NULL, qe_setup, func, qe_teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* daemons that went into the background are ours */
	ADD("both", test_both);
	ADD("dom0-killed", test_dom0_killed);
	ADD("vm-killed", test_vm_killed);
	ADD("vm-first", test_vm_first);
	ADD("second", test_second);
	ADD("own", test_own);
	ADD("stopped", test_stopped);
	ADD("hostile-vm", test_hostile_vm);
	ADD("silent-clients", test_silent_clients);
	ADD("domain-gone", test_domain_gone);
	ADD("confined", test_confined);
	ADD("idle", test_idle);
	ADD("commands", test_commands);
	ADD("read-bool-and-watch", test_read_bool_and_watch);
	return g_test_run();
}
