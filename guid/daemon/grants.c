/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant references (grants.h). The pages are a hostile qube's; the kernel checks whose. */
#include "guid/daemon/grants.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/gntdev.h>

#include "qrexec/base/cleanup.h"

int grants_open(void)
{
	int fd = open("/dev/xen/gntdev", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int map_request(int gntdev, unsigned domain, const struct gui_pages *pages,
		       uint64_t *ret_index)
{
	_cleanup_free_ struct ioctl_gntdev_map_grant_ref *map =
		calloc(1, sizeof(*map) + (size_t)pages->count * sizeof(map->refs[0]));
	struct ioctl_gntdev_grant_ref *refs;

	if (!map)
		return -ENOMEM;
	refs = (void *)((uint8_t *)map + offsetof(struct ioctl_gntdev_map_grant_ref, refs));
	map->count = pages->count;
	for (uint32_t i = 0; i < pages->count; i++) {
		refs[i].domid = domain;
		refs[i].ref = gui_page(pages, i);
	}
	if (ioctl(gntdev, IOCTL_GNTDEV_MAP_GRANT_REF, map) < 0)
		return -errno;
	*ret_index = map->index;
	return 0;
}

static void unmap_request(int gntdev, uint64_t index, uint32_t pages)
{
	struct ioctl_gntdev_unmap_grant_ref unmap = {.index = index, .count = pages};

	ioctl(gntdev, IOCTL_GNTDEV_UNMAP_GRANT_REF, &unmap);
}

/* Memory of the image's size, mapped here and as a descriptor for X. */
static int make_copy(struct grant_image *g, int *ret_fd)
{
	_cleanup_close_ int fd = memfd_create("guid", MFD_CLOEXEC);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)g->to_size) < 0)
		return -errno;
	p = mmap(NULL, g->to_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	g->to = p;
	*ret_fd = steal_fd(&fd);
	return 0;
}

int grants_map(int gntdev, unsigned domain, const struct gui_window_dump *dump,
	       struct grant_image *ret, int *ret_fd)
{
	struct grant_image g = {.pages = dump->pages.count,
				.from_size = (size_t)dump->pages.count * GUI_PAGE,
				.to_size = (size_t)dump->width * dump->height * 4};
	void *p;
	int r;

	if (!g.pages || !g.to_size)
		return -EINVAL;
	r = map_request(gntdev, domain, &dump->pages, &g.index);
	if (r)
		return r;
	p = mmap(NULL, g.from_size, PROT_READ, MAP_SHARED, gntdev, (off_t)g.index);
	r = p == MAP_FAILED ? -errno : make_copy(&g, ret_fd);
	if (r) {
		if (p != MAP_FAILED)
			munmap(p, g.from_size);
		unmap_request(gntdev, g.index, g.pages);
		return r;
	}
	g.from = p;
	*ret = g;
	return 0;
}

void grants_unmap(int gntdev, struct grant_image *g)
{
	if (!g->from)
		return;
	munmap((void *)(uintptr_t)g->from, g->from_size);
	munmap(g->to, g->to_size);
	unmap_request(gntdev, g->index, g->pages);
	*g = (struct grant_image){0};
}

void grants_copy(const struct grant_image *g, int width, const struct gui_box *part)
{
	for (int y = part->y; y < part->y + part->height; y++) {
		size_t at = ((size_t)y * (size_t)width + (size_t)part->x) * 4;

		memcpy(g->to + at, g->from + at, (size_t)part->width * 4);
	}
}
