// SPDX-License-Identifier: GPL-2.0-or-later
/* Running programs of dom0. They are trusted; what they print is for the user to read. */
#include "dom0/qubesd/storage/command.h"

#include "dom0/qubesd/storage/storage.h"

#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

/* What lvm says about pools that are meant to be over-committed is no news. */
static bool is_noise(const char *line)
{
	return !*line || strstr(line, "exceeds the size of thin pool") ||
	       strstr(line, "You have not turned on protection against thin pools") ||
	       strstr(line, "Set activation/thin_pool_autoextend_threshold");
}

/* Its messages on one line; g_free. */
static char *said(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	GString *s = g_string_new(NULL);

	for (char **l = lines; *l; l++) {
		g_strstrip(*l);
		if (!is_noise(*l))
			g_string_append_printf(s, "%s%s", s->len ? "; " : "", *l);
	}
	return g_string_free(s, FALSE);
}

static StorageError code_of(const char *message)
{
	static const char *const full[] = {"No space left", "insufficient free space",
					   "insufficient suitable", "free extents"};

	for (size_t i = 0; i < G_N_ELEMENTS(full); i++)
		if (strstr(message, full[i]))
			return STORAGE_ERROR_NO_SPACE;
	return STORAGE_ERROR_FAILED;
}

static gboolean check_status(const char *name, int status, const char *err, GError **error)
{
	g_autofree char *message = said(err);

	if (status == 0) {
		if (*message)
			g_warning("%s: %s", name, message);
		return TRUE;
	}
	if (*message)
		g_set_error(error, STORAGE_ERROR, code_of(message), "%s failed: %s", name, message);
	else if (WIFSIGNALED(status))
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_FAILED,
			    "%s was killed by signal %d", name, WTERMSIG(status));
	else
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_FAILED,
			    "%s failed with status %d and said nothing", name, WEXITSTATUS(status));
	return FALSE;
}

gboolean command_run(const char *const *argv, char **ret_out, GError **error)
{
	g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "LC_ALL", "C.UTF-8", TRUE);
	g_autofree char *out = NULL, *err = NULL;
	g_autoptr(GError) why = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char **)argv, env, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err,
			  &status, &why)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED,
			    "%s cannot be run (%s): is it installed?", argv[0], why->message);
		return FALSE;
	}
	if (!check_status(argv[0], status, err, error))
		return FALSE;
	if (ret_out)
		*ret_out = g_steal_pointer(&out);
	return TRUE;
}
