/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of targets that a question lets the user choose from. None is chosen at first. */
#ifndef QUBES_POLICY_TARGETS_H
#define QUBES_POLICY_TARGETS_H

#include <gtk/gtk.h>

#include "policy/agent/params.h"

struct targets;

typedef void (*targets_event)(void *ctx);

/*
 * changed: another one is chosen, or none. activated: the user clicked one twice. params are not
 * needed afterwards.
 */
struct targets *targets_new(const struct agent_params *params, targets_event changed,
			    targets_event activated, void *ctx);
/* No events any more; before the widget is destroyed. */
void targets_mute(struct targets *t);
/* When the widget is gone. */
void targets_free(struct targets *t);

/* To be added to a container, which owns it. */
GtkWidget *targets_widget(const struct targets *t);

/* What is chosen; NULL: nothing. g_free(). */
char *targets_chosen(const struct targets *t);
/* Chooses that one if it is there. */
void targets_select(struct targets *t, struct pol_str target);
/* Moves the choice by delta rows of those that show. */
void targets_move(struct targets *t, int delta);
/* Shows those only that have the text in their names; chooses the one that is left by itself. */
void targets_find(struct targets *t, const char *typed);

#endif
