// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices that a hostile qube announces in its QubesDB: NUL-separated paths and values. */
#include "dom0/qubesd/devices/qdb-devices.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const GPtrArray *list)
{
	if (list->len > DEV_PER_QUBE_MAX)
		abort();
	for (guint i = 0; i < list->len; i++) {
		g_autofree char *line = device_line(g_ptr_array_index(list, i), NULL);

		for (const char *p = line; *p; p++)
			if (*p < ' ' || *p >= 0x7f)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_malloc(size + 1);
	g_autoptr(GPtrArray) entries = g_ptr_array_new(), block = device_list_new(),
			     usb = device_list_new();

	memcpy(text, data, size);
	text[size] = '\0';
	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		g_ptr_array_add(entries, text + at);
	if (entries->len % 2)
		g_ptr_array_set_size(entries, (gint)entries->len - 1);
	g_ptr_array_add(entries, NULL);
	g_ptr_array_add(entries, NULL);
	qdb_devices_decode("q", (const char *const *)entries->pdata, NULL, block, usb);
	check(block);
	check(usb);
	return 0;
}
