// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decoder of requests. The peer is a program of dom0 or, through qrexec, of a qube that
 * policy let through: untrusted.
 */
#include "dom0/qubesd/api/request.h"

#include <string.h>

/* Cuts s at its next space; the rest, or NULL when there is none. */
static char *cut(char *s)
{
	char *space = strchr(s, ' ');

	if (!space)
		return NULL;
	*space = '\0';
	return space + 1;
}

bool request_decode(char *untrusted_buf, size_t len, Request *ret)
{
	char *nul, *src, *type, *dest, *plus;

	if (len > REQUEST_MAX)
		return false;
	untrusted_buf[len] = '\0';
	nul = len ? memchr(untrusted_buf, '\0', len) : NULL;
	if (!nul)
		return false;
	src = cut(untrusted_buf);
	type = src ? cut(src) : NULL;
	dest = type ? cut(type) : NULL;
	if (!dest)
		return false;
	if (!strcmp(type, "keyword") && !strcmp(dest, "adminvm"))
		strcpy(dest, "dom0"); /* shorter than what it replaces */
	else if (strcmp(type, "name"))
		return false;
	plus = strchr(untrusted_buf, '+');
	if (plus)
		*plus++ = '\0';
	*ret = (Request){
		.method = untrusted_buf,
		.arg = plus ? plus : nul,
		.src = src,
		.dest = dest,
		.payload = nul + 1,
		.payload_len = len - (size_t)(nul + 1 - untrusted_buf),
	};
	return true;
}
