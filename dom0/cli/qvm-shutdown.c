/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-shutdown: shuts qubes down. qubesd waits and times out; this side tries again those
 * that were in use (their users may be among the qubes now gone) and kills those that do
 * not end. Exits with the number of qubes that failed.
 */
#include "dom0/cli/commands.h"
#include "dom0/cli/power.h"

struct round {
	GPtrArray *used, *timed_out, *other; /* struct failure, owned */
};

static void round_clear(struct round *r)
{
	g_clear_pointer(&r->used, g_ptr_array_unref);
	g_clear_pointer(&r->timed_out, g_ptr_array_unref);
	g_clear_pointer(&r->other, g_ptr_array_unref);
}

static GPtrArray *vms_of(GPtrArray *failures)
{
	GPtrArray *vms = g_ptr_array_new();

	for (guint i = 0; i < failures->len; i++)
		g_ptr_array_add(vms, ((struct failure *)g_ptr_array_index(failures, i))->vm);
	return vms;
}

static void append(GPtrArray *to, GPtrArray *from)
{
	for (guint i = 0; i < from->len; i++) {
		struct failure *f = g_ptr_array_index(from, i);

		power_failure_add(to, f->vm, g_error_copy(f->error));
	}
}

static void say(const char *what, GPtrArray *failures)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < failures->len; i++)
		g_string_append_printf(
			names, "%s%s", i ? ", " : "",
			((struct failure *)g_ptr_array_index(failures, i))->vm->name);
	ctx_report("%s: %s", what, names->str);
}

static struct round shut(struct ctx *c, GPtrArray *vms)
{
	bool wait = args_has(c->args, "wait") || args_has(c->args, "timeout");
	bool force = args_has(c->args, "force") ||
		     (args_has(c->args, "all_domains") && !args_has(c->args, "exclude"));
	g_autoptr(GPtrArray) failed = power_run(c, vms, "admin.vm.Shutdown",
						force && wait ? "force+wait"
						: force	      ? "force"
						: wait	      ? "wait"
							      : NULL,
						ADMIN_ERROR_VM_NOT_STARTED);
	struct round r = {power_failures_new(), power_failures_new(), power_failures_new()};

	for (guint i = 0; i < failed->len; i++) {
		struct failure *f = g_ptr_array_index(failed, i);
		GPtrArray *to = admin_error_is(f->error, ADMIN_ERROR_VM_IN_USE) ? r.used
				: admin_error_is(f->error, ADMIN_ERROR_VM_SHUTDOWN_TIMEOUT)
					? r.timed_out
					: r.other;

		power_failure_add(to, f->vm, g_error_copy(f->error));
	}
	return r;
}

static struct round shut_failed(struct ctx *c, GPtrArray *failures)
{
	g_autoptr(GPtrArray) vms = vms_of(failures);

	return shut(c, vms);
}

static guint total(const struct round *r)
{
	return r->used->len + r->timed_out->len + r->other->len;
}

/* Tries those in use again, at most as often as there were some, while it helps. */
static void retry_used(struct ctx *c, struct round *all)
{
	guint before = total(all), tries = all->used->len;

	if (tries)
		ctx_report("Retrying shutdown of qubes that were in use for %u time(s)", tries);
	while (tries-- && all->used->len) {
		struct round r;

		say("Retrying shutdown of qubes that were in use", all->used);
		r = shut_failed(c, all->used);
		g_ptr_array_unref(all->used);
		all->used = g_ptr_array_ref(r.used);
		append(all->other, r.other);
		append(all->timed_out, r.timed_out);
		if (total(&r) == before)
			tries = 0;
		before = total(&r);
		round_clear(&r);
	}
}

/* Tries those that took too long once more, then kills them. */
static void end_timed_out(struct ctx *c, struct round *all)
{
	g_autoptr(GPtrArray) vms = NULL;
	struct round r;

	if (!all->timed_out->len)
		return;
	say("Retrying shutdown of qubes that timed out", all->timed_out);
	r = shut_failed(c, all->timed_out);
	append(all->other, r.other);
	append(all->used, r.used);
	g_ptr_array_unref(all->timed_out);
	all->timed_out = g_ptr_array_ref(r.timed_out);
	round_clear(&r);
	if (!all->timed_out->len)
		return;
	say("Killing timed out qubes", all->timed_out);
	vms = vms_of(all->timed_out);
	g_ptr_array_unref(all->timed_out);
	all->timed_out = power_run(c, vms, "admin.vm.Kill", NULL, ADMIN_ERROR_VM_NOT_STARTED);
}

static int run(struct ctx *c)
{
	struct round r;
	guint failed;

	if (args_has(c->args, "dry_run"))
		return EXIT_OK;
	r = shut(c, c->targets);
	retry_used(c, &r);
	end_timed_out(c, &r);
	failed = power_report(r.other, "Failed to shut down") +
		 power_report(r.used, "Failed to shut down") +
		 power_report(r.timed_out, "Failed to shut down");
	round_clear(&r);
	return (int)MIN(failed, 255);
}

static const struct opt opts[] = {
	{"--wait", OPT_FLAG, NULL, NULL, "wait until the qubes are down"},
	{"--timeout", OPT_VALUE, NULL, "SECONDS", "deprecated: means --wait"},
	{"--force", OPT_FLAG, NULL, NULL, "also when other qubes depend on it, as on a NetVM"},
	{"--dry-run", OPT_FLAG, NULL, NULL, "do nothing"},
	{0},
};

const struct command qvm_shutdown = {
	.name = "qvm-shutdown",
	.summary = "Shut qubes down.",
	.flags = CMD_VMS,
	.vms = COMPLETE_RUNNING,
	.opts = opts,
	.run = run,
};
