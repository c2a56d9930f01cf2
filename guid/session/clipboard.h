/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inter-qube clipboard as the user sees it: an icon in the color of the qube whose data wait in
 * it, notices of what was copied and pasted, and the ways to empty it and to put dom0's into it.
 */
#ifndef QUBES_SESSION_CLIPBOARD_H
#define QUBES_SESSION_CLIPBOARD_H

#include <gio/gio.h>

#include "guid/session/qubes.h"

struct clipboard;

struct clipboard *clipboard_new(GApplication *app, const struct qubes *qubes);
void clipboard_free(struct clipboard *c);

/* Colors may have changed. */
void clipboard_refresh(struct clipboard *c);

#endif
