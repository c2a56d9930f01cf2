/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that only the start needed. libvirt's client library brings some forty others, most
 * of whose pages are touched once, by the dynamic linker and by constructors, and never again.
 */
#ifndef QUBESD_CORE_TRIM_H
#define QUBESD_CORE_TRIM_H

/*
 * Lets the kernel take back the unchanged pages of programs and libraries; those that are
 * needed come back from the page cache by themselves. Returns free heap, too. Some
 * milliseconds; main thread.
 */
void trim_memory(void);

#endif
