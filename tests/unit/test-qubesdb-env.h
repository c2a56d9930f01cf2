/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two real qubesdb-daemons, dom0's and a qube's, over the socket vchan in a temporary
 * directory: what the tests of them share.
 */
#ifndef TEST_QUBESDB_ENV_H
#define TEST_QUBESDB_ENV_H

#include <glib.h>
#include <sys/types.h>

#include "qrexec/qubesdb/qubesdb-client.h"

#define WAIT_MS 150000

struct fixture {
	char *dir, *dom0_root, *vm_root, *sockets;
	char *bin; /* where the programs are, NULL: not built */
	pid_t vm;  /* the qube's daemon, in the foreground */
};

/* A temporary folder for both sides, with no daemon running; for g_test_add(). */
void qe_setup(struct fixture *f, const void *data);
/* From now on this process looks at the files of dom0. */
void qe_in_dom0(const struct fixture *f);
/* … of the qube. */
void qe_in_vm(const struct fixture *f);
int qe_run(const struct fixture *f, const char *command, char **out);
/* The process of dom0's daemon, or a negative error. */
pid_t qe_dom0_pid(const struct fixture *f);
void qe_start_dom0(const struct fixture *f);
void qe_spawn_vm(struct fixture *f);
void qe_kill_dom0(const struct fixture *f, int sig);
/* Its wait status. */
int qe_kill_vm(struct fixture *f, int sig);
/* Ends the daemons and removes the folder. */
void qe_teardown(struct fixture *f, const void *data);
qdb_handle_t qe_open_dom0(const struct fixture *f);
qdb_handle_t qe_open_vm(const struct fixture *f);
/* Waits until reading gives that (NULL: that there is no such path). */
void qe_expect_value(qdb_handle_t h, const char *path, const char *want);
void qe_write_value(qdb_handle_t h, const char *path, const char *value);

#define NEED_PROGRAMS(f)                                                                           \
	if (!(f)->bin) {                                                                           \
		g_test_skip("the programs are not built");                                         \
		return;                                                                            \
	}

#endif
