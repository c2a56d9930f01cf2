/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Menus of qubes (menus.h). The peer is qubesd; what qubes said was checked when it came. */
#include "dom0/appmenus/menus.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"

/* Templates of templates: a disposable, its app qube, its template. */
#define DEPTH_MAX 4
#define SIGN_SIZE 48

/* A qube as its menu needs to know it. */
struct about {
	char *name, *klass, *template, *dir; /* owned */
	GStrv wanted;			     /* owned; NULL: all */
	uint32_t color;
	bool provides_network, template_for_dispvms, disposables, none;
};

bool menus_open(struct menus *ret, struct admin *a, GError **err)
{
	memset(ret, 0, sizeof(*ret));
	ret->admin = a;
	return store_open(&ret->store, err);
}

void menus_clear(struct menus *m)
{
	store_clear(&m->store);
}

static bool prop_true(struct menus *m, const char *qube, const char *name)
{
	g_autofree char *value = admin_get_prop(m->admin, qube, name);

	return g_strcmp0(value, "True") == 0;
}

static void about_clear(struct about *q)
{
	g_free(q->name);
	g_free(q->klass);
	g_free(q->template);
	g_free(q->dir);
	g_strfreev(q->wanted);
}
typedef struct about About;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(About, about_clear)

GStrv menus_wanted(struct menus *m, const char *qube)
{
	g_autofree char *list = admin_feature(m->admin, qube, "menu-items", false, NULL);
	g_autofree char *path = NULL, *text = NULL;

	if (!list) {
		/* How it was kept before there were features. */
		path = store_dir(&m->store, qube, "whitelisted-appmenus.list");
		if (!g_file_get_contents(path, &text, NULL, NULL))
			return NULL;
		list = g_strdelimit(g_steal_pointer(&text), "\r\n", ' ');
	}
	return g_strsplit(g_strstrip(list), " ", -1);
}

static uint32_t label_color(struct menus *m, const char *qube)
{
	g_autofree char *label = admin_get_prop(m->admin, qube, "label");
	g_autofree char *text =
		label ? admin_call(m->admin, "dom0", "admin.label.Get", label, NULL, NULL) : NULL;

	return text ? (uint32_t)strtoul(text, NULL, 16) & 0xffffff : 0x888888;
}

/* Whether the qube has a menu, here. */
static bool has_menu(struct menus *m, const struct about *q)
{
	g_autofree char *guivm = admin_get_prop(m->admin, q->name, "guivm");

	if (strcmp(q->klass, "AdminVM") == 0 || strcmp(q->klass, "RemoteVM") == 0)
		return false;
	if (strcmp(q->klass, "DispVM") == 0 && prop_true(m, q->name, "auto_cleanup"))
		return false;
	return g_strcmp0(guivm, admin_local_name(m->admin)) == 0 &&
	       !admin_feature_bool(m->admin, q->name, "internal", false);
}

static bool about_fetch(struct menus *m, const char *qube, struct about *ret, GError **err)
{
	g_autofree char *klass = admin_get_prop(m->admin, qube, "klass");

	if (!klass) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_VM_NOT_FOUND, "no such domain: '%s'",
			    qube);
		return false;
	}
	ret->name = g_strdup(qube);
	ret->klass = g_steal_pointer(&klass);
	ret->dir = store_dir(&m->store, qube, NULL);
	ret->none = !has_menu(m, ret);
	if (ret->none)
		return true;
	ret->template = admin_get_prop(m->admin, qube, "template");
	ret->wanted = menus_wanted(m, qube);
	ret->color = label_color(m, qube);
	ret->provides_network = prop_true(m, qube, "provides_network");
	ret->template_for_dispvms = prop_true(m, qube, "template_for_dispvms");
	ret->disposables = ret->template_for_dispvms &&
			   admin_feature_bool(m->admin, qube, "appmenus-dispvm", false);
	return true;
}

/* --- what is kept --------------------------------------------------------------------- */

static void app_free(gpointer data)
{
	struct menus_app *a = data;

	g_free(a->file);
	g_free(a->text);
	g_free(a);
}

static bool has_app(const GPtrArray *apps, const char *file)
{
	for (guint i = 0; i < apps->len; i++)
		if (strcmp(((struct menus_app *)apps->pdata[i])->file, file) == 0)
			return true;
	return false;
}

static void add_apps(struct menus *m, const char *qube, GPtrArray *apps)
{
	g_autofree char *dir = store_dir(&m->store, qube, STORE_TEMPLATES);
	g_auto(GStrv) files = store_list(dir, ".desktop");

	for (char **f = files; *f; f++) {
		g_autofree char *path = g_build_filename(dir, *f, NULL), *text = NULL;
		struct menus_app *a;

		if (has_app(apps, *f) || !g_file_get_contents(path, &text, NULL, NULL))
			continue;
		a = g_new0(struct menus_app, 1);
		a->file = g_strdup(*f);
		a->text = g_steal_pointer(&text);
		g_ptr_array_add(apps, a);
	}
}

