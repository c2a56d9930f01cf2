// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing to QubesDB. The daemon is ours; what is behind it is the qube, so nothing here
 * waits without a limit. One thread does all updates of running qubes, in order.
 */
#include "dom0/qubesd/core/qdb.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/qdb-private.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/spawn.h"
#include "qrexec/base/io.h"
#include "qrexec/qubesdb/qubesdb-client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool write_one(qdb_handle_t h, const DocPair *key, GError **error, const char *name)
{
	int ok = key->value ? qdb_write(h, key->name, key->value, (unsigned)strlen(key->value))
			    : qdb_rm(h, key->name);

	return ok || fail(error, E_QUBES, "QubesDB of %s refused %s: %s", name, key->name,
			  g_strerror(errno));
}

bool qdb_write_keys(const char *name, GPtrArray *keys, GError **error)
{
	qdb_handle_t h = qdb_open(name);
	bool ok = true;

	if (!h)
		return fail(error, E_QUBES, "QubesDB of %s does not answer: %s", name,
			    g_strerror(errno));
	for (guint i = 0; i < keys->len && ok; i++)
		ok = write_one(h, g_ptr_array_index(keys, i), error, name);
	qdb_close(h);
	return ok;
}

/* --- updates of running qubes --- */

typedef struct {
	char *name;
	GPtrArray *keys; /* NULL: to be made */
	GPtrArray *(*make)(gpointer data);
	gpointer data;
	GDestroyNotify free_data;
} Update;

static void do_update(gpointer p, gpointer unused)
{
	Update *u = p;
	g_autoptr(GError) why = NULL;

	if (!u->keys)
		u->keys = u->make(u->data);
	if (!qdb_write_keys(u->name, u->keys, &why))
		g_warning("qube %s: %s", u->name, why->message);
	g_ptr_array_unref(u->keys);
	if (u->free_data)
		u->free_data(u->data);
	g_free(u->name);
	g_free(u);
}

static void push(Domain *d, Update *u)
{
	App *app = d->h.app;

	if (!app->qdb_updates)
		app->qdb_updates = g_thread_pool_new(do_update, NULL, 1, FALSE, NULL);
	u->name = g_strdup(d->name);
	g_thread_pool_push(app->qdb_updates, u, NULL);
}

void qdb_queue(Domain *d, GPtrArray *keys)
{
	Update *u = g_new0(Update, 1);

	u->keys = keys;
	push(d, u);
}

void qdb_queue_made(Domain *d, GPtrArray *(*make)(gpointer data), gpointer data,
		    GDestroyNotify free_data)
{
	Update *u = g_new0(Update, 1);

	u->make = make;
	u->data = data;
	u->free_data = free_data;
	push(d, u);
}

void qdb_stop(App *app)
{
	if (app->qdb_updates)
		g_thread_pool_free(app->qdb_updates, FALSE, TRUE);
	app->qdb_updates = NULL;
}

/* While it starts, the start itself writes everything. */
static bool has_qdb(const Domain *d)
{
	return domain_is_qube(d) && d->run && d->run->phase == RUN_UP && helpers_wanted(d->h.app);
}

static const DocPair *find(const GPtrArray *keys, const char *path)
{
	for (guint i = 0; i < keys->len; i++) {
		const DocPair *p = g_ptr_array_index(keys, i);

		if (!strcmp(p->name, path))
			return p;
	}
	return NULL;
}

void qdb_refresh(Domain *d, const char *path)
{
	g_autoptr(GPtrArray) all = NULL;
	GPtrArray *one;
	const DocPair *now;

	if (!has_qdb(d))
		return;
	all = qdb_keys(d);
	now = find(all, path);
	one = g_ptr_array_new_with_free_func(doc_pair_free);
	g_ptr_array_add(one, doc_pair_new(path, now ? now->value : NULL));
	qdb_queue(d, one);
}

void qdb_rewrite(Domain *d)
{
	GPtrArray *keys;

	if (!has_qdb(d))
		return;
	keys = qdb_keys(d);
	/* The qube has taken its seed: no second one for whoever reads it later. */
	for (guint i = 0; i < keys->len; i++) {
		const DocPair *p = g_ptr_array_index(keys, i);

		if (!strcmp(p->name, QDB_RANDOM_SEED)) {
			g_ptr_array_remove_index(keys, i);
			break;
		}
	}
	qdb_queue(d, keys);
}

void qdb_put(Domain *d, const char *path, const char *value)
{
	GPtrArray *one;

	if (!has_qdb(d))
		return;
	one = g_ptr_array_new_with_free_func(doc_pair_free);
	g_ptr_array_add(one, doc_pair_new(path, value));
	qdb_queue(d, one);
}

/* dom0's own services are files. */
static void dom0_service(Domain *dom0, const char *feature)
{
	const char *service = feature + strlen("service.");
	g_autofree char *dir = g_strconcat(dom0->h.app->opt.root, "/run/qubes-service", NULL);
	g_autofree char *path = NULL;
	int fd;

	if (!g_str_has_prefix(feature, "service.") || !*service || strchr(service, '/'))
		return;
	path = g_build_filename(dir, service, NULL);
	if (!feature_true(feature_get(dom0, feature))) {
		unlink(path);
		return;
	}
	io_mkdir_p(dir, 0755);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0)
		close(fd);
}

void qdb_feature_changed(Domain *d, const char *feature)
{
	const char *app = g_str_has_prefix(feature, "service.app-dispvm.")
				  ? feature + strlen("service.app-dispvm.")
				  : NULL;
	g_autofree char *path = qdb_feature_path(feature);

	if (d->h.cls == CLS_ADMIN)
		dom0_service(d, feature);
	if (path)
		qdb_refresh(d, path);
	if (app) {
		g_autofree char *hash = qdb_app_dispvm_path(app);

		qdb_refresh(d, hash);
	}
}
