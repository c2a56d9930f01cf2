/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TOML and JSON documents: what is read can be written and read again. */
#include <stdint.h>
#include <stdlib.h>

#include "dom0/cli/doc/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned line;
	char *why = NULL;
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(Doc) again = NULL;
	g_autoptr(Doc) d = NULL;

	if (!size)
		return 0;
	d = doc_parse(*data & 1 ? DOC_JSON : DOC_TOML, (const char *)data + 1, size - 1, &line,
		      &why);
	if (!d) {
		g_free(why);
		return 0;
	}
	doc_write_toml(out, d);
	again = doc_parse(DOC_TOML, out->str, out->len, &line, &why);
	if (!again)
		abort();
	g_string_truncate(out, 0);
	doc_write_json(out, again);
	return 0;
}
