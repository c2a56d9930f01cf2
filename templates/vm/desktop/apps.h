/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a qube's applications. */
#ifndef QUBES_VM_APPS_H
#define QUBES_VM_APPS_H

#include <stdbool.h>

/* Folders below a folder of applications that are looked into. */
#define APPS_DEPTH_MAX 8

/* A file: its id and its path. Returns false to end the search. */
typedef bool (*apps_found)(void *ctx, const char *id, const char *path);

/*
 * Calls found for every *.desktop file, those of the user first, then in the order of the system's
 * folders; an id may come more than once. With own_only only those that this qube keeps itself (of
 * an app qube, whose system is its template's).
 */
void apps_walk(bool own_only, apps_found found, void *ctx);

/* A whole small file. Owned, NULL when it cannot be read or is too large. */
char *apps_read(const char *path);

#endif
