/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxenvchan and libxenstore, loaded at run time: a machine without Xen needs neither.
 * The types come from their headers, so the compiler checks our calls. Private to this
 * folder.
 */
#ifndef QUBES_VCHAN_XEN_API_H
#define QUBES_VCHAN_XEN_API_H

#include <libxenvchan.h>
#include <xenstore.h>

#define XEN_VCHAN_FUNCTIONS(X)                                                                     \
	X(libxenvchan_server_init)                                                                 \
	X(libxenvchan_client_init)                                                                 \
	X(libxenvchan_close)                                                                       \
	X(libxenvchan_read)                                                                        \
	X(libxenvchan_write)                                                                       \
	X(libxenvchan_wait)                                                                        \
	X(libxenvchan_fd_for_select)                                                               \
	X(libxenvchan_is_open)                                                                     \
	X(libxenvchan_data_ready)                                                                  \
	X(libxenvchan_buffer_space)

#define XEN_STORE_FUNCTIONS(X)                                                                     \
	X(xs_open)                                                                                 \
	X(xs_close)                                                                                \
	X(xs_rm)                                                                                   \
	X(xs_read)                                                                                 \
	X(xs_watch)                                                                                \
	X(xs_fileno)                                                                               \
	X(xs_check_watch)

struct xen_api {
	void *vchan_lib, *store_lib; /* owned (dlopen) */
#define X(name) __typeof__(name) *name;
	XEN_VCHAN_FUNCTIONS(X)
	XEN_STORE_FUNCTIONS(X)
#undef X
};

/* 0 or -ENOSYS; *ret_missing (may be NULL) then names the library or function. */
int xen_api_load(struct xen_api *ret, const char **ret_missing);
void xen_api_unload(struct xen_api *api);

#endif
