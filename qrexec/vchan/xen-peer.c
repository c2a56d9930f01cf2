/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a peer's domain (xen-peer.h). Nothing of the peer is read here. */
#include "qrexec/vchan/xen-peer.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <xen/xen.h>

#include <xen/event_channel.h>

#include "qrexec/base/paths.h"
#include "qrexec/vchan/xen-call.h"

static void stop(struct xen_peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* False: this is no dom0 with a qubesd. */
static bool open_dom0(struct xen_peer *p)
{
	char path[QUBES_PATH_MAX];

	if (!qubes_path(path, sizeof(path), XEN_PEER_DIR) || access(path, F_OK) < 0)
		return false;
	p->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	/* A domain that somebody else started has no file: it cannot be watched. */
	if (!qubes_path(path, sizeof(path), XEN_PEER_DIR "/%u", p->domain) ||
	    inotify_add_watch(p->fd, path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) < 0)
		stop(p);
	return true;
}

static void open_qube(struct xen_peer *p)
{
	const struct timespec period = {XEN_PEER_ASK_MS / 1000, XEN_PEER_ASK_MS % 1000 * 1000000L};
	const struct itimerspec at = {.it_interval = period, .it_value = period};

	p->asks = true;
	p->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (p->fd >= 0 && timerfd_settime(p->fd, 0, &at, NULL) < 0)
		stop(p);
}

void xen_peer_open(struct xen_peer *p, unsigned domain)
{
	*p = (struct xen_peer){.domain = domain, .fd = -1};
	if (domain && !open_dom0(p))
		open_qube(p);
}

void xen_peer_close(struct xen_peer *p)
{
	stop(p);
	xen_call_close(p->call);
	p->call = NULL;
}

static bool take_inotify(struct xen_peer *p)
{
	_Alignas(struct inotify_event) char buf[512];
	ssize_t n = read(p->fd, buf, sizeof(buf));
	bool gone = false;

	/* A removed file that nobody has open: its link count, itself, and the watch. */
	for (ssize_t off = 0; off < n;) {
		const struct inotify_event *ev = (const void *)(buf + off);

		gone |= (ev->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0;
		off += (ssize_t)(sizeof(*ev) + ev->len);
	}
	return gone;
}

static bool ask(struct xen_peer *p, uint32_t port)
{
	int r;

	if (!p->call && !p->refused)
		p->call = xen_call_open();
	p->refused = !p->call;
	if (p->refused)
		return false;
	/* The hypervisor closes a domain's ends before it does anything else to it. */
	if (port != XEN_PEER_NO_PORT)
		return xen_call_port(p->call, XEN_CALL_SELF, port) != EVTCHNSTAT_interdomain;
	r = xen_call_port(p->call, p->domain, 0);
	return r == -ESRCH || r == -EINVAL;
}

bool xen_peer_gone(struct xen_peer *p, uint32_t port)
{
	uint64_t ticks;

	if (p->fd < 0)
		return false;
	if (!p->asks)
		return take_inotify(p);
	return read(p->fd, &ticks, sizeof(ticks)) == (ssize_t)sizeof(ticks) && ask(p, port);
}
