/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling dom0's GUI daemon what was drawn (guid/proto/gui-damage.h), from the X server of a qube
 * itself. An X client, the agent, says for which pixmaps, and brings the channel to the daemon.
 */
#ifndef QUBES_GUID_XORG_TELL_H
#define QUBES_GUID_XORG_TELL_H

#include <xorg-server.h>

#include <dixstruct.h>
#include <pixmapstr.h>
#include <stdint.h>

struct tell;

/* Once for each generation of the server. FALSE: out of memory. */
Bool tell_init(void);

/* A new channel, which ends the one before: fd becomes tell's, as long as the client is there. */
void tell_set_channel(ClientPtr client, int fd);

/*
 * From now on what is drawn into p is told as damage of the window, when the channel is that
 * client's. *slot is NULL, or what was told about p before; it is NULL again when that ends.
 * FALSE: it will not be told.
 */
Bool tell_start(ClientPtr client, PixmapPtr p, uint32_t window, struct tell **slot);

#endif
