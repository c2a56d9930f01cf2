/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session as its qubes have to know it: qubes-gui-watch is run and read, and started again
 * when it ends. It is a program of its own because this one is static and speaks no X.
 */
#ifndef QUBES_CLI_XWATCH_H
#define QUBES_CLI_XWATCH_H

#include <glib.h>

/* what: "layout" or "keyboard"; text: the rest of the line. */
typedef void (*xwatch_fn)(const char *what, const char *text, gpointer data);

struct xwatch;

/* NULL when there is no X session. Calls fn from the default main loop. */
struct xwatch *xwatch_new(xwatch_fn fn, gpointer data);
void xwatch_free(struct xwatch *w);

#endif
