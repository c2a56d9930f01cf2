/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Granted pages (pages.h). The peer is the GUI domain, which may read them. */
#include "guid/agent/pages.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/gntalloc.h>

#include "guid/proto/gui-proto.h"
#include "qrexec/base/cleanup.h"

static size_t bytes_of(const struct pages *p)
{
	return (size_t)p->count * GUI_PAGE;
}

/* Asks for the grants. The descriptor is fresh, so they are at its offset 0. */
static int allocate(struct pages *p, unsigned domain)
{
	_cleanup_free_ struct ioctl_gntalloc_alloc_gref *a =
		calloc(1, sizeof(*a) + (size_t)p->count * sizeof(uint32_t));
	const uint32_t *refs;

	if (!a)
		return -ENOMEM;
	a->domid = (uint16_t)domain;
	a->flags = 0; /* to be read only */
	a->count = p->count;
	if (ioctl(p->fd, IOCTL_GNTALLOC_ALLOC_GREF, a) < 0)
		return -errno;
	refs = (const void *)((const uint8_t *)a +
			      offsetof(struct ioctl_gntalloc_alloc_gref, gref_ids));
	for (uint32_t i = 0; i < p->count; i++)
		p->refs[i] = htole32(refs[i]);
	p->to = mmap(NULL, bytes_of(p), PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, (off_t)a->index);
	if (p->to == MAP_FAILED) {
		p->to = NULL;
		return -errno;
	}
	return 0;
}

static int map_source(struct pages *p, int memfd)
{
	void *from = mmap(NULL, bytes_of(p), PROT_READ, MAP_SHARED, memfd, 0);

	if (from == MAP_FAILED)
		return -errno;
	p->from = from;
	return 0;
}

int pages_new(unsigned domain, int memfd, uint16_t width, uint16_t height, struct pages *ret)
{
	struct pages p = {
		.fd = open("/dev/xen/gntalloc", O_RDWR | O_CLOEXEC),
		.width = width,
		.height = height,
		.count = (uint32_t)(((uint64_t)width * height * 4 + GUI_PAGE - 1) / GUI_PAGE)};
	int r;

	if (p.fd < 0)
		return -errno;
	p.refs = calloc(p.count, sizeof(*p.refs));
	r = p.refs ? allocate(&p, domain) : -ENOMEM;
	if (!r)
		r = map_source(&p, memfd);
	if (r) {
		pages_free(&p);
		return r;
	}
	*ret = p;
	return 0;
}

void pages_free(struct pages *p)
{
	if (p->fd < 0)
		return;
	if (p->to)
		munmap(p->to, bytes_of(p));
	if (p->from)
		munmap((void *)(uintptr_t)p->from, bytes_of(p));
	/* The grants end with the descriptor, or as soon as the other side lets go of them. */
	close(p->fd);
	free(p->refs);
	*p = (struct pages)PAGES_INIT;
}

static int clamp(int64_t v, int max)
{
	return v < 0 ? 0 : v > max ? max : (int)v;
}

void pages_copy(const struct pages *p, int x, int y, unsigned width, unsigned height)
{
	int left = clamp(x, p->width), right = clamp((int64_t)x + width, p->width);
	int top = clamp(y, p->height), bottom = clamp((int64_t)y + height, p->height);

	if (p->fd < 0 || right <= left)
		return;
	for (int row = top; row < bottom; row++) {
		size_t at = ((size_t)row * p->width + (size_t)left) * 4;

		memcpy(p->to + at, p->from + at, (size_t)(right - left) * 4);
	}
}
