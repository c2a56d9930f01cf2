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

#define WAIT_MS 5000

struct fixture {
	char *dir, *dom0_root, *vm_root, *sockets;
	char *bin; /* where the programs are, NULL: not built */
	pid_t vm;  /* the qube's daemon, in the foreground */
};

static char *find_programs(void)
{
	char *self = g_file_read_link("/proc/self/exe", NULL);
	char *dir = g_path_get_dirname(self);
	char *bin = g_strdup_printf("%s/../bin", dir);
	char *daemon = g_strdup_printf("%s/qubesdb-daemon", bin);

	if (access(daemon, X_OK) < 0) {
		g_free(bin);
		bin = NULL;
	}
	g_free(self);
	g_free(dir);
	g_free(daemon);
	return bin;
}

static void setup(struct fixture *f, const void *data)
{
	f->bin = find_programs();
	f->dir = g_dir_make_tmp("test-qubesdb-XXXXXX", NULL);
	g_assert_cmpint(chmod(f->dir, 0755), ==, 0);
	f->dom0_root = g_strdup_printf("%s/dom0", f->dir);
	f->vm_root = g_strdup_printf("%s/vm", f->dir);
	f->sockets = g_strdup_printf("%s/vchan", f->dir);
	g_assert_cmpint(mkdir(f->sockets, 0777), ==, 0);
	g_setenv("VCHAN_SOCKET_DIR", f->sockets, TRUE);
	g_setenv("QUBES_NO_SECCOMP", "1", TRUE); /* heeded by sanitizer builds only */
	g_unsetenv("NOTIFY_SOCKET");
	f->vm = 0;
}

static void in_dom0(const struct fixture *f)
{
	g_setenv("QUBES_ROOT", f->dom0_root, TRUE);
	g_setenv("VCHAN_DOMAIN", "0", TRUE);
}

static void in_vm(const struct fixture *f)
{
	g_setenv("QUBES_ROOT", f->vm_root, TRUE);
	g_setenv("VCHAN_DOMAIN", "5", TRUE);
}

