/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the policy daemon may do, by phase:
 *
 *	open	as started, root on an installed system: binds its sockets and gives them away;
 *		starts the starter (starter.h)
 *	drop	becomes the desktop user, whose group reaches qubesd and the policy agent
 *	run	keeps CAP_DAC_READ_SEARCH alone, for policy files that only root can read; no new
 *		privileges and one list of system calls, which starts no program
 *
 * The starter becomes the same user, with no capability, and with a list that holds what the start
 * of qrexec-client takes, and what that program confines itself to.
 */
#ifndef QUBES_POLICY_CONFINE_H
#define QUBES_POLICY_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

/* Drops and confines; with change, root becomes uid and gid first. A system call outside the
 * list kills the daemon. 0 or -errno; the caller must exit on failure. */
int confine(bool change, uid_t uid, gid_t gid);

/* The same for the starter. */
int confine_starter(bool change, uid_t uid, gid_t gid);

#endif