static gint by_file(gconstpointer a, gconstpointer b)
{
	const struct menus_app *const *one = a, *const *other = b;

	return strcmp((*one)->file, (*other)->file);
}

GPtrArray *menus_available(struct menus *m, const char *qube, const char *template)
{
	GPtrArray *apps = g_ptr_array_new_with_free_func(app_free);
	g_autofree char *next =
		template ? g_strdup(template) : admin_get_prop(m->admin, qube, "template");

	add_apps(m, qube, apps);
	for (int depth = 0; next && *next && depth < DEPTH_MAX; depth++) {
		g_autofree char *above = admin_get_prop(m->admin, next, "template");

		add_apps(m, next, apps);
		g_free(next);
		next = g_steal_pointer(&above);
	}
	g_ptr_array_sort(apps, by_file);
	return apps;
}

/* The icon that the qube or what it is based on sent for an application. */
static bool find_icon(struct menus *m, const char *qube, const char *name, struct picture *ret)
{
	g_autofree char *at = g_strdup(qube);

	for (int depth = 0; at && *at && depth < DEPTH_MAX; depth++) {
		g_autofree char *dir = store_dir(&m->store, at, STORE_RECEIVED_ICONS);
		g_autofree char *path = g_strdup_printf("%s/%s.rgba", dir, name), *data = NULL;
		g_autofree char *above = NULL;
		gsize n;

		if (g_file_get_contents(path, &data, &n, NULL) && picture_parse(data, n, ret) == 0)
			return true;
		above = admin_get_prop(m->admin, at, "template");
		g_free(at);
		at = g_steal_pointer(&above);
	}
	return false;
}

/* --- making a menu ---------------------------------------------------------------------- */

static bool write_png(struct menus *m, const char *dir, const char *name, struct picture *p,
		      GError **err)
{
	g_autoptr(GBytes) png = picture_png(p);
	gsize n;
	const void *data = g_bytes_get_data(png, &n);
	bool ok = store_write(&m->store, dir, name, data, n, err);

	picture_clear(p);
	return ok;
}

static bool write_signs(struct menus *m, const struct about *q, GError **err)
{
	enum picture_sign sign = strcmp(q->klass, "TemplateVM") == 0 ? PICTURE_LAYERS
				 : q->provides_network		     ? PICTURE_NODE
				 : strcmp(q->klass, "DispVM") == 0   ? PICTURE_OPEN_LOCK
								     : PICTURE_LOCK;
	struct picture p;

	picture_draw(sign, q->color, SIGN_SIZE, &p);
	if (!write_png(m, q->dir, ENTRY_ICON_QUBE, &p, err))
		return false;
	if (!q->disposables)
		return true;
	picture_draw(PICTURE_OPEN_LOCK, q->color, SIGN_SIZE, &p);
	return write_png(m, q->dir, ENTRY_ICON_DISPOSABLE, &p, err);
}

/* The icon of an application in the qube's color. That of a qube where there is none. */
static bool write_icon(struct menus *m, const struct about *q, const char *file, GError **err)
{
	g_autofree char *dir = store_dir(&m->store, q->name, STORE_ICONS);
	g_autofree char *id = g_strndup(file, strlen(file) - strlen(".desktop"));
	g_autofree char *name = g_strconcat(id, ".png", NULL);
	struct picture p;

	if (find_icon(m, q->name, id, &p))
		picture_tint(&p, q->color);
	else
		picture_draw(PICTURE_LOCK, q->color, SIGN_SIZE, &p);
	return write_png(m, dir, name, &p, err);
}

static bool install(struct menus *m, const struct about *q, char *file, char *text,
		    GPtrArray *files, GError **err)
{
	g_ptr_array_add(files, file);
	return store_install(&m->store, q->name, file, text, err);
}

static bool add_entries(struct menus *m, const struct about *q, enum entry_kind kind,
			const struct entry_qube *e, GPtrArray *files, GError **err)
{
	g_autoptr(GPtrArray) apps = menus_available(m, q->name, NULL);

	for (guint i = 0; i < apps->len; i++) {
		const struct menus_app *a = apps->pdata[i];
		g_autofree char *text = NULL;

		if (q->wanted && !g_strv_contains((const char *const *)q->wanted, a->file))
			continue;
		text = entry_desktop(a->text, e, kind);
		if (!text)
			continue;
		if ((strstr(text, "/" STORE_ICONS "/") && !write_icon(m, q, a->file, err)) ||
		    !install(m, q, entry_desktop_file(q->name, a->file, kind), text, files, err))
			return false;
	}
	return true;
}

