/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-sync-clock: sets dom0's clock, and the machine's, by the clock of the qube that is to know
 * the time (clockvm). What that qube says is checked by clockdate_parse(). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/admin/service.h"
#include "dom0/cli/clockdate.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"

/* The qube's name; NULL without err: there is none. g_free(). */
static char *clock_qube(struct ctx *c, GError **err)
{
	g_autofree char *text =
		admin_call(c->admin, "dom0", "admin.property.Get", "clockvm", NULL, err);
	g_autoptr(AdminProp) p = text ? admin_prop_parse("clockvm", text, err) : NULL;

	return p ? g_strdup(admin_prop_show(p)) : NULL;
}

static char *ask_date(struct ctx *c, const char *qube, GError **err)
{
	struct service s = {
		.dest = qube, .name = "qubes.GetDate+nanoseconds", .err = STDERR_FILENO};
	int code = 0;
	char *text = service_run(c->admin, &s, NULL, &code, err);

	if (text && code) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_OTHER,
			    "%s did not tell the date: the service ended with status %d", qube,
			    code);
		g_clear_pointer(&text, g_free);
	}
	return text;
}

static int save_to_hardware(struct ctx *c)
{
	static const char *const argv[] = {"hwclock", "--systohc", NULL};
	GError *err = NULL;
	pid_t pid = program_spawn(argv, -1, -1, STDERR_FILENO, &err);
	int code;

	if (pid < 0)
		return ctx_fail(c, err);
	code = program_wait(pid);
	return code ? ctx_error(c, "the hardware clock was not set: hwclock ended with status %d",
				code)
		    : EXIT_OK;
}

static int run(struct ctx *c)
{
	GError *err = NULL;
	g_autofree char *qube = NULL, *state = NULL, *untrusted_date = NULL;
	struct timespec now;
	const char *why;

	if (geteuid() != 0)
		return ctx_error(c, "only root may set the clock: sudo qvm-sync-clock");
	qube = clock_qube(c, &err);
	if (!qube)
		return err ? ctx_fail(c, err) : EXIT_OK;
	state = admin_power_state(c->admin, qube, NULL);
	if (!admin_state_running(state)) {
		ctx_report("%s, which is to tell the time, is not running; nothing is changed",
			   qube);
		return EXIT_OK;
	}
	untrusted_date = ask_date(c, qube, &err);
	if (!untrusted_date)
		return ctx_fail(c, err);
	if (!clockdate_parse(untrusted_date, &now, &why))
		return ctx_error(c, "%s told no usable time: %s; nothing is changed", qube, why);
	if (clock_settime(CLOCK_REALTIME, &now) < 0)
		return ctx_error(c, "cannot set the clock: %s", g_strerror(errno));
	return save_to_hardware(c);
}

const struct command qvm_sync_clock = {
	.name = "qvm-sync-clock",
	.summary = "Set dom0's clock by the qube that is to know the time.",
	.run = run,
};
