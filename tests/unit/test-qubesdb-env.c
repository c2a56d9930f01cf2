/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Daemons of QubesDB for tests (test-qubesdb-env.h). */
#include "test-qubesdb-env.h"

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

void qe_setup(struct fixture *f, const void *data)
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

void qe_in_dom0(const struct fixture *f)
{
	g_setenv("QUBES_ROOT", f->dom0_root, TRUE);
	g_setenv("VCHAN_DOMAIN", "0", TRUE);
}

void qe_in_vm(const struct fixture *f)
{
	g_setenv("QUBES_ROOT", f->vm_root, TRUE);
	g_setenv("VCHAN_DOMAIN", "5", TRUE);
}

/* Runs a program of ours; its exit status, its output in *out unless NULL. */
int qe_run(const struct fixture *f, const char *command, char **out)
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

pid_t qe_dom0_pid(const struct fixture *f)
{
	char *path = g_strdup_printf("%s/run/qubes/qubesdb.work.pid", f->dom0_root);
	pid_t pid = pidfile_holder(path);

	g_free(path);
	return pid;
}

void qe_start_dom0(const struct fixture *f)
{
	qe_in_dom0(f);
	g_assert_cmpint(qe_run(f, "qubesdb-daemon 5 work", NULL), ==, 0);
	g_assert_cmpint(qe_dom0_pid(f), >, 0);
}

/* Stays our child, so that we can see how it ends. */
void qe_spawn_vm(struct fixture *f)
{
	char *prog = g_strdup_printf("%s/qubesdb-daemon", f->bin);

	qe_in_vm(f);
	f->vm = fork();
	if (f->vm == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A device: its messages must be allowed to go to one. */
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execl(prog, prog, "-f", "0", (char *)NULL);
		_exit(127);
	}
	g_free(prog);
}

void qe_kill_dom0(const struct fixture *f, int sig)
{
	pid_t pid = qe_dom0_pid(f);

	if (pid <= 0)
		return;
	kill(pid, sig);
	for (int i = 0; i < WAIT_MS && qe_dom0_pid(f) == pid; i++)
		g_usleep(1000);
	/* Reaped here when we are the nearest subreaper. */
	waitpid(pid, NULL, WNOHANG);
}

int qe_kill_vm(struct fixture *f, int sig)
{
	int status = 0;

	if (f->vm <= 0)
		return 0;
	kill(f->vm, sig);
	g_assert_cmpint(waitpid(f->vm, &status, 0), ==, f->vm);
	f->vm = 0;
	return status;
}

void qe_teardown(struct fixture *f, const void *data)
{
	char *cmd = g_strdup_printf("rm -rf '%s'", f->dir);

	qe_kill_dom0(f, SIGKILL);
	qe_kill_vm(f, SIGKILL);
	g_assert_cmpint(system(cmd), ==, 0);
	g_free(cmd);
	g_free(f->dir);
	g_free(f->dom0_root);
	g_free(f->vm_root);
	g_free(f->sockets);
	g_free(f->bin);
}

qdb_handle_t qe_open_dom0(const struct fixture *f)
{
	qdb_handle_t h;

	qe_in_dom0(f);
	h = qdb_open("work");
	g_assert_nonnull(h);
	qdb_set_timeout(h, WAIT_MS);
	return h;
}

/* The socket is there a moment after the start. */
qdb_handle_t qe_open_vm(const struct fixture *f)
{
	qdb_handle_t h = NULL;

	qe_in_vm(f);
	for (int i = 0; i < WAIT_MS && !h; i++) {
		h = qdb_open(NULL);
		if (!h)
			g_usleep(1000);
	}
	g_assert_nonnull(h);
	qdb_set_timeout(h, WAIT_MS);
	return h;
}

void qe_expect_value(qdb_handle_t h, const char *path, const char *want)
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

void qe_write_value(qdb_handle_t h, const char *path, const char *value)
{
	if (!qdb_write(h, path, value, (unsigned)strlen(value)))
		g_error("cannot write %s: %s", path, g_strerror(errno));
}
