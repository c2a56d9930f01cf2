/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resolutions (gui-scale.h). Resources are of the local X server, but anybody's there. Pure. */
#include "guid/proto/gui-scale.h"

#include <stdlib.h>
#include <string.h>

#define KEY "Xft.dpi:"
#define SLACK 12u

unsigned gui_dpi_of_resources(const char *resources, size_t len)
{
	char number[16] = "";
	double dpi;

	while (len) {
		const char *end = memchr(resources, '\n', len);
		size_t n = end ? (size_t)(end - resources) : len, key = sizeof(KEY) - 1;

		if (n > key && !memcmp(resources, KEY, key)) {
			size_t value = n - key < sizeof(number) - 1 ? n - key : sizeof(number) - 1;

			memcpy(number, resources + key, value);
			number[value] = '\0';
		}
		resources += end ? n + 1 : n;
		len -= end ? n + 1 : n;
	}
	dpi = strtod(number, NULL);
	return dpi >= GUI_DPI_MIN && dpi <= GUI_DPI_MAX ? (unsigned)(dpi + 0.5) : GUI_DPI_NORMAL;
}

unsigned gui_scale_of_dpi(unsigned dpi)
{
	unsigned scale = (dpi + SLACK) / GUI_DPI_NORMAL;

	return scale ? scale : 1;
}
