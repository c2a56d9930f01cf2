/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of menus (store.h). All are the user's own. */
#include "dom0/appmenus/store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static bool make_dir(const char *path, GError **err)
{
	if (g_mkdir_with_parents(path, 0755) == 0)
		return true;
	g_set_error(err, G_FILE_ERROR, g_file_error_from_errno(errno), "cannot make %s: %s", path,
		    g_strerror(errno));
	return false;
}

bool store_open(struct store *ret, GError **err)
{
	const char *data = g_get_user_data_dir(), *config = g_get_user_config_dir();

	ret->base = g_build_filename(data, "qubes-appmenus", NULL);
	ret->entries = g_build_filename(data, "applications", NULL);
	ret->directories = g_build_filename(data, "desktop-directories", NULL);
	ret->menus = g_build_filename(config, "menus", "applications-merged", NULL);
	if (make_dir(ret->base, err) && make_dir(ret->entries, err) &&
	    make_dir(ret->directories, err) && make_dir(ret->menus, err))
		return true;
	store_clear(ret);
	return false;
}

void store_clear(struct store *s)
{
	g_free(s->base);
	g_free(s->entries);
	g_free(s->directories);
	g_free(s->menus);
	memset(s, 0, sizeof(*s));
}

int store_lock(const struct store *s, GError **err)
{
	g_autofree char *path = g_build_filename(s->base, ".lock", NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	g_set_error(err, G_FILE_ERROR, g_file_error_from_errno(errno), "cannot lock %s: %s", path,
		    g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

char *store_dir(const struct store *s, const char *qube, const char *below)
{
	return g_build_filename(s->base, qube, below, NULL);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GStrv store_list(const char *dir, const char *suffix)
{
	GPtrArray *names = g_ptr_array_new();
	g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d)))
		if (name[0] != '.' && (!suffix || g_str_has_suffix(name, suffix)))
			g_ptr_array_add(names, g_strdup(name));
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return (GStrv)g_ptr_array_free(names, FALSE);
}

bool store_write(const struct store *s, const char *dir, const char *name, const void *data,
		 gsize n, GError **err)
{
	g_autofree char *path = g_build_filename(dir, name, NULL), *old = NULL;
	gsize n_old = 0;

	if (!s->force && g_file_get_contents(path, &old, &n_old, NULL) && n_old == n &&
	    memcmp(old, data, n) == 0)
		return true;
	return make_dir(dir, err) &&
	       g_file_set_contents_full(path, data, (gssize)n, G_FILE_SET_CONTENTS_CONSISTENT, 0644,
					err);
}

/* Where the desktop looks for such a file. */
static const char *place_of(const struct store *s, const char *file)
{
	return g_str_has_suffix(file, ".menu")	      ? s->menus
	       : g_str_has_suffix(file, ".directory") ? s->directories
						      : s->entries;
}

bool store_install(const struct store *s, const char *qube, const char *file, const char *text,
		   GError **err)
{
	g_autofree char *own = store_dir(s, qube, STORE_APPS);
	gsize n = strlen(text);

	return store_write(s, own, file, text, n, err) &&
	       store_write(s, place_of(s, file), file, text, n, err);
}

void store_uninstall(const struct store *s, const char *qube, const char *file)
{
	g_autofree char *own = store_dir(s, qube, STORE_APPS);
	g_autofree char *copy = g_build_filename(own, file, NULL);
	g_autofree char *installed = g_build_filename(place_of(s, file), file, NULL);

	g_unlink(installed);
	g_unlink(copy);
}

GStrv store_qubes(const struct store *s)
{
	return store_list(s->base, NULL);
}

/* The folders are two levels deep, and nothing in them is a link to elsewhere. */
static void remove_tree(const char *path, int depth)
{
	g_auto(GStrv) names = NULL;

	if (g_unlink(path) == 0 || errno == ENOENT || depth == 0)
		return;
	names = store_list(path, NULL);
	for (char **n = names; *n; n++) {
		g_autofree char *child = g_build_filename(path, *n, NULL);

		remove_tree(child, depth - 1);
	}
	g_rmdir(path);
}

void store_remove(const struct store *s, const char *qube)
{
	g_autofree char *dir = store_dir(s, qube, NULL);

	remove_tree(dir, 3);
}
