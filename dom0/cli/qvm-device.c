/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-device: devices of qubes. "qvm-usb …" is short for "qvm-device usb …", and so on for
 * the other classes.
 */
#include <string.h>

#include "dom0/cli/clone.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/devicearg.h"
#include "dom0/cli/table.h"

static bool check_attach(struct devices *d, const struct assignment *a, GError **err)
{
	bool unknown;
	g_autoptr(GPtrArray) meant = devices_meant(d, a, &unknown, err);

	if (!meant)
		return false;
	if (meant->len == 1 && !unknown) {
		if (strcmp(a->devclass, "pci") != 0)
			return true;
		g_set_error_literal(err, ADMIN_ERROR, ADMIN_ERROR_VALUE,
				    "PCI devices cannot be attached while a qube runs; did you "
				    "mean 'qvm-pci assign --required'?");
		return false;
	}
	g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_VALUE, "%s:%s: %s", a->backend, a->port,
		    meant->len > 1 ? "more than one device matches" : "no such device");
	return false;
}

static int attach(struct ctx *c)
{
	const char *vm = ctx_vm(c)->name;
	bool persistent = args_has(c->args, "persistent");
	g_autoptr(Device) dev = NULL;
	g_autoptr(Assignment) a = NULL;
	struct devices d;
	GError *err = NULL;
	int r;

	devices_init(&d, c, device_arg_class(c));
	r = device_arg_find(&d, 0, &dev);
	if (!r) {
		a = assignment_new(dev, persistent ? "required" : "manual", vm);
		if (!device_arg_options(c, a, &err) || !check_attach(&d, a, &err) ||
		    !device_arg_call(&d, a, vm, "Attach", true, &err))
			/* What is to stay need not be attached now. */
			if (!persistent)
				r = device_arg_failed(g_steal_pointer(&err));
		g_clear_error(&err);
		if (!r && persistent &&
		    (!device_check_assign(a, &err) ||
		     !device_arg_call(&d, a, vm, "Assign", true, &err)))
			r = device_arg_failed(err);
	}
	devices_clear(&d);
	return r;
}

static int detach_all(struct devices *d, const char *vm, const struct assignment *like)
{
	GError *err = NULL;
	GPtrArray *list = devices_attached(d, vm, &err);
	guint n = 0;

	for (guint i = 0; list && i < list->len && !err; i++) {
		const struct assignment *a = g_ptr_array_index(list, i);
		const struct device *dev = like ? devices_at(d, a->backend, a->port, &err) : NULL;

		if (like && (!dev || !assignment_matches(like, dev)))
			continue;
		n++;
		device_arg_call(d, a, vm, "Detach", false, &err);
	}
	if (!err && like && !n)
		g_set_error(&err, ADMIN_ERROR, ADMIN_ERROR_DEVICE_NOT_ASSIGNED,
			    "%s:%s:%s is not attached.", like->backend, like->port, like->id);
	return err ? device_arg_failed(err) : EXIT_OK;
}

static int detach_one(struct devices *d, const char *vm, const struct device *dev)
{
	g_autoptr(Assignment) a = assignment_new(dev, "manual", NULL);
	bool unknown;
	GError *err = NULL;
	g_autoptr(GPtrArray) meant = NULL;

	if (!strcmp(dev->port, "*"))
		return detach_all(d, vm, a);
	meant = devices_meant(d, a, &unknown, &err);
	if (meant && (unknown || meant->len != 1))
		g_set_error(&err, ADMIN_ERROR, ADMIN_ERROR_DEVICE_NOT_ASSIGNED, "%s:%s:%s %s.",
			    dev->backend, dev->port, dev->id,
			    unknown ? "not found" : "is not attached");
	if (!err)
		device_arg_call(d, a, vm, "Detach", false, &err);
	return err ? device_arg_failed(err) : EXIT_OK;
}

static int detach(struct ctx *c)
{
	g_autoptr(Device) dev = NULL;
	struct devices d;
	int r;

	devices_init(&d, c, device_arg_class(c));
	r = device_arg_find(&d, DEVICE_ARG_UNKNOWN, &dev);
	if (!r)
		r = dev ? detach_one(&d, ctx_vm(c)->name, dev)
			: detach_all(&d, ctx_vm(c)->name, NULL);
	devices_clear(&d);
	return r;
}

/* Either as lines or (out not NULL) as members of a JSON object. */
static void print_pairs(const GArray *pairs, GString *out)
{
	static const char not_data[] = "vendor product manufacturer name serial interfaces "
				       "attachment parent_port_id parent_devclass";

	for (guint i = 0; i < pairs->len; i++) {
		const struct device_pair *p = &g_array_index(pairs, struct device_pair, i);
		g_autofree char *key = g_strdelimit(g_strdup(p->key), "_", ' ');

		if (out) {
			g_string_append(out, ", ");
			json_string(out, p->key);
			g_string_append(out, ": ");
			json_string(out, p->value);
		} else if (!word_in(not_data, p->key, strlen(p->key))) {
			printf("%s: %s\n", key, p->value);
		}
	}
}

static int info_json(const struct device *dev, const char *description)
{
	g_autoptr(GString) out = g_string_new("{\"description\": ");

	json_string(out, description);
	g_string_append(out, ", \"device_id\": ");
	json_string(out, dev->id);
	print_pairs(dev->props, out);
	print_pairs(dev->opts, out);
	printf("%s}\n", out->str);
	return EXIT_OK;
}

