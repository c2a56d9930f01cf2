/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vchan-broker's request: one datagram "permit SERVER CLIENT PORT", decimal, single
 * spaces, nothing after it. Answer: "ok" or "error: " and the reason.
 */
#ifndef QUBES_VCHAN_BROKER_REQUEST_H
#define QUBES_VCHAN_BROKER_REQUEST_H

#include <stddef.h>

#define REQUEST_MAX 64

struct request {
	unsigned server, client; /* 1..VCHAN_DOMID_MAX, different */
	unsigned port;
};

/* Pure. 0 or -EINVAL (*ret untouched). */
int request_parse(const char *untrusted_text, size_t len, struct request *ret);

#endif
