/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pixels of an X window as StatusNotifierItem has them. Pure. */
#ifndef QUBES_GUID_DOCK_PICTURE_H
#define QUBES_GUID_DOCK_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A larger window is not shown, pixels a side. */
#define PICTURE_SIDE_MAX 256

struct picture {
	int width, height; /* 0: none */
	uint8_t *argb;	   /* owned; width × height × 4 bytes A, R, G, B; not premultiplied */
};

void picture_clear(struct picture *p);

/*
 * Takes n bytes of 32 bits per pixel, without padding, in place of what is in p. depth is 24, or 32
 * for premultiplied alpha; msb: the most significant byte comes first. 1 when p is another
 * picture now, 0 when it is what it was, -EINVAL for what is no such picture, or -ENOMEM.
 */
int picture_take(struct picture *p, int width, int height, int depth, bool msb, const void *bytes,
		 size_t n);

/* Nothing of it can be seen. */
bool picture_blank(const struct picture *p);

#endif
