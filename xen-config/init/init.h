/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first program of a qube on Xen: from the kernel to the qube's own /sbin/init. It
 * knows the disks as dom0 gives them (docs/xen.md): xvda root, xvdb private, xvdc volatile,
 * xvdd the kernel's modules. Everything it reads is the qube's own.
 */
#ifndef QUBES_VM_INIT_H
#define QUBES_VM_INIT_H

#include <stdbool.h>
#include <stdint.h>

/* A line on the console, where dom0 finds it. */
void init_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the end: the kernel panics, dom0 learns that the qube crashed. */
_Noreturn void init_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- disks.c --- */

/* Opens a socket that tells of new devices; before any driver is loaded. */
void disks_listen(void);
/* Whether dom0 gave a disk of this name ("xvdd"), in use or not yet. */
bool disk_expected(const char *name);
/* Waits until it can be used, its partitions are known. False: not within the time. */
bool disk_wait(const char *name, int timeout_ms);
bool disk_exists(const char *name);
bool disk_is_readonly(const char *name);
/* In sectors of 512 bytes; 0: unknown. */
uint64_t disk_sectors(const char *name);

/* --- table.c --- */

/*
 * The number of the partition that holds the root file system of the disk that fd is: the one
 * called "Root filesystem", else 3 (as in upstream's images), else 1. 0: the disk has no
 * partitions, it is a file system itself. Or -errno.
 */
int table_root(int fd);

/* --- volatile.c --- */

/*
 * Makes a fresh volatile disk: 1 swap (1 GiB, at most half), 2 the rest. 0 or -errno.
 * What was on it is lost.
 */
int volatile_prepare(const char *name);
/* The part of that which writes, to fd. sectors: of 512 bytes; -ENOSPC: under 4 MiB. */
int volatile_write(int fd, uint64_t sectors);

/* --- dm.c --- */

/* Makes /dev/mapper/dmroot: a link to device as it is (what resizes a template's root relies on
 * that), or, with cow, a snapshot of it that is written there. 0 or -errno. */
int dmroot_create(const char *device, const char *cow);

#endif
