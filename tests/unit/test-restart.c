/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who needs a program of dom0 that was killed waits for its successor: Unix sockets by path
 * (qrexec/base/unixsock.h), vchan-broker, qrexec-daemon. Threads stand for the successors. Waits
 * that are short by nature are tried as often as a busy machine needs.
 */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/call/dom0.h"
#include "qrexec/vchan/vchan.h"

#define PATIENCE_MS 150000
#define PAUSE_US 20000
#define TRIES 100

struct peer {
	char *dir, *path, *link; /* owned */
	bool removes; /* the successor removes the socket a moment before it has its own */
	int type;
	int fd; /* the successor's */
};

static void leave_behind(const struct peer *p)
{
	int fd = unix_listen(p->path, p->type, 0600);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

static void peer_setup(struct peer *p, const void *data)
{
	p->dir = g_dir_make_tmp("restart-XXXXXX", NULL);
	g_assert_nonnull(p->dir);
	p->path = g_build_filename(p->dir, "s", NULL);
	p->link = g_build_filename(p->dir, "qrexec.work", NULL);
	p->type = SOCK_STREAM;
	p->fd = -1;
	g_assert_cmpint(symlink("s", p->link), ==, 0);
	leave_behind(p);
}

static void peer_teardown(struct peer *p, const void *data)
{
	if (p->fd >= 0)
		close(p->fd);
	g_unlink(p->path);
	g_unlink(p->link);
	g_rmdir(p->dir);
	g_free(p->dir);
	g_free(p->path);
	g_free(p->link);
}

static gpointer come_back(gpointer data)
{
	struct peer *p = data;

	g_usleep(PAUSE_US);
	if (p->removes) {
		g_unlink(p->path);
		g_usleep(PAUSE_US);
	}
	p->fd = unix_listen(p->path, p->type, 0600);
	return NULL;
}

/* Whether path is reached while its program comes back. */
static int reach(struct peer *p, const char *path)
{
	GThread *successor = g_thread_new("successor", come_back, p);
	int fd = unix_connect_restarted(path, SOCK_STREAM, PATIENCE_MS);

	g_thread_join(successor);
	g_assert_cmpint(p->fd, >=, 0);
	return fd;
}

static void the_killed_is_awaited(struct peer *p, const void *data)
{
	int fd = reach(p, p->path);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
	fd = unix_connect_restarted(p->path, SOCK_STREAM, 0);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

/* Its name is left, and leads nowhere for a moment. */
static void the_killed_is_awaited_at_a_link(struct peer *p, const void *data)
{
	int fd;

	p->removes = true;
	fd = reach(p, p->link);
	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

/* Who looks too late, on a busy machine, sees nothing there: as often as it takes. */
static void the_killed_is_awaited_in_the_gap(struct peer *p, const void *data)
{
	int fd = -1;

	p->removes = true;
	for (int i = 0; i < TRIES && fd < 0; i++) {
		fd = reach(p, p->path);
		close(p->fd);
		p->fd = -1;
	}
	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

static void the_stopped_is_not_awaited(struct peer *p, const void *data)
{
	int64_t start = io_now_ms();

	g_unlink(p->path);
	g_assert_cmpint(unix_connect_restarted(p->path, SOCK_STREAM, PATIENCE_MS), ==, -ENOENT);
	g_assert_cmpint(io_now_ms() - start, <, PATIENCE_MS / 2);
}

static void the_dead_are_given_up(struct peer *p, const void *data)
{
	int64_t start = io_now_ms();

	g_assert_cmpint(unix_connect_restarted(p->path, SOCK_STREAM, 50), ==, -ECONNREFUSED);
	g_assert_cmpint(io_now_ms() - start, >=, 50);
	g_unlink(p->path);
	g_assert_cmpint(unix_connect_restarted(p->link, SOCK_STREAM, 50), ==, -ENOENT);
	g_assert_cmpint(io_now_ms() - start, <, PATIENCE_MS / 2);
}

/* --- vchan-broker: half a second ---------------------------------------------------- */

static void broker_setup(struct peer *p, const void *data)
{
	g_autofree char *vchan = NULL;

	p->dir = g_dir_make_tmp("restart-XXXXXX", NULL);
	vchan = g_build_filename(p->dir, "run/qubes/vchan", NULL);
	g_assert_cmpint(g_mkdir_with_parents(vchan, 0700), ==, 0);
	p->path = g_build_filename(p->dir, "run/qubes/vchan-broker.sock", NULL);
	p->link = g_strdup("");
	p->type = SOCK_SEQPACKET;
	p->fd = -1;
	g_setenv("QUBES_ROOT", p->dir, TRUE);
	g_unsetenv("VCHAN_SOCKET_DIR");
	leave_behind(p);
}

static void broker_teardown(struct peer *p, const void *data)
{
	static const char *const folders[] = {"run/qubes/vchan", "run/qubes", "run"};

	g_unlink(p->path);
	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *folder = g_build_filename(p->dir, folders[i], NULL);

		g_rmdir(folder);
	}
	peer_teardown(p, data);
	g_unsetenv("QUBES_ROOT");
}

/* Comes back, allows one meeting, and is gone again. Nobody may come: they had no more patience. */
static gpointer permit_one(gpointer data)
{
	struct pollfd listening = {.events = POLLIN};
	struct peer *p = data;
	char question[64];
	int fd;

	come_back(p);
	listening.fd = p->fd;
	if (poll(&listening, 1, 1000) == 1) {
		fd = accept(p->fd, NULL, NULL);
		if (recv(fd, question, sizeof(question), 0) > 0)
			send(fd, "ok", 2, MSG_NOSIGNAL);
		close(fd);
	}
	close(p->fd);
	p->fd = -1;
	return NULL;
}

static void a_killed_broker_is_awaited(struct peer *p, const void *data)
{
	int r = -1;

	for (int i = 0; i < TRIES && r; i++) {
		GThread *successor = g_thread_new("broker", permit_one, p);

		r = vchan_permit(42, 43, 512);
		g_thread_join(successor);
	}
	g_assert_cmpint(r, ==, 0);
}

static void other_brokers_are_not(struct peer *p, const void *data)
{
	int64_t start = io_now_ms();

	g_assert_cmpint(vchan_permit(42, 43, 512), ==, -ECONNREFUSED);
	g_unlink(p->path);
	g_assert_cmpint(vchan_permit(42, 43, 512), ==, -ENOENT);
	g_assert_cmpint(io_now_ms() - start, <, PATIENCE_MS / 2);
}

/* --- qrexec-daemon: two seconds ------------------------------------------------------- */

static void a_killed_daemon_is_awaited(struct peer *p, const void *data)
{
	struct qrx_error e = {0};
	int fd = -1;

	p->removes = true;
	for (int i = 0; i < TRIES && fd < 0; i++) {
		GThread *successor = g_thread_new("daemon", come_back, p);

		fd = dom0_connect(p->dir, "work", &e);
		g_thread_join(successor);
		close(p->fd);
		p->fd = -1;
	}
	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

static void other_daemons_are_not(struct peer *p, const void *data)
{
	struct qrx_error e = {0};
	int64_t start = io_now_ms();

	g_assert_cmpint(dom0_connect(p->dir, "work", &e), ==, -ECONNREFUSED);
	g_assert_nonnull(strstr(e.text, "qvm-start work"));
	g_unlink(p->path);
	g_unlink(p->link);
	e = (struct qrx_error){0};
	g_assert_cmpint(dom0_connect(p->dir, "work", &e), ==, -ENOENT);
	g_assert_nonnull(strstr(e.text, "work is not running"));
	g_assert_cmpint(io_now_ms() - start, <, PATIENCE_MS / 2);
}

#define ADD(name, test) g_test_add(name, struct peer, NULL, peer_setup, test, peer_teardown)
#define ADD_BROKER(name, test)                                                                     \
	g_test_add(name, struct peer, NULL, broker_setup, test, broker_teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/restart/killed", the_killed_is_awaited);
	ADD("/restart/killed-link", the_killed_is_awaited_at_a_link);
	ADD("/restart/killed-gap", the_killed_is_awaited_in_the_gap);
	ADD("/restart/stopped", the_stopped_is_not_awaited);
	ADD("/restart/dead", the_dead_are_given_up);
	ADD_BROKER("/restart/broker-killed", a_killed_broker_is_awaited);
	ADD_BROKER("/restart/broker-gone", other_brokers_are_not);
	ADD("/restart/daemon-killed", a_killed_daemon_is_awaited);
	ADD("/restart/daemon-gone", other_daemons_are_not);
	return g_test_run();
}
