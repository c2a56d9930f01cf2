/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and listing volumes, for qvm-volume. */
#ifndef QUBES_CLI_VOLUME_H
#define QUBES_CLI_VOLUME_H

#include "dom0/cli/ctx.h"

struct volume_ref {
	const struct admin_vm *vm;
	const char *name; /* "root", "private", … */
};

/* The fields of admin.vm.volume.Info. NULL with err set. */
GHashTable *volume_info(struct admin *a, const char *vm, const char *volume, GError **err);
guint64 volume_number(GHashTable *info, const char *key);
bool volume_flag(GHashTable *info, const char *key);

/* Its revisions, oldest first. NULL with err set. */
GStrv volume_revisions(struct admin *a, const char *vm, const char *volume, GError **err);

/* "10GiB", "5M", "123" → bytes. */
bool volume_parse_size(const char *text, guint64 *ret);

/* Prints one volume, or one property of it (may be NULL). Exit status. */
int volume_show(struct ctx *c, const struct volume_ref *v, const char *property);

/* Runs "qvm-volume list". */
int volume_list(struct ctx *c);

#endif
