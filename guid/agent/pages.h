/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image in pages that are granted to the GUI domain (Xen; specs/gui.md section 5). The X
 * server cannot draw into them without help: it draws into a memfd (image.h), and what was
 * damaged is copied from there.
 */
#ifndef QUBES_GUID_AGENT_PAGES_H
#define QUBES_GUID_AGENT_PAGES_H

#include <stdbool.h>
#include <stdint.h>

struct pages {
	int fd;		     /* owned, of gntalloc; -1: there are none */
	uint8_t *to;	     /* the pages, mapped */
	const uint8_t *from; /* the memfd, mapped */
	uint32_t *refs;	     /* owned: little-endian, as they are sent */
	uint32_t count;
	uint16_t width, height;
};

#define PAGES_INIT                                                                                 \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/*
 * Grants room for width x height pixels to domain, and maps memfd, which holds as much, as
 * the source. 0 or -errno; *ret is then as PAGES_INIT. With an error in domain's number the
 * grants are of no use to anybody.
 */
int pages_new(unsigned domain, int memfd, uint16_t width, uint16_t height, struct pages *ret);
void pages_free(struct pages *p);

/* Copies what is inside the image of a rectangle. */
void pages_copy(const struct pages *p, int x, int y, unsigned width, unsigned height);

#endif