/* Runs a program of ours; its exit status, its output in *out unless NULL. */
static int run(const struct fixture *f, const char *command, char **out)
{
	char *line = g_strdup_printf("%s/%s", f->bin, command);
	int status = -1;
	GError *error = NULL;

	g_spawn_command_line_sync(line, out, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_true(WIFEXITED(status));
	g_free(line);
	return WEXITSTATUS(status);
}

static pid_t dom0_pid(const struct fixture *f)
{
	char *path = g_strdup_printf("%s/run/qubes/qubesdb.work.pid", f->dom0_root);
	pid_t pid = pidfile_holder(path);

	g_free(path);
	return pid;
}

static void start_dom0(const struct fixture *f)
{
	in_dom0(f);
	g_assert_cmpint(run(f, "qubesdb-daemon 5 work", NULL), ==, 0);
	g_assert_cmpint(dom0_pid(f), >, 0);
}

/* Stays our child, so that we can see how it ends. */
static void spawn_vm(struct fixture *f)
{
	char *prog = g_strdup_printf("%s/qubesdb-daemon", f->bin);

	in_vm(f);
	f->vm = fork();
	if (f->vm == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(prog, prog, "-f", "0", (char *)NULL);
		_exit(127);
	}
	g_free(prog);
}

static void wait_dead(pid_t pid)
{
	for (int i = 0; i < WAIT_MS && kill(pid, 0) == 0; i++)
		g_usleep(1000);
}

static void kill_dom0(const struct fixture *f, int sig)
{
	pid_t pid = dom0_pid(f);

	if (pid <= 0)
		return;
	kill(pid, sig);
	for (int i = 0; i < WAIT_MS && dom0_pid(f) == pid; i++)
		g_usleep(1000);
	/* Reaped here when we are the nearest subreaper. */
	waitpid(pid, NULL, WNOHANG);
}

static int kill_vm(struct fixture *f, int sig)
{
	int status = 0;

	if (f->vm <= 0)
		return 0;
	kill(f->vm, sig);
	g_assert_cmpint(waitpid(f->vm, &status, 0), ==, f->vm);
	f->vm = 0;
	return status;
}

static void teardown(struct fixture *f, const void *data)
{
	char *cmd = g_strdup_printf("rm -rf '%s'", f->dir);

	kill_dom0(f, SIGKILL);
	kill_vm(f, SIGKILL);
	g_assert_cmpint(system(cmd), ==, 0);
	g_free(cmd);
	g_free(f->dir);
	g_free(f->dom0_root);
	g_free(f->vm_root);
	g_free(f->sockets);
	g_free(f->bin);
}

static qdb_handle_t open_dom0(const struct fixture *f)
{
	qdb_handle_t h;

	in_dom0(f);
	h = qdb_open("work");
	g_assert_nonnull(h);
	return h;
}

/* The socket is there a moment after the start. */
static qdb_handle_t open_vm(const struct fixture *f)
{
	qdb_handle_t h = NULL;

	in_vm(f);
	for (int i = 0; i < WAIT_MS && !h; i++) {
		h = qdb_open(NULL);
		if (!h)
			g_usleep(1000);
	}
	g_assert_nonnull(h);
	return h;
}

static void expect_value(qdb_handle_t h, const char *path, const char *want)
{
	char *value = NULL;

	for (int i = 0; i < WAIT_MS / 2; i++) {
		g_free(value);
		value = qdb_read(h, path, NULL);
		if (g_strcmp0(value, want) == 0)
			break;
		g_usleep(2000);
	}
	if (g_strcmp0(value, want) != 0)
		g_message("reading %s: %s", path, g_strerror(errno));
	g_assert_cmpstr(value, ==, want);
	free(value);
}

static void write_value(qdb_handle_t h, const char *path, const char *value)
{
	if (!qdb_write(h, path, value, (unsigned)strlen(value)))
		g_error("cannot write %s: %s", path, g_strerror(errno));
}

#define NEED_PROGRAMS(f)                                                                           \
	if (!(f)->bin) {                                                                           \
		g_test_skip("the programs are not built");                                         \
		return;                                                                            \
	}

static void test_both(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;
	char *event, **list;
	unsigned n, *lens;

	NEED_PROGRAMS(f);
	start_dom0(f);
	d = open_dom0(f);
	write_value(d, "/name", "work");
	write_value(d, "/empty", "");
	spawn_vm(f);
	v = open_vm(f);
	expect_value(v, "/name", "work");
	expect_value(v, "/empty", "");
	g_assert_cmpint(qdb_watch(d, "/features-request/"), ==, 1);
	write_value(v, "/features-request/x", "1");
	event = qdb_read_watch_timeout(d, WAIT_MS);
	g_assert_cmpstr(event, ==, "/features-request/x");
	free(event);
	expect_value(d, "/features-request/x", "1");
	g_assert_null(qdb_read_watch_timeout(d, 0));
	g_assert_cmpint(errno, ==, ETIMEDOUT);
	/* An event that comes between question and answer is not lost. */
	write_value(d, "/features-request/y", "2");
	g_assert_true(qdb_watch_pending(d) || qdb_watch_fd(d) >= 0);
	event = qdb_read_watch_timeout(d, WAIT_MS);
	g_assert_cmpstr(event, ==, "/features-request/y");
	free(event);

	list = qdb_multiread(v, "/features-request/", &lens, &n);
	g_assert_nonnull(list);
	expect_value(v, "/features-request/y", "2");
	qdb_free_list(list);
	free(lens);
	list = qdb_list(v, "/", &n);
	g_assert_cmpuint(n, ==, 4);
	g_assert_cmpstr(list[0], ==, "/empty");
	qdb_free_list(list);
	g_assert_cmpint(qdb_rm(d, "/features-request/"), ==, 1);
	expect_value(v, "/features-request/x", NULL);
	g_assert_cmpint(errno, ==, ENOENT);

	/* Mistakes are errors, and the handle stays usable. */
	g_assert_null(qdb_read(d, "no-slash", NULL));
	g_assert_cmpint(errno, ==, EINVAL);
	g_assert_cmpint(qdb_write(d, "/a b", "x", 1), ==, 0);
	g_assert_cmpint(errno, ==, EACCES);
	g_assert_cmpint(qdb_write(d, "/dir/", "x", 1), ==, 0);
	g_assert_cmpint(qdb_write(d, "/nul", "a\0b", 3), ==, 0);
	expect_value(d, "/name", "work");
	qdb_close(d);
	qdb_close(v);
	g_assert_true(WIFEXITED(kill_vm(f, SIGTERM)));
}

static void test_dom0_killed(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;
	char *event;

	NEED_PROGRAMS(f);
	start_dom0(f);
	d = open_dom0(f);
	write_value(d, "/name", "work");
	spawn_vm(f);
	v = open_vm(f);
	write_value(v, "/mine", "1");
	expect_value(d, "/mine", "1");
	g_assert_cmpint(qdb_watch(d, "/mine"), ==, 1);

	kill_dom0(f, SIGKILL);
	g_assert_null(qdb_read(d, "/name", NULL));
	g_assert_cmpint(errno, ==, EPIPE);
	expect_value(v, "/name", "work"); /* the qube goes on */
	write_value(v, "/while-down", "2");

	start_dom0(f); /* sockets, pid file and vchan of the dead one are no obstacle */
	in_dom0(f);
	write_value(d, "/name", "work"); /* the old handle connects again */
	expect_value(d, "/mine", "1");
	expect_value(d, "/while-down", "2");
	write_value(d, "/later", "3");
	expect_value(v, "/later", "3");
	write_value(v, "/mine", "4"); /* its watch was set again */
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
	start_dom0(f);
	d = open_dom0(f);
	write_value(d, "/name", "work");
	for (int i = 0; i < 3; i++) {
		spawn_vm(f);
		v = open_vm(f);
		expect_value(v, "/name", "work");
		write_value(v, "/mine", "1");
		expect_value(d, "/mine", "1");
		kill_vm(f, SIGKILL);
		qdb_close(v);
		write_value(d, "/while-down", i ? "b" : "a");
	}
	spawn_vm(f);
	v = open_vm(f);
	expect_value(v, "/mine", "1");
	expect_value(v, "/while-down", "b");
	qdb_close(v);
	qdb_close(d);
}

/* The qube's daemon is not ready before dom0's data is there; then it is, at once. */
static void test_vm_first(struct fixture *f, const void *data)
{
	qdb_handle_t d, v;

	NEED_PROGRAMS(f);
	spawn_vm(f);
	v = open_vm(f);
	qdb_set_timeout(v, 100);
	g_assert_null(qdb_read(v, "/name", NULL));
	g_assert_cmpint(errno, ==, ETIMEDOUT);
	start_dom0(f);
	d = open_dom0(f);
	write_value(d, "/name", "work");
	in_vm(f);
	qdb_set_timeout(v, WAIT_MS);
	expect_value(v, "/name", "work");
	qdb_close(d);
	qdb_close(v);
}

static void test_second(struct fixture *f, const void *data)
{
	pid_t pid;
	qdb_handle_t d;

	NEED_PROGRAMS(f);
	start_dom0(f);
	pid = dom0_pid(f);
	g_assert_cmpint(run(f, "qubesdb-daemon 5 work", NULL), ==, 1);
	g_assert_cmpint(dom0_pid(f), ==, pid);
	d = open_dom0(f); /* the first is unharmed */
	write_value(d, "/name", "work");
	qdb_close(d);
	g_assert_cmpint(run(f, "qubesdb-daemon 5 ../evil", NULL), ==, 1);
	g_assert_cmpint(run(f, "qubesdb-daemon 99999999 x", NULL), ==, 1);
	g_assert_cmpint(run(f, "qubesdb-daemon --rw-socket-perms=8 5 x", NULL), ==, 1);
	g_assert_cmpint(run(f, "qubesdb-daemon", NULL), ==, 1);
	/* After SIGTERM nothing is left. */
	kill_dom0(f, SIGTERM);
	char *path = g_strdup_printf("%s/run/qubes", f->dom0_root);
	GDir *dir = g_dir_open(path, 0, NULL);
	for (int i = 0; i < 1000 && g_dir_read_name(dir); i++) {
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
	in_dom0(f);
	g_assert_cmpint(run(f, "qubesdb-daemon --rw-socket-perms=660 0 dom0", NULL), ==, 0);
	g_assert_cmpint(run(f, "qubesdb-write /a b", NULL), ==, 0);
	g_assert_cmpint(run(f, "qubesdb-read /a", &out), ==, 0);
	g_assert_cmpstr(out, ==, "b\n");
	rw = g_strdup_printf("%s/run/qubes/qubesdb.dom0.sock", f->dom0_root);
	g_assert_cmpint(stat(rw, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 0777, ==, 0660);
	pid_path = g_strdup_printf("%s/run/qubes/qubesdb.dom0.pid", f->dom0_root);
	pid = pidfile_holder(pid_path);
	g_assert_cmpint(pid, >, 0);
	kill(pid, SIGTERM);
	wait_dead(pid);
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

	NEED_PROGRAMS(f);
	start_dom0(f);
	pid = dom0_pid(f);
	d = open_dom0(f);
	write_value(d, "/name", "work");
	qdb_set_timeout(d, 200);
	kill(pid, SIGSTOP);
	start = io_now_ms();
	g_assert_null(qdb_read(d, "/name", NULL));
	g_assert_cmpint(errno, ==, ETIMEDOUT);
	g_assert_cmpint(io_now_ms() - start, <, 1000);
	kill(pid, SIGCONT);
	qdb_set_timeout(d, WAIT_MS);
	expect_value(d, "/name", "work");
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
	start_dom0(f);
	d = open_dom0(f);
	write_value(d, "/name", "work");
	for (int i = 0; i < 4; i++) {
		fd = hostile_connect(f);
		g_assert_cmpint(send(fd, junk, sizeof(junk), MSG_NOSIGNAL), >, 0);
		while (recv(fd, sink, sizeof(sink), 0) > 0)
			;
		close(fd);
		expect_value(d, "/name", "work");
	}
	/* A stream of writes whose answers are never read. */
	struct qdb_header h = qdb_header_make(QDB_WRITE, "/flood", 0);
	uint8_t raw[QDB_HEADER_SIZE];
	qdb_header_encode(&h, raw);
	fd = hostile_connect(f);
	io_set_nonblock(fd, true);
	for (int64_t end = io_now_ms() + WAIT_MS; io_now_ms() < end;) {
		n = send(fd, raw, sizeof(raw), MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			break;
		if (n != sizeof(raw) && n > 0)
			break; /* the stream would be out of step */
		if (n < 0)
			g_usleep(1000);
	}
	expect_value(d, "/name", "work");
	close(fd);
	/* And the honest one is served afterwards. */
	spawn_vm(f);
	v = open_vm(f);
	expect_value(v, "/name", "work");
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
	start_dom0(f);
	for (size_t i = 0; i < G_N_ELEMENTS(fd); i++) {
		fd[i] = unix_connect(path, SOCK_STREAM);
		if (fd[i] >= 0)
			send(fd[i], "half", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(fd); i++)
		if (fd[i] >= 0)
			close(fd[i]);
	d = open_dom0(f);
	write_value(d, "/name", "work");
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
	start_dom0(f);
	g_assert_cmpint(run(f, "qubesdb-daemon 6 other", NULL), ==, 1); /* no such domain */
	pid = dom0_pid(f);
	g_assert_cmpint(system("rm -r \"$QUBES_ROOT\"/run/qubes/vchan/5"), ==, 0);
	for (int i = 0; i < WAIT_MS && dom0_pid(f) == pid; i++)
		g_usleep(1000);
	g_assert_cmpint(dom0_pid(f), ==, 0);
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
	in_dom0(f);
	if (geteuid() == 0) {
		g_assert_cmpint(chmod(f->sockets, 01777), ==, 0);
		g_assert_cmpint(run(f, "qubesdb-daemon --user 1234:4321 5 work", NULL), ==, 0);
	} else {
		start_dom0(f);
	}
	pid = dom0_pid(f);
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
	d = open_dom0(f);
	write_value(d, "/name", "work");
	for (int i = 0; i < 2; i++) {
		spawn_vm(f);
		v = open_vm(f);
		expect_value(v, "/name", "work");
		qdb_close(v);
		kill_vm(f, SIGKILL);
	}
	g_assert_cmpint(dom0_pid(f), ==, pid);
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
	long before;

	NEED_PROGRAMS(f);
	spawn_vm(f); /* waits for a dom0 that does not come */
	g_usleep(100000);
	before = cpu_ticks(f->vm);
	g_usleep(1000000);
	g_assert_cmpint(cpu_ticks(f->vm) - before, <=, 1);
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
	start_dom0(f);
	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		int code = run(f, calls[i].line, &out);

		g_test_message("%s", calls[i].line);
		g_assert_cmpint(code, ==, calls[i].code);
		g_assert_cmpstr(out, ==, calls[i].out);
		g_free(out);
	}
	/* Values of a qube cannot write to the terminal. */
	d = open_dom0(f);
	write_value(d, "/evil", "a\033[2Jb\xc3\xa4\n");
	qdb_close(d);
	g_assert_cmpint(run(f, "qubesdb-read -d work /evil", &out), ==, 0);
	g_assert_cmpstr(out, ==, "a\\x1b[2Jb\\xc3\\xa4\\x0a\n");
	g_free(out);
	g_assert_cmpint(run(f, "qubesdb-read -r -d work /evil", &out), ==, 0);
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
	start_dom0(f);
	spawn_vm(f);
	v = open_vm(f);
	write_value(v, "/yes", "1");
	write_value(v, "/no", "");
	g_assert_cmpint(run(f, "qubesdb-read-bool /yes", NULL), ==, 0);
	g_assert_cmpint(run(f, "qubesdb-read-bool /no", NULL), ==, 1);
	g_assert_cmpint(run(f, "qubesdb-read-bool /nope", NULL), ==, 2);
	g_assert_cmpint(run(f, "qubesdb-read-bool /nope 7", NULL), ==, 7);
	g_assert_cmpint(run(f, "qubesdb-read-bool", NULL), ==, 3);
	/* -w waits for a value. */
	prog = g_strdup_printf("%s/qubesdb-read", f->bin);
	pid = fork();
	if (pid == 0) {
		execl(prog, prog, "-w", "/later", (char *)NULL);
		_exit(127);
	}
	g_usleep(100000);
	g_assert_cmpint(waitpid(pid, &status, WNOHANG), ==, 0);
	write_value(v, "/later", "");
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
	qdb_close(v);
	g_free(prog);
	g_free(out);
}

#define ADD(name, func)                                                                            \
	g_test_add("/qubesdb-daemon/" name, struct fixture, NULL, setup, func, teardown)

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
