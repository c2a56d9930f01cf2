/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What calls of other qubes than dom0 are refused beyond policy, which let them through
 * already. The hook of every method that upstream calls admin-permission.
 */
#ifndef QUBESD_API_PERMISSION_H
#define QUBESD_API_PERMISSION_H

#include "dom0/qubesd/api/call.h"

/* In lists of everything: may the caller know of d? dom0 of all, others as policy says. */
bool may_see(const Call *c, const Domain *d);
/* In streams: of this event of d (NULL: of the system)? */
bool may_hear(const Call *c, const char *event, const Domain *d);
/*
 * Runs the hooks of c's method (a table in permission.c), after the checks that all methods
 * have and before its handler. False with E_PERMISSION.
 */
bool permission_check(const Call *c, GError **error);

#endif
