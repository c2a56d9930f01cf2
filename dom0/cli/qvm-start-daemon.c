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
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "dom0/cli/follow.h"
#include "dom0/cli/guidconf.h"
#include "dom0/cli/guids.h"
#include "qrexec/base/pidfile.h"

/* qubesd answers at once; when it does not, the next event finds it again. */
#define CALL_TIMEOUT_MS 10000

struct daemon {
	struct ctx *c;
	struct keeper *guids, *audiods;
	struct follow *follow; /* NULL: not --watch */
	GMainLoop *loop;
	const char *const *only; /* names to care for; empty: all qubes */
	int status;
};

static void say(const char *vm, const char *what, const char *detail)
{
	fprintf(stderr, "%s: %s%s%s\n", vm, what, detail ? ": " : "", detail ? detail : "");
}

static bool cared_for(const struct daemon *d, const char *vm)
{
	if (!strcmp(vm, admin_local_name(d->c->admin)) ||
	    g_strv_contains(args_all(d->c->args, "exclude"), vm))
		return false;
	return !*d->only || g_strv_contains(d->only, vm);
}

/* A text property of the qube; NULL when it has none. */
static char *prop(struct daemon *d, const char *vm, const char *name)
{
	return admin_get_prop(d->c->admin, vm, name);
}

/* server: the property that names who serves it. One that is preloaded waits for its call. */
static bool served_here(struct daemon *d, const char *vm, const char *server)
{
	g_autofree char *by = prop(d, vm, server);
	g_autofree char *preload = prop(d, vm, "is_preload");

	return g_strcmp0(by, admin_local_name(d->c->admin)) == 0 && g_strcmp0(preload, "True") != 0;
}

/* As the feature says, or else the feature gui. */
static bool has_agent(struct daemon *d, const char *vm, const char *feature)
{
	struct admin *a = d->c->admin;
	g_autofree char *own = feature ? admin_feature(a, vm, feature, true, NULL) : NULL;
	g_autofree char *gui = own ? NULL : admin_feature(a, vm, "gui", true, NULL);
	const char *said = own ? own : gui;

	/* Not said: a qube that speaks qrexec is one of ours and has an agent. */
	return said ? *said : admin_feature_bool(a, vm, "qrexec", false);
}

/* Whether the qube's windows are to be shown, and here. */
static bool wants_gui(struct daemon *d, const char *vm)
{
	return served_here(d, vm, "guivm") && has_agent(d, vm, NULL);
}

/* Whether its sound is to be played, and here. */
static bool wants_audio(struct daemon *d, const char *vm)
{
	return served_here(d, vm, "audiovm") && has_agent(d, vm, "audio");
}

static guint64 label_index(struct daemon *d, const char *label)
{
	g_autofree char *text =
		admin_call(d->c->admin, "dom0", "admin.label.Index", label, NULL, NULL);

	return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/* 0: it has none. */
static unsigned xid_of(struct daemon *d, const char *vm)
{
	g_autofree char *xid = prop(d, vm, "xid");
	gint64 n = xid ? g_ascii_strtoll(xid, NULL, 10) : 0;

	return n > 0 ? (unsigned)n : 0;
}

/* Starts the qube's GUI daemon if it is to have one and has none. */
static void care_for_gui(struct daemon *d, const char *vm, bool once)
{
	struct admin *a = d->c->admin;
	g_autofree char *label = NULL;
	g_autofree char *color = NULL;
	g_autofree char *config = NULL;
	g_autofree char *debug = NULL;
	g_autofree char *virt = NULL;
	g_autoptr(GError) err = NULL;
	struct guid_spec s = {.name = vm};

	if (!wants_gui(d, vm))
		return;
	s.xid = xid_of(d, vm);
	label = prop(d, vm, "label");
	if (!s.xid || !label)
		return;
	color = admin_call(a, "dom0", "admin.label.Get", label, NULL, NULL);
	config = guidconf_text(a, vm, admin_local_name(a));
	debug = prop(d, vm, "debug");
	virt = prop(d, vm, "virt_mode");
	s.color = color ? color : label;
	s.label = (unsigned)label_index(d, label);
	s.config = config;
	s.debug = g_strcmp0(debug, "True") == 0;
	s.background = g_strcmp0(virt, "hvm") == 0;
	s.qrexec_clipboard = admin_feature_bool(a, vm, "rpc-clipboard", false);
	s.kde = args_has(d->c->args, "kde");
	if (once && keeper_running(&guid_kind, s.xid))
		return;
	if (!(once ? guids_start_once(&s, &err) : guids_want(d->guids, &s, &err))) {
		say(vm, "cannot start the GUI daemon", err->message);
		d->status = EXIT_FAILED;
	} else if (d->follow) {
		follow_tell(d->follow, vm);
	}
}

/* The same for its audio daemon. */
static void care_for_audio(struct daemon *d, const char *vm, bool once)
{
	g_autofree char *icon = NULL;
	g_autoptr(GError) err = NULL;
	struct audiod_spec s = {.name = vm};

	if (!wants_audio(d, vm))
		return;
	s.xid = xid_of(d, vm);
	s.icon = icon = prop(d, vm, "icon");
	if (!s.xid || (once && keeper_running(&audiod_kind, s.xid)))
		return;
	if (!(once ? audiods_start_once(&s, &err) : audiods_want(d->audiods, &s, &err))) {
		say(vm, "cannot start the audio daemon", err->message);
		d->status = EXIT_FAILED;
	}
}

enum what { GUI = 1, AUDIO = 2 };

static void care_for(struct daemon *d, const char *vm, unsigned what, bool once)
{
	if (!cared_for(d, vm))
		return;
	if (what & GUI)
		care_for_gui(d, vm, once);
	if (what & AUDIO)
		care_for_audio(d, vm, once);
}

static void drop(struct daemon *d, const char *vm)
{
	keeper_drop(d->guids, vm);
	keeper_drop(d->audiods, vm);
}

struct sync {
	struct daemon *d;
	struct admin_vms *vms;
};

/* Not while qubesd knows nothing (NA): nobody would be told that the qube ran all the time. */
static void drop_if_down(const char *name, gpointer data)
{
	struct sync *s = data;
	const struct admin_vm *vm = admin_vms_find(s->vms, name);

	if (!vm || !strcmp(vm->state, "Halted"))
		drop(s->d, name);
}

/* After a connection was made nothing is known: look at every qube. */
static void sync_all(struct daemon *d)
{
	g_autoptr(GError) err = NULL;
	g_autoptr(AdminVms) vms = admin_vms_list(d->c->admin, &err);
	struct sync s = {d, vms};

	if (!vms) {
		say(d->c->prog, "cannot list the qubes", err->message);
		return;
	}
	keeper_each(d->guids, drop_if_down, &s);
	keeper_each(d->audiods, drop_if_down, &s);
	for (guint i = 0; i < vms->list->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms->list, i);

		if (!strcmp(vm->state, "Running") && strcmp(vm->klass, "AdminVM") != 0)
			care_for(d, vm->name, GUI | AUDIO, false);
	}
}

