/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session's list of qubes (qubes.h). The peer is qubesd, which is trusted. */
#include "guid/session/qubes.h"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/admin/listen.h"
#include "dom0/admin/vm.h"
#include "guid/session/icons.h"

#define SETTLE_MS 100 /* events come in groups */
#define QUBESD_TIMEOUT_MS 10000
#define QUBESD_RESTART_MS 2000
#define RETRY_S 5

struct qubes {
	GPtrArray *list;
	GCancellable *cancel;
	struct admin *admin;
	struct admin_listener *listener;
	guint pending;
	bool asking, again;
	qubes_changed changed;
	qubes_event event;
	void *ctx;
};

static void qube_free(gpointer data)
{
	struct qube *q = data;

	g_free(q->name);
	g_free(q->klass);
	g_free(q->state);
	g_free(q);
}

bool qube_is_running(const struct qube *q)
{
	return admin_state_running(q->state);
}

bool qube_is_paused(const struct qube *q)
{
	return strcmp(q->state, "Paused") == 0;
}

/* --- on the thread --------------------------------------------------------------- */

static uint32_t color_of(struct admin *a, GHashTable *known, const char *label)
{
	g_autofree char *text = NULL;
	gpointer color;

	if (!label)
		return ICON_NEUTRAL;
	if (g_hash_table_lookup_extended(known, label, NULL, &color))
		return GPOINTER_TO_UINT(color);
	text = admin_call(a, "dom0", "admin.label.Get", label, NULL, NULL);
	color = GUINT_TO_POINTER(text ? (guint)strtoul(text, NULL, 16) & 0xffffff : ICON_NEUTRAL);
	g_hash_table_insert(known, g_strdup(label), color);
	return GPOINTER_TO_UINT(color);
}

static void ask(GTask *task, gpointer source, gpointer data, GCancellable *cancel)
{
	g_autoptr(GHashTable) colors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(Admin) a = admin_new();
	g_autoptr(AdminVms) vms = NULL;
	GPtrArray *list;
	GError *err = NULL;

	admin_set_timeout(a, QUBESD_TIMEOUT_MS);
	admin_set_patience(a, QUBESD_RESTART_MS);
	vms = admin_vms_list(a, &err);
	if (!vms || !admin_vms_fetch(a, vms->list, "label", &err)) {
		g_task_return_error(task, err);
		return;
	}
	list = g_ptr_array_new_with_free_func(qube_free);
	for (guint i = 0; i < vms->list->len; i++) {
		struct admin_vm *vm = vms->list->pdata[i];
		struct qube *q;

		if (vm->gone || strcmp(vm->klass, "AdminVM") == 0)
			continue;
		q = g_new0(struct qube, 1);
		q->name = g_strdup(vm->name);
		q->klass = g_strdup(vm->klass);
		q->state = g_strdup(vm->state);
		q->color = color_of(a, colors, admin_vm_show(a, vm, "label"));
		q->internal = admin_feature_bool(a, vm->name, "internal", false);
		g_ptr_array_add(list, q);
	}
	g_task_return_pointer(task, list, (GDestroyNotify)g_ptr_array_unref);
}

/* --- in the main loop ------------------------------------------------------------- */

static void refresh(struct qubes *q);

static gboolean refresh_now(gpointer data)
{
	struct qubes *q = data;

	q->pending = 0;
	refresh(q);
	return G_SOURCE_REMOVE;
}

static void answered(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) err = NULL;
	GPtrArray *list = g_task_propagate_pointer(G_TASK(result), &err);
	struct qubes *q = data;

	if (g_error_matches(err, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* q is gone */
	q->asking = false;
	if (list) {
		g_ptr_array_unref(q->list);
		q->list = list;
		q->changed(q->ctx);
	} else {
		g_message("the list of qubes could not be read: %s", err->message);
	}
	if (q->again)
		refresh(q);
	else if (!list && !q->pending)
		q->pending = g_timeout_add_seconds(RETRY_S, refresh_now, q);
}

static void refresh(struct qubes *q)
{
	g_autoptr(GTask) task = NULL;

	q->again = q->asking;
	if (q->asking)
		return;
	q->asking = true;
	task = g_task_new(NULL, q->cancel, answered, q);
	g_task_run_in_thread(task, ask);
}

static void refresh_soon(struct qubes *q)
{
	if (!q->pending)
		q->pending = g_timeout_add(SETTLE_MS, refresh_now, q);
}

static const char *const notable[][2] = {
	{"domain-pre-start", "is starting"},
	{"domain-start", "has started"},
	{"domain-pre-shutdown", "is shutting down"},
	{"domain-shutdown", "has halted"},
	{"domain-start-failed", "could not be started"},
	{"domain-shutdown-failed", "could not be shut down"},
};

static void happened(const struct admin_event *e, gpointer data)
{
	struct qubes *q = data;

	for (size_t i = 0; i < G_N_ELEMENTS(notable); i++) {
		bool failure = g_str_has_suffix(e->name, "-failed");
		const char *reason = failure ? admin_event_value(e, "reason") : NULL;
		g_autofree char *text = NULL;

		if (strcmp(e->name, notable[i][0]) != 0)
			continue;
		text = g_strdup_printf("%s%s%s", notable[i][1], reason ? ": " : "",
				       reason ? reason : "");
		q->event(q->ctx, e->subject, text, failure);
	}
	if (strcmp(e->name, "connection-established") == 0 ||
	    g_str_has_prefix(e->name, "domain-") || g_str_has_suffix(e->name, ":label") ||
	    g_str_has_suffix(e->name, ":internal"))
		refresh_soon(q);
}

struct qubes *qubes_new(qubes_changed changed, qubes_event event, void *ctx)
{
	struct qubes *q = g_new0(struct qubes, 1);

	q->changed = changed;
	q->event = event;
	q->ctx = ctx;
	q->list = g_ptr_array_new_with_free_func(qube_free);
	q->cancel = g_cancellable_new();
	q->admin = admin_new();
	q->listener = admin_listen(q->admin, "dom0", happened, q);
	return q;
}

void qubes_free(struct qubes *q)
{
	g_cancellable_cancel(q->cancel);
	g_object_unref(q->cancel);
	admin_listener_free(q->listener);
	admin_free(q->admin);
	if (q->pending)
		g_source_remove(q->pending);
	g_ptr_array_unref(q->list);
	g_free(q);
}

const GPtrArray *qubes_list(const struct qubes *q)
{
	return q->list;
}

const struct qube *qubes_find(const struct qubes *q, const char *name)
{
	for (guint i = 0; i < q->list->len; i++) {
		const struct qube *one = q->list->pdata[i];

		if (strcmp(one->name, name) == 0)
			return one;
	}
	return NULL;
}
