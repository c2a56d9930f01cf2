/* SPDX-License-Identifier: GPL-2.0-or-later */
/* systemd's readiness protocol (sd_notify), without libsystemd. */
#ifndef QUBES_BASE_NOTIFY_H
#define QUBES_BASE_NOTIFY_H

#include <stdbool.h>

/* True when the service manager waits for a notification ($NOTIFY_SOCKET is set). */
bool notify_wanted(void);

/* Sends state, such as "READY=1". 0, also when nobody wants it, or -errno. */
int notify_send(const char *state);

#endif