/* One menu; adds the names of its files to files. */
static bool make_menu(struct menus *m, const struct about *q, enum entry_kind kind,
		      GPtrArray *files, GError **err)
{
	struct entry_qube e = {.name = q->name,
			       .klass = q->klass,
			       .dir = q->dir,
			       .provides_network = q->provides_network,
			       .template_for_dispvms = q->template_for_dispvms};
	g_autofree char *directory = entry_directory(&e, kind), *settings = NULL, *menu = NULL;
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
	bool ok = add_entries(m, q, kind, &e, entries, err);

	if (ok && kind == ENTRY_QUBE) {
		settings = entry_desktop(entry_settings_template, &e, kind);
		ok = install(m, q, entry_settings_file(q->name), settings, entries, err);
	}
	g_ptr_array_add(entries, NULL);
	if (!ok)
		return false;
	menu = entry_menu(&e, kind, (const char *const *)entries->pdata);
	for (guint i = 0; i + 1 < entries->len; i++)
		g_ptr_array_add(files, g_strdup(entries->pdata[i]));
	/* The folder first, the menu that needs all of them last. */
	return install(m, q, entry_directory_file(q->name, kind), directory, files, err) &&
	       install(m, q, entry_menu_file(q->name, kind), menu, files, err);
}

/* Takes away what is not among files. */
static void sweep(struct menus *m, const char *qube, const GPtrArray *files)
{
	g_autofree char *dir = store_dir(&m->store, qube, STORE_APPS);
	g_auto(GStrv) there = store_list(dir, NULL);

	for (char **f = there; *f; f++)
		if (!g_ptr_array_find_with_equal_func((GPtrArray *)files, *f, g_str_equal, NULL))
			store_uninstall(&m->store, qube, *f);
}

static void sweep_icons(struct menus *m, const struct about *q)
{
	g_autofree char *dir = store_dir(&m->store, q->name, STORE_ICONS);
	g_auto(GStrv) there = store_list(dir, ".png");
	g_autoptr(GPtrArray) apps = menus_available(m, q->name, NULL);

	for (char **f = there; *f; f++) {
		g_autofree char *id = g_strndup(*f, strlen(*f) - strlen(".png"));
		g_autofree char *file = g_strconcat(id, ".desktop", NULL);
		g_autofree char *path = g_build_filename(dir, *f, NULL);

		if (!has_app(apps, file) ||
		    (q->wanted && !g_strv_contains((const char *const *)q->wanted, file)))
			unlink(path);
	}
}

bool menus_create(struct menus *m, const char *qube, GError **err)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	g_auto(About) q = {0};
	_cleanup_close_ int lock = -1;

	if (!about_fetch(m, qube, &q, err))
		return false;
	lock = store_lock(&m->store, err);
	if (lock < 0)
		return false;
	if (!q.none && (!write_signs(m, &q, err) || !make_menu(m, &q, ENTRY_QUBE, files, err) ||
			(q.disposables && !make_menu(m, &q, ENTRY_DISPOSABLE, files, err))))
		return false;
	sweep(m, qube, files);
	if (!q.none)
		sweep_icons(m, &q);
	return true;
}

void menus_remove(struct menus *m, const char *qube)
{
	g_autoptr(GPtrArray) nothing = g_ptr_array_new();
	_cleanup_close_ int lock = store_lock(&m->store, NULL);

	/* Also where nothing can be locked. */
	(void)lock;
	sweep(m, qube, nothing);
	store_remove(&m->store, qube);
}

/* Qubes that are based on this one, directly or not, that have been listed before. */
static bool update_children(struct menus *m, const char *qube, int depth, GError **err)
{
	g_autoptr(AdminVms) vms = admin_vms_list(m->admin, err);

	if (!vms || !admin_vms_fetch(m->admin, vms->list, "template", err))
		return false;
	for (guint i = 0; i < vms->list->len; i++) {
		struct admin_vm *vm = vms->list->pdata[i];
		g_autoptr(GError) e = NULL;

		if (vm->gone || g_strcmp0(admin_vm_show(m->admin, vm, "template"), qube) != 0)
			continue;
		if (!menus_create(m, vm->name, &e) &&
		    !admin_error_is(e, ADMIN_ERROR_VM_NOT_FOUND))
			g_printerr("%s: the menu was not made: %s\n", vm->name, e->message);
		if (depth && !update_children(m, vm->name, depth - 1, err))
			return false;
	}
	return true;
}

bool menus_update(struct menus *m, const char *qube, GError **err)
{
	g_autofree char *dir = store_dir(&m->store, qube, NULL);
	bool known = access(dir, F_OK) == 0;
	g_auto(About) q = {0};

	if (!known) {
		if (!about_fetch(m, qube, &q, err))
			return false;
		if (q.none)
			return true;
		if (!menus_init(m, qube, NULL, err))
			return false;
	}
	return menus_create(m, qube, err) && update_children(m, qube, 2, err);
}
