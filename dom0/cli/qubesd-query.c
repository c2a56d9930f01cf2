/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubesd-query: one raw call to qubesd, for shell scripts and qrexec services. Its payload
 * may come from a qube: with --single-line it must be one line of printable ASCII. The
 * answer goes to stdout as it is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

#define PAYLOAD_MAX 65536
#define LINE_MAX_BYTES 1024

/* Reads one line, byte by byte: what follows belongs to somebody else. */
static int read_line(struct ctx *c, size_t max, char *untrusted_buf, size_t *ret_len)
{
	for (size_t n = 0; n < max; n++) {
		char ch;

		if (io_read_all(STDIN_FILENO, &ch, 1))
			return ctx_usage_error(c, "End of input without a newline");
		if (ch == '\n') {
			*ret_len = n;
			return EXIT_OK;
		}
		if (ch < ' ' || ch > '~')
			return ctx_usage_error(c, "Invalid byte %d in input", (unsigned char)ch);
		untrusted_buf[n] = ch;
	}
	return ctx_usage_error(c, "No newline found in first %zu bytes", max);
}

static int read_payload(struct ctx *c, char **ret, size_t *ret_len)
{
	bool line = args_has(c->args, "single_line");
	gint64 max = args_int(c->args, "max_bytes", line ? LINE_MAX_BYTES : PAYLOAD_MAX);
	int r;

	if (max < 0 || max > PAYLOAD_MAX)
		return ctx_usage_error(c, "Maximum payload too large (max %d)", PAYLOAD_MAX);
	if (line) {
		*ret = malloc((size_t)max + 1);
		return *ret ? read_line(c, (size_t)max, *ret, ret_len)
			    : ctx_error(c, "out of memory");
	}
	r = io_read_to_end(STDIN_FILENO, (size_t)max, ret, ret_len);
	if (r == -EMSGSIZE)
		return ctx_usage_error(c, "Payload too long (max %d)", (int)max);
	return r ? ctx_error(c, "cannot read the payload: %s", g_strerror(-r)) : EXIT_OK;
}

/* Copies the answer to stdout as it comes. Its kind ('0', '1', '2'), 0 when there is none. */
static int pass_answer(int fd)
{
	char buf[65536];
	int kind = 0;

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return kind;
		if (!kind)
			kind = buf[0];
		if (!g_ascii_isdigit(kind) || io_write_all(STDOUT_FILENO, buf, (size_t)n))
			return 0;
	}
}

static int run(struct ctx *c)
{
	const char *socket_path = args_get(c->args, "socket"), *arg = args_get(c->args, "arg");
	g_autofree char *head =
		g_strdup_printf("%s+%s %s name %s", args_get(c->args, "method"), arg ? arg : "",
				args_get(c->args, "src"), args_get(c->args, "dest"));
	_cleanup_free_ char *untrusted_payload = NULL;
	_cleanup_close_ int fd = -1;
	size_t len = 0;
	int r = EXIT_OK, kind;

	if (!args_has(c->args, "empty"))
		r = read_payload(c, &untrusted_payload, &len);
	if (r)
		return r;
	if (!socket_path)
		socket_path = admin_socket_path(c->admin);
	fd = unix_connect(socket_path, SOCK_STREAM);
	if (fd < 0)
		return ctx_error(c, "cannot reach qubesd at %s: %s", socket_path, g_strerror(-fd));
	if (send(fd, head, strlen(head) + 1, MSG_NOSIGNAL) >= 0 && len)
		send(fd, untrusted_payload, len, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	kind = pass_answer(fd);
	if (args_has(c->args, "fail"))
		return kind ? kind - '0' : EXIT_FAILED;
	if (args_has(c->args, "null") && io_write_all(STDOUT_FILENO, "", 1))
		return EXIT_FAILED;
	return EXIT_OK;
}

static const struct opt opts[] = {
	{"--connect -c", OPT_VALUE, "socket", "PATH", "socket of qubesd",
	 .complete = COMPLETE_FILE},
	{"--empty -e", OPT_FLAG, NULL, NULL, "send no payload, do not read stdin"},
	{"--fail", OPT_FLAG, NULL, NULL, "exit with 2 when the answer is an exception"},
	{"--max-bytes", OPT_INT, NULL, "N", "refuse a longer payload"},
	{"--single-line", OPT_FLAG, NULL, NULL, "the payload is the first line of stdin"},
	{"--null", OPT_FLAG, NULL, NULL, "print a NUL byte after the answer"},
	{0},
};

static const struct pos pos[] = {
	{"src", POS_ONE, "SRC", "name of the calling qube", 0, COMPLETE_VM},
	{"method", POS_ONE, "METHOD", "method of the Admin API", 0, COMPLETE_NONE},
	{"dest", POS_ONE, "DEST", "name of the qube called about", 0, COMPLETE_VM},
	{"arg", POS_OPTIONAL, "ARGUMENT", "argument of the method", 0, COMPLETE_NONE},
	{0},
};

const struct command qubesd_query = {
	.name = "qubesd-query",
	.summary = "Make one raw call to qubesd.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
