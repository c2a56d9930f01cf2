/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of a qube's GUI daemon: features gui-KEY of the qube, else
 * gui-default-KEY of its GUI domain, as a file in libconfig's syntax (gui.md, section 13).
 */
#ifndef QUBES_CLI_GUIDCONF_H
#define QUBES_CLI_GUIDCONF_H

#include "dom0/admin/vm.h"

/* The file's text, to g_free(). Values that are not valid are left out, with a warning. */
char *guidconf_text(struct admin *a, const char *vm, const char *guivm);

/* The same from values: get(key, data) returns a feature's value to g_free(), or NULL. */
char *guidconf_make(char *(*get)(const char *key, gpointer data), gpointer data, const char *vm);

#endif
