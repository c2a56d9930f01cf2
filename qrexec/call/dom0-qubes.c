/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connecting a qube that asked with the qube that was decided on (dom0.h). The
 * decision was the policy's; names come from it and from qubesd, both trusted.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/call/dom0.h"

#define DISPVM "@dispvm:"

static int start_qube(const char *qube, struct qrx_error *e)
{
	char type[64] = "";
	int r = dom0_admin("admin.vm.Start", "", qube, NULL, NULL, type, e);

	/* Somebody else was faster. */
	return r == -EREMOTEIO && !strcmp(type, "QubesVMNotHaltedError") ? 0 : r;
}

static int create_disposable(const struct dom0_call *c, char **ret_name, struct qrx_error *e)
{
	_cleanup_free_ char *name = NULL;
	int r;

	if (!c->autostart || c->just_exec) {
		qrx_error_set(e, "%s needs autostart and a call that can be waited for", c->target);
		return -EINVAL;
	}
	r = dom0_admin("admin.vm.CreateDisposable", "", c->target + strlen(DISPVM),
		       c->by_uuid ? "uuid" : NULL, &name, NULL, e);
	if (r)
		return r;
	if (!*name || strchr(name, '/') ||
	    (c->by_uuid && (strlen(name) != 41 || strncmp(name, "uuid:", 5) != 0))) {
		qrx_error_set(e, "qubesd named the disposable '%.60s', which cannot be", name);
		return -EBADMSG;
	}
	*ret_name = name;
	name = NULL;
	return 0;
}

/* The daemon of the target, started if need be. */
static int reach(const struct dom0_call *c, const char *qube, bool disposable, struct qrx_error *e)
{
	int fd = disposable ? -ENOENT : dom0_connect(c->dir, qube, e);
	int r;

	if (!c->autostart || (fd != -ENOENT && fd != -ECONNREFUSED))
		return fd;
	r = start_qube(qube, e);
	return r ? r : dom0_connect(c->dir, qube, e);
}

static void wait_end(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
}

static void stop_watching(int signal)
{
	(void)signal;
}

/* True when the daemon has closed the connection within that time. */
static bool watch(int fd, int timeout_ms)
{
	const struct timespec time = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
	struct sigaction stop = {.sa_handler = stop_watching};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	sigset_t mask;

	/* Whoever wants to know is gone then. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigdelset(&mask, DOM0_STOP_WATCHING);
	sigaction(DOM0_STOP_WATCHING, &stop, NULL);
	return ppoll(&p, 1, &time, &mask) > 0;
}

static int call(const struct dom0_call *c, const char *qube, bool disposable, struct qrx_error *e)
{
	struct qrx_params p = {c->source, 0};
	_cleanup_close_ int fd = reach(c, qube, disposable, e);
	int r, answer;

	if (fd < 0)
		return fd;
	r = dom0_request(fd, c->just_exec ? QRX_JUST_EXEC : QRX_EXEC_CMDLINE, &p, c->command,
			 strlen(c->command) + 1, e);
	if (r)
		return r;
	answer = dom0_service_connect(c->dir, c->source, c->ident, &p, e);
	if (answer < 0)
		return answer;
	close(answer);
	if (!c->wait_end && !disposable)
		return watch(fd, c->watch_ms) ? DOM0_CALL_ENDED : 0;
	wait_end(fd);
	return DOM0_CALL_ENDED;
}

/* A running disposable goes with its kill; one that never started has to be removed. */
static void remove_disposable(const char *name)
{
	struct qrx_error ignored;

	if (dom0_admin("admin.vm.Kill", "", name, NULL, NULL, NULL, &ignored))
		dom0_admin("admin.vm.Remove", "", name, NULL, NULL, NULL, &ignored);
}

int dom0_connect_qubes(const struct dom0_call *c, struct qrx_error *e)
{
	bool disposable = !strncmp(c->target, DISPVM, strlen(DISPVM));
	_cleanup_free_ char *name = NULL;
	int r;

	if (!disposable)
		return call(c, c->target, false, e);
	r = create_disposable(c, &name, e);
	if (r)
		return r;
	r = call(c, name, true, e);
	remove_disposable(name);
	return r;
}
