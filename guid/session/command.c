/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of menus (command.h). The peers are programs of dom0. */
#include "guid/session/command.h"

#include <gio/gio.h>

#include "guid/session/dialog.h"

/* What is shown of a long complaint. */
#define COMPLAINT_MAX 2000

void command_use_siblings(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = self ? g_path_get_dirname(self) : NULL;
	const char *path = g_getenv("PATH");
	g_autofree char *longer = NULL;

	if (!dir)
		return;
	longer = g_strdup_printf("%s:%s", dir, path ? path : "/usr/bin:/bin");
	g_setenv("PATH", longer, TRUE);
}

static void ended(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autofree char *what = data, *complaint = NULL;
	g_autoptr(GError) err = NULL;

	if (!g_subprocess_communicate_utf8_finish(G_SUBPROCESS(source), result, NULL, &complaint,
						  &err)) {
		dialog_failure(what, err->message);
		return;
	}
	if (g_subprocess_get_successful(G_SUBPROCESS(source)))
		return;
	if (complaint && strlen(complaint) > COMPLAINT_MAX)
		*g_utf8_find_prev_char(complaint, complaint + COMPLAINT_MAX) = '\0';
	dialog_failure(what,
		       complaint && *complaint ? g_strstrip(complaint) : "It gave no reason.");
}

void command_run(const char *what, const char *const *argv)
{
	g_autoptr(GSubprocess) child = NULL;
	g_autoptr(GError) err = NULL;

	child = g_subprocess_newv(
		argv, G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &err);
	if (child)
		g_subprocess_communicate_utf8_async(child, NULL, NULL, ended, g_strdup(what));
	else
		dialog_failure(what, err->message);
}
