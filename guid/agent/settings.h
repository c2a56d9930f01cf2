/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients read about sizes: the XSETTINGS property and Xft.dpi of the resources. Pure. */
#ifndef QUBES_GUID_AGENT_SETTINGS_H
#define QUBES_GUID_AGENT_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#define SETTINGS_SIZE 128

/* The property _XSETTINGS_SETTINGS, in this machine's byte order. Its length. */
size_t settings_encode(uint8_t buf[SETTINGS_SIZE], uint32_t serial, unsigned dpi);

/* A copy of the resources old (not NUL-terminated) with Xft.dpi set. free(); NULL: no memory. */
char *settings_resources(const char *old, size_t len, unsigned dpi, size_t *ret_len);

#endif
