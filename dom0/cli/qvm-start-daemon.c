/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-start-daemon: runs in the user's session and sees to it that every running qube with
 * a graphical session has its GUI daemon, and every one with sound its audio daemon. With --watch
 * it follows qubesd's events for as long as the session lives, through restarts of qubesd and of
 * itself.
 */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dom0/admin/listen.h"
#include "dom0/cli/audiods.h"
#include "dom0/cli/care.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "dom0/cli/follow.h"
#include "dom0/cli/guids.h"
#include "qrexec/base/pidfile.h"

/* qubesd answers at once; when it does not, the next event finds it again. */
#define CALL_TIMEOUT_MS 10000

struct sync {
	struct care *d;
	struct admin_vms *vms;
};

/* Not while qubesd knows nothing (NA): nobody would be told that the qube ran all the time. */
static void drop_if_down(const char *name, gpointer data)
{
	struct sync *s = data;
	const struct admin_vm *vm = admin_vms_find(s->vms, name);

	if (!vm || !strcmp(vm->state, "Halted"))
		care_drop(s->d, name);
}

/* After a connection was made nothing is known: look at every qube. */
static void sync_all(struct care *d)
{
	g_autoptr(GError) err = NULL;
	g_autoptr(AdminVms) vms = admin_vms_list(d->c->admin, &err);
	struct sync s = {d, vms};

	if (!vms) {
		care_say(d->c->prog, "cannot list the qubes", err->message);
		return;
	}
	keeper_each(d->guids, drop_if_down, &s);
	keeper_each(d->audiods, drop_if_down, &s);
	care_for_running(d, vms, false);
}

static void on_start(struct care *d, const struct admin_event *e)
{
	bool gui = g_strcmp0(admin_event_value(e, "start_guid"), "False") != 0;
	bool audio = g_strcmp0(admin_event_value(e, "start_audio"), "False") != 0;

	care_for(d, e->subject, (gui ? CARE_GUI : 0u) | (audio ? CARE_AUDIO : 0u), false);
}

static void on_event(const struct admin_event *e, gpointer data)
{
	struct care *d = data;

	if (!strcmp(e->name, "connection-established"))
		sync_all(d);
	else if (!strcmp(e->name, "connection-lost"))
		care_say(d->c->prog, "no connection to qubesd, trying again",
			 admin_event_value(e, "reason"));
	else if (!strcmp(e->name, "domain-start"))
		on_start(d, e);
	else if (!strcmp(e->name, "property-reset:is_preload"))
		care_for(d, e->subject, CARE_GUI | CARE_AUDIO, false);
	else if (!strcmp(e->name, "property-set:audiovm") ||
		 !strcmp(e->name, "property-reset:audiovm"))
		care_audiovm_changed(d, e->subject);
	else if (!strcmp(e->name, "domain-shutdown") || !strcmp(e->name, "domain-stopped") ||
		 !strcmp(e->name, "domain-start-failed"))
		care_drop(d, e->subject);
	else if (!strcmp(e->name, "domain-delete") && admin_event_value(e, "vm"))
		care_drop(d, admin_event_value(e, "vm"));
}

/* Asked when a daemon ended by itself. While qubesd is away: yes, as far as we know. */
static bool is_alive(const char *name, gpointer data)
{
	struct care *d = data;
	g_autoptr(GError) err = NULL;
	g_autofree char *state = admin_power_state(d->c->admin, name, &err);

	return !state || (admin_state_running(state) && strcmp(state, "Dying") != 0);
}

static gboolean on_terminate(gpointer data)
{
	g_main_loop_quit(data);
	return G_SOURCE_CONTINUE;
}

static void tell(const char *name, gpointer data)
{
	follow_tell(((struct care *)data)->follow, name);
}

/* There are other monitors: for the GUI daemons, and for their qubes. */
static void on_monitors(gpointer data)
{
	struct care *d = data;

	keeper_signal(d->guids, SIGHUP);
	if (d->follow)
		keeper_each(d->guids, tell, d);
}

static gboolean on_hangup(gpointer data)
{
	on_monitors(data);
	return G_SOURCE_CONTINUE;
}

