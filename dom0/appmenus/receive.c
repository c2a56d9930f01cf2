/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeping what qubes tell of their applications (menus.h), which received.h has checked. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dom0/appmenus/menus.h"
#include "qrexec/base/cleanup.h"

/* Only what has a system of its own can be started without an application of it: the entry is its
 * own, others have it from their template. */
static bool add_start(struct menus *m, const char *dir, GError **err)
{
	return store_write(&m->store, dir, ENTRY_START, entry_start_template,
			   strlen(entry_start_template), err);
}

static bool copy_files(struct menus *m, const char *from, const char *to, const char *below,
		       GError **err)
{
	g_autofree char *source = store_dir(&m->store, from, below);
	g_autofree char *dest = store_dir(&m->store, to, below);
	g_auto(GStrv) files = store_list(source, NULL);

	for (char **f = files; *f; f++) {
		g_autofree char *path = g_build_filename(source, *f, NULL), *data = NULL;
		gsize n;

		if (g_file_get_contents(path, &data, &n, NULL) &&
		    !store_write(&m->store, dest, *f, data, n, err))
			return false;
	}
	return true;
}

/* The list of applications that the template has for new qubes. */
static bool take_default_list(struct menus *m, const char *qube, const char *source, GError **err)
{
	g_autofree char *own = admin_feature(m->admin, qube, "menu-items", false, NULL);
	g_autofree char *list = admin_feature(m->admin, source, "default-menu-items", false, NULL);

	return own || !list ||
	       admin_do(m->admin, qube, "admin.vm.feature.Set", "menu-items", list, err);
}

bool menus_init(struct menus *m, const char *qube, const char *source, GError **err)
{
	g_autofree char *template = admin_get_prop(m->admin, qube, "template");
	g_autofree char *dir = store_dir(&m->store, qube, STORE_TEMPLATES);
	const char *from = source ? source : template;
	_cleanup_close_ int lock = store_lock(&m->store, err);

	if (lock < 0)
		return false;
	if (g_mkdir_with_parents(dir, 0755) < 0) {
		g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_FAILED, "cannot make %s", dir);
		return false;
	}
	if (!from || !*from)
		return add_start(m, dir, err);
	if (!take_default_list(m, qube, from, err))
		return false;
	return !source || (copy_files(m, source, qube, STORE_TEMPLATES, err) &&
			   copy_files(m, source, qube, STORE_RECEIVED_ICONS, err));
}

/* Fetches and keeps an application's icon. False: there is none, neither new nor old. */
static bool keep_icon(struct menus *m, const char *qube, const struct received_app *app,
		      menus_icon icon, void *ctx)
{
	g_autofree char *dir = store_dir(&m->store, qube, STORE_RECEIVED_ICONS);
	g_autofree char *name = g_strconcat(app->id, ".rgba", NULL);
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autoptr(GBytes) packed = NULL;
	struct picture p;
	gsize n;
	const void *data;

	if (!app->values[RECEIVED_ICON])
		return false;
	if (!icon(ctx, app->values[RECEIVED_ICON], &p))
		return access(path, F_OK) == 0;
	packed = picture_pack(&p);
	picture_clear(&p);
	data = g_bytes_get_data(packed, &n);
	return store_write(&m->store, dir, name, data, n, NULL);
}

static bool keep_app(struct menus *m, const char *qube, const struct received_app *app, bool legacy,
		     bool icon, GError **err)
{
	g_autofree char *dir = store_dir(&m->store, qube, STORE_TEMPLATES);
	g_autofree char *file = g_strconcat(app->id, ".desktop", NULL);
	g_autofree char *text = entry_template(app, legacy, icon);

	/* One that lacks something stays as it was before. */
	return !text || store_write(&m->store, dir, file, text, strlen(text), err);
}

static bool was_received(const GPtrArray *apps, const char *file, const char *suffix)
{
	gsize n = strlen(file) - strlen(suffix);

	for (guint i = 0; i < apps->len; i++) {
		const struct received_app *a = apps->pdata[i];

		if (strlen(a->id) == n && strncmp(a->id, file, n) == 0)
			return true;
	}
	return false;
}

/* Forgets applications that the qube does not have any more. */
static void forget(struct menus *m, const char *qube, const char *below, const char *suffix,
		   const GPtrArray *apps)
{
	g_autofree char *dir = store_dir(&m->store, qube, below);
	g_auto(GStrv) files = store_list(dir, suffix);

	for (char **f = files; *f; f++) {
		g_autofree char *path = g_build_filename(dir, *f, NULL);

		if (strcmp(*f, ENTRY_START) != 0 && !was_received(apps, *f, suffix))
			unlink(path);
	}
}

bool menus_receive(struct menus *m, const char *qube, const GPtrArray *apps, menus_icon icon,
		   void *ctx, GError **err)
{
	bool legacy = false, own_system;
	g_autofree char *klass = admin_get_prop(m->admin, qube, "klass");
	g_autofree char *value = admin_feature(m->admin, qube, "appmenus-legacy", true, NULL);
	g_autofree char *dir = store_dir(&m->store, qube, STORE_TEMPLATES);
	g_autofree gboolean *icons = g_new0(gboolean, apps->len + 1);
	_cleanup_close_ int lock = -1;

	legacy = value && *value;
	own_system = g_strcmp0(klass, "AppVM") != 0 && g_strcmp0(klass, "DispVM") != 0;
	/* Not under the lock: the qube takes the time it likes. */
	for (guint i = 0; i < apps->len; i++)
		icons[i] = keep_icon(m, qube, apps->pdata[i], icon, ctx);
	lock = store_lock(&m->store, err);
	if (lock < 0 || (own_system && !add_start(m, dir, err)))
		return false;
	for (guint i = 0; i < apps->len; i++) {
		const struct received_app *a = apps->pdata[i];

		/* The name is ours. */
		if (strcmp(a->id, "qubes-start") != 0 &&
		    !keep_app(m, qube, a, legacy, icons[i], err))
			return false;
	}
	forget(m, qube, STORE_TEMPLATES, ".desktop", apps);
	forget(m, qube, STORE_RECEIVED_ICONS, ".rgba", apps);
	return true;
}
