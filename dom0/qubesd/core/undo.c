// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps back from changes that could not be saved. */
#include "dom0/qubesd/core/undo.h"

typedef struct {
	UndoFn fn;
	gpointer data;
	GDestroyNotify free_data;
} Step;

static void step_free(gpointer p)
{
	Step *s = p;

	if (s->free_data)
		s->free_data(s->data);
	g_free(s);
}

void undo_push(App *app, UndoFn fn, gpointer data, GDestroyNotify free_data)
{
	Step *s;

	if (!app->undo || app->loading) {
		if (free_data)
			free_data(data);
		return;
	}
	s = g_new0(Step, 1);
	s->fn = fn;
	s->data = data;
	s->free_data = free_data;
	g_ptr_array_add(app->undo, s);
}

GPtrArray *undo_take(App *app)
{
	GPtrArray *steps = app->undo;

	app->undo = g_ptr_array_new_with_free_func(step_free);
	return steps ? steps : g_ptr_array_new_with_free_func(step_free);
}

void undo_run(App *app, GPtrArray *steps)
{
	GPtrArray *record = app->undo;

	app->undo = NULL; /* taking back is not a change of its own */
	for (guint i = steps->len; i > 0; i--) {
		Step *s = g_ptr_array_index(steps, i - 1);

		s->fn(app, s->data);
	}
	app->undo = record;
}

void undo_list_free(GPtrArray *steps)
{
	if (steps)
		g_ptr_array_unref(steps);
}
