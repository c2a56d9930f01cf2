/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP connections of socket services (specs/qrexec.md section 4). */
#ifndef QUBES_QREXEC_TCP_H
#define QUBES_QREXEC_TCP_H

/*
 * Connects to host, an address in numbers: IPv6 (an interface may follow a '%') when it
 * contains ':' or '%', else IPv4; port is decimal and in range. A blocking descriptor or
 * -errno, -EADDRNOTAVAIL: not an address.
 */
int tcp_connect(const char *host, const char *port);

#endif
