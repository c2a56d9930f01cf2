/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The targets that a question lets the user choose from (targets.h). */
#include "policy/agent/targets.h"

#include <cairo-gobject.h>

#include "dom0/desktop/color.h"
#include "policy/agent/swatch.h"

enum { COL_TARGET, COL_NAME, COL_PICTURE, N_COLS };

struct targets {
	targets_event changed, activated;
	void *ctx;
	GtkWidget *scroll, *list; /* their parent's */
	GtkTreeModel *filter;	  /* a reference */
	char *typed;		  /* owned; in lower case */
};

static GtkTreeSelection *selection_of(const struct targets *t)
{
	return gtk_tree_view_get_selection(GTK_TREE_VIEW(t->list));
}

static char *display_name(struct pol_str target)
{
	const struct pol_str disp = POL_STR("@dispvm:");

	if (pol_eq(target, POL_STR("@dispvm")))
		return g_strdup("new disposable qube");
	if (!pol_starts(target, disp))
		return g_strndup(target.p, target.n);
	return g_strdup_printf("new disposable qube (%.*s)", POL_ARG(pol_skip(target, disp.n)));
}

/* Qubes by name, disposables after them. */
static gint by_name(GtkTreeModel *model, GtkTreeIter *a, GtkTreeIter *b, gpointer data)
{
	g_autofree char *x = NULL, *y = NULL;
	bool dx, dy;

	gtk_tree_model_get(model, a, COL_TARGET, &x, -1);
	gtk_tree_model_get(model, b, COL_TARGET, &y, -1);
	dx = x && *x == '@';
	dy = y && *y == '@';
	return dx != dy ? dx - dy : g_strcmp0(x, y);
}

static GtkListStore *build_store(const struct agent_params *params)
{
	GtkListStore *store = gtk_list_store_new(N_COLS, G_TYPE_STRING, G_TYPE_STRING,
						 CAIRO_GOBJECT_TYPE_SURFACE);

	for (size_t i = 0; i < params->n_targets; i++) {
		struct pol_str t = params->targets[i];
		g_autofree char *target = g_strndup(t.p, t.n), *name = display_name(t);
		cairo_surface_t *picture =
			swatch_new(agent_color(agent_look_of(params, t)), target[0] == '@');

		gtk_list_store_insert_with_values(store, NULL, -1, COL_TARGET, target, COL_NAME,
						  name, COL_PICTURE, picture, -1);
		cairo_surface_destroy(picture);
	}
	gtk_tree_sortable_set_default_sort_func(GTK_TREE_SORTABLE(store), by_name, NULL, NULL);
	gtk_tree_sortable_set_sort_column_id(GTK_TREE_SORTABLE(store),
					     GTK_TREE_SORTABLE_DEFAULT_SORT_COLUMN_ID,
					     GTK_SORT_ASCENDING);
	return store;
}

/* A row shows when its name has the typed text in it, in any case. */
static gboolean row_visible(GtkTreeModel *model, GtkTreeIter *it, gpointer data)
{
	const struct targets *t = data;
	g_autofree char *name = NULL, *low_name = NULL;

	if (!*t->typed)
		return TRUE;
	gtk_tree_model_get(model, it, COL_NAME, &name, -1);
	if (!name)
		return FALSE;
	low_name = g_utf8_strdown(name, -1);
	return strstr(low_name, t->typed) != NULL;
}

static void row_activated(GtkTreeView *view, GtkTreePath *path, GtkTreeViewColumn *column,
			  gpointer data)
{
	const struct targets *t = data;

	t->activated(t->ctx);
}

static void selection_changed(GtkTreeSelection *sel, gpointer data)
{
	const struct targets *t = data;

	t->changed(t->ctx);
}

static void make_list(struct targets *t)
{
	GtkTreeView *view;

	t->list = gtk_tree_view_new_with_model(t->filter);
	view = GTK_TREE_VIEW(t->list);
	gtk_tree_view_set_headers_visible(view, FALSE);
	gtk_tree_view_set_enable_search(view, FALSE);
	gtk_tree_view_insert_column_with_attributes(view, -1, NULL, gtk_cell_renderer_pixbuf_new(),
						    "surface", COL_PICTURE, NULL);
	gtk_tree_view_insert_column_with_attributes(view, -1, NULL, gtk_cell_renderer_text_new(),
						    "text", COL_NAME, NULL);
	gtk_tree_selection_set_mode(selection_of(t), GTK_SELECTION_BROWSE);
	/* GTK selects the first row by itself when the list gets the focus. */
	gtk_tree_selection_unselect_all(selection_of(t));
	g_signal_connect(selection_of(t), "changed", G_CALLBACK(selection_changed), t);
	g_signal_connect(t->list, "row-activated", G_CALLBACK(row_activated), t);
}

