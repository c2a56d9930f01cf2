/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs and reads qubes-gui-watch (xwatch.h): a program of ours, whose lines are trusted. */
#include "dom0/cli/xwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dom0/admin/program.h"

#define PAUSE_S 5
#define LINE_MAX_BYTES 4096

struct xwatch {
	xwatch_fn fn;
	gpointer data;
	pid_t pid; /* 0: not running */
	int fd;	   /* owned: its output; -1: none */
	guint source, timer;
	GString *line; /* owned: begun */
};

static gboolean start(gpointer data);

static void stop(struct xwatch *w)
{
	if (w->source)
		g_source_remove(w->source);
	if (w->fd >= 0)
		close(w->fd);
	if (w->pid) {
		kill(w->pid, SIGTERM);
		program_wait(w->pid);
	}
	w->source = 0;
	w->fd = -1;
	w->pid = 0;
	g_string_truncate(w->line, 0);
}

static void take_line(struct xwatch *w)
{
	char *space = strchr(w->line->str, ' ');

	if (space) {
		*space = '\0';
		w->fn(w->line->str, space + 1, w->data);
	}
	g_string_truncate(w->line, 0);
}

static gboolean on_output(gint fd, GIOCondition cond, gpointer data)
{
	struct xwatch *w = data;
	char buf[1024];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return G_SOURCE_CONTINUE;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n')
			take_line(w);
		else if (w->line->len < LINE_MAX_BYTES)
			g_string_append_c(w->line, buf[i]);
	}
	if (n > 0)
		return G_SOURCE_CONTINUE;
	w->source = 0;
	stop(w);
	w->timer = g_timeout_add_seconds(PAUSE_S, start, w);
	return G_SOURCE_REMOVE;
}

static gboolean start(gpointer data)
{
	struct xwatch *w = data;
	g_autofree char *program = program_find("qubes-gui-watch", NULL);
	const char *argv[] = {program, NULL};
	g_autoptr(GError) err = NULL;
	int fds[2];

	w->timer = 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return G_SOURCE_REMOVE;
	w->pid = program_spawn(argv, -1, fds[1], STDERR_FILENO, &err);
	close(fds[1]);
	if (w->pid < 0) {
		g_printerr("cannot follow the monitors and the keyboard layout: %s\n",
			   err->message);
		w->pid = 0;
		close(fds[0]);
		return G_SOURCE_REMOVE;
	}
	w->fd = fds[0];
	w->source = g_unix_fd_add(w->fd, G_IO_IN | G_IO_HUP, on_output, w);
	return G_SOURCE_REMOVE;
}

struct xwatch *xwatch_new(xwatch_fn fn, gpointer data)
{
	const char *display = g_getenv("DISPLAY");
	struct xwatch *w;

	if (!display || !*display)
		return NULL;
	w = g_new0(struct xwatch, 1);
	w->fn = fn;
	w->data = data;
	w->fd = -1;
	w->line = g_string_new(NULL);
	start(w);
	return w;
}

void xwatch_free(struct xwatch *w)
{
	if (!w)
		return;
	stop(w);
	if (w->timer)
		g_source_remove(w->timer);
	g_string_free(w->line, TRUE);
	g_free(w);
}
