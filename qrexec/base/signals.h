/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals as something to poll. */
#ifndef QUBES_BASE_SIGNALS_H
#define QUBES_BASE_SIGNALS_H

/*
 * Blocks these signals, 0 ends them, and ignores SIGPIPE. A descriptor that is readable when one of
 * them came (signalfd(2); O_CLOEXEC, O_NONBLOCK), or -errno.
 */
int signals_fd(const int *signals);

#endif
