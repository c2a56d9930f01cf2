/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call to several qubes (power.h). The peer is qubesd, trusted. */
#include "dom0/cli/power.h"

static void failure_free(gpointer p)
{
	struct failure *f = p;

	g_error_free(f->error);
	g_free(f);
}

GPtrArray *power_failures_new(void)
{
	return g_ptr_array_new_with_free_func(failure_free);
}

void power_failure_add(GPtrArray *failures, struct admin_vm *vm, GError *error)
{
	struct failure *f = g_new0(struct failure, 1);

	f->vm = vm;
	f->error = error;
	g_ptr_array_add(failures, f);
}

struct admin_call **power_begin(struct ctx *c, GPtrArray *vms, const char *method, const char *arg)
{
	struct admin_call **calls = g_new0(struct admin_call *, vms->len + 1);

	for (guint i = 0; i < vms->len; i++) {
		const struct admin_vm *vm = g_ptr_array_index(vms, i);

		calls[i] = admin_begin(c->admin, vm->name, method, arg, NULL, 0);
	}
	return calls;
}

GPtrArray *power_finish(GPtrArray *vms, struct admin_call **calls, enum admin_error_code ignore)
{
	GPtrArray *failures = power_failures_new();

	for (guint i = 0; i < vms->len; i++) {
		GError *err = NULL;

		g_free(admin_finish(calls[i], NULL, &err));
		if (err && !admin_error_is(err, ignore))
			power_failure_add(failures, g_ptr_array_index(vms, i), err);
		else
			g_clear_error(&err);
	}
	g_free(calls);
	return failures;
}

GPtrArray *power_run(struct ctx *c, GPtrArray *vms, const char *method, const char *arg,
		     enum admin_error_code ignore)
{
	return power_finish(vms, power_begin(c, vms, method, arg), ignore);
}

guint power_report(GPtrArray *failures, const char *what)
{
	for (guint i = 0; i < failures->len; i++) {
		const struct failure *f = g_ptr_array_index(failures, i);

		ctx_report("%s: %s: %s", what, f->vm->name, f->error->message);
	}
	return failures->len;
}
