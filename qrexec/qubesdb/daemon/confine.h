/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileges of the QubesDB daemon. */
#ifndef QUBES_QUBESDB_CONFINE_H
#define QUBES_QUBESDB_CONFINE_H

/*
 * Gives up all capabilities and every system call but those on the list in confine.c: another
 * one kills the process. To be called when sockets, files and the link are open and the user is
 * the final one, before a byte is read. 0 or -errno.
 */
int confine_qubesdb(void);

#endif
