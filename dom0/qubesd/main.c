// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qubesd: the daemon that knows all qubes. Options, start, end. The only root process of
 * dom0; its clients are dom0's programs and, through qrexec, qubes that policy let through.
 */
#include "dom0/qubesd/api/call.h"
#include "dom0/qubesd/api/server.h"
#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/journal.h"
#include "dom0/qubesd/core/life.h"
#include "dom0/qubesd/core/pool-watch.h"
#include "dom0/qubesd/core/netvm.h"
#include "dom0/qubesd/core/pool.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/store.h"
#include "dom0/qubesd/devices/sysfs.h"
#include "dom0/qubesd/core/trim.h"
#include "dom0/qubesd/core/volume.h"
#include "dom0/qubesd/options.h"
#include "qrexec/base/io.h"
#include "qrexec/base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* How long the end waits for what is under way. */
#define GRACE_S 10

typedef struct {
	App *app;
	Server *server;
	GMainLoop *loop;
	int status;
	gint64 deadline_us;
} Daemon;

/* --- log: lines on standard error --- */

static GLogWriterOutput log_line(GLogLevelFlags level, const GLogField *fields, gsize n,
				 gpointer data)
{
	static const struct {
		GLogLevelFlags level;
		const char *text;
	} words[] = {{G_LOG_LEVEL_ERROR, "error: "},
		     {G_LOG_LEVEL_CRITICAL, "critical: "},
		     {G_LOG_LEVEL_WARNING, "warning: "}};
	g_autofree char *message = NULL;
	const char *word = "";

	if (level & G_LOG_LEVEL_DEBUG)
		return G_LOG_WRITER_HANDLED;
	for (gsize i = 0; i < n; i++)
		if (!message && !strcmp(fields[i].key, "MESSAGE"))
			message = g_strdup(fields[i].value);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (level & words[i].level)
			word = words[i].text;
	if (message)
		text_one_line(message);
	fprintf(stderr, "qubesd: %s%s\n", word, message ? message : "");
	return G_LOG_WRITER_HANDLED;
}

/* --- start --- */

static int die(const char *what)
{
	fprintf(stderr, "qubesd: %s\n", what);
	return 1;
}

static void make_folder(const Options *opt, const char *path, mode_t mode)
{
	g_autofree char *full = g_strconcat(opt->root, path, NULL);
	int r = io_mkdir_p(full, mode);

	if (r)
		g_warning("%s: %s", full, g_strerror(-r));
}

static void make_folders(const Options *opt)
{
	g_autofree char *var_run = g_strconcat(opt->root, "/var/run", NULL);
	g_autofree char *run = g_strconcat(opt->root, "/run/qubes", NULL);
	g_autofree char *log = g_strconcat(opt->root, "/var/log/qubes", NULL);

	make_folder(opt, "/run/qubes", 0775);
	make_folder(opt, "/var/lib/qubes", 0755);
	make_folder(opt, "/var/lib/qubes/appvms", 0770);
	make_folder(opt, "/var/lib/qubes/vm-templates", 0770);
	make_folder(opt, "/var/lib/qubes/vm-kernels", 0755);
	make_folder(opt, "/var/log/qubes", 0775);
	/* The daemons of qubes run as the owner and write there. */
	if (!geteuid() && (chown(run, opt->owner_uid, opt->owner_gid) < 0 ||
			   chown(log, opt->owner_uid, opt->owner_gid) < 0))
		g_warning("%s: %s", run, g_strerror(errno));
	if (*opt->root && symlink("../run", var_run) < 0 && errno != EEXIST)
		g_warning("%s: %s", var_run, g_strerror(errno));
}

/* 0, or the lock's holder is told. */
static int take_lock(const Options *opt)
{
	g_autofree char *path = g_strconcat(opt->root, "/run/qubes/qubesd.pid", NULL);
	int fd = pidfile_lock(path);

	if (fd == -EALREADY)
		fprintf(stderr, "qubesd: another qubesd runs already (pid %d, %s)\n",
			(int)pidfile_holder(path), path);
	else if (fd < 0)
		fprintf(stderr, "qubesd: %s: %s\n", path, strerror(-fd));
	return fd < 0 ? -1 : 0; /* kept open: it is the lock */
}

/* A filesystem without reflinks is good enough to begin with, if slow. */
static bool open_without_reflinks(Pool *p)
{
	if (strcmp(p->driver, "file-reflink") || g_hash_table_contains(p->params, "setup_check"))
		return false;
	g_hash_table_insert(p->params, g_strdup("setup_check"), g_strdup("False"));
	if (pool_open(p, NULL))
		return true;
	g_hash_table_remove(p->params, "setup_check");
	return false;
}

/* Loop devices of qubes' own images are not dom0's to lend: devices/sysfs.h. */
static void mark_images(const char *dir)
{
	g_autofree char *path = g_build_filename(dir, EXCLUDE_MARK, NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd >= 0)
		close(fd);
}

