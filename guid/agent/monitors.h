/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which monitors dom0 has: from the size in its handshake, and from the file that the service
 * qubes.SetMonitorLayout writes (layout.h), now and whenever it is replaced.
 */
#ifndef QUBES_GUID_AGENT_MONITORS_H
#define QUBES_GUID_AGENT_MONITORS_H

#include <stdint.h>

#include "guid/agent/layout.h"

struct agent;

struct monitors {
	int fd;		    /* owned: inotify of the file's folder; -1: none */
	const char *path;   /* of the file, NULL: none */
	struct layout told; /* by it; count 0: nothing yet */
};

/* Watches path, which need not be there yet, and applies what it says. Errors go to stderr. */
void monitors_open(struct agent *a, const char *path);
void monitors_close(struct monitors *m);

/* The descriptor is readable. */
void monitors_step(struct agent *a);

/* A daemon came, with a screen of that size: its width is rounded up to a multiple of 8. */
void monitors_size(struct agent *a, uint32_t width, uint32_t height);

#endif
