/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiver of qubes.Filecopy, apart from its process. docs/wire-qfile.md. */
#ifndef QUBES_QREXEC_UNPACK_H
#define QUBES_QREXEC_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "qrexec/proto/qfile.h"

struct unpack {
	int in;		/* the stream */
	int root;	/* directory to unpack into */
	bool any_chars; /* names may hold any character */

	/* Results. */
	uint32_t crc;			    /* over everything read */
	char last_name[QFILE_NAME_MAX + 1]; /* "" before the first */
};

/*
 * Receives everything. Nothing outside root is touched, and no file in it appears before
 * it is whole; what exists already is never replaced. 0 or a code for the sender: a
 * positive errno value, or QFILE_EARLY_EOF.
 */
int unpack_all(struct unpack *u);

#endif
