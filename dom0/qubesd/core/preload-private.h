/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the parts of preloading. */
#ifndef QUBESD_CORE_PRELOAD_PRIVATE_H
#define QUBESD_CORE_PRELOAD_PRIVATE_H

#include "dom0/qubesd/core/preload.h"

/* Tells of it (domain-preload-dispvm-used), and fills the gaps after delay seconds. */
void preload_tell_used(Domain *t, Domain *disp, double delay);

/* Runs fn(d) on the main thread after delay seconds (its absolute value). */
void preload_later(Domain *d, double delay, GSourceFunc fn);
/* A GSourceFunc of a template: fills its gaps in the background. */
gboolean preload_fill_now(gpointer t);

#endif
