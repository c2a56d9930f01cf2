/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a vchan backend offers to vchan.c. Private to this folder. */
#ifndef QUBES_VCHAN_BACKEND_H
#define QUBES_VCHAN_BACKEND_H

#include "qrexec/vchan/vchan.h"

/* The calls of vchan.h of the same names. */
struct vchan_ops {
	void (*free)(struct vchan *v, bool flush);
	void (*set_window)(struct vchan *v, size_t bytes); /* may be NULL */
	int (*fd)(const struct vchan *v);
	short (*events)(const struct vchan *v);
	int (*wait)(struct vchan *v);
	enum vchan_state (*state)(const struct vchan *v);
	size_t (*data_ready)(struct vchan *v);
	size_t (*buffer_space)(struct vchan *v);
	ssize_t (*read)(struct vchan *v, void *buf, size_t n);
	ssize_t (*write)(struct vchan *v, const void *buf, size_t n);
	/* Bytes accepted by write and not yet where the peer can see them. */
	size_t (*unsent)(const struct vchan *v);
};

/* First member of each backend's own structure. */
struct vchan {
	const struct vchan_ops *ops;
};

int vchan_socket_server(unsigned domain, unsigned port, size_t read_min, size_t write_min,
			struct vchan **ret);
int vchan_socket_client(unsigned domain, unsigned port, struct vchan **ret);

int vchan_xen_server(unsigned domain, unsigned port, size_t read_min, size_t write_min,
		     struct vchan **ret);
int vchan_xen_client(unsigned domain, unsigned port, struct vchan **ret);

/* The own domain number by xenstore, or -errno where there is none. */
int vchan_xen_domid(void);

/* 0 when libxenvchan and libxenstore are there with every function this folder needs,
 * or -ENOSYS with the name of what is missing in *ret_missing (static). */
int vchan_xen_probe(const char **ret_missing);

#endif
