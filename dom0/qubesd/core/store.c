// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Saving: group commit in a worker thread. At most one write is under way; everything
 * that was changed meanwhile goes into the next one.
 */
#include "dom0/qubesd/core/store.h"

#include "dom0/qubesd/core/undo.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

typedef struct {
	StoreCallback cb;
	gpointer data;
} Waiter;

struct Store {
	App *app;	      /* borrowed */
	char *path, *history; /* owned */
	bool writing;
	StoreStamp stamp;	   /* of the file, as we left it */
	GArray *waiting, *current; /* Waiter: of the next write; of the one under way */
	GPtrArray *undo;	   /* steps back from what is being written */
};

/* A write, for the worker. */
typedef struct {
	char *path, *history, *text;
	unsigned gid;
	StoreStamp stamp;
} Write;

static void write_free(gpointer p)
{
	Write *w = p;

	g_free(w->path);
	g_free(w->history);
	g_free(w->text);
	g_free(w);
}

static void write_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	Write *w = data;
	GError *error = NULL;

	if (store_file_write(w->path, w->history, w->text, strlen(w->text), w->gid, &w->stamp,
			     &error))
		g_task_return_boolean(task, TRUE);
	else
		g_task_return_error(task, error);
}

static void begin(Store *s);

static void tell(GArray *waiters, const GError *error)
{
	for (guint i = 0; i < waiters->len; i++) {
		Waiter *w = &g_array_index(waiters, Waiter, i);

		if (w->cb)
			w->cb(w->data, error);
	}
	g_array_unref(waiters);
}

/* Nothing since the last good save happened: newer changes build upon the lost ones. */
static void roll_back(Store *s, const GError *why)
{
	GPtrArray *newer = undo_take(s->app);

	g_warning("%s could not be written, changes are taken back: %s", s->path, why->message);
	undo_run(s->app, newer);
	undo_run(s->app, s->undo);
	undo_list_free(newer);
}

static void write_done(GObject *source, GAsyncResult *result, gpointer data)
{
	Store *s = data;
	g_autoptr(GError) why = NULL;
	g_autoptr(GError) error = NULL;
	GArray *waiters = s->current, *lost = NULL;
	const Write *w = g_task_get_task_data(G_TASK(result));

	s->stamp = w->stamp;
	if (!g_task_propagate_boolean(G_TASK(result), &why)) {
		roll_back(s, why);
		fail(&error, E_QUBES,
		     "The change could not be saved to %s: %s; nothing was changed: make room and "
		     "try again",
		     s->path, why->message);
		lost = s->waiting;
		s->waiting = g_array_new(FALSE, FALSE, sizeof(Waiter));
	}
	g_clear_pointer(&s->undo, undo_list_free);
	s->current = NULL;
	s->writing = false;
	/* Callbacks may save again. */
	tell(waiters, error);
	if (lost)
		tell(lost, error);
	if (s->waiting->len && !s->writing)
		begin(s);
}

static void begin(Store *s)
{
	GTask *task = g_task_new(NULL, NULL, write_done, s);
	Write *w = g_new0(Write, 1);

	s->writing = true;
	s->current = s->waiting;
	s->waiting = g_array_new(FALSE, FALSE, sizeof(Waiter));
	s->undo = undo_take(s->app);
	w->path = g_strdup(s->path);
	w->history = g_strdup(s->history);
	w->text = store_write(s->app);
	w->gid = s->app->opt.owner_gid;
	w->stamp = s->stamp;
	g_task_set_task_data(task, w, write_free);
	g_task_set_priority(task, G_PRIORITY_HIGH);
	g_task_run_in_thread(task, write_in_thread);
	g_object_unref(task);
}

static gboolean begin_soon(gpointer data)
{
	Store *s = data;

	if (!s->writing && s->waiting->len)
		begin(s);
	return G_SOURCE_REMOVE;
}

typedef struct {
	StoreCallback cb;
	gpointer data;
} Nothing;

