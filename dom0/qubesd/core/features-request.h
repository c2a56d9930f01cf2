/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Features that a qube says its software has: which of them dom0 believes. */
#ifndef QUBESD_CORE_FEATURES_REQUEST_H
#define QUBESD_CORE_FEATURES_REQUEST_H

#include "dom0/qubesd/core/model.h"

/*
 * untrusted: name -> value; names of [A-Za-z0-9_.-], values of [A-Za-z0-9._,=- ] only. Sets what a
 * qube may say about itself; the rest is ignored. Main thread.
 */
void features_request_apply(Domain *d, GHashTable *untrusted);

#endif
