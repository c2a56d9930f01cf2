/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of one QubesDB daemon: sockets, pid file, log. */
#ifndef QUBES_QUBESDB_FILES_H
#define QUBES_QUBESDB_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "qrexec/base/paths.h"

struct file {
	char path[QUBES_PATH_MAX];
	ino_t ino; /* ours, as long as it has this number */
	bool made;
};

struct files {
	struct file rw, ro, pid;
	struct file link_rw, link_ro; /* dom0's own: the names without a name */
	char log[QUBES_PATH_MAX];
};

/* The paths for the daemon of qube `name`; NULL: the daemon in a qube. 0 or -ENAMETOOLONG. */
int files_name(struct files *f, const char *name);

/* Makes the two listening sockets, owned by uid:gid. 0 or -errno. */
int files_listen(struct files *f, mode_t rw_mode, uid_t uid, gid_t gid, int *ret_rw, int *ret_ro);

/* For dom0's own daemon: qubesdb.sock and qubesdb.ro.sock lead to its sockets. */
int files_link_own(struct files *f);

/* Takes the pid file; -EALREADY when such a daemon runs. The descriptor stays open. */
int files_lock_pid(struct files *f, uid_t uid, gid_t gid);

/* The log, to be appended to: a descriptor or -errno. */
int files_open_log(const struct files *f, uid_t uid, gid_t gid);

/* Removes what this daemon made and nobody has replaced since. */
void files_remove(const struct files *f);

/* A name that can be part of a path. */
bool files_name_ok(const char *name);

#endif