static gboolean nothing_saved(gpointer p)
{
	Nothing *n = p;

	n->cb(n->data, NULL);
	g_free(n);
	return G_SOURCE_REMOVE;
}

void store_save(App *app, StoreCallback cb, gpointer data)
{
	Store *s = app->store;
	Waiter w = {cb, data};

	if (!s) {
		Nothing *n = g_new0(Nothing, 1);

		n->cb = cb;
		n->data = data;
		if (cb)
			g_main_context_invoke_full(app->context, G_PRIORITY_HIGH, nothing_saved, n,
						   NULL);
		return;
	}
	g_array_append_val(s->waiting, w);
	/* From the loop, so that what happens in this turn is one write. */
	if (!s->writing && s->waiting->len == 1) {
		GSource *src = g_idle_source_new();

		g_source_set_priority(src, G_PRIORITY_DEFAULT);
		g_source_set_callback(src, begin_soon, s, NULL);
		g_source_attach(src, app->context);
		g_source_unref(src);
	}
}

bool store_busy(const App *app)
{
	return app->store && (app->store->writing || app->store->waiting->len);
}

void store_close(App *app)
{
	Store *s = app->store;

	if (!s)
		return;
	g_free(s->path);
	g_free(s->history);
	g_array_unref(s->waiting);
	g_free(s);
	app->store = NULL;
}

/* --- reading it at start --- */

static StoreDoc *read_doc(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, error))
		return NULL;
	return store_doc_parse(text, len, error);
}

/* The newest content of the history that is whole. */
static StoreDoc *recover(Store *s, const char *why, GError **error)
{
	g_autoptr(GPtrArray) names = store_history(s->history);
	g_autofree char *aside = g_strdup_printf("%s.damaged-%" G_GINT64_FORMAT, s->path,
						 g_get_real_time() / G_USEC_PER_SEC);

	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path =
			g_build_filename(s->history, g_ptr_array_index(names, i), NULL);
		StoreDoc *doc = read_doc(path, NULL);

		if (!doc)
			continue;
		if (rename(s->path, aside) == 0)
			g_critical("%s IS DAMAGED: %s. RESTORED FROM %s; the damaged file is kept "
				   "as %s. Changes after that copy are lost.",
				   s->path, why, path, aside);
		else
			g_critical(
				"%s IS GONE. RESTORED FROM %s. Changes after that copy are lost.",
				s->path, path);
		return doc;
	}
	g_set_error(error, STORE_DOC_ERROR, STORE_DAMAGED,
		    "%s is damaged: %s; and there is no whole copy in %s: restore it from a backup",
		    s->path, why, s->history);
	return NULL;
}

static Store *store_new(App *app)
{
	Store *s = g_new0(Store, 1);

	s->app = app;
	s->path = g_strconcat(app->opt.root, "/var/lib/qubes/qubes.xml", NULL);
	s->history = g_strconcat(app->opt.root, "/var/lib/qubes/backup", NULL);
	s->waiting = g_array_new(FALSE, FALSE, sizeof(Waiter));
	return s;
}

/* Without the file, but with copies of it, the system is not new: its qubes must not be lost. */
static bool is_new_system(const Store *s, const GError *why)
{
	g_autoptr(GPtrArray) names = store_history(s->history);

	return g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT) && !names->len;
}

bool store_open(App *app, GError **error)
{
	Store *s = store_new(app);
	g_autoptr(StoreDoc) doc = NULL;
	g_autoptr(GError) why = NULL;

	app->store = s;
	app->undo = NULL;
	doc = read_doc(s->path, &why);
	if (!doc && is_new_system(s, why)) {
		app->loading = true;
		store_make_initial(app);
		app->loading = false;
	} else if (!doc && (why->domain == STORE_DOC_ERROR ||
			    g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT))) {
		doc = recover(s, why->message, error);
		if (!doc)
			return false;
	} else if (!doc) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	if (doc && !store_load(app, doc, error)) {
		g_prefix_error(error, "%s: ", s->path);
		return false;
	}
	s->stamp = store_stamp(s->path);
	app->undo = undo_take(app);
	return true;
}
