/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices of one class in all qubes, each list fetched at most once: for qvm-device. */
#ifndef QUBES_CLI_DEVICES_H
#define QUBES_CLI_DEVICES_H

#include "dom0/admin/device.h"
#include "dom0/cli/ctx.h"

struct devices {
	struct ctx *c;
	const char *devclass;
	GHashTable *exposed;  /* owned; backend → GPtrArray of struct device */
	GHashTable *attached; /* owned; frontend → GPtrArray of struct assignment */
	GHashTable *assigned; /* owned; the same */
};

void devices_init(struct devices *d, struct ctx *c, const char *devclass);
void devices_clear(struct devices *d);

/* What backend offers. NULL with err set. */
GPtrArray *devices_exposed(struct devices *d, const char *backend, GError **err);

/* What frontend has attached, or assigned. NULL with err set. */
GPtrArray *devices_attached(struct devices *d, const char *frontend, GError **err);
GPtrArray *devices_assigned(struct devices *d, const char *frontend, GError **err);

/* The device at a port of backend; an unknown one when nothing is there. Owned by d. */
const struct device *devices_at(struct devices *d, const char *backend, const char *port,
				GError **err);

/*
 * The devices that an assignment means now (struct device, not owned; NULL with err set);
 * *ret_unknown is set when it means a port where nothing is known to be.
 */
GPtrArray *devices_meant(struct devices *d, const struct assignment *a, bool *ret_unknown,
			 GError **err);

/* Runs "qvm-device CLASS list". */
int devices_list(struct ctx *c, const char *devclass);

#endif
