/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The privileges of a dom0 process while it carries a call's data: open, connect, start
 * the service first; then confine; then look at what the qube sends.
 */
#ifndef QUBES_QREXEC_CONFINE_H
#define QUBES_QREXEC_CONFINE_H

#include "qrexec/base/sandbox.h"

extern const struct sandbox qrx_data_sandbox;

/* Enters it: for struct relay and struct serve. 0 or -errno. */
int qrx_confine_data(void);

#endif
