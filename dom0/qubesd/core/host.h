/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine, as its own kernel sees it. */
#ifndef QUBESD_CORE_HOST_H
#define QUBESD_CORE_HOST_H

#include <glib.h>

/* Memory in KiB, and CPU time used since boot in ns; 0 where it cannot be told. */
void host_figures(guint64 *ret_kib, guint64 *ret_cpu_ns);

/* Memory that programs could have now, in KiB; 0 where it cannot be told. */
guint64 host_memory_available(void);

#endif
