/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions of dom0 are not covered by qubes: the GUI daemons put the menus of qubes, which no
 * window manager stacks, below the windows that are announced here (docs/wire-gui.md).
 */
#ifndef QUBES_DESKTOP_ANNOUNCE_H
#define QUBES_DESKTOP_ANNOUNCE_H

#include <gtk/gtk.h>

/*
 * Before a top-level is shown: it is announced from the moment it has an X window until it is
 * destroyed. Without X nothing happens.
 */
void desktop_announce_prompt(GtkWidget *window);

#endif
