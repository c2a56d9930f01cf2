/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Helper programs of a qube: qubesdb-daemon and qrexec-daemon. Each forks; its first
 * process ends when it is ready, and the daemon's pid is in its pid file.
 */
#ifndef QUBESD_CORE_SPAWN_H
#define QUBESD_CORE_SPAWN_H

#include "dom0/qubesd/core/model.h"

#define HELPERS 2
typedef enum { HELPER_QUBESDB, HELPER_QREXEC } Helper;

/* What a helper needs to know, for worker threads. */
typedef struct {
	char *program;		  /* owned; path */
	char *root;		  /* owned */
	char *name, *uuid, *user; /* owned; user: who programs in the qube run as */
	int xid;
	unsigned uid, gid;  /* who the daemon runs as */
	unsigned timeout_s; /* of the agent */
	bool no_wait;	    /* the agent may never come */
	int cancel_fd;	    /* readable: give up; -1: none. Not owned. */
} HelperSpec;

/* The path of a program of ours: next to qubesd, else where packages put it. g_free. */
char *helper_program(const App *app, const char *name);

/* Main thread. d has an xid. */
HelperSpec *helper_spec_new(Domain *d, Helper which);
void helper_spec_free(HelperSpec *h);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HelperSpec, helper_spec_free)

/* Helpers are not started on the test hypervisor, whose domains have nobody inside. */
bool helpers_wanted(const App *app);

/*
 * Starts it and waits until it is ready; *ret_pidfd: the daemon (owned by the caller).
 * Blocks. One that runs already is killed first.
 */
bool helper_start(const HelperSpec *h, Helper which, int *ret_pidfd, GError **error);
/* The daemon that runs for it; -1: none. A pidfd, owned by the caller. Without an xid: the
 * one that is left from an earlier run. */
int helper_find(const HelperSpec *h, Helper which);
/* Asks it to end, kills it if it does not. Blocks for 2 s at most. Takes pidfd. */
void helper_kill(int pidfd);

typedef enum { SPAWN_FAILED, SPAWN_ENDED, SPAWN_TIMEOUT, SPAWN_CANCELLED } SpawnResult;

/*
 * Runs argv[0] with the environment envp and waits for its end, at most timeout_ms or
 * until cancel_fd (-1: none) is readable; then it is killed. in_fd: its standard input
 * (-1: nothing). *ret_status: as of waitpid().
 * *ret_words: the end of what it wrote to standard error, one line (g_free). error is set
 * for SPAWN_FAILED only.
 */
SpawnResult spawn_wait(char *const argv[], char **envp, int in_fd, int timeout_ms, int cancel_fd,
		       int *ret_status, char **ret_words, GError **error);

#endif
