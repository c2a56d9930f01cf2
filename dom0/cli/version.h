/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef QUBES_CLI_VERSION_H
#define QUBES_CLI_VERSION_H

#define QUBES_VERSION "0.1"

#endif
