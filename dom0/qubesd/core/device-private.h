/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by device-*.c: what attaching means for each class. */
#ifndef QUBESD_CORE_DEVICE_PRIVATE_H
#define QUBESD_CORE_DEVICE_PRIVATE_H

#include "dom0/qubesd/core/device.h"

/* What is done off the main thread. Strings are copies. */
typedef struct {
	DevClass cls;
	char *uuid;			   /* owned; of the qube */
	char *front, *backend;		   /* owned; names */
	char *port, *node, *target, *sbdf; /* owned */
	bool rw, cdrom;
	bool force;	  /* when detaching: the device is gone anyhow */
	Domain *d, *from; /* a reference each */
} DeviceJob;

DeviceJob *device_job_new(Domain *d, const Attachment *a);
void device_job_free(DeviceJob *j);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeviceJob, device_job_free)
bool device_job_attach(Flow *f, const DeviceJob *j, GError **error);
bool device_job_detach(Flow *f, const DeviceJob *j, GError **error);

/* Main thread, before: may it be, and with which options? */
bool device_check(Domain *d, const Device *dev, GPtrArray *options, GError **error);

/* device-usb.c */
bool usb_attach(Flow *f, const DeviceJob *j, GError **error);
bool usb_detach(Flow *f, const DeviceJob *j, GError **error);

/* device-mic.c: sets whether d may record. */
void mic_allow(Domain *d, bool allowed);
bool mic_check(Domain *d, const GPtrArray *options, GError **error);

/* device-record.c: what a running qube uses, kept for the next qubesd. Main thread. */
void device_record_save(Domain *d);
void device_record_drop(const Domain *d);

/* device-ask.c: which of the n qubes may have it; NULL: none. Waits for the user. g_free. */
char *device_ask(Flow *f, const Device *dev, char **names, size_t n);

/* Tells of what a qube uses: "device-attach:" with options, "device-detach:" with the port. */
void device_tell_attached(Domain *d, const Attachment *a);
void device_tell_detached(Domain *d, const Device *dev);

#endif
