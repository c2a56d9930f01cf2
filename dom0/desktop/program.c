/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the user's session (program.h). The peers are the X server and the session's bus. */
#include "dom0/desktop/program.h"

#include <errno.h>
#include <gdk/gdkx.h>
#include <getopt.h>
#include <glib-unix.h>
#include <gtk/gtk.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

static gboolean quit(gpointer unused)
{
	gtk_main_quit();
	return G_SOURCE_CONTINUE;
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n,
				  gpointer program)
{
	if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
		return G_LOG_WRITER_HANDLED;
	for (gsize i = 0; i < n; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			fprintf(stderr, "%s: %s\n", ((const struct desktop_program *)program)->name,
				(const char *)fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

/*
 * Other programs' windows go at any time, and with a panel's those of ours that are in it. For what
 * was still on its way to one GDK would end the program: this trap is never popped.
 */
static void ignore_x_errors(void)
{
	GdkDisplay *display = gdk_display_get_default();

	if (GDK_IS_X11_DISPLAY(display))
		gdk_x11_display_error_trap_push(display);
}

static int serve(const struct desktop_program *p, const char *path)
{
	g_autoptr(GApplication) app = g_application_new(p->app_id, G_APPLICATION_NON_UNIQUE);
	g_autoptr(GError) error = NULL;
	void *started;
	int fd = unix_listen(path, SOCK_STREAM | SOCK_NONBLOCK, p->mode);

	if (fd == -EADDRINUSE) {
		fprintf(stderr, "%s: %s is in use: it is running already\n", p->name, path);
		return 1;
	}
	if (fd < 0) {
		fprintf(stderr, "%s: cannot listen on %s: %s\n", p->name, path, strerror(-fd));
		return 1;
	}
	if (!g_application_register(app, NULL, &error))
		g_message("no notifications: %s", error->message);
	started = p->start(fd, app);
	g_unix_signal_add(SIGTERM, quit, NULL);
	g_unix_signal_add(SIGINT, quit, NULL);
	gtk_main();
	p->stop(started);
	unlink(path);
	return 0;
}

int desktop_program_main(const struct desktop_program *p, int argc, char **argv)
{
	static const struct option options[] = {{"socket-path", required_argument, NULL, 's'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	char buf[QUBES_PATH_MAX];
	const char *path = qubes_path(buf, sizeof(buf), "%s", p->socket);
	int opt;

	while ((opt = getopt_long(argc, argv, "s:h", options, NULL)) == 's')
		path = optarg;
	if (opt != -1 || optind != argc || !path) {
		fprintf(opt == 'h' ? stdout : stderr, "Usage: %s [-s|--socket-path PATH]\n",
			p->name);
		return opt == 'h' ? 0 : 2;
	}
	signal(SIGPIPE, SIG_IGN);
	g_log_set_writer_func(write_log, (gpointer)p, NULL);
	if (!gtk_init_check(&argc, &argv)) {
		fprintf(stderr,
			"%s: no display: start it in the user's session, with DISPLAY set\n",
			p->name);
		return 1;
	}
	ignore_x_errors();
	return serve(p, path);
}