static void on_start(struct daemon *d, const struct admin_event *e)
{
	bool gui = g_strcmp0(admin_event_value(e, "start_guid"), "False") != 0;
	bool audio = g_strcmp0(admin_event_value(e, "start_audio"), "False") != 0;

	care_for(d, e->subject, (gui ? GUI : 0u) | (audio ? AUDIO : 0u), false);
}

static void on_audiovm(struct daemon *d, const char *vm)
{
	if (!wants_audio(d, vm))
		keeper_drop(d->audiods, vm);
	else
		care_for(d, vm, AUDIO, false);
}

static void on_event(const struct admin_event *e, gpointer data)
{
	struct daemon *d = data;

	if (!strcmp(e->name, "connection-established"))
		sync_all(d);
	else if (!strcmp(e->name, "connection-lost"))
		say(d->c->prog, "no connection to qubesd, trying again",
		    admin_event_value(e, "reason"));
	else if (!strcmp(e->name, "domain-start"))
		on_start(d, e);
	else if (!strcmp(e->name, "property-reset:is_preload"))
		care_for(d, e->subject, GUI | AUDIO, false);
	else if (!strcmp(e->name, "property-set:audiovm") ||
		 !strcmp(e->name, "property-reset:audiovm"))
		on_audiovm(d, e->subject);
	else if (!strcmp(e->name, "domain-shutdown") || !strcmp(e->name, "domain-stopped") ||
		 !strcmp(e->name, "domain-start-failed"))
		drop(d, e->subject);
	else if (!strcmp(e->name, "domain-delete") && admin_event_value(e, "vm"))
		drop(d, admin_event_value(e, "vm"));
}

/* Asked when a daemon ended by itself. While qubesd is away: yes, as far as we know. */
static bool is_alive(const char *name, gpointer data)
{
	struct daemon *d = data;
	g_autoptr(GError) err = NULL;
	g_autofree char *state = admin_power_state(d->c->admin, name, &err);

	return !state || (admin_state_running(state) && strcmp(state, "Dying") != 0);
}

static gboolean on_terminate(gpointer data)
{
	g_main_loop_quit(((struct daemon *)data)->loop);
	return G_SOURCE_CONTINUE;
}

static void tell(const char *name, gpointer data)
{
	follow_tell(((struct daemon *)data)->follow, name);
}

/* There are other monitors: for the GUI daemons, and for their qubes. */
static void on_monitors(gpointer data)
{
	struct daemon *d = data;

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

static int watch(struct daemon *d)
{
	g_autofree char *path = pid_path(d->c);
	struct admin_listener *l;
	int lock = pidfile_lock(path);

	if (lock == -EALREADY)
		return ctx_error(d->c, "another one is running already (pid %d)",
				 (int)pidfile_holder(path));
	if (lock < 0)
		return ctx_error(d->c, "cannot create %s: %s", path, g_strerror(-lock));
	d->loop = g_main_loop_new(NULL, FALSE);
	d->guids = keeper_new(&guid_kind, is_alive, d);
	d->audiods = keeper_new(&audiod_kind, is_alive, d);
	g_unix_signal_add(SIGTERM, on_terminate, d);
	g_unix_signal_add(SIGINT, on_terminate, d);
	g_unix_signal_add(SIGHUP, on_hangup, d);
	d->follow = follow_new(d->c->admin, on_monitors, d);
	l = admin_listen(d->c->admin, "dom0", on_event, d);
	g_main_loop_run(d->loop);
	admin_listener_free(l);
	follow_free(d->follow);
	keeper_free(d->audiods);
	keeper_free(d->guids);
	g_main_loop_unref(d->loop);
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

static int start_once(struct daemon *d)
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
	for (guint i = 0; i < vms->list->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms->list, i);

		if (!strcmp(vm->state, "Running") && strcmp(vm->klass, "AdminVM") != 0)
			care_for(d, vm->name, GUI | AUDIO, true);
	}
	return d->status;
}

static int run(struct ctx *c)
{
	struct daemon d = {.c = c, .only = args_all(c->args, "vmnames")};
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
