/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the parts of the receiver of qubes.Filecopy: unpack.c (entries), unpack-file.c
 * (what a file contains), unpack-stream.c (bytes). Functions return 0 or a code as unpack_all(). */
#ifndef QUBES_QREXEC_UNPACK_INTERNAL_H
#define QUBES_QREXEC_UNPACK_INTERNAL_H

#include <stddef.h>

#include "qrexec/filecopy/unpack.h"

struct unpack_state {
	struct unpack *u;
	uint8_t *buf; /* owned */
	size_t at, len;
	/* The directory of the last entry: most lie next to or below the one before. */
	char parent[QFILE_NAME_MAX + 1];
	int parent_fd; /* owned, -1: none */
	uint64_t bytes, files;
	uint64_t disk; /* size of the filesystem in bytes, UINT64_MAX: unknown */
};

int unpack_stream_init(struct unpack_state *s);

/* At least one and at most n bytes of the stream, in place until the next call. */
int unpack_take(struct unpack_state *s, size_t n, const uint8_t **ret, size_t *ret_n);

int unpack_read(struct unpack_state *s, void *dst, size_t n);

/* Receives a file as `base` in the directory. */
int unpack_file(struct unpack_state *s, int dir, const char *base, const struct qfile_header *h);

/* Mode and times of what the header is about. */
int unpack_set_attributes(int fd, const struct qfile_header *h);

#endif