/* Where the running --watch is found. g_free(). */
static char *pid_path(struct ctx *c)
{
	const char *given = args_get(c->args, "pidfile"), *dir = g_getenv("XDG_RUNTIME_DIR");

	if (given)
		return g_strdup(given);
	return dir && *dir ? g_build_filename(dir, "qvm-start-daemon.pid", NULL)
			   : g_build_filename(g_get_home_dir(), ".qvm-start-daemon.pid", NULL);
}

static int watch(struct care *d)
{
	g_autofree char *path = pid_path(d->c);
	struct admin_listener *l;
	GMainLoop *loop;
	int lock = pidfile_lock(path);

	if (lock == -EALREADY)
		return ctx_error(d->c, "another one is running already (pid %d)",
				 (int)pidfile_holder(path));
	if (lock < 0)
		return ctx_error(d->c, "cannot create %s: %s", path, g_strerror(-lock));
	loop = g_main_loop_new(NULL, FALSE);
	d->guids = keeper_new(&guid_kind, is_alive, d);
	d->audiods = keeper_new(&audiod_kind, is_alive, d);
	g_unix_signal_add(SIGTERM, on_terminate, loop);
	g_unix_signal_add(SIGINT, on_terminate, loop);
	g_unix_signal_add(SIGHUP, on_hangup, d);
	d->follow = follow_new(d->c->admin, on_monitors, d);
	l = admin_listen(d->c->admin, "dom0", on_event, d);
	g_main_loop_run(loop);
	admin_listener_free(l);
	follow_free(d->follow);
	keeper_free(d->audiods);
	keeper_free(d->guids);
	g_main_loop_unref(loop);
	unlink(path);
	close(lock);
	return EXIT_OK;
}

static int notify(struct ctx *c)
{
	g_autofree char *path = pid_path(c);
	pid_t pid = pidfile_holder(path);

	if (pid <= 0)
		return ctx_error(c, "no qvm-start-daemon --watch is running (%s)", path);
	return kill(pid, SIGHUP) == 0 ? EXIT_OK : ctx_error(c, "kill: %s", g_strerror(errno));
}

static int start_once(struct care *d)
{
	GError *err = NULL;
	struct admin_vms *vms = ctx_vms(d->c, &err);

	if (!vms)
		return ctx_fail(d->c, err);
	for (const char *const *n = d->only; *n; n++) {
		int status = EXIT_OK;

		if (!ctx_find(d->c, *n, &status))
			return status;
	}
	care_for_running(d, vms, true);
	return d->status;
}

static int run(struct ctx *c)
{
	struct care d = {.c = c, .only = args_all(c->args, "vmnames")};
	bool watching = args_has(c->args, "watch");

	if (watching && args_has(c->args, "notify_monitor_layout"))
		return ctx_usage_error(c, "--watch cannot be used with --notify-monitor-layout");
	if (args_has(c->args, "notify_monitor_layout"))
		return notify(c);
	if (!watching && !*d.only && !args_has(c->args, "all_domains"))
		return ctx_usage_error(c, "one of the arguments --all VMNAME is required");
	admin_set_timeout(c->admin, CALL_TIMEOUT_MS);
	return watching ? watch(&d) : start_once(&d);
}

static const struct opt opts[] = {
	{"--all", OPT_FLAG, "all_domains", NULL, "every qube", .group = 1},
	{"--exclude", OPT_LIST, NULL, "VMNAME", "leave this qube out", .complete = COMPLETE_VM},
	{"--watch", OPT_FLAG, NULL, NULL, "stay, and follow qubes as they start and stop"},
	{"--pidfile", OPT_VALUE, NULL, "PATH", "pid file of --watch", .complete = COMPLETE_FILE},
	{"--notify-monitor-layout", OPT_FLAG, NULL, NULL,
	 "tell the running --watch that the screens have changed"},
	{"--kde", OPT_FLAG, NULL, NULL, "put qube names into window titles, for KDE"},
	{"--debug -d", OPT_FLAG, NULL, NULL, "ignored"},
	{"--force", OPT_FLAG, NULL, NULL, "ignored"},
	{"--force-stubdomain", OPT_FLAG, NULL, NULL, "ignored"},
	{0},
};

static const struct pos pos[] = {
	{"vmnames", POS_ANY, "VMNAME", "qubes to care for (all)", 1, COMPLETE_RUNNING},
	{0},
};

const struct command qvm_start_daemon = {
	.name = "qvm-start-daemon",
	.aliases = "qvm-start-gui",
	.summary = "Run the GUI and audio daemons of qubes in the user's session.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
