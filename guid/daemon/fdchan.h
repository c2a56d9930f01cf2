/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receiving end of the side channel for image descriptors (specs/gui.md sections 6.2 and 6.3).
 * The peer is a hostile qube; nothing is ever sent to it.
 */
#ifndef QUBES_GUID_FDCHAN_H
#define QUBES_GUID_FDCHAN_H

#include <stdbool.h>
#include <stdint.h>

#include "guid/proto/gui-memfd.h"
#include "guid/proto/gui-proto.h"

struct fdchan {
	int sock; /* owned; -1: the qube has no side channel */
	unsigned count;
	struct {
		int fd; /* owned */
		struct gui_memfd_packet packet;
	} pending[GUI_MEMFD_MAX_PENDING];
};

void fdchan_init(struct fdchan *f);
void fdchan_clear(struct fdchan *f);

/*
 * Connects to the agent's side channel for a purpose (GUI_*_SOCKET), for the vchan of domain. The
 * descriptor; -ENOENT when there is none; -EPERM when it is not that domain's; or -errno.
 */
int fdchan_open(const char *purpose, unsigned domain, unsigned port);

/*
 * Connects to the agent's side channel for the vchan of domain. 0; -ENOENT when there is none;
 * -EPERM when it is not that domain's; or -errno.
 */
int fdchan_connect(struct fdchan *f, unsigned domain, unsigned port);

/*
 * Takes what has arrived, as far as it is kept: what is more waits, as the messages that use it may
 * not have been read yet. 0, or -EPROTO with a reason (static) in *ret_why: the peer broke
 * the protocol. The end of the channel is no error: tokens will then be unknown.
 */
int fdchan_drain(struct fdchan *f, const char **ret_why);

/* As many descriptors are kept as may be. */
bool fdchan_full(const struct fdchan *f);
/*
 * Full, and there are more. With all messages read the peer has broken the protocol. Closes the
 * channel when there can be no more.
 */
bool fdchan_overflows(struct fdchan *f);

/*
 * The descriptor of a token, waiting up to GUI_MEMFD_WAIT_MS for it; the token is used up
 * (descriptor owned by the caller). -EPROTO with a reason.
 */
int fdchan_take(struct fdchan *f, uint32_t token, struct gui_memfd_packet *ret,
		const char **ret_why);

/*
 * Checks that fd is memory that cannot shrink and is large enough for the image, and
 * reopens it for reading only. The new descriptor (fd stays the caller's), or -EPROTO
 * with a reason.
 */
int memfd_check(int fd, const struct gui_memfd_packet *packet, const struct gui_window_dump *dump,
		const char **ret_why);

#endif
