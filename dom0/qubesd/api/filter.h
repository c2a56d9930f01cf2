/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy applied to what a call answers, not to the call itself: a qube that may list all
 * qubes gets those for which policy would let it list that qube. The engine is the policy
 * daemon's (policy/engine); the policy is read again when its files changed.
 */
#ifndef QUBESD_API_FILTER_H
#define QUBESD_API_FILTER_H

#include "dom0/qubesd/core/model.h"

typedef struct Filter Filter;

Filter *filter_new(App *app);
void filter_free(Filter *f);
/*
 * Would policy allow src to call service+arg on dest ("@adminvm" or a qube) without asking
 * anybody? False also when the policy cannot be read.
 */
bool filter_allows(Filter *f, const char *service, const char *arg, const char *src,
		   const char *dest);

#endif
