/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images shared by the qube's X server and dom0 (image.h). */
#include "guid/agent/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xcb/shm.h>
#include <xcb/xcbext.h>

#include "guid/proto/gui-proto.h"
#include "guid/proto/x-pixels.h"
#include "qrexec/base/cleanup.h"

/* Sealed so that the daemon can trust its size; the contents stay writable. */
static int make_memfd(uint64_t size)
{
	_cleanup_close_ int fd = memfd_create("qubes-window", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return steal_fd(&fd);
}

int image_new(xcb_connection_t *x, xcb_window_t root, uint8_t depth, uint16_t width,
	      uint16_t height, struct image *ret)
{
	struct image i = {.width = width, .height = height, .pages = PAGES_INIT};
	_cleanup_close_ int fd = -1;
	int for_x;

	i.size = ((uint64_t)width * height * 4 + GUI_PAGE - 1) / GUI_PAGE * GUI_PAGE;
	fd = make_memfd(i.size);
	if (fd < 0)
		return fd;
	for_x = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (for_x < 0)
		return -errno;
	i.seg = xcb_generate_id(x);
	i.pixmap = xcb_generate_id(x);
	xcb_shm_attach_fd(x, i.seg, for_x, 0); /* takes for_x */
	xcb_shm_create_pixmap(x, i.pixmap, root, width, height, depth, i.seg, 0);
	i.fd = steal_fd(&fd);
	*ret = i;
	return 0;
}

static xcb_extension_t pixels_extension = {.name = X_PIXELS_NAME};

static bool has_pixels(xcb_connection_t *x)
{
	const xcb_query_extension_reply_t *e = xcb_get_extension_data(x, &pixels_extension);

	return e && e->present;
}

int image_set_channel(xcb_connection_t *x, int fd)
{
	const xcb_protocol_request_t what = {
		.count = 2, .ext = &pixels_extension, .opcode = X_PIXELS_CHANNEL, .isvoid = 1};
	struct x_pixels_channel_request q = {0};
	/* Two before the parts are the library's. */
	struct iovec parts[4] = {[2] = {.iov_base = &q, .iov_len = sizeof(q)}};
	_cleanup_free_ xcb_generic_error_t *error = NULL;
	xcb_void_cookie_t cookie;

	if (!has_pixels(x)) {
		close(fd);
		return -ENOTSUP;
	}
	cookie.sequence =
		xcb_send_request_with_fds(x, XCB_REQUEST_CHECKED, parts + 2, &what, 1, &fd);
	error = xcb_request_check(x, cookie);
	return error ? -ENOTSUP : 0;
}

/* NULL, or the answer; *ret_fd is then the memory. */
static struct x_pixels_reply *ask_pixels(xcb_connection_t *x, xcb_pixmap_t pixmap,
					 xcb_window_t window, int *ret_fd)
{
	const xcb_protocol_request_t what = {
		.count = 2, .ext = &pixels_extension, .opcode = X_PIXELS_GET};
	struct x_pixels_request q = {.pixmap = pixmap, .window = window};
	struct iovec parts[4] = {[2] = {.iov_base = &q, .iov_len = sizeof(q)}};
	xcb_generic_error_t *error = NULL;
	struct x_pixels_reply *r;

	r = xcb_wait_for_reply(
		x,
		xcb_send_request(x, XCB_REQUEST_CHECKED | XCB_REQUEST_REPLY_FDS, parts + 2, &what),
		&error);
	free(error);
	if (r)
		*ret_fd = r->fds == 1 ? xcb_get_reply_fds(x, r, sizeof(*r))[0] : -1;
	return r;
}

int image_of_pixmap(xcb_connection_t *x, xcb_pixmap_t pixmap, xcb_window_t window,
		    struct image *ret)
{
	_cleanup_free_ struct x_pixels_reply *r = NULL;
	_cleanup_close_ int fd = -1;

	if (!has_pixels(x))
		return -ENOTSUP;
	r = ask_pixels(x, pixmap, window, &fd);
	if (!r || fd < 0)
		return -ENOTSUP;
	if (r->stride != r->width * 4u || (uint64_t)r->stride * r->height > r->size)
		return -ENOTSUP;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*ret = (struct image){.fd = steal_fd(&fd),
			      .width = r->width,
			      .height = r->height,
			      .size = r->size,
			      .pages = PAGES_INIT,
			      .told = r->told};
	return 0;
}

void image_free(xcb_connection_t *x, struct image *i)
{
	if (i->fd < 0)
		return;
	pages_free(&i->pages);
	if (i->pixmap) {
		xcb_free_pixmap(x, i->pixmap);
		xcb_shm_detach(x, i->seg);
	}
	close(i->fd);
	i->fd = -1;
	i->told = false;
}
