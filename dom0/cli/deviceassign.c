/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "qvm-device assign" and "unassign" (devicearg.h): what a qube gets by itself when it starts,
 * and the hint how to have it now.
 */
#include <string.h>

#include "dom0/cli/devicearg.h"

bool device_check_assign(const struct assignment *a, GError **err)
{
	const char *problem = NULL;
	bool required = !strcmp(a->mode, "required"), pci = !strcmp(a->devclass, "pci");

	if (required && !word_in("pci testclass block", a->devclass, strlen(a->devclass)))
		problem = "only pci and block devices can be assigned as required";
	else if (pci && !required)
		problem = "PCI devices can only be assigned as required (--required)";
	else if (!word_in("testclass usb block mic pci", a->devclass, strlen(a->devclass)))
		problem = "devices of this class cannot be assigned to be attached by themselves";
	if (problem)
		g_set_error_literal(err, ADMIN_ERROR, ADMIN_ERROR_VALUE, problem);
	return !problem;
}

static bool is_attached(GPtrArray *attached, const struct device *dev)
{
	for (guint i = 0; attached && i < attached->len; i++) {
		const struct assignment *a = g_ptr_array_index(attached, i);

		if (!strcmp(a->backend, dev->backend) && !strcmp(a->port, dev->port) &&
		    !strcmp(a->id, dev->id))
			return true;
	}
	return false;
}

/*
 * Tells how to make what is so after the next start so now: attach what an assignment
 * means and is not attached, detach what it meant and still is.
 */
static void hint(struct devices *d, const struct assignment *a, const char *vm, bool assigned)
{
	GPtrArray *attached = devices_attached(d, vm, NULL);
	bool unknown, head = false;
	g_autoptr(GPtrArray) meant = devices_meant(d, a, &unknown, NULL);

	for (guint i = 0; meant && i < meant->len; i++) {
		const struct device *dev = g_ptr_array_index(meant, i);

		if (is_attached(attached, dev) == assigned || (assigned && !dev->known))
			continue;
		if (!head)
			printf("%s. To %s you can now restart domain or run: \n%s",
			       assigned ? "Assigned" : "Unassigned", assigned ? "attach" : "detach",
			       assigned ? "" : " ");
		head = true;
		printf("\tqvm-%s %s", d->devclass, assigned ? "attach" : "detach");
		for (guint j = 0; assigned && j < a->opts->len; j++) {
			const struct device_pair *p =
				&g_array_index(a->opts, struct device_pair, j);

			printf(" -o %s=%s", p->key, p->value);
		}
		printf(" %s %s:%s\n", vm, a->backend, dev->port);
	}
}

static void warn_denied(struct ctx *c, const struct device *dev)
{
	g_autofree char *list = admin_get_prop(c->admin, ctx_vm(c)->name, "devices_denied");

	if (list && *list && device_denied(dev, list) && c->verbose >= 1)
		puts("Warning: The assigned device is on the denied list.\n"
		     "           Auto-attach will work, but make sure that the assignment is "
		     "correct.");
}

/* Narrows a device to its port (--port) or its identity (--device). */
static struct device *narrow(struct ctx *c, const struct device *dev)
{
	struct device *d = device_copy(dev);

	if (args_has(c->args, "only_port")) {
		g_free(d->id);
		d->id = g_strdup("*");
	}
	if (args_has(c->args, "only_device")) {
		g_free(d->port);
		d->port = g_strdup("*");
	}
	return d;
}

static int assign_device(struct devices *d, const struct device *dev)
{
	struct ctx *c = d->c;
	const struct admin_vm *vm = ctx_vm(c);
	const char *mode = args_has(c->args, "ask")	   ? "ask-to-attach"
			   : args_has(c->args, "required") ? "required"
							   : "auto-attach";
	g_autoptr(Device) narrowed = narrow(c, dev);
	g_autoptr(Assignment) a = assignment_new(narrowed, mode, vm->name);
	g_autoptr(Assignment) now = assignment_new(dev, mode, vm->name);
	GError *err = NULL;

	if (!args_has(c->args, "only_port") && !strcmp(dev->id, DEVICE_UNKNOWN_ID))
		g_set_error(&err, ADMIN_ERROR, ADMIN_ERROR_VALUE,
			    "backend vm %s doesn't expose %s device '%s'", dev->backend,
			    d->devclass, dev->port);
	else if (device_arg_options(c, a, &err) && device_arg_options(c, now, &err) &&
		 device_check_assign(a, &err))
		device_arg_call(d, a, vm->name, "Assign", true, &err);
	if (err)
		return device_arg_failed(err);
	warn_denied(c, dev);
	if (admin_state_running(vm->state) && c->verbose >= 1 && strcmp(d->devclass, "pci") != 0)
		hint(d, now, vm->name, true);
	return EXIT_OK;
}

int device_assign(struct ctx *c)
{
	g_autoptr(Device) dev = NULL;
	struct devices d;
	int r;

	devices_init(&d, c, device_arg_class(c));
	r = device_arg_find(&d, DEVICE_ARG_UNKNOWN, &dev);
	if (!r)
		r = assign_device(&d, dev);
	devices_clear(&d);
	return r;
}

static bool unassign_one(struct devices *d, const struct assignment *a, GError **err)
{
	const char *vm = ctx_vm(d->c)->name;

	if (!device_arg_call(d, a, vm, "Unassign", false, err))
		return false;
	if (d->c->verbose >= 1)
		hint(d, a, vm, false);
	return true;
}

int device_unassign(struct ctx *c)
{
	g_autoptr(Device) dev = NULL;
	g_autoptr(Device) narrowed = NULL;
	g_autoptr(Assignment) a = NULL;
	struct devices d;
	GError *err = NULL;
	GPtrArray *list;
	int r;

	devices_init(&d, c, device_arg_class(c));
	r = device_arg_find(&d, DEVICE_ARG_UNKNOWN, &dev);
	if (!r && dev) {
		narrowed = narrow(c, dev);
		a = assignment_new(narrowed, "manual", NULL);
		unassign_one(&d, a, &err);
	} else if (!r) {
		list = devices_assigned(&d, ctx_vm(c)->name, &err);
		for (guint i = 0; list && i < list->len && !err; i++)
			unassign_one(&d, g_ptr_array_index(list, i), &err);
	}
	devices_clear(&d);
	return err ? device_arg_failed(err) : r;
}
