/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data ports of one daemon (ports.h). Releases are asked for by a hostile qube. */
#include "qrexec/daemon/ports.h"

#include <string.h>

void ports_init(struct ports *p, unsigned own, unsigned start)
{
	memset(p, 0, sizeof(*p));
	p->own = own;
	p->start = start % QRX_PORTS & ~1u;
}

static unsigned take(struct ports *p, unsigned i, uint32_t peer)
{
	p->port[i].used = true;
	p->port[i].stale = false;
	p->port[i].peer = peer;
	return QRX_DATA_PORT + i;
}

unsigned ports_allocate(struct ports *p, uint32_t peer, int64_t now_ms)
{
	/* dom0 has no daemon of its own that could choose the same. */
	unsigned first = peer > p->own ? 1 : 0;
	unsigned step = peer == 0 ? 1 : 2;
	unsigned best = QRX_PORTS;

	for (unsigned n = first; n < QRX_PORTS; n += step) {
		unsigned i = (p->start + n) % QRX_PORTS;

		if (p->port[i].used)
			continue;
		if (p->port[i].free_at_ms <= now_ms)
			return take(p, i, peer);
		if (best == QRX_PORTS || p->port[i].free_at_ms < p->port[best].free_at_ms)
			best = i;
	}
	if (best < QRX_PORTS)
		return take(p, best, peer);
	for (unsigned n = first; n < QRX_PORTS; n += step) {
		unsigned i = (p->start + n) % QRX_PORTS;

		if (p->port[i].stale)
			return take(p, i, peer);
	}
	return 0;
}

bool ports_release(struct ports *p, uint32_t port, uint32_t peer, int64_t now_ms)
{
	unsigned i = port - QRX_DATA_PORT;

	if (!qrx_is_data_port(port) || !p->port[i].used || p->port[i].peer != peer)
		return false;
	p->port[i].used = p->port[i].stale = false;
	p->port[i].free_at_ms = now_ms + PORTS_REST_MS;
	return true;
}

void ports_all_stale(struct ports *p)
{
	for (unsigned i = 0; i < QRX_PORTS; i++)
		p->port[i].stale = p->port[i].used;
}
