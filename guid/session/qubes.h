/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The qubes as the session shows them: names, states and colors, kept up to date by qubesd's
 * events. Asking qubesd happens on a thread, so that a slow one does not freeze the desktop.
 */
#ifndef QUBES_SESSION_QUBES_H
#define QUBES_SESSION_QUBES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct qube {
	char *name;
	char *klass; /* "AppVM", … */
	char *state; /* power state */
	uint32_t color;
	bool internal; /* not for menus */
};

/* Newest list, sorted by name. */
typedef void (*qubes_changed)(void *ctx);
/* A qube's state changed: what is said of it, "has started". */
typedef void (*qubes_event)(void *ctx, const char *name, const char *what, bool failure);

struct qubes;

/* Never NULL. The callbacks run in the main loop. */
struct qubes *qubes_new(qubes_changed changed, qubes_event event, void *ctx);
void qubes_free(struct qubes *q);

/* struct qube; belongs to the model, valid until the next change. */
const GPtrArray *qubes_list(const struct qubes *q);
/* NULL when there is none of that name. */
const struct qube *qubes_find(const struct qubes *q, const char *name);

bool qube_is_running(const struct qube *q);
bool qube_is_paused(const struct qube *q);

#endif
