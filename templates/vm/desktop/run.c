/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-desktop-run: starts an application of this qube by its desktop entry, which is named by id
 * (as in qubes.StartApp+ID) or by path. The id may come from another qube that the policy lets
 * start applications here; it only chooses among what is installed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "templates/vm/desktop/apps.h"
#include "templates/vm/desktop/desktop.h"

#define PROGRAM "qubes-desktop-run"
#define STATUS_NOT_FOUND 127

struct search {
	const char *id;
	char *path; /* owned */
};

static bool is_wanted(void *ctx, const char *id, const char *path)
{
	struct search *s = ctx;
	size_t n = strlen(s->id);

	/* With or without .desktop. */
	if (strncmp(id, s->id, n) != 0 || (id[n] && strcmp(id + n, ".desktop") != 0))
		return true;
	s->path = strdup(path);
	return false;
}

/* The file of an entry. Owned, or NULL. */
static char *find(const char *name)
{
	struct search s = {.id = name};

	if (name[0] == '/')
		return strdup(name);
	apps_walk(false, is_wanted, &s);
	return s.path;
}

/* A command in a terminal. */
static void run_in_terminal(char **argv)
{
	size_t n = 0;
	char **with;

	while (argv[n])
		n++;
	with = calloc(n + 3, sizeof(char *));
	if (!with)
		return;
	with[0] = (char *)"qubes-run-terminal";
	with[1] = (char *)"--";
	memcpy(with + 2, argv, n * sizeof(char *));
	execvp(with[0], with);
	free(with);
}

static int run(const char *file, const struct desktop_entry *e)
{
	char **argv = e->hidden ? NULL : desktop_argv(e, file);

	if (!argv) {
		fprintf(stderr, PROGRAM ": %s has no command that can be run\n", file);
		return STATUS_NOT_FOUND;
	}
	if (e->path && *e->path && chdir(e->path) < 0)
		fprintf(stderr, PROGRAM ": cannot change to %s: %s\n", e->path, strerror(errno));
	if (e->terminal)
		run_in_terminal(argv);
	else
		execvp(argv[0], argv);
	fprintf(stderr, PROGRAM ": cannot run %s: %s\n", argv[0], strerror(errno));
	desktop_free_argv(argv);
	return STATUS_NOT_FOUND;
}

int main(int argc, char **argv)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	struct desktop_entry e;
	int status;

	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "Usage: qubes-desktop-run ID|FILE\n");
		return 2;
	}
	path = find(argv[1]);
	if (!path) {
		fprintf(stderr, PROGRAM ": no application %s is installed in this qube\n", argv[1]);
		return STATUS_NOT_FOUND;
	}
	text = apps_read(path);
	if (!text || desktop_parse(text, &e) < 0) {
		fprintf(stderr, PROGRAM ": %s is not a desktop entry that can be read\n", path);
		return STATUS_NOT_FOUND;
	}
	status = run(path, &e);
	desktop_clear(&e);
	return status;
}
