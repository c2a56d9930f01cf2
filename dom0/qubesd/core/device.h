/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of qubes: what each offers (as last read), what each uses, and the operations
 * that change it. specs/admin-api.md section 5. Main thread unless a Flow is taken.
 */
#ifndef QUBESD_CORE_DEVICE_H
#define QUBESD_CORE_DEVICE_H

#include "dom0/qubesd/core/assignment.h"
#include "dom0/qubesd/core/flow.h"

/* Frontends "xvdi"...: names of at most this many characters. */
#define FRONTEND_MAX 15

/* One device that a running qube uses. */
typedef struct {
	Device *dev;	    /* a reference */
	GPtrArray *options; /* DevPair*; of block with read-only and frontend-dev */
	bool busy;	    /* being attached or detached by a flow */
} Attachment;

void attachment_free(gpointer attachment);

/* --- device-list.c --- */

/* What d offers, as last read: Device*, borrowed. Never NULL. */
const GPtrArray *device_exposed(const Domain *d, DevClass cls);
/* Reads it anew from QubesDB or the kernel; what changed is told and acted upon. */
void device_refresh(Flow *f, Domain *d);
/* The same in the background. Main thread. */
void device_refresh_later(Domain *d);
/* The same for all backends of devices that are assigned to d. */
void device_refresh_assigned(Flow *f, Domain *d);
/* Who uses it; NULL: nobody. */
Domain *device_user(App *app, const Device *dev);
/* What d uses of cls: Attachment*, borrowed; the array is the caller's. */
GPtrArray *device_attached(Domain *d, DevClass cls);
/* The sysfs of dom0: ROOT/sys if there is one, else /sys. g_free. */
char *device_sysfs(const App *app);

/* --- device-attach.c --- */

typedef struct {
	DevClass cls;
	DevArg arg;		  /* what is meant; owned by the caller */
	const GPtrArray *options; /* DevPair*; borrowed */
	bool check_denied;	  /* a client asks: d's deny list counts */
} AttachRequest;

/* Attaches one device to d, which runs. */
bool device_attach(Flow *f, Domain *d, const AttachRequest *r, GError **error);
bool device_detach(Flow *f, Domain *d, DevClass cls, const DevArg *arg, GError **error);
/* Attaches dev, for an assignment; the caller holds d's lock or d's start. */
bool device_attach_assigned(Flow *f, Domain *d, Device *dev, const Assignment *a, GError **error);

/* --- device-block.c --- */

/* Checks options and completes them with read-only and frontend-dev. */
bool block_options(Domain *d, const Device *dev, GPtrArray *options, GError **error);

/* --- device-life.c: with the life of qubes --- */

/* Is every required device there? */
bool device_required_present(Domain *d, GError **error);
/* The required block and PCI devices of a qube that is about to be built are its own now. */
bool device_take_required(Domain *d, GError **error);
/* d is up: attaches what is assigned to it. Those that must be asked for come later. */
void device_auto_attach(Flow *f, Domain *d);
/* New devices of a backend appeared: whose are they? */
void device_offer(Domain *backend, GPtrArray *added);
/* A device that was attached is not offered any more: it is taken from its user. */
void device_withdrawn(App *app, Device *dev);
/* d is gone: tells what it lent, takes it from who used it; and what it used if it ran. */
void device_lender_halted(Domain *d);
void device_halted(Domain *d, bool ran);
/* A qube that outlived the last qubesd has what is noted. */
void device_record_load(Domain *d);

/* --- device-mic.c --- */

/* d has another audiovm: whether it may record goes with it. old may be NULL. */
void device_mic_moved(Domain *d, Domain *old);

/* --- device-watch.c --- */

/* d's QubesDB is there (again): hears of changes in it. Nothing for others. */
void device_watch(Domain *d);
void device_unwatch(Domain *d);
/* Hears of changes of dom0's own devices. */
void device_watch_dom0(App *app);
/* Ends that, and frees the names of vendors. */
void device_stop(App *app);

#endif
