/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clipboard operations in words. */
#ifndef QUBES_SESSION_DESCRIBE_H
#define QUBES_SESSION_DESCRIBE_H

#include "guid/clipboard/files.h"

/* What to tell the user of an operation, into buf. Pure. False: nothing. *ret_failure: something
 * went wrong. */
bool clipboard_describe(const struct clip_metadata *m, char *buf, size_t n, bool *ret_failure);

#endif
