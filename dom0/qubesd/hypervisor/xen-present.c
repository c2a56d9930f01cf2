// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file for each domain that there is, named by its number, its UUID in it: whoever has a
 * channel to a domain sees by its removal that the domain is gone (qrexec/vchan/xen-peer.h). The
 * folder is root's; no peer.
 */
#include "dom0/qubesd/hypervisor/private.h"

#include "qrexec/vchan/xen-peer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *folder(const Hypervisor *hv)
{
	return g_strconcat(hv->root, XEN_PEER_DIR, NULL);
}

void xen_present_begin(const Hypervisor *hv)
{
	g_autofree char *dir = folder(hv);

	if (g_mkdir_with_parents(dir, 0755) < 0)
		g_warning("%s: %s: the end of a domain will be noticed late", dir,
			  g_strerror(errno));
}

void xen_present_add(const Hypervisor *hv, int xid, const char *uuid)
{
	g_autofree char *dir = folder(hv);
	g_autofree char *path = g_strdup_printf("%s/%d", dir, xid);
	g_autoptr(GError) why = NULL;

	if (!g_file_set_contents(path, uuid, -1, &why))
		g_warning("%s: the end of this domain will be noticed late", why->message);
}

void xen_present_drop(const Hypervisor *hv, const char *uuid)
{
	g_autofree char *path = folder(hv);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL), *text = NULL;

		if (g_file_get_contents(file, &text, NULL, NULL) && !strcmp(text, uuid))
			unlink(file);
	}
}
