/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The broker's request (request.h). The peer is a dom0 daemon that reads from a qube. */
#include "qrexec/vchan/broker/request.h"

#include <errno.h>
#include <string.h>

#include "qrexec/base/io.h"
#include "qrexec/vchan/vchan.h"

#define PORT_MAX 0x7fffffffu

/* Cuts the next word off *text and reads it as a number. */
static int next_number(char **text, unsigned long min, unsigned long max, unsigned *ret)
{
	char *word = strsep(text, " ");
	unsigned long v;

	if (!word || io_parse_uint(word, min, max, &v))
		return -EINVAL;
	*ret = (unsigned)v;
	return 0;
}

int request_parse(const char *untrusted_text, size_t len, struct request *ret)
{
	char buf[REQUEST_MAX + 1], *rest = buf, *verb;
	struct request r;

	if (len > REQUEST_MAX || memchr(untrusted_text, '\0', len))
		return -EINVAL;
	memcpy(buf, untrusted_text, len);
	buf[len] = '\0';
	verb = strsep(&rest, " ");
	if (strcmp(verb, "permit") != 0 || next_number(&rest, 1, VCHAN_DOMID_MAX, &r.server) ||
	    next_number(&rest, 1, VCHAN_DOMID_MAX, &r.client) ||
	    next_number(&rest, 0, PORT_MAX, &r.port) || rest || r.server == r.client)
		return -EINVAL;
	*ret = r;
	return 0;
}
