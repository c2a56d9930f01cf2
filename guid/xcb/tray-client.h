/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs at either end of a tray ask of the X server (System Tray Protocol, XEMBED). Each
 * waits for its answer; the server is trusted.
 */
#ifndef QUBES_GUID_XCB_TRAY_CLIENT_H
#define QUBES_GUID_XCB_TRAY_CLIENT_H

#include <xcb/xcb.h>

#define TRAY_REQUEST_DOCK 0
#define XEMBED_VERSION 0
#define XEMBED_MAPPED 1

/* XCB_NONE: the server has gone. */
xcb_atom_t x_atom(xcb_connection_t *c, const char *name);
/* 0: nobody has it. */
xcb_window_t x_owner(xcb_connection_t *c, xcb_atom_t selection);
/* A message to the program that has the window, now. */
void x_tell(xcb_connection_t *c, xcb_window_t window, xcb_atom_t type, const uint32_t data[5]);
/* Asks the tray to dock a window. */
void x_ask_to_dock(xcb_connection_t *c, xcb_window_t tray, xcb_atom_t opcode, xcb_window_t window);

#endif
