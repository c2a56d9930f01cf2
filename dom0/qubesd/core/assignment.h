/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Assignments: which devices a qube gets whenever it runs and they are there. Part of the
 * store. specs/admin-api.md section 5. Main thread.
 */
#ifndef QUBESD_CORE_ASSIGNMENT_H
#define QUBESD_CORE_ASSIGNMENT_H

#include "dom0/qubesd/core/model.h"
#include "dom0/qubesd/core/store-doc.h"
#include "dom0/qubesd/devices/wire.h"

typedef enum { MODE_MANUAL, MODE_AUTO, MODE_ASK, MODE_REQUIRED } DeviceMode;

typedef struct {
	char *devclass;		   /* owned; may be one that this qubesd does not know */
	char *backend, *port, *id; /* owned; "*": any */
	DeviceMode mode;
	GPtrArray *options; /* DevPair* */
} Assignment;

const char *device_mode_name(DeviceMode mode);
bool device_mode_from_name(const char *name, DeviceMode *ret);

Assignment *assignment_new(const char *devclass, const DevArg *arg);
void assignment_free(gpointer assignment);
/* From the store; NULL when its mode is none. pci ports may be addresses of old stores. */
Assignment *assignment_from_doc(const DocDevice *doc, const char *sysfs);

/* "dom0:sda:*", as events and messages call it; g_free. */
char *assignment_text(const Assignment *a);
/* "device_id='...' ...", without a line feed; frontend: whose it is. g_free. */
char *assignment_line(const Assignment *a, const char *frontend);

/* Exactly this device of this class; NULL when d has no such assignment. */
Assignment *assignment_find(const Domain *d, const char *devclass, const DevArg *arg);
/* Is the device one that a means? */
bool assignment_matches(const Assignment *a, const Device *dev);
/* The devices that are there now and that a means: Device*, a reference each. */
GPtrArray *assignment_devices(App *app, const Assignment *a);
/* Has d any assignment of this class, of this mode or (MODE_MANUAL) of any? */
bool assignment_any(const Domain *d, DevClass cls, DeviceMode mode);

/*
 * With events. Takes a in any case. E_DEVICE_ALREADY_ASSIGNED, E_VALUE for MODE_MANUAL.
 */
bool assignment_add(Domain *d, Assignment *a, GError **error);
bool assignment_remove(Domain *d, const char *devclass, const DevArg *arg, GError **error);
bool assignment_set_mode(Domain *d, const char *devclass, const DevArg *arg, DeviceMode mode,
			 GError **error);

/* Most specific first: port and identity, port, identity, neither. For g_ptr_array_sort. */
gint assignment_order(gconstpointer a, gconstpointer b);

#endif
