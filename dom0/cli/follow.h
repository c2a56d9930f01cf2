/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passes on what qubes have to know of the session that shows them: the monitors, by the
 * service qubes.SetMonitorLayout of each, and the keyboard layout, by the property of the domain
 * that they follow (gui.md, sections 12 and 15).
 */
#ifndef QUBES_CLI_FOLLOW_H
#define QUBES_CLI_FOLLOW_H

#include <glib.h>

#include "dom0/admin/conn.h"

struct follow;

/* changed: called with data when there are other monitors than before. */
struct follow *follow_new(struct admin *a, void (*changed)(gpointer data), gpointer data);
void follow_free(struct follow *f);

/* Tells a running qube the monitors, if they are known and it wants to know. */
void follow_tell(struct follow *f, const char *vm);

#endif
