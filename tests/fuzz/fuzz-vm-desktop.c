/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz harness: desktop entries and their commands. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "templates/vm/desktop/desktop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), id[256];
	struct desktop_entry e;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (desktop_parse(text, &e) == 0) {
		desktop_free_argv(desktop_argv(&e, "/f"));
		desktop_clear(&e);
	}
	desktop_id(text, id, sizeof(id));
	free(text);
	return 0;
}
