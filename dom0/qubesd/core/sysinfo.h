/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy daemon wants to know of all qubes: JSON. specs/policy.md section 6. */
#ifndef QUBESD_CORE_SYSINFO_H
#define QUBESD_CORE_SYSINFO_H

#include "dom0/qubesd/core/model.h"

/* Borrowed, until the next change. */
const char *sysinfo_get(App *app);
/* To be called on any change of state; cheap. */
void sysinfo_invalidate(App *app);

#endif
