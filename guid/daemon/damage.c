/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damage that the qube's X server tells itself (guid.h; guid/proto/gui-damage.h). The peer is a
 * hostile qube. What comes here is no more than SHMIMAGE says, at any time: windows may not be
 * there yet, or not any more, as it is not in order with the messages.
 */
#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guid/daemon/fdchan.h"
#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "guid/proto/gui-damage.h"
#include "qrexec/base/io.h"

/* Packets of one round, before the X events and the agent get their turn. */
#define PACKET_BUDGET 64

void damage_connect(struct guid *g)
{
	g->damage_sock = fdchan_open(GUI_DAMAGE_SOCKET, g->o->domid, GUI_VCHAN_PORT);
	if (g->damage_sock == -EPERM)
		guid_fatal(g, "the side channel for damage is not the qube's own");
}

static void damage_close(struct guid *g)
{
	close(g->damage_sock);
	g->damage_sock = -1;
}

static void handle_packet(struct guid *g, const uint8_t *untrusted, size_t len)
{
	struct gui_damage part[GUI_DAMAGE_MAX_PARTS];
	int n = gui_damage_decode(untrusted, len, part);

	if (n < 0)
		guid_fatal(g, "protocol error: side channel: malformed packet of damage");
	g->damage_announced = false;
	for (int i = 0; i < n; i++) {
		struct gwin *w = window_by_remote(g, part[i].window);
		const struct gui_rect rect = {part[i].x, part[i].y, part[i].width, part[i].height};

		if (gui_damage_is_announcement(&part[i]))
			g->damage_announced = true;
		else if (w)
			agent_damage(g, w, &rect);
	}
}

/* True when there was one. */
static bool read_packet(struct guid *g)
{
	uint8_t untrusted[GUI_DAMAGE_MAX_SIZE + 1];
	ssize_t n = recv(g->damage_sock, untrusted, sizeof(untrusted), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		damage_close(g);
		return false;
	}
	handle_packet(g, untrusted, (size_t)n);
	return true;
}

/*
 * What was announced comes so soon that to sleep and be woken again would take longer. When X is to
 * do more first, it can wait. The processor may be the one that is to draw it.
 */
static void await_announced(struct guid *g)
{
	int64_t until = io_now_us() + GUI_DAMAGE_SOON_US;

	while (g->damage_announced && !g->sync_pending && g->damage_sock >= 0 &&
	       io_now_us() < until)
		if (!read_packet(g))
			sched_yield();
}

void damage_paint(struct guid *g)
{
	g->damage_announced = false;
	damage_read(g);
	await_announced(g);
	paint_flush(g);
	xcb_flush(g->x.c);
}

void damage_read(struct guid *g)
{
	/* One is painted at once; only while X is busy, others can join it. */
	for (int i = 0; g->damage_sock >= 0 && read_packet(g) && i < PACKET_BUDGET; i++)
		if (!g->sync_pending)
			return;
}
