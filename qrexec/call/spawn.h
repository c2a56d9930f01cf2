/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the process of a service, with its descriptors and environment. */
#ifndef QUBES_QREXEC_SPAWN_H
#define QUBES_QREXEC_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "qrexec/proto/command.h"

struct spawn {
	const struct qrx_command *cmd;
	const char *path; /* the service's executable, NULL: cmd->text is a shell command */
	enum {
		SPAWN_PIPES,	  /* stdin and stdout are sockets, stderr a pipe to us */
		SPAWN_OWN_STDERR, /* the same, but stderr stays our own */
		SPAWN_DETACHED,	  /* /dev/null, and stderr goes to log_fd */
	} stdio;
	int log_fd; /* SPAWN_DETACHED: -1 for /dev/null */
	/* Runs shell commands, as "SHELL -c"; services run directly. Both as ourselves. */
	const char *shell;
	/* Instead of that: runs in a forked child, stdio in place, everything else closed;
	 * must not return. For calls as another user. NULL: none. */
	void (*exec)(const struct spawn *s);
};

struct spawned {
	pid_t pid;
	int in_fd, out_fd, err_fd; /* owned by the caller; -1: none */
};

/* 0 or -errno, also of execve(2) (not with s->exec). */
int spawn_start(const struct spawn *s, struct spawned *ret);

/*
 * The environment of a service: base without the caller's QREXEC_* variables, and
 * with those that describe this call. agent_pid: who takes SIGUSR1. Owned by the caller
 * (array and the new strings); NULL when out of memory. For a shell command the
 * caller's variables are removed all the same.
 */
char **spawn_env(char *const *base, const struct qrx_command *c, pid_t agent_pid);

/* Executes a service directly. Does not return; prints the reason when it fails. */
__attribute__((noreturn)) void spawn_exec_service(const struct spawn *s, char *const *env);

/*
 * In a forked child: becomes qubes.WaitForSession at path, for the call of caller. It is a service
 * without argument, called by the same qube; what it prints goes to stderr.
 */
__attribute__((noreturn)) void
spawn_exec_wait_session(const char *path, const struct qrx_command *caller, int stdin_fd);

/* Closes every descriptor from `first` on. */
void spawn_close_from(int first);

#endif
