/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Desktop entries (freedesktop.org, Desktop Entry Specification 1.5): what a qube's applications
 * are called and how they are started. Only what that takes; untranslated keys only. Pure but for
 * the finding of files.
 */
#ifndef QUBES_VM_DESKTOP_H
#define QUBES_VM_DESKTOP_H

#include <stdbool.h>
#include <stddef.h>

/* Longer files are no desktop entries. */
#define DESKTOP_FILE_MAX (256u * 1024)
/* Words of a command. */
#define DESKTOP_ARGS_MAX 256

struct desktop_entry {
	char *exec, *name, *icon, *path; /* owned; escapes resolved, NULL when not there */
	bool terminal, no_display, hidden, application;
};

/* Decodes the text's group [Desktop Entry]. 0, -EINVAL when there is none, -ENOMEM. */
int desktop_parse(const char *text, struct desktop_entry *ret);
void desktop_clear(struct desktop_entry *e);

/*
 * The words of the entry's command, with field codes resolved for no files: an array to
 * desktop_free_argv(), ending with NULL. file is the entry's path, for %k. NULL when Exec is
 * missing or malformed, or on lack of memory.
 */
char **desktop_argv(const struct desktop_entry *e, const char *file);
void desktop_free_argv(char **argv);

/*
 * The id of a file below a folder of applications: rel with "-" for "/". buf gets it; false when it
 * does not fit or is not *.desktop.
 */
bool desktop_id(const char *rel, char *buf, size_t n);

#endif
