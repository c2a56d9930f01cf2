/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The menu of the qubes: what runs, and what can be done with it; what could be started. */
#ifndef QUBES_SESSION_MENU_H
#define QUBES_SESSION_MENU_H

#include <gtk/gtk.h>

#include "guid/session/qubes.h"

/* A menu of q as it is now. */
GtkWidget *menu_new(const struct qubes *q);

#endif
