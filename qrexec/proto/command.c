/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands (command.h). In a qube they come from dom0, which is trusted; in dom0
 * they are made by our own processes. The service argument in them is a qube's.
 */
#include "qrexec/proto/command.h"

#include <errno.h>
#include <string.h>

static const char rpc[] = "QUBESRPC";

static int fail(const char **ret_why, const char *why)
{
	if (ret_why)
		*ret_why = why;
	return -EINVAL;
}

/* The next word of *p, split by one or more spaces. False at the end. */
static bool next_word(const char **p, const char **ret_word, size_t *ret_len)
{
	*p += strspn(*p, " ");
	*ret_word = *p;
	*ret_len = strcspn(*p, " ");
	*p += *ret_len;
	return *ret_len > 0;
}

static void parse_target(const char *p, struct qrx_command *c)
{
	const char *word;
	size_t len;

	for (c->words = 2; next_word(&p, &word, &len); c->words++) {
		if (c->words == 2) {
			c->target_type = word;
			c->target_type_len = len;
		} else if (c->words == 3) {
			c->target = word;
			c->target_len = len;
		}
	}
}

static int parse_service(struct qrx_command *c, const char **ret_why)
{
	const char *end = strchr(c->text, ' ');
	const char *plus;
	size_t name_len;

	if (!end)
		return fail(ret_why, "no calling qube after the service name");
	c->full_len = (size_t)(end - c->text);
	plus = memchr(c->text, '+', c->full_len);
	name_len = plus ? (size_t)(plus - c->text) : c->full_len;
	if (!name_len)
		return fail(ret_why, "the service name is empty");
	if (name_len > QRX_SVCNAME_MAX)
		return fail(ret_why, "the service name is longer than 255 bytes");
	memcpy(c->name, c->text, name_len);
	c->name[name_len] = '\0';
	c->has_arg = plus != NULL;
	c->arg = plus ? plus + 1 : end;
	c->arg_len = (size_t)(end - c->arg);
	c->source = end + 1;
	c->source_len = strcspn(c->source, " ");
	if (!c->source_len)
		return fail(ret_why, "the name of the calling qube is empty");
	parse_target(c->source + c->source_len, c);
	return 0;
}

int qrx_command_parse(const char *text, bool with_user, struct qrx_command *ret,
		      const char **ret_why)
{
	struct qrx_command c = {0};
	int r;

	if (with_user) {
		const char *colon = strchr(text, ':');

		if (!colon)
			return fail(ret_why, "no user name before the command");
		if (colon - text > QRX_USER_MAX)
			return fail(ret_why, "the user name is too long");
		memcpy(c.user, text, (size_t)(colon - text));
		text = colon + 1;
	}
	if (!strncmp(text, "nogui:", 6)) {
		c.nogui = true;
		text += 6;
	}
	c.text = text;
	if (!strncmp(text, rpc, sizeof(rpc) - 1)) {
		if (text[sizeof(rpc) - 1] != ' ')
			return fail(ret_why, "QUBESRPC must be followed by one space");
		c.is_service = true;
		c.text = text + sizeof(rpc);
		r = parse_service(&c, ret_why);
		if (r)
			return r;
	}
	*ret = c;
	return 0;
}

bool qrx_is_dom0(const char *target)
{
	return !strcmp(target, "dom0") || !strcmp(target, "@adminvm") ||
	       !strcmp(target, "uuid:00000000-0000-0000-0000-000000000000");
}

bool qrx_is_tcp_link(const char *link)
{
	return !strncmp(link, "/dev/tcp", 8) && (link[8] == '\0' || link[8] == '/');
}

/* 1..65535 without leading zeroes. */
static bool port_ok(const char *p, size_t n)
{
	unsigned v = 0;

	if (n < 1 || n > 5 || p[0] == '0')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(p[i] - '0');
	}
	return v <= 65535;
}

/* "HOST+PORT" of an argument, '+' in HOST standing for ':'. */
static int split_argument(const char *arg, char *host, const char **ret_port, const char **ret_why)
{
	const char *plus = strrchr(arg, '+');
	size_t n;

	if (!plus)
		return fail(ret_why, "the service argument has no port (HOST+PORT expected)");
	n = (size_t)(plus - arg);
	if (n > QRX_HOST_MAX)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < n; i++) {
		if (arg[i] == '_')
			return fail(ret_why, "an underscore is not allowed in a host address");
		host[i] = arg[i] == '+' ? ':' : arg[i];
	}
	host[n] = '\0';
	*ret_port = plus + 1;
	return 0;
}

int qrx_tcp_address(const char *link, const char *arg, char ret_host[QRX_HOST_MAX + 1],
		    char ret_port[6], const char **ret_why)
{
	const char *host = link[8] ? link + 9 : NULL;
	const char *port = host ? strchr(host, '/') : NULL;
	size_t n;
	int r;

	if (arg && !*arg)
		arg = NULL;
	if (port && arg)
		return fail(ret_why, "the service takes no argument");
	if (!port && !arg)
		return fail(ret_why, "the service needs an argument");
	if (host) {
		n = port ? (size_t)(port - host) : strlen(host);
		if (n > QRX_HOST_MAX)
			return -ENAMETOOLONG;
		memcpy(ret_host, host, n);
		ret_host[n] = '\0';
		port = port ? port + 1 : arg;
	} else {
		r = split_argument(arg, ret_host, &port, ret_why);
		if (r)
			return r;
	}
	if (!ret_host[0])
		return fail(ret_why, "the host address is empty");
	if (!port_ok(port, strlen(port)))
		return fail(ret_why, "the port is not a number from 1 to 65535");
	memcpy(ret_port, port, strlen(port) + 1);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes one character of *p into *ret; the bytes consumed, 0 when it is malformed. */
static size_t decode_char(const char *p, char *ret)
{
	int hi, lo;

	if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
	    *p == '.' || *p == '_') {
		*ret = *p;
		return 1;
	}
	if (*p != '-')
		return 0;
	if (p[1] == '-') {
		*ret = '-';
		return 2;
	}
	hi = hex_digit(p[1]);
	lo = hi < 0 ? -1 : hex_digit(p[2]);
	if (lo < 0 || (hi == 0 && lo == 0))
		return 0;
	*ret = (char)(hi << 4 | lo);
	return 3;
}

int qrx_vmexec_decode(const char *arg, char *buf, size_t cap, char **words, size_t max)
{
	size_t n = 0, used = 0;

	do {
		if (n == max)
			return -E2BIG;
		words[n++] = buf + used;
		while (*arg && *arg != '+') {
			char c;
			size_t step = decode_char(arg, &c);

			if (!step)
				return -EINVAL;
			if (used + 1 >= cap)
				return -E2BIG;
			buf[used++] = c;
			arg += step;
		}
		if (used >= cap)
			return -E2BIG;
		buf[used++] = '\0';
	} while (*arg++ == '+');
	return (int)n;
}
