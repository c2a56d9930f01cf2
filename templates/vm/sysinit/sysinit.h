/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-sysinit: what a qube does first. One program where a script would start fifteen: all
 * that dom0 waits for comes after it.
 */
#ifndef QUBES_SYSINIT_H
#define QUBES_SYSINIT_H

/* storage.c: makes the private volume the place of /home and /usr/local. 0 or -1, reported. */
int storage_setup(void);

/* Prints "qubes-sysinit: WHAT: the cause in errno". -1. */
int sysinit_failed(const char *what);

#endif
