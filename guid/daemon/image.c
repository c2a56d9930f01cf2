/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images of windows: memory of the qube that the X server maps, read-only (guid.h; specs/gui.md
 * sections 5 and 6). The qube is hostile: it writes to that memory at any time; it is
 * not mapped here (grants are, to be copied from).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xcb/shm.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"

/* Images of this size may be tray icons: their descriptor is kept, to be tinted. */
#define ICON_SIDE 256

void image_release(struct guid *g, struct gwin *w)
{
	if (w->image.seg)
		xcb_shm_detach(g->x.c, w->image.seg);
	if (w->image.fd >= 0)
		close(w->image.fd);
	grants_unmap(g->gntdev, &w->image.grants);
	w->image = (struct gimage){.fd = -1};
}

/* Has the X server map fd (owned by this call). False when it does not. */
static bool attach(struct guid *g, struct gwin *w, int fd)
{
	xcb_shm_seg_t seg = xcb_generate_id(g->x.c);
	_cleanup_free_ xcb_generic_error_t *error = NULL;

	error = xcb_request_check(g->x.c, xcb_shm_attach_fd_checked(g->x.c, seg, fd, 1));
	if (error) {
		log_error("the X server does not take the image of window 0x%x (error %u)",
			  w->remote, error->error_code);
		return false;
	}
	w->image.seg = seg;
	return true;
}

static void use_memfd(struct guid *g, struct gwin *w, const struct gui_window_dump *dump)
{
	struct gui_memfd_packet packet;
	_cleanup_close_ int fd = -1, ro = -1;
	const char *why;

	fd = fdchan_take(&g->fds, dump->memfd.token, &packet, &why);
	if (fd >= 0)
		ro = memfd_check(fd, &packet, dump, &why);
	if (fd < 0 || ro < 0)
		guid_fatal(g, "protocol error: %s (window 0x%x)", why, w->remote);
	/* X's requests count bytes in 32 bits. */
	if (packet.size > UINT32_MAX) {
		log_error("the image of window 0x%x is too far into its memory", w->remote);
		return;
	}
	if (dump->width <= ICON_SIDE && dump->height <= ICON_SIDE)
		w->image.fd = fcntl(ro, F_DUPFD_CLOEXEC, 3);
	if (!attach(g, w, steal_fd(&ro))) {
		image_release(g, w);
		return;
	}
	w->image.width = (int)dump->width;
	w->image.height = (int)dump->height;
	w->image.offset = (uint32_t)dump->memfd.offset;
}

static void use_grants(struct guid *g, struct gwin *w, const struct gui_window_dump *dump)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (g->gntdev < 0)
		guid_fatal(g, "the agent shares memory by grant references, which there are "
			      "only under Xen; update the qube's GUI agent");
	r = grants_map(g->gntdev, g->o->domid, dump, &w->image.grants, &fd);
	if (r)
		guid_fatal(g, "the grant references of window 0x%x cannot be mapped: %s", w->remote,
			   strerror(-r));
	if (dump->width <= ICON_SIDE && dump->height <= ICON_SIDE)
		w->image.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (!attach(g, w, steal_fd(&fd))) {
		image_release(g, w);
		return;
	}
	w->image.width = (int)dump->width;
	w->image.height = (int)dump->height;
}

void image_dump(struct guid *g, struct gwin *w, const struct gui_window_dump *dump)
{
	image_release(g, w);
	if (dump->dump_type == GUI_DUMP_MEMFD)
		use_memfd(g, w, dump);
	else
		use_grants(g, w, dump);
	/* The memory of the image before is no longer used: X has answered. */
	if (g->version >= GUI_VERSION_DUMP_ACK)
		link_send_empty(g, GUI_MSG_WINDOW_DUMP_ACK, w->remote);
}