struct targets *targets_new(const struct agent_params *params, targets_event changed,
			    targets_event activated, void *ctx)
{
	g_autoptr(GtkListStore) store = build_store(params);
	struct targets *t = g_new0(struct targets, 1);

	t->changed = changed;
	t->activated = activated;
	t->ctx = ctx;
	t->typed = g_strdup("");
	t->filter = gtk_tree_model_filter_new(GTK_TREE_MODEL(store), NULL);
	gtk_tree_model_filter_set_visible_func(GTK_TREE_MODEL_FILTER(t->filter), row_visible, t,
					       NULL);
	make_list(t);
	t->scroll = gtk_scrolled_window_new(NULL, NULL);
	gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(t->scroll), GTK_POLICY_NEVER,
				       GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_shadow_type(GTK_SCROLLED_WINDOW(t->scroll), GTK_SHADOW_IN);
	gtk_widget_set_size_request(t->scroll, -1, desktop_length(180));
	gtk_container_add(GTK_CONTAINER(t->scroll), t->list);
	return t;
}

void targets_mute(struct targets *t)
{
	g_signal_handlers_disconnect_by_data(selection_of(t), t);
	g_signal_handlers_disconnect_by_data(t->list, t);
}

void targets_free(struct targets *t)
{
	if (!t)
		return;
	g_object_unref(t->filter);
	g_free(t->typed);
	g_free(t);
}

GtkWidget *targets_widget(const struct targets *t)
{
	return t->scroll;
}

char *targets_chosen(const struct targets *t)
{
	GtkTreeModel *model;
	GtkTreeIter it;
	char *target = NULL;

	if (gtk_tree_selection_get_selected(selection_of(t), &model, &it))
		gtk_tree_model_get(model, &it, COL_TARGET, &target, -1);
	return target;
}

void targets_move(struct targets *t, int delta)
{
	int n = gtk_tree_model_iter_n_children(t->filter, NULL), row = delta > 0 ? -1 : n;
	g_autoptr(GtkTreePath) path = NULL;
	GtkTreeModel *model;
	GtkTreeIter it;

	if (!n)
		return;
	if (gtk_tree_selection_get_selected(selection_of(t), &model, &it)) {
		g_autoptr(GtkTreePath) now = gtk_tree_model_get_path(model, &it);

		row = gtk_tree_path_get_indices(now)[0];
	}
	row = CLAMP(row + delta, 0, n - 1);
	path = gtk_tree_path_new_from_indices(row, -1);
	gtk_tree_selection_select_path(selection_of(t), path);
	gtk_tree_view_scroll_to_cell(GTK_TREE_VIEW(t->list), path, NULL, FALSE, 0, 0);
}

void targets_find(struct targets *t, const char *typed)
{
	g_free(t->typed);
	t->typed = g_utf8_strdown(typed, -1);
	gtk_tree_model_filter_refilter(GTK_TREE_MODEL_FILTER(t->filter));
	if (*typed && gtk_tree_model_iter_n_children(t->filter, NULL) == 1) {
		g_autoptr(GtkTreePath) path = gtk_tree_path_new_first();

		gtk_tree_selection_select_path(selection_of(t), path);
	}
}

void targets_select(struct targets *t, struct pol_str target)
{
	GtkTreeIter it;

	for (gboolean ok = gtk_tree_model_get_iter_first(t->filter, &it); ok && target.p;
	     ok = gtk_tree_model_iter_next(t->filter, &it)) {
		g_autofree char *name = NULL;

		gtk_tree_model_get(t->filter, &it, COL_TARGET, &name, -1);
		if (!pol_eq(pol_str(name), target))
			continue;
		gtk_tree_selection_select_iter(selection_of(t), &it);
		return;
	}
}
