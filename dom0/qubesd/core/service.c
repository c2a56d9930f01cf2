// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls of dom0 to a qube. What the service answers is the qube's word: it is logged in
 * printable form and never acted upon, beyond success or not.
 */
#include "dom0/qubesd/core/service.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/spawn.h"
#include "qrexec/base/io.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
	Domain *d;
	char *program, *root; /* owned; program NULL: there is no agent */
} Plan;

static void plan(gpointer p)
{
	Plan *c = p;
	const Run *run = c->d->run;

	if (!run || run->phase != RUN_UP || run->state != HV_RUNNING || !run->qrexec ||
	    !run->qrexec_up)
		return;
	event_ask(c->d->h.app, c->d, NULL, "domain-cmd-pre-run", "start_guid", "False", NULL);
	if (!helpers_wanted(c->d->h.app))
		return;
	c->program = helper_program(c->d->h.app, "qrexec-client");
	c->root = g_strdup(c->d->h.app->opt.root);
}

static int input_fd(const char *input)
{
	int fd;

	if (!input)
		return -1;
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd >= 0 && (io_write_all(fd, input, strlen(input)) || lseek(fd, 0, SEEK_SET))) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool call(const Plan *c, const char *service, const char *input, int timeout_ms,
		 int cancel_fd, GError **error)
{
	g_autofree char *command = g_strdup_printf("root:QUBESRPC %s dom0", service);
	char *argv[] = {c->program, (char *)"-d", c->d->name, command, NULL};
	g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "QUBES_ROOT", c->root, TRUE);
	g_autofree char *words = NULL;
	int fd = input_fd(input), status = 0;
	SpawnResult r = spawn_wait(argv, env, fd, timeout_ms, cancel_fd, &status, &words, error);

	if (fd >= 0)
		close(fd);
	if (r == SPAWN_FAILED)
		return false;
	if (r == SPAWN_CANCELLED)
		return true;
	if (r == SPAWN_TIMEOUT)
		return fail(error, E_VM, "%s in %s did not end within %d s", service, c->d->name,
			    timeout_ms / 1000);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail(error, E_VM, "%s in %s failed: %s", service, c->d->name,
			    words && *words ? words : "no reason given");
	return true;
}

static bool run(Flow *f, Domain *d, const char *service, const char *input, int timeout_ms,
		int cancel_fd, GError **error)
{
	Plan c = {.d = d};
	bool ok;

	flow_main(f, plan, &c);
	ok = !c.program || call(&c, service, input, timeout_ms, cancel_fd, error);
	g_free(c.program);
	g_free(c.root);
	return ok;
}

bool service_run(Flow *f, Domain *d, const char *service, const char *input, int timeout_ms,
		 GError **error)
{
	return run(f, d, service, input, timeout_ms, -1, error);
}

bool service_run_until(Flow *f, Domain *d, const char *service, int timeout_ms, int cancel_fd,
		       GError **error)
{
	return run(f, d, service, NULL, timeout_ms, cancel_fd, error);
}
