/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dom0's own devices, from the kernel's /sys: block devices that are free, and PCI devices.
 * No peer but the kernel; names of files that loop devices hold and labels may be
 * anybody's and are cleaned.
 */
#ifndef QUBESD_DEVICES_SYSFS_H
#define QUBESD_DEVICES_SYSFS_H

#include "dom0/qubesd/devices/device.h"
#include "dom0/qubesd/devices/hwids.h"

/* A file of this name in any folder above a loop device's file hides the loop device. */
#define EXCLUDE_MARK ".qubes-exclude-block-devices"

/*
 * Adds the block devices of /sys at sysfs that nobody in dom0 uses: not mounted, no swap, no
 * part of a mapping or an array, no empty drive. Sorted by port.
 */
void sysfs_block(const char *sysfs, GPtrArray *block);

/* Adds the PCI devices. Their ports are paths: BUS_DEV.FN of each bridge, joined by '-'. */
void sysfs_pci(const char *sysfs, const HwIds *pci_ids, GPtrArray *pci);

/*
 * The path that stands for an address ("0000:02:00.0", "02:00.0", "02_00.0"); NULL when
 * there is no such device. g_free. And back.
 */
char *sysfs_pci_path(const char *sysfs, const char *sbdf);
char *sysfs_pci_sbdf(const char *sysfs, const char *path);

#endif
