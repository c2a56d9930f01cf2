/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Icons that programs name in place of sending them. */
#ifndef QUBES_GUID_TRAY_FIND_H
#define QUBES_GUID_TRAY_FIND_H

#include "guid/tray/image.h"

/*
 * The PNG file of an icon: name itself when it is a path, else in dir (the program's own folder of
 * icons, NULL or "": none) and in the system's. False: there is none.
 */
bool find_icon(const char *name, const char *dir, int size, struct image *ret);

#endif
