/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The relay against a peer that speaks raw bytes: order, limits, bad manners. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/call/relay.h"

#define PORT 600

struct fixture {
	char *dir;
	pid_t relay;		 /* runs relay_run() and exits with its result */
	int peer;		 /* raw end of the channel */
	int local_in, local_out; /* what the relay writes and reads */
};

static void set_up(struct fixture *f, gconstpointer data)
{
	f->dir = g_dir_make_tmp("relay.XXXXXX", NULL);
	f->peer = f->local_in = f->local_out = -1;
	g_setenv("VCHAN_SOCKET_DIR", f->dir, TRUE);
	g_setenv("VCHAN_DOMAIN", "0", TRUE);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	g_autofree char *cmd = g_strdup_printf("rm -rf %s", f->dir);

	if (f->peer >= 0)
		close(f->peer);
	if (f->local_in >= 0)
		close(f->local_in);
	if (f->local_out >= 0)
		close(f->local_out);
	g_assert_cmpint(system(cmd), ==, 0);
	g_free(f->dir);
}

static void run_relay(enum dp_role role, int version, int in, int out)
{
	struct relay r = {.role = role,
			  .version = version,
			  .in_fd = in,
			  .out_fd = out,
			  .err_fd = -1,
			  .errout_fd = -1,
			  .signal_fd = -1};
	int code;

	if (vchan_server_new(1, PORT, 65536, 65536, &r.v) || vchan_connect_wait(r.v, 60000))
		_exit(99);
	code = relay_run(&r);
	vchan_free(r.v);
	_exit(code < 0 ? 255 : code);
}

/* Starts a relay in a process of its own and connects to it. */
static void start(struct fixture *f, enum dp_role role, int version)
{
	g_autofree char *path = g_strdup_printf("%s/vchan.0.1.%d.sock", f->dir, PORT);
	int in[2], out[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in), ==, 0);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out), ==, 0);
	f->relay = fork();
	if (f->relay == 0) {
		close(in[0]);
		close(out[0]);
		run_relay(role, version, in[1], out[1]);
	}
	close(in[1]);
	close(out[1]);
	f->local_in = in[0];
	f->local_out = out[0];
	for (int i = 0; i < 12000 && f->peer < 0; i++) {
		f->peer = unix_connect(path, SOCK_STREAM);
		if (f->peer < 0)
			g_usleep(5000);
	}
	g_assert_cmpint(f->peer, >=, 0);
}

/* Header and body go in one write: a relay that ends at the header leaves nobody for a second. */
static int try_to_say(struct fixture *f, uint32_t type, const void *data, size_t n)
{
	g_autofree uint8_t *message = g_malloc(QRX_HEADER_LEN + n);

	qrx_put_header(message, type, (uint32_t)n);
	memcpy(message + QRX_HEADER_LEN, data, n);
	return io_write_all(f->peer, message, QRX_HEADER_LEN + n);
}

static void say(struct fixture *f, uint32_t type, const void *data, size_t n)
{
	g_assert_cmpint(try_to_say(f, type, data, n), ==, 0);
}

/* To a relay that refuses what it hears, and may be gone before it has heard it all. */
static void say_to_the_end(struct fixture *f, uint32_t type, const void *data, size_t n)
{
	int r = try_to_say(f, type, data, n);

	if (r != 0 && r != -EPIPE)
		g_assert_cmpint(r, ==, -ECONNRESET);
}

static void expect(struct fixture *f, uint32_t type, const void *data, size_t n)
{
	g_autofree uint8_t *got = g_malloc(n + 1);
	uint8_t h[QRX_HEADER_LEN];

	g_assert_cmpint(io_read_all(f->peer, h, sizeof(h)), ==, 0);
	g_assert_cmphex(qrx_get_header(h).type, ==, type);
	g_assert_cmpuint(qrx_get_header(h).len, ==, n);
	g_assert_cmpint(io_read_all(f->peer, got, n), ==, 0);
	g_assert_cmpmem(got, n, data, n);
}

static void expect_local(int fd, const char *text)
{
	g_autofree char *got = g_malloc0(strlen(text) + 1);

	g_assert_cmpint(io_read_all(fd, got, strlen(text)), ==, 0);
	g_assert_cmpstr(got, ==, text);
}

