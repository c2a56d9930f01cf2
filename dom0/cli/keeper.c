/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Daemons that each running qube has one of (keeper.h). They are our own programs, but they talk to
 * qubes: whatever ends one of them, the others and this process go on.
 */
#include "dom0/cli/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/pidfile.h"

/* A daemon that ends is restarted after a pause, doubled each time ... */
#define PAUSE_MIN_MS 250
#define PAUSE_MAX_MS 15000
/* ... and short again after one that lived this long. */
#define LIVED_MS 30000
#define LOG_MAX (1024 * 1024)
/* How long a daemon may take to end. */
#define END_MS 2000

struct kept {
	struct keeper *owner;
	char *name, *config;   /* owned */
	char **args;	       /* owned */
	struct keeper_job job; /* its pointers are to the above */
	pid_t pid;	       /* 0: not running */
	bool ours;	       /* a child; else adopted */
	int pidfd;	       /* of an adopted one, else -1 */
	guint watch, timer;
	guint pause_ms;
	gint64 since; /* µs */
};

struct keeper {
	const struct keeper_kind *kind;
	GHashTable *byname; /* name → struct kept, owned */
	keeper_alive_fn alive;
	gpointer data;
};

static bool start(struct kept *d, GError **err);

/* /run/qubes/WHAT.XID. g_free(). */
static char *path_of(const char *what, unsigned xid)
{
	char path[QUBES_PATH_MAX];
	g_autofree char *tail = g_strdup_printf("/run/qubes/%s.%u", what, xid);

	return g_strdup(qubes_path(path, sizeof(path), "%s", tail) ? path : tail);
}

char *keeper_config_path(const struct keeper_kind *kind, unsigned xid)
{
	return path_of(kind->config, xid);
}

pid_t keeper_running(const struct keeper_kind *kind, unsigned xid)
{
	g_autofree char *path = path_of(kind->pidfile, xid);
	pid_t pid = pidfile_holder(path);

	return pid > 0 ? pid : 0;
}

/* The last one is kept when it has grown large. */
int keeper_open_log(const struct keeper_kind *kind, const char *name)
{
	char path[QUBES_PATH_MAX], old[QUBES_PATH_MAX];
	struct stat st;

	if (!qubes_path(path, sizeof(path), "/var/log/qubes/%s.%s.log", kind->log, name) ||
	    !qubes_path(old, sizeof(old), "/var/log/qubes/%s.%s.log.old", kind->log, name))
		return -1;
	if (stat(path, &st) == 0 && st.st_size > LOG_MAX)
		rename(path, old);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
}

static bool write_config(const struct keeper_kind *kind, const struct keeper_job *job, GError **err)
{
	g_autofree char *path = NULL;

	if (!kind->config)
		return true;
	path = keeper_config_path(kind, job->xid);
	return g_file_set_contents_full(path, job->config, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644,
					err);
}

pid_t keeper_spawn(const struct keeper_kind *kind, const struct keeper_job *job, int log,
		   GError **err)
{
	g_autofree char *program = program_find(kind->program, NULL);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	int out = log >= 0 ? log : STDERR_FILENO;

	if (!write_config(kind, job, err))
		return -1;
	g_ptr_array_add(argv, program);
	for (const char *const *a = job->args; *a; a++)
		g_ptr_array_add(argv, (gpointer)*a);
	g_ptr_array_add(argv, NULL);
	return program_spawn((const char *const *)argv->pdata, -1, out, out, err);
}

static void forget_process(struct kept *d)
{
	if (d->watch)
		g_source_remove(d->watch);
	if (d->pidfd >= 0)
		close(d->pidfd);
	d->watch = 0;
	d->pidfd = -1;
	d->pid = 0;
}

static gboolean on_restart(gpointer data)
{
	struct kept *d = data;
	g_autoptr(GError) err = NULL;

	d->timer = 0;
	if (!d->owner->alive(d->name, d->owner->data)) {
		keeper_drop(d->owner, d->name);
		return G_SOURCE_REMOVE;
	}
	if (!start(d, &err)) {
		fprintf(stderr, "%s: cannot restart the %s: %s\n", d->name, d->owner->kind->what,
			err->message);
		d->timer = g_timeout_add(PAUSE_MAX_MS, on_restart, d);
	}
	return G_SOURCE_REMOVE;
}

static void ended(struct kept *d, const char *how, int code)
{
	if (g_get_monotonic_time() - d->since > (gint64)LIVED_MS * 1000)
		d->pause_ms = PAUSE_MIN_MS;
	fprintf(stderr, "%s: the %s ended (%s %d); restart in %u ms\n", d->name,
		d->owner->kind->what, how, code, d->pause_ms);
	forget_process(d);
	d->timer = g_timeout_add(d->pause_ms, on_restart, d);
	d->pause_ms = MIN(d->pause_ms * 2, PAUSE_MAX_MS);
}

