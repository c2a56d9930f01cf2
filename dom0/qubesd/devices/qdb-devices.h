/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that a qube announces in its QubesDB: /qubes-block-devices/PORT/... and
 * /qubes-usb-devices/PORT/... (specs/qubesdb.md sections 1 and 7). Every byte is the qube's.
 * Pure: entries in, checked devices out.
 */
#ifndef QUBESD_DEVICES_QDB_DEVICES_H
#define QUBESD_DEVICES_QDB_DEVICES_H

#include "dom0/qubesd/devices/device.h"
#include "dom0/qubesd/devices/hwids.h"

#define QDB_BLOCK_DEVICES "/qubes-block-devices/"
#define QDB_USB_DEVICES "/qubes-usb-devices/"
/* A qube that announces more of one class is not listened to beyond these. */
#define DEV_PER_QUBE_MAX 256

/*
 * untrusted_entries: path, value, path, value, ..., NULL: everything below both folders.
 * Devices with impossible names are left out, what they say of themselves is cleaned.
 * block and usb receive them, sorted by port. ids may be NULL: no names of vendors.
 */
void qdb_devices_decode(const char *backend, const char *const *untrusted_entries,
			const HwIds *usb_ids, GPtrArray *block, GPtrArray *usb);

#endif
