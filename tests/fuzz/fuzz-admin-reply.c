/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz harness: replies, the messages made of them, and events. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/admin/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct admin_reply r;
	struct admin_event e;
	ssize_t n;

	if (admin_reply_decode(data, size, &r) == 0 && r.kind == ADMIN_REPLY_EXCEPTION) {
		char *text = admin_format_message(r.format, r.args, r.n_args);

		if (strlen(text) > size)
			abort();
		free(text);
	}
	while ((n = admin_event_decode(data, size, &e)) > 0) {
		if ((size_t)n > size)
			abort();
		for (size_t i = 0; i < e.n_pairs; i++)
			if (!admin_event_value(&e, e.keys[i]))
				abort();
		data += n;
		size -= (size_t)n;
	}
	return 0;
}
