/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures of tray items: choosing one of several sizes and fitting it into a square of a tray.
 * Pure. The pixels are a program's of the same qube; limits keep a mistaken one from taking all the
 * memory.
 */
#ifndef QUBES_GUID_TRAY_IMAGE_H
#define QUBES_GUID_TRAY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger pictures are left out, pixels a side. */
#define IMAGE_SIDE_MAX 512

struct image {
	int width, height; /* 0: none */
	uint32_t *argb;	   /* owned; not premultiplied */
};

void image_clear(struct image *i);

/*
 * Takes n bytes of big-endian ARGB (StatusNotifierItem's IconPixmap) in place of what is in i if
 * that is nearer to size pixels. False: they are no picture, or there was no memory.
 */
bool image_offer(struct image *i, int width, int height, const void *bytes, size_t n, int size);

/* Draws i, as large as fits, in the middle of width × height pixels 0xRRGGBB on background. */
void image_fit(const struct image *i, uint32_t background, int width, int height, uint32_t *pixels);

#endif
