/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drive that qvm-start --drive lends a qube for one start. */
#ifndef QUBES_CLI_DRIVE_H
#define QUBES_CLI_DRIVE_H

#include "dom0/admin/device.h"
#include "dom0/cli/ctx.h"

/*
 * Finds "[cdrom:|hd:]VMNAME:DEVICE-or-/PATH"; a path becomes a loop device in its qube. The
 * assignment to vm, or NULL with err set.
 */
struct assignment *drive_find(struct ctx *c, const char *drive, const char *vm, GError **err);

/* Calls admin.vm.device.block.METHOD about the assignment. */
bool drive_call(struct ctx *c, const struct assignment *a, const char *method, GError **err);

#endif
