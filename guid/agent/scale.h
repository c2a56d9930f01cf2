/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The size of texts and windows, as in dom0, for the qube's programs: XSETTINGS and Xft.dpi. */
#ifndef QUBES_GUID_AGENT_SCALE_H
#define QUBES_GUID_AGENT_SCALE_H

#include <xcb/xcb.h>

struct agent;

/*
 * Tells the qube's programs dom0's resolution; those that run follow. 0: not known, nothing is
 * changed. A qube that has a settings daemon of its own keeps it.
 */
void scale_apply(struct agent *a, unsigned dpi);

/* Another program took over the settings. */
void scale_lost(struct agent *a, const xcb_selection_clear_event_t *e);

#endif
