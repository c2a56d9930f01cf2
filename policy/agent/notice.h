/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notices to the user: what was allowed or denied. */
#ifndef QUBES_POLICY_NOTICE_H
#define QUBES_POLICY_NOTICE_H

#include <gio/gio.h>

#include "policy/agent/params.h"

/* Shows it through the desktop's notification service, or on standard error without one. */
void notice_show(GApplication *app, const struct agent_params *params);

#endif
