/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy in force (store.h). The files are dom0's own. */
#include "policy/daemon/store.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/engine/path.h"

#define SETTLE_MS 10	  /* after the last change, an editor is done */
#define SETTLE_MAX_MS 250 /* but no stream of changes keeps us from loading */

#define WATCHED                                                                                    \
	(IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |        \
	 IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)

struct store {
	char **dirs;	  /* owned */
	char *compat_dir; /* owned */
	void (*changed)(void *ctx);
	void *ctx;
	int inotify;
	guint watch, timer;
	gint64 first_change; /* of those not loaded yet, monotonic us; 0 = none */
	GHashTable *watches; /* watch descriptors of folders where everything matters */
	GHashTable *parents; /* watch descriptor → owned path of a policy folder's parent */
	struct pol_policy *policy;
	struct pol_error error;
};

static void watch_dir(struct store *s, const char *dir)
{
	int wd = inotify_add_watch(s->inotify, dir, WATCHED | IN_ONLYDIR);

	if (wd >= 0)
		g_hash_table_add(s->watches, GINT_TO_POINTER(wd));
}

/* A policy folder that does not exist yet, or is replaced, shows in its parent. */
static void watch_parent(struct store *s, const char *dir)
{
	g_autofree char *parent = g_path_get_dirname(dir);
	int wd = inotify_add_watch(s->inotify, parent,
				   IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
					   IN_ONLYDIR | IN_MASK_ADD);

	if (wd >= 0)
		g_hash_table_insert(s->parents, GINT_TO_POINTER(wd), g_steal_pointer(&parent));
}

/* The loader tells what it reads: folders, and files whose folders are to be watched. */
static void note(void *ctx, const char *path)
{
	char resolved[POL_PATH_MAX];
	struct store *s = ctx;
	struct stat st;

	if (pol_path_resolve(".", path, resolved) < 0)
		return;
	if (stat(resolved, &st) < 0 || !S_ISDIR(st.st_mode))
		*strrchr(resolved, '/') = '\0';
	watch_dir(s, resolved[0] ? resolved : "/");
}

/* Subfolders too: an include may come to name a file that is not there yet. */
static void watch_tree(struct store *s, const char *dir, unsigned depth)
{
	g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
	const char *name;

	watch_dir(s, dir);
	while (d && depth && (name = g_dir_read_name(d))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);
		struct stat st;

		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			watch_tree(s, path, depth - 1);
	}
}

static void load(struct store *s)
{
	struct pol_load options = {.dirs = (const char *const *)s->dirs,
				   .n_dirs = g_strv_length(s->dirs),
				   .compat_dir = s->compat_dir,
				   .note = note,
				   .note_ctx = s};
	struct pol_buf text = {0};

	s->first_change = 0;
	for (char **dir = s->dirs; *dir; dir++) {
		watch_parent(s, *dir);
		watch_tree(s, *dir, 4);
	}
	watch_tree(s, s->compat_dir, 1);
	pol_policy_unref(s->policy);
	s->policy = NULL;
	pol_error_clear(&s->error);
	if (pol_load(&options, &s->policy, &s->error) == 0) {
		g_message("policy loaded: %zu rules", s->policy->n_rules);
		return;
	}
	pol_error_text(&s->error, &text);
	g_warning("error loading policy: %s: every call is denied until this is mended",
		  text.p ? text.p : "out of memory");
	pol_buf_clear(&text);
}

static gboolean settled(gpointer data)
{
	struct store *s = data;

	s->timer = 0;
	load(s);
	s->changed(s->ctx);
	return G_SOURCE_REMOVE;
}

static void note_change(struct store *s)
{
	gint64 now = g_get_monotonic_time(), wait = SETTLE_MS;

	if (!s->first_change)
		s->first_change = now;
	if (now - s->first_change > SETTLE_MAX_MS * 1000)
		wait = 0;
	if (s->timer)
		g_source_remove(s->timer);
	s->timer = g_timeout_add((guint)wait, settled, s);
}

/* Whether dir/name is one of the policy folders. */
static bool is_policy_dir(struct store *s, const char *dir, const char *name)
{
	bool found = false;

	for (char **d = s->dirs; *d && !found; d++) {
		g_autofree char *parent = g_path_get_dirname(*d);
		g_autofree char *base = g_path_get_basename(*d);

		found = strcmp(parent, dir) == 0 && strcmp(base, name) == 0;
	}
	return found;
}

static bool concerns_us(struct store *s, const struct inotify_event *ev)
{
	gpointer wd = GINT_TO_POINTER(ev->wd);
	const char *parent;

	if (ev->mask & IN_Q_OVERFLOW)
		return true;
	if (ev->mask & IN_IGNORED) {
		g_hash_table_remove(s->watches, wd);
		g_hash_table_remove(s->parents, wd);
		return false;
	}
	if (g_hash_table_contains(s->watches, wd))
		return true;
	parent = g_hash_table_lookup(s->parents, wd);
	return parent && ev->len && is_policy_dir(s, parent, ev->name);
}

/* Takes what inotify has to say, without waiting. */
static void drain(struct store *s)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool change = false;
	ssize_t n;

	while ((n = read(s->inotify, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *ev = (const struct inotify_event *)p;

			change |= concerns_us(s, ev);
			p += sizeof(*ev) + ev->len;
		}
	}
	if (change)
		note_change(s);
}

static gboolean inotify_ready(gint fd, GIOCondition cond, gpointer data)
{
	drain(data);
	return G_SOURCE_CONTINUE;
}

bool store_policy(struct store *s, struct pol_policy **ret, const struct pol_error **ret_error)
{
	drain(s);
	if (s->first_change)
		return false;
	*ret = s->policy ? pol_policy_ref(s->policy) : NULL;
	*ret_error = &s->error;
	return true;
}

struct store *store_new(const char *const *dirs, const char *compat_dir, void (*changed)(void *ctx),
			void *ctx)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct store *s;

	if (fd < 0)
		return NULL;
	s = g_new0(struct store, 1);
	s->inotify = fd;
	s->dirs = g_strdupv((char **)dirs);
	s->compat_dir = g_strdup(compat_dir);
	s->changed = changed;
	s->ctx = ctx;
	s->watches = g_hash_table_new(NULL, NULL);
	s->parents = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	s->watch = g_unix_fd_add_full(G_PRIORITY_HIGH, fd, G_IO_IN, inotify_ready, s, NULL);
	load(s);
	return s;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	g_source_remove(s->watch);
	if (s->timer)
		g_source_remove(s->timer);
	close(s->inotify);
	g_hash_table_unref(s->watches);
	g_hash_table_unref(s->parents);
	pol_policy_unref(s->policy);
	pol_error_clear(&s->error);
	g_strfreev(s->dirs);
	g_free(s->compat_dir);
	g_free(s);
}
