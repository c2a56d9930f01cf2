// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemons that stand between a qube and dom0: starting, finding, ending them. */
#include "dom0/qubesd/core/spawn.h"

#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb-private.h"
#include "dom0/qubesd/core/run.h"
#include "qrexec/base/pidfile.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_TIMEOUT_MS 10000
/* Beyond the agent's own time, before we stop waiting for the daemon itself. */
#define GRACE_MS 5000
#define KILL_TIMEOUT_MS 2000
/* qrexec-daemon's exit code when the agent did not connect in time. */
#define EXIT_NO_AGENT 3

static const char *const programs[HELPERS] = {"qubesdb-daemon", "qrexec-daemon"};

bool helpers_wanted(const App *app)
{
	return app->hv && (app->opt.test_daemons || strcmp(hypervisor_kind(app->hv), "Test"));
}

char *helper_program(const App *app, const char *name)
{
	static const char *const dirs[] = {"/usr/lib/qubes", "/usr/bin", "/usr/sbin"};
	char *path = g_build_filename(app->opt.bindir, name, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(dirs) && access(path, X_OK); i++) {
		g_free(path);
		path = g_build_filename(dirs[i], name, NULL);
	}
	return path;
}

HelperSpec *helper_spec_new(Domain *d, Helper which)
{
	const App *app = d->h.app;
	HelperSpec *h = g_new0(HelperSpec, 1);

	h->program = helper_program(app, programs[which]);
	h->root = g_strdup(app->opt.root);
	h->name = g_strdup(d->name);
	h->uuid = g_strdup(d->uuid);
	h->user = qdb_default_user(d);
	h->xid = d->run ? d->run->xid : -1;
	h->uid = app->opt.owner_uid;
	h->gid = app->opt.owner_gid;
	h->timeout_s = (unsigned)CLAMP(prop_int(&d->h, P_qrexec_timeout), 1, 86400);
	h->no_wait = !d->run || !d->run->qrexec;
	h->cancel_fd = d->run ? d->run->cancel_fd : -1;
	return h;
}

void helper_spec_free(HelperSpec *h)
{
	if (!h)
		return;
	g_free(h->program);
	g_free(h->root);
	g_free(h->name);
	g_free(h->uuid);
	g_free(h->user);
	g_free(h);
}

/* The number of the run that a qube's socket is left from: the link NAME -> qrexec.N. */
static int last_xid(const HelperSpec *h)
{
	g_autofree char *link = g_strdup_printf("%s/run/qubes/qrexec.%s", h->root, h->name);
	g_autofree char *to = g_file_read_link(link, NULL);
	const char *dot = to ? strrchr(to, '.') : NULL;

	return dot && g_ascii_isdigit(dot[1]) ? atoi(dot + 1) : -1;
}

static char *pidfile_path(const HelperSpec *h, Helper which)
{
	int xid = h->xid;

	if (which == HELPER_QUBESDB)
		return g_strdup_printf("%s/run/qubes/qubesdb.%s.pid", h->root, h->name);
	if (xid < 0)
		xid = last_xid(h);
	return g_strdup_printf("%s/run/qubes/qrexec.%d.pid", h->root, xid);
}

int helper_find(const HelperSpec *h, Helper which)
{
	g_autofree char *path = pidfile_path(h, which);
	pid_t pid = pidfile_holder(path);

	return pid > 0 ? pidfd_open(pid, 0) : -1;
}

void helper_kill(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return;
	pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
	if (poll(&p, 1, KILL_TIMEOUT_MS) == 0) {
		pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		poll(&p, 1, KILL_TIMEOUT_MS);
	}
	close(pidfd);
}

static char **environment(const HelperSpec *h)
{
	char **env = g_get_environ();
	g_autofree char *timeout = g_strdup_printf("%u", h->timeout_s);

	env = g_environ_setenv(env, "QUBES_ROOT", h->root, TRUE);
	env = g_environ_unsetenv(env, "NOTIFY_SOCKET"); /* ours: they are no units */
	if (h->no_wait)
		env = g_environ_setenv(env, "QREXEC_STARTUP_NOWAIT", "1", TRUE);
	return g_environ_setenv(env, "QREXEC_STARTUP_TIMEOUT", timeout, TRUE);
}

static char **arguments(const HelperSpec *h, Helper which)
{
	GPtrArray *a = g_ptr_array_new();

	g_ptr_array_add(a, g_strdup(h->program));
	if (which == HELPER_QREXEC)
		g_ptr_array_add(a, g_strconcat("--uuid=", h->uuid, NULL));
	g_ptr_array_add(a, g_strdup("--user"));
	g_ptr_array_add(a, g_strdup_printf("%u:%u", h->uid, h->gid));
	g_ptr_array_add(a, g_strdup_printf("%d", h->xid));
	g_ptr_array_add(a, g_strdup(h->name));
	if (which == HELPER_QREXEC)
		g_ptr_array_add(a, g_strdup(h->user));
	g_ptr_array_add(a, NULL);
	return (char **)g_ptr_array_free(a, FALSE);
}

static bool no_agent(const HelperSpec *h, GError **error)
{
	return fail(
		error, E_VM,
		"%s did not answer within %u seconds: look at its console (qvm-console %s) and at "
		"%s/var/log/qubes/qrexec.%s.log, or raise its qrexec_timeout",
		h->name, h->timeout_s, h->name, h->root, h->name);
}

static bool explain(const HelperSpec *h, Helper which, SpawnResult r, int status, const char *words,
		    GError **error)
{
	if (r == SPAWN_CANCELLED)
		return fail(error, E_VM, "%s stopped while it was starting: look at its console",
			    h->name);
	if (which == HELPER_QREXEC &&
	    (r == SPAWN_TIMEOUT || (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_AGENT)))
		return no_agent(h, error);
	if (r == SPAWN_TIMEOUT)
		words = "it did not get ready in time";
	return fail(error, E_VM, "%s of %s did not start: %s (log: %s/var/log/qubes/%s.%s.log)",
		    programs[which], h->name, *words ? words : "it gave no reason", h->root,
		    which == HELPER_QREXEC ? "qrexec" : "qubesdb", h->name);
}

bool helper_start(const HelperSpec *h, Helper which, int *ret_pidfd, GError **error)
{
	g_auto(GStrv) argv = arguments(h, which), env = environment(h);
	g_autofree char *words = NULL;
	int timeout =
		which == HELPER_QREXEC ? (int)h->timeout_s * 1000 + GRACE_MS : READY_TIMEOUT_MS;
	int status = 0;
	SpawnResult r;

	helper_kill(helper_find(h, which));
	r = spawn_wait(argv, env, -1, timeout, h->cancel_fd, &status, &words, error);
	if (r != SPAWN_ENDED || !WIFEXITED(status) || WEXITSTATUS(status)) {
		helper_kill(helper_find(h, which));
		return r == SPAWN_FAILED ? false : explain(h, which, r, status, words, error);
	}
	*ret_pidfd = helper_find(h, which);
	if (*ret_pidfd < 0)
		return fail(error, E_VM,
			    "%s of %s started and ended at once (log: %s/var/log/qubes/)",
			    programs[which], h->name, h->root);
	return true;
}
