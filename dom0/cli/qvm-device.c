/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-device: devices of qubes. "qvm-usb …" is short for "qvm-device usb …", and so on for
 * the other classes.
 */
#include <string.h>

#include "dom0/cli/clone.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/devices.h"
#include "dom0/cli/table.h"

/* The device class: from the name we were called by, or the first positional. */
static const char *devclass_of(struct ctx *c)
{
	return strcmp(c->cmd->name, "qvm-device") ? c->cmd->name + strlen("qvm-")
						  : args_get(c->args, "devclass");
}

/* "Error: …" for what went wrong between qubes; frees err. */
static int failed(GError *err)
{
	ctx_report("%s", err->message);
	g_error_free(err);
	return EXIT_FAILED;
}

enum find_flags { ALLOW_UNKNOWN = 1, ONLY_PORT = 2 };

/*
 * The device of BACKEND:PORT[:ID]. *ret is NULL when none was given (to be freed). An
 * exit status after a message.
 */
static int find(struct devices *d, unsigned flags, struct device **ret)
{
	struct ctx *c = d->c;
	const char *text = args_get(c->args, "device"), *colon, *rest;
	g_autofree char *backend = NULL;
	g_autofree char *port = NULL;
	const struct device *dev;
	GError *err = NULL;

	*ret = NULL;
	if (!text)
		return EXIT_OK;
	colon = strchr(text, ':');
	if (!colon)
		return ctx_usage_error(c,
				       "expected a backend vm, port id and [optional] device id "
				       "combination like foo:bar[:baz], got '%s'",
				       text);
	backend = g_strndup(text, (gsize)(colon - text));
	rest = strchr(colon + 1, ':');
	port = rest ? g_strndup(colon + 1, (gsize)(rest - colon - 1)) : g_strdup(colon + 1);
	rest = rest && rest[1] ? rest + 1 : NULL;
	if (!ctx_vms(c, &err))
		return ctx_fail(c, err);
	if (!admin_vms_find(c->vms, backend))
		return ctx_error(c, "no such backend vm: '%s'", backend);
	dev = devices_at(d, backend, port, &err);
	if (!dev)
		return failed(err);
	if (rest && strcmp(rest, dev->id) != 0 && flags & ONLY_PORT)
		return ctx_error(c, "here a device is named by its port only, without device id");
	*ret = rest && strcmp(rest, dev->id) != 0 ? device_unknown(backend, port, d->devclass, rest)
						  : device_copy(dev);
	if ((*ret)->known || flags & ALLOW_UNKNOWN)
		return EXIT_OK;
	g_clear_pointer(ret, device_free);
	return ctx_error(c, "backend vm %s doesn't expose %s device '%s'", backend, d->devclass,
			 port);
}

/* Adds the options of -o and --ro; "ro=…" is another spelling of "read-only=…". */
static bool add_options(struct ctx *c, struct assignment *a, GError **err)
{
	g_autofree char *ro = NULL;
	bool yes;

	for (const char *const *o = args_all(c->args, "option"); *o; o++) {
		const char *eq = strchr(*o, '=');
		g_autofree char *key = eq ? g_strndup(*o, (gsize)(eq - *o)) : NULL;

		if (!eq) {
			g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_VALUE,
				    "option '%s' is not of the form key=value", *o);
			return false;
		}
		assignment_set_option(a, key, eq + 1);
	}
	if (args_has(c->args, "ro"))
		assignment_set_option(a, "read-only", "yes");
	ro = assignment_take_option(a, "ro");
	if (!ro)
		return true;
	yes = !g_ascii_strcasecmp(ro, "1") || !g_ascii_strcasecmp(ro, "true") ||
	      !g_ascii_strcasecmp(ro, "yes");
	if (!yes && g_ascii_strcasecmp(ro, "0") && g_ascii_strcasecmp(ro, "false") &&
	    g_ascii_strcasecmp(ro, "no")) {
		g_set_error(err, ADMIN_ERROR, ADMIN_ERROR_VALUE,
			    "option ro=%s is neither yes nor no", ro);
		return false;
	}
	assignment_set_option(a, "read-only", yes ? "yes" : "no");
	return true;
}