static int result(struct fixture *f)
{
	int status;

	g_assert_cmpint(waitpid(f->relay, &status, 0), ==, f->relay);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The relay stands still from here on, not from some moment after this. */
static void hold(struct fixture *f)
{
	int status;

	g_assert_cmpint(kill(f->relay, SIGSTOP), ==, 0);
	g_assert_cmpint(waitpid(f->relay, &status, WUNTRACED), ==, f->relay);
	g_assert_true(WIFSTOPPED(status));
}

static void test_client(struct fixture *f, gconstpointer data)
{
	char c;

	start(f, DP_CLIENT, 4);
	say(f, QRX_DATA_STDOUT, "hello", 5);
	expect_local(f->local_in, "hello");
	g_assert_cmpint(io_write_all(f->local_out, "in", 2), ==, 0);
	expect(f, QRX_DATA_STDIN, "in", 2);
	say(f, QRX_DATA_STDOUT, "", 0);
	g_assert_cmpint(read(f->local_in, &c, 1), ==, 0);
	say(f, QRX_DATA_EXIT_CODE, "\5\0\0\0", 4);
	expect(f, QRX_DATA_STDIN, "", 0);
	g_assert_cmpint(read(f->peer, &c, 1), ==, 0);
	g_assert_cmpint(result(f), ==, 5);
}

static void test_service(struct fixture *f, gconstpointer data)
{
	start(f, DP_SERVICE, 4);
	expect(f, QRX_DATA_STDERR, "", 0);
	say(f, QRX_DATA_STDIN, "in", 2);
	expect_local(f->local_in, "in");
	g_assert_cmpint(io_write_all(f->local_out, "out", 3), ==, 0);
	expect(f, QRX_DATA_STDOUT, "out", 3);
	close(f->local_out);
	f->local_out = -1;
	expect(f, QRX_DATA_STDOUT, "", 0);
	say(f, QRX_DATA_STDIN, "more", 4);
	expect_local(f->local_in, "more");
	say(f, QRX_DATA_STDIN, "", 0);
	expect(f, QRX_DATA_EXIT_CODE, "\0\0\0\0", 4);
	g_assert_cmpint(result(f), ==, 0);
}

/* The exit code is not lost when the peer has closed and we still had to say something. */
static void test_client_cut(struct fixture *f, gconstpointer data)
{
	g_autofree char *much = g_strnfill(100000, 'x');

	start(f, DP_CLIENT, 4);
	hold(f);
	say(f, QRX_DATA_STDOUT, "last", 4);
	say(f, QRX_DATA_STDOUT, "", 0);
	say(f, QRX_DATA_EXIT_CODE, "\x2a\0\0\0", 4);
	close(f->peer);
	f->peer = -1;
	g_assert_cmpint(io_write_all(f->local_out, much, 100000), ==, 0);
	kill(f->relay, SIGCONT);
	expect_local(f->local_in, "last");
	g_assert_cmpint(result(f), ==, 42);
}

static void test_client_lost(struct fixture *f, gconstpointer data)
{
	start(f, DP_CLIENT, 4);
	say(f, QRX_DATA_STDOUT, "half", 4);
	close(f->peer);
	f->peer = -1;
	expect_local(f->local_in, "half");
	g_assert_cmpint(result(f), ==, 255);
}

static void test_bad_type(struct fixture *f, gconstpointer data)
{
	start(f, DP_CLIENT, 4);
	say_to_the_end(f, QRX_EXEC_CMDLINE, "x", 1);
	g_assert_cmpint(result(f), ==, 255);
}

static void test_too_long(struct fixture *f, gconstpointer data)
{
	uint8_t h[QRX_HEADER_LEN];

	start(f, DP_CLIENT, 2);
	qrx_put_header(h, QRX_DATA_STDOUT, QRX_CHUNK_V2 + 1);
	g_assert_cmpint(io_write_all(f->peer, h, sizeof(h)), ==, 0);
	g_assert_cmpint(result(f), ==, 255);
}

/* Version 2 peers get no chunk above 4096 bytes. */
static void test_small_chunks(struct fixture *f, gconstpointer data)
{
	g_autofree char *text = g_strnfill(20000, 'y');
	uint8_t h[QRX_HEADER_LEN], body[QRX_CHUNK_V2];
	size_t got = 0;

	start(f, DP_CLIENT, 2);
	g_assert_cmpint(io_write_all(f->local_out, text, 20000), ==, 0);
	while (got < 20000) {
		g_assert_cmpint(io_read_all(f->peer, h, sizeof(h)), ==, 0);
		g_assert_cmpuint(qrx_get_header(h).len, >, 0);
		g_assert_cmpuint(qrx_get_header(h).len, <=, QRX_CHUNK_V2);
		g_assert_cmpint(io_read_all(f->peer, body, qrx_get_header(h).len), ==, 0);
		got += qrx_get_header(h).len;
	}
	say(f, QRX_DATA_EXIT_CODE, "\0\0\0\0", 4);
	g_assert_cmpint(result(f), ==, 0);
}

/* Nobody reads the service's input: its output flows all the same, and what was not
 * read yet is not lost. */
static void test_no_blocking(struct fixture *f, gconstpointer data)
{
	g_autofree char *text = g_strnfill(60000, 'z');
	size_t sent = 0;

	start(f, DP_SERVICE, 4);
	expect(f, QRX_DATA_STDERR, "", 0);
	/* More than the service's socket and the pending chunk hold, less than what the
	 * sockets on the way take without anybody reading. */
	for (int i = 0; i < 5; i++, sent += 60000)
		say(f, QRX_DATA_STDIN, text, 60000);
	for (int i = 0; i < 100; i++) {
		g_assert_cmpint(io_write_all(f->local_out, "tick", 4), ==, 0);
		expect(f, QRX_DATA_STDOUT, "tick", 4);
	}
	for (; sent; sent -= 60000) {
		g_autofree char *got = g_malloc(60000);

		g_assert_cmpint(io_read_all(f->local_in, got, 60000), ==, 0);
		g_assert_cmpmem(got, 60000, text, 60000);
	}
	close(f->local_in);
	close(f->local_out);
	f->local_in = f->local_out = -1;
	expect(f, QRX_DATA_STDOUT, "", 0);
	expect(f, QRX_DATA_EXIT_CODE, "\0\0\0\0", 4);
	g_assert_cmpint(result(f), ==, 0);
}

#define ADD(name, fn) g_test_add("/qrexec/relay/" name, struct fixture, NULL, set_up, fn, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	signal(SIGPIPE, SIG_IGN);
	ADD("client", test_client);
	ADD("service", test_service);
	ADD("client-cut", test_client_cut);
	ADD("client-lost", test_client_lost);
	ADD("bad-type", test_bad_type);
	ADD("too-long", test_too_long);
	ADD("small-chunks", test_small_chunks);
	ADD("no-blocking", test_no_blocking);
	return g_test_run();
}
