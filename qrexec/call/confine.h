/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileges of a dom0 process while it carries a call's data: open, connect, start
 * the service first; then confine; then look at what the qube sends.
 */
#ifndef QUBES_QREXEC_CONFINE_H
#define QUBES_QREXEC_CONFINE_H

/*
 * Gives up all capabilities and every system call but those on the list in confine.c:
 * another one kills the process. For struct relay and struct serve. 0 or -errno.
 * QUBES_NO_SECCOMP in the environment skips the filter when built with sanitizers only.
 */
int qrx_confine_data(void);

#endif
