/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GUI daemons of a session (guids.h). They are our own programs, but they talk to
 * qubes: whatever ends one of them, the others and this process go on.
 */
#include "dom0/cli/guids.h"

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

struct guid {
	struct guids *owner;
	char *name, *color, *config; /* owned */
	struct guid_spec spec;	     /* its strings point to the above */
	pid_t pid;		     /* 0: not running */
	bool ours;		     /* a child; else adopted */
	int pidfd;		     /* of an adopted one, else -1 */
	guint watch, timer;
	guint pause_ms;
	gint64 since; /* µs */
};

struct guids {
	GHashTable *byname; /* name → struct guid, owned */
	guids_alive_fn alive;
	gpointer data;
};

static bool start(struct guid *d, GError **err);

static char *path_of(const char *format, unsigned xid)
{
	char path[QUBES_PATH_MAX];
	g_autofree char *tail = g_strdup_printf("/run/qubes/%s.%u", format, xid);

	return g_strdup(qubes_path(path, sizeof(path), "%s", tail) ? path : tail);
}

pid_t guids_running(unsigned xid)
{
	g_autofree char *path = path_of("guid-running", xid);
	pid_t pid = pidfile_holder(path);

	return pid > 0 ? pid : 0;
}

/* The daemon's log; the last one is kept when it has grown large. -1: our own stderr. */
static int open_log(const char *name)
{
	char path[QUBES_PATH_MAX], old[QUBES_PATH_MAX];
	struct stat st;

	if (!qubes_path(path, sizeof(path), "/var/log/qubes/guid.%s.log", name) ||
	    !qubes_path(old, sizeof(old), "/var/log/qubes/guid.%s.log.old", name))
		return -1;
	if (stat(path, &st) == 0 && st.st_size > LOG_MAX)
		rename(path, old);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
}

static bool write_config(const struct guid_spec *s, const char *path, GError **err)
{
	return g_file_set_contents_full(path, s->config, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644,
					err);
}

/* Starts qubes-guid; in the foreground unless once. */
static pid_t spawn(const struct guid_spec *s, bool once, GError **err)
{
	g_autofree char *program = program_find("qubes-guid", NULL);
	g_autofree char *config = path_of("guid-conf", s->xid);
	g_autofree char *label = g_strdup_printf("%u", s->label);
	g_autofree char *xid = g_strdup_printf("%u", s->xid);
	const char *argv[24] = {program, "-N", s->name, "-c", s->color, "-l",
				label,	 "-d", xid,	"-C", config};
	guint n = 11;
	_cleanup_close_ int log = once ? -1 : open_log(s->name);
	int out = log >= 0 ? log : STDERR_FILENO;

	if (!write_config(s, config, err))
		return -1;
	if (!once)
		argv[n++] = "-f";
	if (s->debug) {
		argv[n++] = "-v";
		argv[n++] = "-v";
	}
	if (s->qrexec_clipboard)
		argv[n++] = "-Q";
	if (s->background)
		argv[n++] = "-n";
	if (s->kde)
		argv[n++] = "-T";
	return program_spawn(argv, -1, out, out, err);
}

bool guids_start_once(const struct guid_spec *spec, GError **err)
{
	pid_t pid = spawn(spec, true, err);

	if (pid < 0)
		return false;
	if (program_wait(pid) == 0)
		return true;
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER,
		    "the GUI daemon did not connect; see guid.%s.log", spec->name);
	return false;
}

static void forget_process(struct guid *d)
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
	struct guid *d = data;
	g_autoptr(GError) err = NULL;

	d->timer = 0;
	if (!d->owner->alive(d->name, d->owner->data)) {
		guids_drop(d->owner, d->name);
		return G_SOURCE_REMOVE;
	}
	if (!start(d, &err)) {
		fprintf(stderr, "%s: cannot restart the GUI daemon: %s\n", d->name, err->message);
		d->timer = g_timeout_add(PAUSE_MAX_MS, on_restart, d);
	}
	return G_SOURCE_REMOVE;
}