static int info(struct ctx *c)
{
	g_autoptr(Device) dev = NULL;
	g_autofree char *description = NULL;
	struct devices d;
	int r;

	devices_init(&d, c, device_arg_class(c));
	r = device_arg_find(&d, DEVICE_ARG_PORT, &dev);
	devices_clear(&d);
	if (r || !dev)
		return r;
	description = device_description(dev);
	if (args_has(c->args, "format"))
		return info_json(dev, description);
	printf("%s\ndevice ID: %s\n", description, dev->id);
	print_pairs(dev->props, NULL);
	print_pairs(dev->opts, NULL);
	return EXIT_OK;
}

static int list(struct ctx *c)
{
	const char *devclass = device_arg_class(c);
	GError *err = NULL;
	g_auto(GStrv) classes = NULL;

	if (!args_has(c->args, "list_device_classes"))
		return devices_list(c, devclass);
	classes = admin_list(c->admin, "dom0", "admin.deviceclass.List", &err);
	if (!classes)
		return ctx_fail(c, err);
	clone_sort(classes);
	texts_print(classes, args_has(c->args, "format"));
	return EXIT_OK;
}

static const struct opt info_opts[] = {OPT_FORMAT, {0}};

static const struct opt list_opts[] = {
	{"--assignments -s", OPT_FLAG, NULL, NULL, "also what is assigned, marked with *"},
	{"--with-sbdf --resolve-paths", OPT_FLAG, NULL, NULL, "also addresses of PCI devices"},
	OPT_FORMAT,
	{0},
};

static const struct opt attach_opts[] = {
	{"--option -o", OPT_LIST, NULL, "KEY=VALUE", "an option for the device"},
	{"--ro", OPT_FLAG, NULL, NULL, "read-only: the same as -o read-only=yes"},
	{"--persistent -p", OPT_FLAG, NULL, NULL, "for old scripts: assign as required, too"},
	{0},
};

static const struct opt assign_opts[] = {
	{"--option -o", OPT_LIST, NULL, "KEY=VALUE", "an option for the device"},
	{"--ro", OPT_FLAG, NULL, NULL, "read-only: the same as -o read-only=yes"},
	{"--ask --ask-to-attach", OPT_FLAG, NULL, NULL, "ask each time before attaching",
	 .group = 1},
	{"--required -r", OPT_FLAG, NULL, NULL, "the qube does not start without it", .group = 1},
	{"--port --only-port", OPT_FLAG, "only_port", NULL, "whatever is at this port", .group = 2},
	{"--device --only-device", OPT_FLAG, "only_device", NULL, "this device at any port",
	 .group = 2},
	{0},
};

static const struct opt unassign_opts[] = {
	{"--port --only-port", OPT_FLAG, "only_port", NULL, "whatever is at this port", .group = 2},
	{"--device --only-device", OPT_FLAG, "only_device", NULL, "this device at any port",
	 .group = 2},
	{0},
};

static const struct pos one_pos[] = {
	{"device", POS_ONE, "BACKEND:DEVICE_ID", "the device", 0, COMPLETE_DEVICE}, {0}};
static const struct pos maybe_pos[] = {{"device", POS_OPTIONAL, "BACKEND:DEVICE_ID",
					"the device; all if not given", 0, COMPLETE_DEVICE},
				       {0}};

static const struct command subs[] = {
	{"list", "ls l", "list devices", .flags = CMD_VMS_OPTIONAL, .opts = list_opts, .run = list},
	{"attach", "at a", "attach a device to a running qube", .flags = CMD_VM,
	 .vms = COMPLETE_RUNNING, .opts = attach_opts, .pos = one_pos, .run = attach},
	{"detach", "d dt", "detach devices", .flags = CMD_VM, .pos = maybe_pos, .run = detach},
	{"assign", "s", "have a device attached whenever possible", .flags = CMD_VM,
	 .opts = assign_opts, .pos = one_pos, .run = device_assign},
	{"unassign", "u", "take back what was assigned", .flags = CMD_VM, .opts = unassign_opts,
	 .pos = maybe_pos, .run = device_unassign},
	{"info", "i", "show a device", .pos = maybe_pos, .opts = info_opts, .run = info},
	{0},
};

static const struct opt opts[] = {
	{"--list-device-classes --list-classes", OPT_FLAG, NULL, NULL, "list the classes",
	 .alone = true},
	OPT_FORMAT,
	{0},
};

static const struct pos class_pos[] = {
	{"devclass", POS_ONE, "DEVICE_CLASS", "block, usb, pci, mic, …", 0, COMPLETE_DEVCLASS},
	{"command", POS_COMMAND, "COMMAND", NULL},
	{0},
};

static const struct pos pos[] = {{"command", POS_COMMAND, "COMMAND", NULL}, {0}};

#define DEVICE_COMMAND(ident, text, what, positionals)                                             \
	const struct command ident = {                                                             \
		.name = text,                                                                      \
		.summary = what,                                                                   \
		.flags = CMD_NO_ABBREV,                                                            \
		.opts = opts,                                                                      \
		.pos = positionals,                                                                \
		.subs = subs,                                                                      \
		.run = list,                                                                       \
	}

DEVICE_COMMAND(qvm_device, "qvm-device", "List, attach and assign devices.", class_pos);
DEVICE_COMMAND(qvm_block, "qvm-block", "List, attach and assign block devices.", pos);
DEVICE_COMMAND(qvm_usb, "qvm-usb", "List, attach and assign USB devices.", pos);
DEVICE_COMMAND(qvm_pci, "qvm-pci", "List and assign PCI devices.", pos);
DEVICE_COMMAND(qvm_mic, "qvm-mic", "List and attach microphones.", pos);
DEVICE_COMMAND(qvm_audio, "qvm-audio", "List, attach and assign audio devices.", pos);
