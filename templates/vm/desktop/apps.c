/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where applications are (apps.h; XDG Base Directory Specification). */
#include "templates/vm/desktop/apps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "qrexec/base/io.h"
#include "templates/vm/desktop/desktop.h"

struct walk {
	apps_found found;
	void *ctx;
	size_t n_root; /* bytes of the path that belong to the folder of applications */
	bool ended;
};

char *apps_read(const char *path)
{
	char *text = NULL;
	size_t n;

	if (io_read_file(path, DESKTOP_FILE_MAX, &text, &n))
		return NULL;
	if (strlen(text) != n) {
		free(text);
		return NULL;
	}
	return text;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void walk_dir(struct walk *w, const char *dir, unsigned depth)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, visible, by_name);

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX], id[NAME_MAX + 1];
		struct stat st;
		int len = snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);

		free(list[i]);
		if (w->ended || len < 0 || (size_t)len >= sizeof(path) || stat(path, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < APPS_DEPTH_MAX)
			walk_dir(w, path, depth + 1);
		else if (S_ISREG(st.st_mode) && desktop_id(path + w->n_root, id, sizeof(id)))
			w->ended = !w->found(w->ctx, id, path);
	}
	free(list);
}

static void walk_data_dir(struct walk *w, const char *data_dir, size_t n)
{
	char dir[PATH_MAX];
	int len = snprintf(dir, sizeof(dir), "%.*s/applications", (int)n, data_dir);

	if (w->ended || data_dir[0] != '/' || len < 0 || (size_t)len >= sizeof(dir))
		return;
	w->n_root = (size_t)len + 1;
	walk_dir(w, dir, 0);
}

static void walk_home(struct walk *w, const char *below)
{
	const char *home = getenv("HOME");
	char dir[PATH_MAX];

	if (home && snprintf(dir, sizeof(dir), "%s/%s", home, below) < (int)sizeof(dir))
		walk_data_dir(w, dir, strlen(dir));
}

void apps_walk(bool own_only, apps_found found, void *ctx)
{
	static const char *const own[] = {"/usr/local/share", "/var/lib/flatpak/exports/share",
					  "/var/lib/snapd/desktop", "/usr/share"};
	struct walk w = {.found = found, .ctx = ctx};
	const char *home = getenv("XDG_DATA_HOME"), *dirs = getenv("XDG_DATA_DIRS");

	if (home && *home)
		walk_data_dir(&w, home, strlen(home));
	else
		walk_home(&w, ".local/share");
	walk_home(&w, ".local/share/flatpak/exports/share");
	if (own_only) {
		walk_data_dir(&w, own[0], strlen(own[0]));
		return;
	}
	if (!dirs || !*dirs) {
		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
			walk_data_dir(&w, own[i], strlen(own[i]));
		return;
	}
	while (*dirs) {
		size_t n = strcspn(dirs, ":");

		walk_data_dir(&w, dirs, n);
		dirs += n + (dirs[n] == ':');
	}
}