static void ended(struct guid *d, const char *how, int code)
{
	if (g_get_monotonic_time() - d->since > (gint64)LIVED_MS * 1000)
		d->pause_ms = PAUSE_MIN_MS;
	fprintf(stderr, "%s: the GUI daemon ended (%s %d); restart in %u ms\n", d->name, how, code,
		d->pause_ms);
	forget_process(d);
	d->timer = g_timeout_add(d->pause_ms, on_restart, d);
	d->pause_ms = MIN(d->pause_ms * 2, PAUSE_MAX_MS);
}

static void on_child(GPid pid, gint status, gpointer data)
{
	struct guid *d = data;

	d->watch = 0; /* a child watch fires once */
	ended(d, WIFSIGNALED(status) ? "signal" : "status",
	      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static gboolean on_adopted(gint fd, GIOCondition condition, gpointer data)
{
	struct guid *d = data;

	d->watch = 0;
	ended(d, "pid", (int)d->pid);
	return G_SOURCE_REMOVE;
}

static bool adopt(struct guid *d)
{
	pid_t pid = guids_running(d->spec.xid);

	if (!pid)
		return false;
	d->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (d->pidfd < 0)
		return false;
	d->pid = pid;
	d->ours = false;
	d->since = g_get_monotonic_time();
	d->watch = g_unix_fd_add(d->pidfd, G_IO_IN, on_adopted, d);
	fprintf(stderr, "%s: GUI daemon %d is running already\n", d->name, (int)pid);
	return true;
}

static bool start(struct guid *d, GError **err)
{
	if (adopt(d))
		return true;
	d->pid = spawn(&d->spec, false, err);
	if (d->pid < 0) {
		d->pid = 0;
		return false;
	}
	d->ours = true;
	d->since = g_get_monotonic_time();
	d->watch = g_child_watch_add(d->pid, on_child, d);
	fprintf(stderr, "%s: GUI daemon %d started\n", d->name, (int)d->pid);
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
static void guid_free(gpointer p)
{
	struct guid *d = p;
	g_autofree char *config = path_of("guid-conf", d->spec.xid);
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
	unlink(config);
	g_free(d->name);
	g_free(d->color);
	g_free(d->config);
	g_free(d);
}

struct guids *guids_new(guids_alive_fn alive, gpointer data)
{
	struct guids *g = g_new0(struct guids, 1);

	g->byname = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, guid_free);
	g->alive = alive;
	g->data = data;
	return g;
}

void guids_free(struct guids *g)
{
	if (!g)
		return;
	guids_signal(g, SIGTERM); /* all at once; then each is waited for */
	g_hash_table_unref(g->byname);
	g_free(g);
}

bool guids_want(struct guids *g, const struct guid_spec *spec, GError **err)
{
	struct guid *d = g_hash_table_lookup(g->byname, spec->name);

	if (d && d->spec.xid == spec->xid)
		return true;
	guids_drop(g, spec->name);
	d = g_new0(struct guid, 1);
	d->owner = g;
	d->name = g_strdup(spec->name);
	d->color = g_strdup(spec->color);
	d->config = g_strdup(spec->config);
	d->spec = *spec;
	d->spec.name = d->name;
	d->spec.color = d->color;
	d->spec.config = d->config;
	d->pidfd = -1;
	d->pause_ms = PAUSE_MIN_MS;
	g_hash_table_insert(g->byname, d->name, d);
	if (start(d, err))
		return true;
	guids_drop(g, spec->name);
	return false;
}

void guids_drop(struct guids *g, const char *name)
{
	g_hash_table_remove(g->byname, name);
}

void guids_each(struct guids *g, void (*fn)(const char *name, gpointer data), gpointer data)
{
	g_autoptr(GList) names = g_hash_table_get_keys(g->byname);

	for (GList *l = names; l; l = l->next) {
		g_autofree char *name = g_strdup(l->data);

		fn(name, data);
	}
}

void guids_signal(struct guids *g, int sig)
{
	GHashTableIter it;
	struct guid *d;

	g_hash_table_iter_init(&it, g->byname);
	while (g_hash_table_iter_next(&it, NULL, (gpointer *)&d))
		if (d->pid > 0)
			kill(d->pid, sig);
}
