/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qvm-device's commands are given (devicearg.h): by the user, who is trusted. */
#include "dom0/cli/devicearg.h"

#include <string.h>

#include "dom0/cli/table.h"

const char *device_arg_class(struct ctx *c)
{
	return strcmp(c->cmd->name, "qvm-device") ? c->cmd->name + strlen("qvm-")
						  : args_get(c->args, "devclass");
}

int device_arg_failed(GError *err)
{
	ctx_report("%s", err->message);
	g_error_free(err);
	return EXIT_FAILED;
}

int device_arg_find(struct devices *d, unsigned flags, struct device **ret)
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
		return device_arg_failed(err);
	if (rest && strcmp(rest, dev->id) != 0 && flags & DEVICE_ARG_PORT)
		return ctx_error(c, "here a device is named by its port only, without device id");
	*ret = rest && strcmp(rest, dev->id) != 0 ? device_unknown(backend, port, d->devclass, rest)
						  : device_copy(dev);
	if ((*ret)->known || flags & DEVICE_ARG_UNKNOWN)
		return EXIT_OK;
	g_clear_pointer(ret, device_free);
	return ctx_error(c, "backend vm %s doesn't expose %s device '%s'", backend, d->devclass,
			 port);
}

/* Adds the options of -o and --ro; "ro=…" is another spelling of "read-only=…". */
bool device_arg_options(struct ctx *c, struct assignment *a, GError **err)
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

bool device_arg_call(struct devices *d, const struct assignment *a, const char *vm,
		     const char *method, bool with_payload, GError **err)
{
	g_autofree char *full = g_strdup_printf("admin.vm.device.%s.%s", d->devclass, method);
	g_autofree char *arg = device_qarg(a->backend, a->port, a->id);
	g_autofree char *payload = with_payload ? assignment_payload(a) : NULL;

	return admin_do(d->c->admin, vm, full, arg, payload, err);
}
