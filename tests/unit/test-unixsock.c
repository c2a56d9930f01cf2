/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unit tests of Unix sockets by path (qrexec/base/unixsock.h). */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

static char *temp_dir(void)
{
	char *dir = g_dir_make_tmp("unixsock-XXXXXX", NULL);

	g_assert_nonnull(dir);
	return dir;
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

/* --- who waits for a program that was killed: peers of the tests below ------------- */

#define PATIENCE_MS 150000
#define PAUSE_US 20000

struct peer {
	char *dir, *path, *link; /* owned */
	bool removes; /* the successor removes the socket a moment before it has its own */
	int fd;	      /* the successor's */
};

static void leave_behind(const struct peer *p)
{
	int fd = unix_listen(p->path, SOCK_STREAM, 0600);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
}

static void peer_setup(struct peer *p, const void *data)
{
	p->dir = temp_dir();
	p->path = g_build_filename(p->dir, "s", NULL);
	p->link = g_build_filename(p->dir, "link", NULL);
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
	p->fd = unix_listen(p->path, SOCK_STREAM, 0600);
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
	for (int i = 0; i < 100 && fd < 0; i++) {
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

static void add_peer(const char *name, void (*test)(struct peer *, const void *))
{
	g_test_add(name, struct peer, NULL, peer_setup, test, peer_teardown);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/unixsock/long", sockets_reach_long_paths);
	g_test_add_func("/unixsock/untrusted", untrusted_connect_follows_no_link);
	add_peer("/unixsock/killed", the_killed_is_awaited);
	add_peer("/unixsock/killed-link", the_killed_is_awaited_at_a_link);
	add_peer("/unixsock/killed-gap", the_killed_is_awaited_in_the_gap);
	add_peer("/unixsock/stopped", the_stopped_is_not_awaited);
	add_peer("/unixsock/dead", the_dead_are_given_up);
	return g_test_run();
}
