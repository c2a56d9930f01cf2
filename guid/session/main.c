/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-gui-session: what the desktop shows of qubes besides their windows. One process for each
 * user, the only one with a toolkit: the dialogs and notices of the GUI daemons, the
 * clipboard's icon, the menu of running qubes. Its peers are dom0's own: GUI daemons, qubesd,
 * the panel.
 */
#include <errno.h>
#include <getopt.h>
#include <glib-unix.h>
#include <gtk/gtk.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guid/session/clipboard.h"
#include "guid/session/command.h"
#include "guid/session/icons.h"
#include "guid/session/menu.h"
#include "guid/session/notice.h"
#include "guid/proto/session.h"
#include "guid/session/server.h"
#include "guid/session/tray.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

#define PROGRAM "qubes-gui-session"

struct session {
	GApplication *app;
	struct session_server *server;
	struct qubes *qubes;
	struct tray *tray;
	struct clipboard *clipboard;
};

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n,
				  gpointer data)
{
	if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
		return G_LOG_WRITER_HANDLED;
	for (gsize i = 0; i < n; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			fprintf(stderr, PROGRAM ": %s\n", (const char *)fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

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

static gboolean quit(gpointer unused)
{
	gtk_main_quit();
	return G_SOURCE_CONTINUE;
}

static void start(struct session *s, int fd)
{
	s->server = session_server_new(fd, s->app);
	s->qubes = qubes_new(qubes_did_change, qube_event, s);
	s->tray = tray_new("qubes-domains", "Qubes", menu_new(s->qubes));
	tray_set_icon(s->tray, ICON_SYSTEM, ICON_NEUTRAL, "Qubes");
	s->clipboard = clipboard_new(s->app, s->qubes);
}

static void stop(struct session *s)
{
	clipboard_free(s->clipboard);
	tray_free(s->tray);
	qubes_free(s->qubes);
	session_server_free(s->server);
}

static int serve(const char *path)
{
	g_autoptr(GApplication) app =
		g_application_new("org.qubes.gui-session", G_APPLICATION_NON_UNIQUE);
	struct session s = {.app = app};
	g_autoptr(GError) error = NULL;
	int fd = unix_listen(path, SOCK_STREAM | SOCK_NONBLOCK, 0600);

	if (fd == -EADDRINUSE) {
		fprintf(stderr, PROGRAM ": %s is in use: it is running already\n", path);
		return 1;
	}
	if (fd < 0) {
		fprintf(stderr, PROGRAM ": cannot listen on %s: %s\n", path, strerror(-fd));
		return 1;
	}
	if (!g_application_register(app, NULL, &error))
		g_message("no notifications: %s", error->message);
	start(&s, fd);
	g_unix_signal_add(SIGTERM, quit, NULL);
	g_unix_signal_add(SIGINT, quit, NULL);
	gtk_main();
	stop(&s);
	unlink(path);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"socket-path", required_argument, NULL, 's'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	static const char usage[] = "Usage: qubes-gui-session [-s|--socket-path PATH]\n";
	char buf[QUBES_PATH_MAX];
	const char *path = qubes_path(buf, sizeof(buf), SESSION_SOCKET);
	int opt;

	while ((opt = getopt_long(argc, argv, "s:h", options, NULL)) != -1) {
		if (opt != 's') {
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
		path = optarg;
	}
	if (optind != argc || !path) {
		fputs(usage, stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	g_log_set_writer_func(write_log, NULL, NULL);
	command_use_siblings();
	if (!gtk_init_check(&argc, &argv)) {
		fprintf(stderr,
			PROGRAM ": no display: start it in the user's session, with DISPLAY set\n");
		return 1;
	}
	return serve(path);
}