static void open_pools(App *app)
{
	g_autofree char *state = g_strconcat(app->opt.root, "/var/lib/qubes", NULL);

	mark_images(state);
	for (guint i = 0; i < app->pools->len; i++) {
		Pool *p = g_ptr_array_index(app->pools, i);
		g_autoptr(GError) why = NULL;

		if (g_hash_table_contains(p->params, "dir_path"))
			mark_images(g_hash_table_lookup(p->params, "dir_path"));
		if (pool_open(p, &why))
			continue;
		if (open_without_reflinks(p))
			g_warning("pool %s: %s; images are copied in full", p->name, why->message);
		else
			g_warning("pool %s is not available, its qubes cannot start: %s", p->name,
				  why->message);
	}
}

/* As many clients as server.h allows, and what qubes need. */
static void allow_many_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	l.rlim_cur = MIN(l.rlim_max, 4 * CONNECTIONS_MAX);
	setrlimit(RLIMIT_NOFILE, &l);
}

/* Tells systemd. */
static void notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd;

	if (!path || strlen(path) >= sizeof(sa.sun_path))
		return;
	strcpy(sa.sun_path, path);
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&sa,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) < 0)
		g_warning("systemd was not told: %s", g_strerror(errno));
	close(fd);
}

/* What runs is known: clients may come. */
static void ready(gpointer p)
{
	Daemon *d = p;
	g_autoptr(GError) why = NULL;

	if (d->deadline_us)
		return; /* told to end before it began */
	d->server = server_new(d->app, &why);
	if (!d->server) {
		g_critical("%s", why->message);
		d->status = 1;
		g_main_loop_quit(d->loop);
		return;
	}
	g_message("ready: %u qubes, %s", d->app->domains->len - 1, d->app->opt.uri);
	notify_ready();
	pool_watch_begin(d->app);
	trim_memory();
}

/* --- end --- */

static gboolean try_to_end(gpointer p)
{
	Daemon *d = p;
	bool busy = d->app->flows || store_busy(d->app) || (d->server && server_pending(d->server));

	if (busy && g_get_monotonic_time() < d->deadline_us)
		return G_SOURCE_CONTINUE;
	if (busy)
		g_warning("leaving with operations under way; they are finished at the next start");
	g_main_loop_quit(d->loop);
	return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer p)
{
	Daemon *d = p;

	if (d->deadline_us)
		return G_SOURCE_CONTINUE;
	d->deadline_us = g_get_monotonic_time() + GRACE_S * G_USEC_PER_SEC;
	if (d->server)
		server_stop(d->server);
	if (try_to_end(d))
		g_timeout_add(20, try_to_end, d);
	return G_SOURCE_CONTINUE;
}

static int run(Options *opt)
{
	Daemon d = {.app = app_new(opt, NULL)};
	g_autoptr(GError) why = NULL;

	if (!store_open(d.app, &why))
		return die(why->message);
	open_pools(d.app);
	journal_replay(d.app);
	volumes_measure(d.app);
	d.app->hv = hypervisor_new(opt->uri, opt->root, opt->owner_uid, opt->owner_gid);
	d.loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGTERM, on_signal, &d);
	g_unix_signal_add(SIGINT, on_signal, &d);
	store_save(d.app, NULL, NULL);
	life_begin(d.app, ready, &d);
	g_main_loop_run(d.loop);
	server_free(d.server);
	/* Threads that are still at it end with the process. */
	if (d.app->flows || store_busy(d.app))
		_exit(d.status);
	device_stop(d.app);
	netvm_expire_stop(d.app);
	pool_watch_end(d.app);
	qdb_stop(d.app);
	hypervisor_free(d.app->hv);
	store_close(d.app);
	app_free(d.app);
	g_main_loop_unref(d.loop);
	return d.status;
}

static int link_services(const Options *opt)
{
	g_autofree char *dir = g_strconcat(opt->root, "/etc/qubes-rpc", NULL);
	g_autoptr(GError) why = NULL;

	return methods_link(dir, &why) ? 0 : die(why->message);
}

int main(int argc, char **argv)
{
	Options opt = {0};
	bool link = false;
	int r = options_parse(argc, argv, &opt, &link);

	if (r)
		return r - 1;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);	  /* somebody opens a file while file_is_open() looks at it */
	signal(SIGXFSZ, SIG_IGN); /* a write that is too much is an error as any other */
	mallopt(M_ARENA_MAX, 2);  /* threads come and go: few arenas, little memory */
	umask(0022);
	allow_many_files();
	g_log_set_writer_func(log_line, NULL, NULL);
	setenv("QUBES_ROOT", opt.root, 1);
	if (link) {
		r = link_services(&opt);
	} else {
		make_folders(&opt);
		r = take_lock(&opt) ? 1 : run(&opt);
	}
	options_clear(&opt);
	return r;
}
