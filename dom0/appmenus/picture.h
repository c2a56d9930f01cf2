/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Icons of the menu: those that qubes send for their applications, as "WIDTH HEIGHT\n" and RGBA
 * bytes (qubes.GetImageRGBA), and our own for the qubes. All are in the color of a label, so that
 * no icon looks like another qube's. The pixels are a hostile qube's. Pure.
 */
#ifndef QUBES_APPMENUS_PICTURE_H
#define QUBES_APPMENUS_PICTURE_H

#include <glib.h>
#include <stdint.h>

/* Larger pictures are refused, and those above the second limit made smaller. Pixels. */
#define PICTURE_SIDE_MAX 512u
#define PICTURE_SIDE_KEPT 64u
/* Bytes of a picture as sent. */
#define PICTURE_BYTES_MAX (10u + PICTURE_SIDE_MAX * PICTURE_SIDE_MAX * 4u)

struct picture {
	unsigned width, height; /* 1 … PICTURE_SIDE_MAX */
	guint8 *rgba;		/* owned */
};

void picture_clear(struct picture *p);

/* Decodes what a qube sent, all n bytes of it. 0 or -EINVAL. */
int picture_parse(const void *untrusted_data, gsize n, struct picture *ret);

/* The same picture, no side longer than PICTURE_SIDE_KEPT. */
void picture_shrink(const struct picture *p, struct picture *ret);

/* Of that, the form it was sent in. */
GBytes *picture_pack(const struct picture *p);

/* Gives every pixel hue and saturation of color (0xrrggbb), and leaves its lightness and opacity.
 */
void picture_tint(struct picture *p, uint32_t color);

enum picture_sign { PICTURE_LOCK, PICTURE_OPEN_LOCK, PICTURE_LAYERS, PICTURE_NODE };

/* A sign in color, size pixels wide and high (16 … 128). */
void picture_draw(enum picture_sign sign, uint32_t color, unsigned size, struct picture *ret);

/* As a PNG file. */
GBytes *picture_png(const struct picture *p);

#endif
