/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a broker that was killed left behind. */
#ifndef QUBES_VCHAN_BROKER_STALE_H
#define QUBES_VCHAN_BROKER_STALE_H

/* Removes sockets from each domain's directory that belong to another domain's uids. */
void stale_links_remove(int domains_fd);

#endif
