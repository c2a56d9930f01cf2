/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qubes know of the session (follow.h). Peers: qubesd, and services in qubes, whose answers
 * do not matter: a qube that has no such service has one monitor. */
#include "dom0/cli/follow.h"

#include <string.h>
#include <unistd.h>

#include "dom0/admin/service.h"
#include "dom0/admin/vm.h"
#include "dom0/cli/xwatch.h"

#define SERVICE "qubes.SetMonitorLayout"

struct follow {
	struct admin *admin;
	struct xwatch *watch; /* owned, NULL: no X session */
	void (*changed)(gpointer data);
	gpointer data;
	char *layout; /* owned: lines, NULL: not known yet */
};

static void on_told(GPid pid, gint status, gpointer data)
{
	g_spawn_close_pid(pid);
}

void follow_tell(struct follow *f, const char *vm)
{
	struct service s = {.dest = vm, .name = SERVICE, .out = -1, .err = -1};
	g_autoptr(GError) err = NULL;
	pid_t pid = -1;

	if (!f->layout || admin_feature_bool(f->admin, vm, "no-monitor-layout", false))
		return;
	s.in = service_input(f->layout, &err);
	if (s.in >= 0) {
		pid = service_spawn(f->admin, &s, &err);
		close(s.in);
	}
	if (pid > 0)
		g_child_watch_add(pid, on_told, NULL);
	else
		g_printerr("%s: cannot tell the monitors: %s\n", vm,
			   err ? err->message : "unknown error");
}

static void set_layout(struct follow *f, const char *text)
{
	g_autofree char *lines = g_strdup_printf("%s\n", text);

	g_strdelimit(lines, ";", '\n');
	g_free(f->layout);
	f->layout = g_steal_pointer(&lines);
	f->changed(f->data);
}

static void set_keyboard(struct follow *f, const char *text)
{
	const char *self = admin_local_name(f->admin);
	g_autofree char *old = admin_get_prop(f->admin, self, "keyboard_layout");
	g_autoptr(GError) err = NULL;
	g_autofree char *r = NULL;

	if (g_strcmp0(old, text) == 0)
		return;
	r = admin_call(f->admin, self, "admin.vm.property.Set", "keyboard_layout", text, &err);
	if (!r)
		g_printerr("%s: cannot pass on the keyboard layout: %s\n", self, err->message);
}

static void on_line(const char *what, const char *text, gpointer data)
{
	if (!strcmp(what, "layout"))
		set_layout(data, text);
	else if (!strcmp(what, "keyboard"))
		set_keyboard(data, text);
}

struct follow *follow_new(struct admin *a, void (*changed)(gpointer data), gpointer data)
{
	struct follow *f = g_new0(struct follow, 1);

	f->admin = a;
	f->changed = changed;
	f->data = data;
	f->watch = xwatch_new(on_line, f);
	return f;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	xwatch_free(f->watch);
	g_free(f->layout);
	g_free(f);
}
