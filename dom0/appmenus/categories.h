/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Categories of applications that are registered (Desktop Menu Specification 1.1, appendix A). */
#ifndef QUBES_APPMENUS_CATEGORIES_H
#define QUBES_APPMENUS_CATEGORIES_H

#include <stdbool.h>

/* Main and additional categories; the reserved ones (Screensaver, TrayIcon, Applet, Shell) are not
 * for a qube to use. Pure. */
bool category_is_known(const char *name);

#endif
