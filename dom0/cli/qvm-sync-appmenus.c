/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-sync-appmenus: takes the list of applications from a qube, with their icons, and makes menus
 * of it (cli.md). Called by the user, or as qubes.SyncAppMenus by the qube itself, which then sends
 * the list to standard input. The qube is hostile: what it says goes through decoder.h, and it can
 * neither say too much nor take too long.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/admin/service.h"
#include "dom0/appmenus/decoder.h"
#include "dom0/appmenus/menus.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

/* Milliseconds that the list, one icon, and all icons may take. */
#define LIST_TIMEOUT_MS 60000
#define ICON_TIMEOUT_MS 10000
#define ICONS_TIMEOUT_MS 120000

struct fetch {
	struct ctx *c;
	const char *qube;
	int64_t deadline; /* of all icons */
};

/* Starts a service of the qube; its output is at *ret_fd, to close(). The pid, or -1. */
static pid_t call(struct fetch *f, const char *service, const char *input, int *ret_fd)
{
	g_autoptr(GError) err = NULL;
	struct service s = {.dest = f->qube, .name = service, .err = -1};
	_cleanup_close_ int in = service_input(input, &err);
	int out[2];
	pid_t pid = -1;

	if (in >= 0 && pipe2(out, O_CLOEXEC) == 0) {
		s.in = in;
		s.out = out[1];
		pid = service_spawn(f->c->admin, &s, &err);
		close(out[1]);
		*ret_fd = out[0];
		if (pid < 0)
			close(out[0]);
	}
	if (err)
		fprintf(stderr, "%s: %s\n", f->qube, err->message);
	return pid;
}

/* Waits for a service until deadline, or for none that was of no use. Its exit code. */
static int end_call(pid_t pid, bool useful, int64_t deadline)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int64_t left = deadline - io_now_ms();

	if (!useful || poll(&p, 1, left > 0 ? (int)left : 0) == 0)
		kill(pid, SIGTERM);
	return program_wait(pid);
}

static bool fetch_icon(void *ctx, const char *name, struct picture *ret)
{
	g_autofree char *input = g_strdup_printf("xdgicon:%s\n", name);
	int64_t deadline = MIN(io_now_ms() + ICON_TIMEOUT_MS, ((struct fetch *)ctx)->deadline);
	struct fetch *f = ctx;
	pid_t pid;
	int fd, r;

	if (io_now_ms() >= f->deadline)
		return false;
	pid = call(f, "qubes.GetImageRGBA", input, &fd);
	if (pid < 0)
		return false;
	r = decoder_icon(fd, deadline, ret);
	close(fd);
	end_call(pid, r == 0, deadline);
	return r == 0;
}

/* The list, from standard input or by a call; g_ptr_array_unref(). NULL with err set. */
static GPtrArray *fetch_list(struct fetch *f, bool from_stdin, GError **err)
{
	int64_t deadline = io_now_ms() + LIST_TIMEOUT_MS;
	g_autoptr(GPtrArray) apps = NULL;
	int fd = STDIN_FILENO, r, code = 0;
	pid_t pid = 0;

	if (!from_stdin)
		pid = call(f, "qubes.GetAppmenus", "", &fd);
	r = pid < 0 ? -EIO : decoder_list(fd, deadline, &apps);
	if (pid > 0) {
		close(fd);
		code = end_call(pid, r == 0, deadline);
	}
	if (!r && !code)
		return g_steal_pointer(&apps);
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER, "%s",
		    r == -E2BIG	      ? "it sent more than a list of applications may be"
		    : r == -ETIMEDOUT ? "it took too long to list its applications"
				      : "its list of applications could not be had");
	return NULL;
}

static bool sync_qube(struct fetch *f, struct menus *m, bool from_stdin, GError **err)
{
	g_autoptr(GPtrArray) apps = NULL;
	g_autofree char *klass = admin_get_prop(f->c->admin, f->qube, "klass");
	g_autofree char *cleanup = admin_get_prop(f->c->admin, f->qube, "auto_cleanup");

	if (g_strcmp0(klass, "DispVM") == 0 && g_strcmp0(cleanup, "True") == 0) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER,
			    "a disposable that goes away has no menu of its own");
		return false;
	}
	apps = fetch_list(f, from_stdin, err);
	if (!apps)
		return false;
	if (!apps->len && g_strcmp0(klass, "AppVM") != 0) {
		fprintf(stderr, "%s: it has no applications, the menu stays as it is\n", f->qube);
		return true;
	}
	f->deadline = io_now_ms() + ICONS_TIMEOUT_MS;
	return menus_receive(m, f->qube, apps, fetch_icon, f, err);
}

static int sync_and_update(struct ctx *c, const char *qube, bool from_stdin)
{
	struct fetch f = {.c = c, .qube = qube};
	g_autofree char *state = NULL;
	GError *err = NULL;
	struct menus m;
	bool ok = true;

	if (!menus_open(&m, c->admin, &err))
		return ctx_fail(c, err);
	if (!args_has(c->args, "regenerate_only")) {
		state = admin_power_state(c->admin, qube, NULL);
		if (!state || !admin_state_running(state)) {
			menus_clear(&m);
			return ctx_usage_error(
				c, "%s does not run, so it cannot be asked: start it", qube);
		}
		ok = sync_qube(&f, &m, from_stdin, &err);
	}
	ok = ok && menus_update(&m, qube, &err);
	menus_clear(&m);
	return ok ? EXIT_OK : ctx_fail(c, err);
}

static int run(struct ctx *c)
{
	const char *caller = g_getenv("QREXEC_REMOTE_DOMAIN");
	const char *qube = caller ? caller : args_get(c->args, "vmname");
	int status;

	if (!qube)
		return ctx_usage_error(c, "You must specify at least the VM name!");
	if (strcmp(qube, "dom0") == 0)
		return ctx_usage_error(c, "dom0's menu is its desktop's own");
	if (!ctx_find(c, qube, &status))
		return status;
	return sync_and_update(c, qube, caller && !args_has(c->args, "force_rpc"));
}

static const struct opt opts[] = {
	{"--force-rpc", OPT_FLAG, NULL, NULL, "ask the qube also when it is the caller"},
	{"--regenerate-only", OPT_FLAG, NULL, NULL, "make the menus of what is known already"},
	{0},
};

static const struct pos pos[] = {
	{"vmname", POS_OPTIONAL, "VMNAME", "the qube", 0, COMPLETE_RUNNING},
	{0},
};

const struct command qvm_sync_appmenus = {
	.name = "qvm-sync-appmenus",
	.summary = "Take the list of applications from a qube into the desktop's menus.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
