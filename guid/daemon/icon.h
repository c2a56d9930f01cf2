/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The icon of a qube's windows (-i): a PNG file of dom0's. */
#ifndef QUBES_GUID_ICON_H
#define QUBES_GUID_ICON_H

#include <stdint.h>

#define ICON_MAX_SIDE 256

/*
 * Decodes a PNG file, in a process of its own so that the decoder does not stay in this one's
 * memory. Width, height and ARGB words as in _NET_WM_ICON (owned by the caller), or NULL when
 * path is NULL, not absolute or not such a file.
 */
uint32_t *icon_load(const char *path, uint32_t *ret_words);

/* A cube of the label's colour, for qubes without an icon. As above; NULL when out of memory. */
uint32_t *icon_cube(uint32_t rgb, uint32_t *ret_words);

#endif
