/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device, the options and the class that a command of qvm-device was given. */
#ifndef QUBES_CLI_DEVICEARG_H
#define QUBES_CLI_DEVICEARG_H

#include "dom0/cli/devices.h"

/* The device class: from the name we were called by, or the first positional. */
const char *device_arg_class(struct ctx *c);

enum device_arg_flags {
	DEVICE_ARG_UNKNOWN = 1, /* the device need not be there */
	DEVICE_ARG_PORT = 2,	/* no device id may be given */
};

/*
 * The device of BACKEND:PORT[:ID]. *ret is NULL when none was given (to be freed). An
 * exit status after a message.
 */
int device_arg_find(struct devices *d, unsigned flags, struct device **ret);

/* Adds the options of -o and --ro; "ro=…" is another spelling of "read-only=…". */
bool device_arg_options(struct ctx *c, struct assignment *a, GError **err);

/* Calls admin.vm.device.CLASS.METHOD of vm for the device of a. */
bool device_arg_call(struct devices *d, const struct assignment *a, const char *vm,
		     const char *method, bool with_payload, GError **err);

/* Reports what went wrong between qubes; frees err. Exit status. */
int device_arg_failed(GError *err);

/* What may not be assigned, said before qubesd has to. */
bool device_check_assign(const struct assignment *a, GError **err);

/* Run "qvm-device CLASS assign" and "… unassign". */
int device_assign(struct ctx *c);
int device_unassign(struct ctx *c);

#endif
