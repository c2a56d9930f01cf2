/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of libxenvchan, libxenstore and libxencall: both ends of a channel in one process. A
 * domain that is destroyed tells nobody, as in Xen.
 */
#ifndef TESTS_FAKE_XEN_H
#define TESTS_FAKE_XEN_H

#include <stdbool.h>

#define FAKE_RING 1024

/* What the next channel's end is made as. */
extern unsigned fake_own_domid;

/* What the hypervisor answers about an own port, and about port 0 of another domain:
 * EVTCHNSTAT_* or -errno. */
extern int fake_own_port, fake_peer_port;
/* Whether there is a way to ask it. How often it was asked. */
extern bool fake_can_ask;
extern int fake_asked;

#endif
