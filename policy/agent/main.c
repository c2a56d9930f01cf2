/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-policy-agent: asks the user of this session about service calls that the policy
 * wants confirmed, and tells about those that were refused.
 *
 * The peer is dom0's policy daemon, through a socket; the other peers are the user's X server
 * and notification service.
 */
#include <errno.h>
#include <getopt.h>
#include <glib-unix.h>
#include <gtk/gtk.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/agent/server.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

#define PROGRAM "qrexec-policy-agent"

static gboolean quit(gpointer unused)
{
	gtk_main_quit();
	return G_SOURCE_CONTINUE;
}

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

static int serve(const char *path)
{
	g_autoptr(GApplication) app =
		g_application_new("org.qubes.qrexec-policy-agent", G_APPLICATION_NON_UNIQUE);
	g_autoptr(GError) error = NULL;
	struct agent_server *s;
	int fd = unix_listen(path, SOCK_STREAM | SOCK_NONBLOCK, 0660);

	if (fd == -EADDRINUSE) {
		fprintf(stderr, PROGRAM ": %s is in use: an agent is running already\n", path);
		return 1;
	}
	if (fd < 0) {
		fprintf(stderr, PROGRAM ": cannot listen on %s: %s\n", path, strerror(-fd));
		return 1;
	}
	if (!g_application_register(app, NULL, &error))
		g_message("no notifications: %s", error->message);
	s = agent_server_new(fd, app);
	g_unix_signal_add(SIGTERM, quit, NULL);
	g_unix_signal_add(SIGINT, quit, NULL);
	gtk_main();
	agent_server_free(s);
	unlink(path);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"socket-path", required_argument, NULL, 's'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	static const char usage[] = "Usage: qrexec-policy-agent [-s|--socket-path PATH]\n";
	char buf[QUBES_PATH_MAX];
	const char *path = qubes_path(buf, sizeof(buf), "/run/qubes/policy-agent.sock");
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
	if (!gtk_init_check(&argc, &argv)) {
		fprintf(stderr,
			PROGRAM ": no display: start it in the user's session, with DISPLAY "
				"set\n");
		return 1;
	}
	return serve(path);
}
