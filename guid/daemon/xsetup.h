/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of xconn_open(). Private to it. */
#ifndef QUBES_GUID_XSETUP_H
#define QUBES_GUID_XSETUP_H

#include "guid/daemon/xconn.h"

/* Label and background colours, graphics contexts. 0 or -EINVAL (logged). */
int xsetup_colors(struct xconn *x, const struct guid_options *o);
/* The -p options as properties. 0 or -EINVAL (logged). */
int xsetup_props(struct xconn *x, const struct guid_options *o);
/* The window for _NET_WM_USER_TIME, when the window manager knows such. */
/* Asks what time it is for X, before any events are asked for. */
void xsetup_start_time(struct xconn *x);
void xsetup_time_window(struct xconn *x);

#endif
