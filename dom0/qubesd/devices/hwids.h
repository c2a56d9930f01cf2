/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of vendors and products by their numbers, from hwdata's usb.ids and pci.ids. The
 * files are read when something is asked that was not asked before. Thread-safe.
 */
#ifndef QUBESD_DEVICES_HWIDS_H
#define QUBESD_DEVICES_HWIDS_H

#include <glib.h>

typedef struct HwIds HwIds;

/* file: "usb.ids" or "pci.ids", looked for in hwdata's folders. Never NULL. */
HwIds *hwids_new(const char *file);
/* The same with a path. */
HwIds *hwids_new_for(const char *path);
void hwids_free(HwIds *ids);

/*
 * Four hexadecimal digits each, without "0x". The names (printable ASCII, g_free) are set
 * only when known; the product's vendor is known whenever the product is.
 */
void hwids_names(const HwIds *ids, const char *vendor, const char *product, char **ret_vendor,
		 char **ret_product);

#endif