static bool call(struct devices *d, const struct assignment *a, const char *vm, const char *method,
		 bool with_payload, GError **err)
{
	g_autofree char *full = g_strdup_printf("admin.vm.device.%s.%s", d->devclass, method);
	g_autofree char *arg = device_qarg(a->backend, a->port, a->id);
	g_autofree char *payload = with_payload ? assignment_payload(a) : NULL;

	return admin_do(d->c->admin, vm, full, arg, payload, err);
}

/* What may not be assigned, said before qubesd has to. */
static bool check_assign(const struct assignment *a, GError **err)
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

	devices_init(&d, c, devclass_of(c));
	r = find(&d, 0, &dev);
	if (!r) {
		a = assignment_new(dev, persistent ? "required" : "manual", vm);
		if (!add_options(c, a, &err) || !check_attach(&d, a, &err) ||
		    !call(&d, a, vm, "Attach", true, &err))
			/* What is to stay need not be attached now. */
			if (!persistent)
				r = failed(g_steal_pointer(&err));
		g_clear_error(&err);
		if (!r && persistent &&
		    (!check_assign(a, &err) || !call(&d, a, vm, "Assign", true, &err)))
			r = failed(err);
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
		call(d, a, vm, "Detach", false, &err);
	}
	if (!err && like && !n)
		g_set_error(&err, ADMIN_ERROR, ADMIN_ERROR_DEVICE_NOT_ASSIGNED,
			    "%s:%s:%s is not attached.", like->backend, like->port, like->id);
	return err ? failed(err) : EXIT_OK;
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
		call(d, a, vm, "Detach", false, &err);
	return err ? failed(err) : EXIT_OK;
}

static int detach(struct ctx *c)
{
	g_autoptr(Device) dev = NULL;
	struct devices d;
	int r;

	devices_init(&d, c, devclass_of(c));
	r = find(&d, ALLOW_UNKNOWN, &dev);
	if (!r)
		r = dev ? detach_one(&d, ctx_vm(c)->name, dev)
			: detach_all(&d, ctx_vm(c)->name, NULL);
	devices_clear(&d);
	return r;
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
	else if (add_options(c, a, &err) && add_options(c, now, &err) && check_assign(a, &err))
		call(d, a, vm->name, "Assign", true, &err);
	if (err)
		return failed(err);
	warn_denied(c, dev);
	if (admin_state_running(vm->state) && c->verbose >= 1 && strcmp(d->devclass, "pci") != 0)
		hint(d, now, vm->name, true);
	return EXIT_OK;
}

static int assign(struct ctx *c)
{
	g_autoptr(Device) dev = NULL;
	struct devices d;
	int r;

	devices_init(&d, c, devclass_of(c));
	r = find(&d, ALLOW_UNKNOWN, &dev);
	if (!r)
		r = assign_device(&d, dev);
	devices_clear(&d);
	return r;
}

static bool unassign_one(struct devices *d, const struct assignment *a, GError **err)
{
	const char *vm = ctx_vm(d->c)->name;

	if (!call(d, a, vm, "Unassign", false, err))
		return false;
	if (d->c->verbose >= 1)
		hint(d, a, vm, false);
	return true;
}

static int unassign(struct ctx *c)
{
	g_autoptr(Device) dev = NULL;
	g_autoptr(Device) narrowed = NULL;
	g_autoptr(Assignment) a = NULL;
	struct devices d;
	GError *err = NULL;
	GPtrArray *list;
	int r;

	devices_init(&d, c, devclass_of(c));
	r = find(&d, ALLOW_UNKNOWN, &dev);
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
	return err ? failed(err) : r;
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

	devices_init(&d, c, devclass_of(c));
	r = find(&d, ONLY_PORT, &dev);
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
	const char *devclass = devclass_of(c);
	GError *err = NULL;
	g_auto(GStrv) classes = NULL;

	if (!args_has(c->args, "list_device_classes"))
		return devices_list(c, devclass);
	classes = admin_list(c->admin, "dom0", "admin.deviceclass.List", &err);
	if (!classes)
		return ctx_fail(c, err);
	clone_sort(classes);
	if (args_has(c->args, "format"))
		json_print_list((const char *const *)classes);
	for (char **k = classes; *k && !args_has(c->args, "format"); k++)
		puts(*k);
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
	 .opts = assign_opts, .pos = one_pos, .run = assign},
	{"unassign", "u", "take back what was assigned", .flags = CMD_VM, .opts = unassign_opts,
	 .pos = maybe_pos, .run = unassign},
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
