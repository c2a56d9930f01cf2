/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for a qube that is to be started, from qmemman(8). Any thread; blocks. The peer is
 * qmemman, which is trusted.
 */
#ifndef QUBESD_CORE_MEMORY_H
#define QUBESD_CORE_MEMORY_H

#include <glib.h>
#include <stdbool.h>

/* What the hypervisor needs for a domain besides its memory, MiB rounded up. */
guint64 memory_overhead_mib(unsigned vcpus, guint64 max_memory_mib);

/*
 * Waits until mib are free. *ret_fd holds them until it is closed; -1 where nobody divides
 * memory. cancel_fd: readable when it is not wanted any more; -1: none. False with an error
 * that names the qube.
 */
bool memory_request(const char *root, const char *name, guint64 mib, int cancel_fd, int *ret_fd,
		    GError **error);

#endif
