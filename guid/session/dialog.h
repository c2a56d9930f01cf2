/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dialogs about a qube, under a bar in its color. */
#ifndef QUBES_SESSION_DIALOG_H
#define QUBES_SESSION_DIALOG_H

#include <gtk/gtk.h>
#include <stdbool.h>

#include "guid/proto/session.h"

/* The user's decision; not called when the dialog is destroyed from outside. */
typedef void (*dialog_answer)(void *ctx, bool terminate);

/*
 * Shows a request of kind ask or error. For ask, answer is called once, then the dialog is
 * gone; Escape and closing it mean "ignore this request". For error answer may be NULL.
 * Neither button is the default, so that a key meant for another window decides nothing.
 */
GtkWidget *dialog_show(const struct session_request *rq, dialog_answer answer, void *ctx);

/* Tells the user about a failure of his own command. */
void dialog_failure(const char *what, const char *why);

#endif
