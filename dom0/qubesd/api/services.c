// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Admin API as qrexec services: a call of another qube that policy allowed arrives by
 * a link in /etc/qubes-rpc, which qrexec connects to like to any socket service.
 */
#include "dom0/qubesd/api/call.h"

#include "qrexec/base/io.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* From /etc/qubes-rpc. NULL: not for other qubes. */
static const char *target(const Method *m)
{
	switch (m->socket) {
	case SOCKET_ADMIN:
		return m->flags & M_SCRIPT ? NULL : "../../run/qubesd.sock";
	case SOCKET_MISC:
		return "../../run/qubesd.misc.sock";
	default:
		return NULL;
	}
}

static bool is_ours(const char *link)
{
	return !strcmp(link, "../../run/qubesd.sock") ||
	       !strcmp(link, "../../run/qubesd.misc.sock");
}

static void drop_old(const char *dir, GHashTable *table)
{
	g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *path = g_build_filename(dir, name, NULL);
		g_autofree char *link = g_file_read_link(path, NULL);
		const Method *m = g_hash_table_lookup(table, name);

		if (link && is_ours(link) && (!m || g_strcmp0(link, target(m))))
			unlink(path);
	}
}

bool methods_link(const char *dir, GError **error)
{
	g_autoptr(GHashTable) table = methods_table();
	GHashTableIter it;
	gpointer name, m;
	int r = io_mkdir_p(dir, 0755);

	if (r)
		return fail(error, E_QUBES, "%s cannot be made: %s", dir, g_strerror(-r));
	drop_old(dir, table);
	g_hash_table_iter_init(&it, table);
	while (g_hash_table_iter_next(&it, &name, &m)) {
		g_autofree char *path = g_build_filename(dir, name, NULL);

		/* What is there already is a link of ours, or the administrator's own. */
		if (target(m) && symlink(target(m), path) < 0 && errno != EEXIST)
			return fail(error, E_QUBES, "%s cannot be made: %s", path,
				    g_strerror(errno));
	}
	return true;
}
