/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to the hypervisor, by libxencall (loaded at run time): what became of an event
 * channel. Private to this folder, and for qubes: dom0's daemons have no way to the hypervisor,
 * where it would make them as mighty as it is.
 */
#ifndef QUBES_VCHAN_XEN_CALL_H
#define QUBES_VCHAN_XEN_CALL_H

#include <stdint.h>

#define XEN_CALL_SELF 0x7ff0u /* this domain */

struct xen_call;

/* NULL: no libxencall, or /dev/xen/privcmd is not for this user. */
struct xen_call *xen_call_open(void);
void xen_call_close(struct xen_call *c);

/*
 * The state of a domain's port, EVTCHNSTAT_*, or -errno: -ESRCH: there is no such domain;
 * -EINVAL: it has no such port (port 0 is there in each domain that does not just end);
 * -EPERM: it has, and it is not ours to know more.
 */
int xen_call_port(struct xen_call *c, unsigned domain, uint32_t port);

#endif
