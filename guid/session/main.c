/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-gui-session: what the desktop shows of qubes besides their windows. One process for each
 * user, the only one with a toolkit: the dialogs and notices of the GUI daemons, the
 * clipboard's icon, the menu of running qubes. Its peers are dom0's own: GUI daemons, qubesd,
 * the panel.
 */
#include "dom0/desktop/program.h"
#include "guid/proto/session.h"
#include "guid/session/clipboard.h"
#include "guid/session/command.h"
#include "guid/session/icons.h"
#include "guid/session/menu.h"
#include "guid/session/notice.h"
#include "guid/session/server.h"
#include "guid/session/tray.h"

struct session {
	GApplication *app;
	struct session_server *server;
	struct qubes *qubes;
	struct tray *tray;
	struct clipboard *clipboard;
};

static guint running(const struct qubes *q)
{
	const GPtrArray *list = qubes_list(q);
	guint n = 0;

	for (guint i = 0; i < list->len; i++)
		n += qube_is_running(list->pdata[i]);
	return n;
}

static void qubes_did_change(void *ctx)
{
	struct session *s = ctx;
	guint n = running(s->qubes);
	g_autofree char *text = g_strdup_printf("%u qube%s running", n, n == 1 ? "" : "s");

	tray_set_menu(s->tray, menu_new(s->qubes));
	tray_set_icon(s->tray, ICON_SYSTEM, ICON_NEUTRAL, text);
	clipboard_refresh(s->clipboard);
}

static void qube_event(void *ctx, const char *name, const char *what, bool failure)
{
	struct session *s = ctx;
	const struct qube *q = qubes_find(s->qubes, name);
	g_autofree char *text = g_strdup_printf("%s %s", name, what);

	if (q && q->internal)
		return;
	notice_show(s->app, name, failure ? "dialog-error-symbolic" : ICON_QUBE,
		    q ? q->color : ICON_NEUTRAL, failure ? "Failed" : "Qube", text);
}

static void *start(int fd, GApplication *app)
{
	struct session *s = g_new0(struct session, 1);

	command_use_siblings();
	s->app = app;
	s->server = session_server_new(fd, app);
	s->qubes = qubes_new(qubes_did_change, qube_event, s);
	s->tray = tray_new("qubes-domains", "Qubes", menu_new(s->qubes));
	tray_set_icon(s->tray, ICON_SYSTEM, ICON_NEUTRAL, "Qubes");
	s->clipboard = clipboard_new(app, s->qubes);
	return s;
}

static void stop(void *started)
{
	struct session *s = started;

	clipboard_free(s->clipboard);
	tray_free(s->tray);
	qubes_free(s->qubes);
	session_server_free(s->server);
	g_free(s);
}

int main(int argc, char **argv)
{
	static const struct desktop_program program = {.name = "qubes-gui-session",
						       .app_id = "org.qubes.gui-session",
						       .socket = SESSION_SOCKET,
						       .mode = 0600,
						       .start = start,
						       .stop = stop};

	return desktop_program_main(&program, argc, argv);
}
