/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Menus that follow the qubes (appwatch.h): a new qube gets one, a removed one loses it, and a
 * change of label, template or list of applications shows. Its peer is qubesd.
 */
#include "dom0/cli/appwatch.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "dom0/admin/listen.h"
#include "qrexec/base/pidfile.h"

/* One change of the user's is often several events. */
#define SETTLE_MS 200
/* qubesd answers at once; when it does not, it is asked again. */
#define CALL_TIMEOUT_MS 10000
#define AGAIN_MS 5000

struct watch {
	struct ctx *c;
	struct menus *m;
	GMainLoop *loop;
	GHashTable *pending; /* owned; names of qubes to look at */
	guint timer;
	bool all;
	bool unanswered; /* and that was said */
};

static void say(const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s\n", what, detail);
}

/* Makes the menu of a qube, or takes it away when there is no such qube. False when qubesd did not
 * say enough for that. */
static bool look_at(struct watch *w, const struct admin_vms *vms, const char *name)
{
	g_autoptr(GError) err = NULL;

	if (!admin_vms_find(vms, name)) {
		menus_remove(w->m, name);
		return true;
	}
	if (!strcmp(name, admin_local_name(w->c->admin)) || menus_update(w->m, name, &err))
		return true;
	/* Removed since: an event tells, and its menu goes then. */
	if (admin_error_is(err, ADMIN_ERROR_VM_NOT_FOUND))
		return true;
	if (!w->unanswered)
		say(name, err->message);
	return !admin_error_is(err, ADMIN_ERROR_COMMUNICATION);
}

static void add_all(struct watch *w, const struct admin_vms *vms)
{
	g_auto(GStrv) kept = store_qubes(&w->m->store);

	for (char **k = kept; *k; k++)
		g_hash_table_add(w->pending, g_strdup(*k));
	for (guint i = 0; i < vms->list->len; i++)
		g_hash_table_add(w->pending,
				 g_strdup(((struct admin_vm *)vms->list->pdata[i])->name));
}

static gboolean settle(gpointer data);

/* Later once more, when qubesd is not so busy. */
static void look_again(struct watch *w, bool unanswered)
{
	w->unanswered = unanswered;
	if (unanswered)
		w->timer = g_timeout_add(AGAIN_MS, settle, w);
}

static gboolean settle(gpointer data)
{
	struct watch *w = data;
	g_autoptr(GError) err = NULL;
	g_autoptr(AdminVms) vms = admin_vms_list(w->c->admin, &err);
	GHashTableIter i;
	gpointer name;

	w->timer = 0;
	if (!vms) {
		if (!w->unanswered)
			say("cannot list the qubes", err->message);
		look_again(w, true);
		return G_SOURCE_REMOVE;
	}
	if (w->all)
		add_all(w, vms);
	w->all = false;
	g_hash_table_iter_init(&i, w->pending);
	while (g_hash_table_iter_next(&i, &name, NULL) && look_at(w, vms, name))
		g_hash_table_iter_remove(&i);
	look_again(w, g_hash_table_size(w->pending) > 0);
	return G_SOURCE_REMOVE;
}

static void look_soon(struct watch *w, const char *name)
{
	if (name && *name && !strchr(name, '/'))
		g_hash_table_add(w->pending, g_strdup(name));
	if (!w->timer)
		w->timer = g_timeout_add(SETTLE_MS, settle, w);
}

/* Whether an event is about what a menu is made of. */
static bool matters(const char *event)
{
	static const char *const kinds[] = {"property-set:", "property-reset:",
					    "domain-feature-set:", "domain-feature-delete:"};
	static const char names[] =
		"label template provides_network template_for_dispvms guivm auto_cleanup "
		"menu-items appmenus-dispvm internal";

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		gsize n = strlen(kinds[i]);

		if (strncmp(event, kinds[i], n) == 0)
			return word_in(names, event + n, strlen(event + n));
	}
	return false;
}

static void on_event(const struct admin_event *e, gpointer data)
{
	struct watch *w = data;

	if (!strcmp(e->name, "connection-established")) {
		w->all = true;
		look_soon(w, NULL);
	} else if (!strcmp(e->name, "connection-lost")) {
		say("no connection to qubesd, trying again", admin_event_value(e, "reason"));
	} else if (!strcmp(e->name, "domain-add") || !strcmp(e->name, "domain-delete")) {
		look_soon(w, admin_event_value(e, "vm"));
	} else if (matters(e->name)) {
		look_soon(w, e->subject);
	}
}

static gboolean on_terminate(gpointer data)
{
	g_main_loop_quit(((struct watch *)data)->loop);
	return G_SOURCE_CONTINUE;
}

int appwatch_run(struct ctx *c, struct menus *m)
{
	g_autofree char *path = g_build_filename(m->store.base, ".watch.pid", NULL);
	struct watch w = {.c = c, .m = m};
	struct admin_listener *l;
	int lock = pidfile_lock(path);

	if (lock == -EALREADY)
		return ctx_error(c, "another one is running already (pid %d)",
				 (int)pidfile_holder(path));
	if (lock < 0)
		return ctx_error(c, "cannot create %s: %s", path, g_strerror(-lock));
	admin_set_timeout(c->admin, CALL_TIMEOUT_MS);
	w.pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	w.loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGTERM, on_terminate, &w);
	g_unix_signal_add(SIGINT, on_terminate, &w);
	l = admin_listen(c->admin, "dom0", on_event, &w);
	g_main_loop_run(w.loop);
	admin_listener_free(l);
	if (w.timer)
		g_source_remove(w.timer);
	g_main_loop_unref(w.loop);
	g_hash_table_unref(w.pending);
	unlink(path);
	close(lock);
	return EXIT_OK;
}