static void on_child(GPid pid, gint status, gpointer data)
{
	struct kept *d = data;

	d->watch = 0; /* a child watch fires once */
	ended(d, WIFSIGNALED(status) ? "signal" : "status",
	      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static gboolean on_adopted(gint fd, GIOCondition condition, gpointer data)
{
	struct kept *d = data;

	d->watch = 0;
	ended(d, "pid", (int)d->pid);
	return G_SOURCE_REMOVE;
}

static bool adopt(struct kept *d)
{
	pid_t pid = keeper_running(d->owner->kind, d->job.xid);

	if (!pid)
		return false;
	d->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (d->pidfd < 0)
		return false;
	d->pid = pid;
	d->ours = false;
	d->since = g_get_monotonic_time();
	d->watch = g_unix_fd_add(d->pidfd, G_IO_IN, on_adopted, d);
	fprintf(stderr, "%s: %s %d is running already\n", d->name, d->owner->kind->what, (int)pid);
	return true;
}

static bool start(struct kept *d, GError **err)
{
	_cleanup_close_ int log = -1;

	if (adopt(d))
		return true;
	log = keeper_open_log(d->owner->kind, d->name);
	d->pid = keeper_spawn(d->owner->kind, &d->job, log, err);
	if (d->pid < 0) {
		d->pid = 0;
		return false;
	}
	d->ours = true;
	d->since = g_get_monotonic_time();
	d->watch = g_child_watch_add(d->pid, on_child, d);
	fprintf(stderr, "%s: %s %d started\n", d->name, d->owner->kind->what, (int)d->pid);
	return true;
}

/* Waits for a child that was told to end; one that does not is killed. */
static void reap(pid_t pid)
{
	for (int ms = 0; ms < END_MS; ms += 10) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		usleep(10000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Called by the table when a qube is dropped. */
static void kept_free(gpointer p)
{
	struct kept *d = p;
	const struct keeper_kind *kind = d->owner->kind;
	g_autofree char *config = kind->config ? keeper_config_path(kind, d->job.xid) : NULL;
	pid_t pid = d->pid;
	bool ours = d->ours;

	if (d->timer)
		g_source_remove(d->timer);
	forget_process(d);
	if (pid > 0) {
		kill(pid, SIGTERM);
		if (ours)
			reap(pid);
	}
	if (config)
		unlink(config);
	g_free(d->name);
	g_free(d->config);
	g_strfreev(d->args);
	g_free(d);
}

struct keeper *keeper_new(const struct keeper_kind *kind, keeper_alive_fn alive, gpointer data)
{
	struct keeper *k = g_new0(struct keeper, 1);

	k->kind = kind;
	k->byname = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, kept_free);
	k->alive = alive;
	k->data = data;
	return k;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	keeper_signal(k, SIGTERM); /* all at once; then each is waited for */
	g_hash_table_unref(k->byname);
	g_free(k);
}

bool keeper_want(struct keeper *k, const struct keeper_job *job, GError **err)
{
	struct kept *d = g_hash_table_lookup(k->byname, job->name);

	if (d && d->job.xid == job->xid)
		return true;
	keeper_drop(k, job->name);
	d = g_new0(struct kept, 1);
	d->owner = k;
	d->name = g_strdup(job->name);
	d->config = g_strdup(job->config);
	d->args = g_strdupv((char **)job->args);
	d->job = (struct keeper_job){.name = d->name,
				     .xid = job->xid,
				     .args = (const char *const *)d->args,
				     .config = d->config};
	d->pidfd = -1;
	d->pause_ms = PAUSE_MIN_MS;
	g_hash_table_insert(k->byname, d->name, d);
	if (start(d, err))
		return true;
	keeper_drop(k, job->name);
	return false;
}

void keeper_drop(struct keeper *k, const char *name)
{
	g_hash_table_remove(k->byname, name);
}

void keeper_each(struct keeper *k, void (*fn)(const char *name, gpointer data), gpointer data)
{
	g_autoptr(GList) names = g_hash_table_get_keys(k->byname);

	for (GList *l = names; l; l = l->next) {
		g_autofree char *name = g_strdup(l->data);

		fn(name, data);
	}
}

void keeper_signal(struct keeper *k, int sig)
{
	GHashTableIter it;
	struct kept *d;

	g_hash_table_iter_init(&it, k->byname);
	while (g_hash_table_iter_next(&it, NULL, (gpointer *)&d))
		if (d->pid > 0)
			kill(d->pid, sig);
}
