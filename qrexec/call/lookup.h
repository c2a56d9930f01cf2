/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding a service and its configuration by name. docs/wire-qrexec.md, "Services".
 * Files are the system's own; names come from a qube and hold no '/'.
 */
#ifndef QUBES_QREXEC_LOOKUP_H
#define QUBES_QREXEC_LOOKUP_H

#include <limits.h>
#include <stdbool.h>

#include "qrexec/proto/command.h"
#include "qrexec/proto/rpcconf.h"

/* Why something failed, one line for a log or the user. */
struct qrx_error {
	char text[320];
};

void qrx_error_set(struct qrx_error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Colon-separated directories to search. */
struct lookup_paths {
	const char *services;	     /* $QREXEC_SERVICE_PATH, or the default */
	const char *configs;	     /* $QUBES_RPC_CONFIG_PATH, or the default */
	char services_buf[3 * 1100]; /* in dom0: the defaults below QUBES_ROOT */
	char configs_buf[3 * 1100];
};

/* Fills p from the environment. dom0: the defaults are below $QUBES_ROOT. */
void lookup_paths_init(struct lookup_paths *p, bool dom0);

enum service_kind { SERVICE_EXEC, SERVICE_UNIX, SERVICE_TCP };

struct service_found {
	enum service_kind kind;
	char path[PATH_MAX]; /* for SERVICE_TCP: what the link says */
};

/*
 * Looks for name+arg (name+ without argument) in all directories, then for name.
 * 0, -ENOENT (nothing found), or another -errno with *ret_error set (e.g. -EACCES: found,
 * but neither a socket nor executable).
 */
int lookup_service(const struct lookup_paths *p, const struct qrx_command *c,
		   struct service_found *ret, struct qrx_error *ret_error);

/* The service of this name, without argument; for qubes.WaitForSession. */
int lookup_plain(const struct lookup_paths *p, const char *name, char ret_path[PATH_MAX]);

/*
 * Loads the configuration of a service, defaults when there is none. 0 or -errno
 * with *ret_error set.
 */
int lookup_config(const struct lookup_paths *p, const struct qrx_command *c,
		  struct qrx_rpcconf *ret, struct qrx_error *ret_error);

/* True when a configuration that was loaded holds what means nothing; *ret_error says it. */
bool lookup_config_odd(const struct qrx_command *c, const struct qrx_rpcconf *conf, bool dom0,
		       struct qrx_error *ret_error);

#endif
