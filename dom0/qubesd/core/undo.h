/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was changed since the last save and how to take it back: when qubes.xml can't be
 * written (full disk), the caller gets an error and the change never happened.
 */
#ifndef QUBESD_CORE_UNDO_H
#define QUBESD_CORE_UNDO_H

#include "dom0/qubesd/core/model.h"

typedef void (*UndoFn)(App *app, gpointer data);

/* free_data runs when the change is final or was taken back. No-op while loading. */
void undo_push(App *app, UndoFn fn, gpointer data, GDestroyNotify free_data);

/* Takes all steps so far (owned by the caller; undo_list_free). */
GPtrArray *undo_take(App *app);
/* Takes the changes back, the last one first. */
void undo_run(App *app, GPtrArray *steps);
void undo_list_free(GPtrArray *steps);

#endif
