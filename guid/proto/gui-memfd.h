/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of the side channel that carries descriptors of images (gui.md section 6.2):
 * SOCK_SEQPACKET next to the vchan's socket, agent to daemon only, 16 bytes and exactly one
 * descriptor each.
 */
#ifndef QUBES_GUID_GUI_MEMFD_H
#define QUBES_GUID_GUI_MEMFD_H

#include <stddef.h>
#include <stdint.h>

#define GUI_MEMFD_MAGIC 0x51464431u
#define GUI_MEMFD_PACKET_SIZE 16
/* Descriptors sent and not yet named by a WINDOW_DUMP. */
#define GUI_MEMFD_MAX_PENDING 64
/* How long the daemon waits for a descriptor whose token it has seen, in ms. */
#define GUI_MEMFD_WAIT_MS 100
/* Names of the agent's sockets: server, client and port as in the vchan's, and what it is for. */
#define GUI_SIDE_SOCKET_FMT "vchan.%u.%u.%u.%s.sock"
#define GUI_MEMFD_SOCKET "fds"

struct gui_memfd_packet {
	uint32_t token; /* not 0 */
	uint64_t size;	/* of the file, bytes */
};

void gui_memfd_packet_encode(uint8_t buf[GUI_MEMFD_PACKET_SIZE], const struct gui_memfd_packet *p);
/* len: bytes received. 0, or -EPROTO. */
int gui_memfd_packet_decode(const uint8_t *buf, size_t len, struct gui_memfd_packet *ret);

#endif
