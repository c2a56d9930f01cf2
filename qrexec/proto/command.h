/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands: "[user:][nogui:]QUBESRPC service[+arg] source[ type target]" or
 * "[user:][nogui:]shell command". docs/wire-qrexec.md. Pure.
 */
#ifndef QUBES_QREXEC_COMMAND_H
#define QUBES_QREXEC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#define QRX_USER_MAX 255    /* user name */
#define QRX_SVCNAME_MAX 255 /* service name, before the + */

/* A parsed command. All pointers point into the text that was parsed. */
struct qrx_command {
	char user[QRX_USER_MAX + 1]; /* "" when the text carries none */
	bool nogui;
	bool is_service;
	const char *text; /* after the prefixes: shell command, or what follows "QUBESRPC " */

	/* Only for services: */
	char name[QRX_SVCNAME_MAX + 1];
	size_t full_len; /* of the name with argument, at the start of text */
	bool has_arg;	 /* there was a + */
	const char *arg; /* argument, of arg_len bytes, not terminated */
	size_t arg_len;
	const char *source; /* calling qube, of source_len bytes, not terminated */
	size_t source_len;
	/* The third and fourth word, for services in dom0; and how many words there are. */
	const char *target_type;
	size_t target_type_len;
	const char *target;
	size_t target_len;
	unsigned words;
};

/*
 * Parses a NUL-terminated command. with_user: everything before the first colon is
 * the user (the form an agent gets). 0, or -EINVAL with *ret_why (may be NULL) set
 * to a reason in English.
 */
int qrx_command_parse(const char *text, bool with_user, struct qrx_command *ret,
		      const char **ret_why);

/* True when a service with this many words can be executed: source, or source, type, target. */
static inline bool qrx_command_words_ok(const struct qrx_command *c)
{
	return c->words == 2 || c->words == 4;
}

/* True for the spellings of dom0: dom0, @adminvm, uuid:0000… */
bool qrx_is_dom0(const char *target);

/*
 * The target of a TCP service: link is where the symbolic link points (/dev/tcp,
 * /dev/tcp/HOST, /dev/tcp/HOST/PORT), arg the call's argument (NULL: none).
 * Writes host (IPv6 with colons) and port. 0, -EINVAL, -ENAMETOOLONG.
 */
#define QRX_HOST_MAX 255
int qrx_tcp_address(const char *link, const char *arg, char ret_host[QRX_HOST_MAX + 1],
		    char ret_port[6], const char **ret_why);

/* True when a link's target makes it a TCP service, be it well-formed or not. */
bool qrx_is_tcp_link(const char *link);

/*
 * Splits the argument of qubes.VMExec into words: '+' separates, "-HH" (upper-case
 * hex) is a byte, "--" a dash, [A-Za-z0-9._] stand for themselves. words receives up
 * to max pointers into buf (of size cap), each NUL-terminated. The number of words,
 * -EINVAL, or -E2BIG.
 */
int qrx_vmexec_decode(const char *arg, char *buf, size_t cap, char **words, size_t max);

#endif
