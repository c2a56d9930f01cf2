/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiver of qubes.Filecopy, apart from its process. docs/wire-qfile.md. */
#ifndef QUBES_QREXEC_UNPACK_H
#define QUBES_QREXEC_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "qrexec/proto/qfile.h"

struct unpack {
	int in;		    /* the stream */
	int root;	    /* directory to unpack into */
	bool any_chars;	    /* names may hold any character */
	bool any_links;	    /* links may lead anywhere; never followed here all the same */
	uint64_t max_bytes; /* of all files and targets together; 0: no limit */
	uint64_t max_files; /* entries; 0: no limit */
	uint64_t keep_free; /* bytes: wait before each file until it fits and so much is left; 0: do
			       not */
	void (*done)(const char *untrusted_name); /* called after each file and link, or NULL */

	/* Results. */
	uint32_t crc; /* over everything read */
	/* What the last header was about, as it came, whether accepted or not; "" before the
	 * first and when it was too long. */
	char untrusted_name[QFILE_NAME_MAX + 2];
};

/*
 * Receives everything. Nothing outside root is touched, no file in it appears before it is
 * whole, and what exists already is never replaced. When all came it is on the disk
 * (syncfs). 0 or a code for the sender: a positive errno value, or QFILE_EARLY_EOF.
 */
int unpack_all(struct unpack *u);

#endif
