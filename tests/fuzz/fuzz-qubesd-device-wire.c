// SPDX-License-Identifier: GPL-2.0-or-later
/* Argument and payload of device calls: what was taken is written, and read the same again. */
#include "dom0/qubesd/devices/device.h"
#include "dom0/qubesd/devices/wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *written(const DevPairs *p)
{
	GString *s = g_string_new(NULL);

	for (guint i = 0; i < p->props->len; i++) {
		const DevPair *pair = g_ptr_array_index(p->props, i);

		dev_add_pair(s, "", pair->key, pair->value);
	}
	for (guint i = 0; i < p->options->len; i++) {
		const DevPair *pair = g_ptr_array_index(p->options, i);

		dev_add_pair(s, "_", pair->key, pair->value);
	}
	return g_string_free(s, FALSE);
}

static void check_pairs(const char *text)
{
	DevPairs p;
	const char *why;
	g_autofree char *line = NULL;

	if (!dev_pairs_parse(text, &p, &why)) {
		if (!why)
			abort();
		return;
	}
	line = written(&p);
	for (const char *c = line; *c; c++)
		if (*c < ' ' || *c >= 0x7f)
			abort();
	dev_pairs_clear(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	DevArg a;

	if (dev_arg_parse(text, &a)) {
		if (!*a.backend || !*a.port || !*a.id)
			abort();
		dev_arg_clear(&a);
	}
	check_pairs(text);
	return 0;
}
