/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the peer of a call sends on the data channel, to a client and to a service. */
#include <stdlib.h>
#include <string.h>

#include "qrexec/proto/dataphase.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed(enum dp_role role, size_t max, const uint8_t *data, size_t size, size_t step)
{
	struct dp_in in = {.role = role, .max_chunk = max};
	uint8_t *copy = malloc(size + 1);
	size_t at = 0;

	memcpy(copy, data, size);
	while (at < size) {
		size_t n = step < size - at ? step : size - at, used;
		struct dp_event e;

		used = dp_feed(&in, copy + at, n, &e);
		if (!used || used > n)
			abort();
		if (e.kind == DP_BAD)
			break;
		if ((e.kind == DP_DATA || e.kind == DP_ERRDATA) &&
		    (!e.len || e.len > max || e.data < copy + at || e.data + e.len > copy + at + n))
			abort();
		if (e.kind == DP_ERRDATA && role != DP_CLIENT)
			abort();
		if (e.kind == DP_EXIT && (role != DP_CLIENT || e.code < 0 || e.code > 255))
			abort();
		if (e.kind == DP_DATA)
			dp_replace_chars(e.data, e.len);
		at += used;
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	feed(data[0] & 1 ? DP_CLIENT : DP_SERVICE, data[0] & 2 ? 16 : QRX_CHUNK_V3, data + 1,
	     size - 1, (data[0] >> 2) + 1u);
	return 0;
}
