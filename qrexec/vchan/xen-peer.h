/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is the domain at the other end of a channel still there? libxenvchan learns of a peer that
 * closes its end, be it that its process was killed: that domain's kernel tells. A domain that is
 * destroyed takes its kernel along, and nobody tells. Private to this folder.
 *
 * In dom0, qubesd keeps a file for each domain, $QUBES_ROOT/run/qubes/xen/<domid>, and removes it
 * when the domain is gone. In a qube the hypervisor is asked, once a second, about a peer that is a
 * qube too; dom0 outlives it.
 */
#ifndef QUBES_VCHAN_XEN_PEER_H
#define QUBES_VCHAN_XEN_PEER_H

#include <stdbool.h>
#include <stdint.h>

#define XEN_PEER_DIR "/run/qubes/xen"
#define XEN_PEER_ASK_MS 1000

/* For xen_peer_gone(): the channel has no port that both ends use, yet. */
#define XEN_PEER_NO_PORT UINT32_MAX

struct xen_call;

struct xen_peer {
	unsigned domain;
	int fd;		       /* owned: to poll for reading; -1: nothing can be known */
	bool asks;	       /* fd is a timer, else inotify */
	bool refused;	       /* there is nobody to ask */
	struct xen_call *call; /* owned, NULL until it is time to ask */
};

/* Opens one or two descriptors, asks nothing yet. Never fails: what cannot be had is not used. */
void xen_peer_open(struct xen_peer *p, unsigned domain);
void xen_peer_close(struct xen_peer *p);

/*
 * Takes what made the descriptor readable. True: the domain, or its end of the channel, is gone.
 * port: the channel's event channel in this domain once it is connected, or XEN_PEER_NO_PORT.
 */
bool xen_peer_gone(struct xen_peer *p, uint32_t port);

#endif
