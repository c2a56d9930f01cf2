/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-png-rgba FILE: writes a PNG picture as qubes.GetImageRGBA does (specs/qubesdb.md, section
 * 3): "WIDTH HEIGHT\n" and the bytes of its pixels, red, green, blue, opacity. The peer, dom0,
 * trusts neither.
 */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/base/cleanup.h"

/* More pixels a side are no icon. */
#define SIDE_MAX 4096

int main(int argc, char **argv)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	_cleanup_free_ unsigned char *pixels = NULL;

	if (argc != 2) {
		fprintf(stderr, "Usage: qubes-png-rgba FILE\n");
		return 2;
	}
	if (!png_image_begin_read_from_file(&image, argv[1])) {
		fprintf(stderr, "qubes-png-rgba: cannot read %s: %s\n", argv[1], image.message);
		return 1;
	}
	image.format = PNG_FORMAT_RGBA;
	if (image.width <= SIDE_MAX && image.height <= SIDE_MAX)
		pixels = malloc(PNG_IMAGE_SIZE(image));
	if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
		fprintf(stderr, "qubes-png-rgba: cannot decode %s: %s\n", argv[1],
			pixels ? image.message : "it is too large");
		png_image_free(&image);
		return 1;
	}
	printf("%u %u\n", image.width, image.height);
	fwrite(pixels, PNG_IMAGE_SIZE(image), 1, stdout);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
