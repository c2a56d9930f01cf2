/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that wait for the user's session: qubes.WaitForSession runs once for all of
 * them, and when it ends, however it ends, they run. dom0 decided them; it is trusted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qrexec/agent/agent.h"
#include "qrexec/base/io.h"
#include "qrexec/call/spawn.h"

/* Starts the service, with the user's name on its standard input. 0 or -errno. */
static int start_waiter(struct agent *a, const struct qrx_command *c)
{
	char path[PATH_MAX];
	int p[2], r = lookup_plain(&a->paths, "qubes.WaitForSession", path);
	pid_t pid;

	if (r)
		return r;
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		spawn_exec_wait_session(path, c, p[0]);
	close(p[0]);
	if (pid > 0) {
		a->session_pid = pid;
		/* A pipe takes a user name without blocking. */
		if (io_write_all(p[1], c->user, strlen(c->user)) || io_write_all(p[1], "\n", 1))
			agent_log("cannot tell qubes.WaitForSession the user");
	}
	close(p[1]);
	return pid < 0 ? -EAGAIN : 0;
}

bool session_wait(struct agent *a, uint32_t type, struct qrx_params where, const char *command,
		  const struct qrx_command *c)
{
	int r = a->session_pid ? 0 : start_waiter(a, c);

	if (r) {
		agent_log("cannot wait for the session of %s: %s; going on without", c->user,
			  strerror(-r));
		return false;
	}
	for (int i = 0; i < MAX_WAITING; i++) {
		struct waiting *w = &a->waiting[i];

		if (w->command)
			continue;
		w->command = strdup(command);
		w->type = type;
		w->where = where;
		w->generation = a->generation;
		return w->command != NULL;
	}
	agent_log("too many calls wait for the session: one goes on without");
	return false;
}

bool session_reaped(struct agent *a, pid_t pid)
{
	struct waiting all[MAX_WAITING];

	if (!a->session_pid || pid != a->session_pid)
		return false;
	/* Runs them as if they came now, but without waiting again. */
	memcpy(all, a->waiting, sizeof(all));
	memset(a->waiting, 0, sizeof(a->waiting));
	a->session_pid = 0;
	for (int i = 0; i < MAX_WAITING; i++) {
		if (!all[i].command)
			continue;
		if (all[i].generation == a->generation)
			calls_execute(a, all[i].type, all[i].where, all[i].command, false);
		free(all[i].command);
	}
	return true;
}
