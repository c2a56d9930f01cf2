/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers, names and links of qubes.Filecopy, as another qube may send them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/proto/qfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By other means than the code that is tested: does this path stay where it belongs? */
static void check_path(const char *name)
{
	if (name[0] == '/' || !name[0] || strstr(name, "//") || !strcmp(name, "..") ||
	    !strncmp(name, "../", 3) || strstr(name, "/../") || name[strlen(name) - 1] == '/' ||
	    (strlen(name) > 2 && !strcmp(name + strlen(name) - 3, "/..")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[QFILE_HEADER_LEN];
	struct qfile_header h, h2;
	struct qfile_result res;
	char *text, *target;
	size_t n;

	if (size < QFILE_HEADER_LEN + 1)
		return 0;
	if (qfile_get_header(data, &h) == 0 && h.kind != QFILE_OTHER) {
		qfile_put_header(again, &h);
		if (qfile_get_header(again, &h2) || h2.size != h.size || h2.kind != h.kind ||
		    h2.mode != h.mode)
			abort();
		if (qfile_check_header(&h) == 0 && (h.size > INT64_MAX || h.name_len < 2))
			abort();
	}
	qfile_get_result(data, &res);
	n = size - QFILE_HEADER_LEN;
	text = malloc(n + 1);
	memcpy(text, data + QFILE_HEADER_LEN, n);
	text[n] = '\0';
	target = memchr(text, '\n', n);
	if (target)
		*target++ = '\0';
	n = strlen(text) + 1;
	if (qfile_check_name(text, n, data[0] & 1) == 0) {
		check_path(text);
		if (target && qfile_check_link(text, target, data[0] & 2) == 0 && target[0] == '/')
			abort();
	}
	qfile_crc(0, data, size);
	free(text);
	return 0;
}
