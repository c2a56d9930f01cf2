/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz harness: requests to the session service, and the clipboard's metadata. What was decoded
 * must be encoded to something that decodes to the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guid/clipboard/files.h"
#include "guid/proto/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int what)
{
	if (!what)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_request rq, again;
	char buf[SESSION_REQUEST_MAX + 1], *text;
	struct clip_metadata m;

	if (session_request_parse(data, size, &rq) == 0) {
		size_t n = session_request_format(&rq, buf, sizeof(buf));

		require(n && session_request_parse(buf, n, &again) == 0);
		require(rq.kind == again.kind && rq.color == again.color &&
			!strcmp(rq.qube, again.qube) && !strcmp(rq.text, again.text));
	}
	text = malloc(size + 1);
	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (clip_metadata_parse(text, &m) == 0)
		require(m.vmname[0] && strlen(m.vmname) <= CLIP_NAME_MAX);
	free(text);
	return 0;
}
