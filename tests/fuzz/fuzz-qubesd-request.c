// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests of the Admin API: any bytes. What is taken apart lies within them. */
#include "dom0/qubesd/api/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const char *s, const char *buf, size_t size)
{
	if (s < buf || s + strlen(s) > buf + size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *buf = malloc(size + 1);
	Request r;

	if (!buf)
		return 0;
	if (size)
		memcpy(buf, data, size);
	if (request_decode(buf, size, &r)) {
		inside(r.method, buf, size);
		inside(r.arg, buf, size);
		inside(r.src, buf, size);
		inside(r.dest, buf, size);
		if (r.payload + r.payload_len != buf + size || r.payload[r.payload_len])
			abort();
	}
	free(buf);
	return 0;
}
