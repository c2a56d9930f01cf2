/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that a qube (or dom0) offers at one of its ports, as plain data, and its line in
 * the Admin API. specs/admin-api.md section 5. Pure.
 *
 * Everything in a Device was checked or cleaned by who made it: printable ASCII throughout.
 */
#ifndef QUBESD_DEVICES_DEVICE_H
#define QUBESD_DEVICES_DEVICE_H

#include <glib.h>
#include <stdbool.h>

/* In the order of admin.deviceclass.List. */
typedef enum { DEV_PCI, DEV_BLOCK, DEV_MIC, DEV_USB, DEV_N } DevClass;

const char *dev_class_name(DevClass cls);
bool dev_class_from_name(const char *name, DevClass *ret);
/* "Block", as messages begin. Static. */
const char *dev_class_title(DevClass cls);

/* The identity of what says nothing about itself, and its interface. */
#define DEV_UNKNOWN_ID "0000:0000::?******"
#define DEV_UNKNOWN_INTERFACE "?******"

typedef struct {
	int refs;
	DevClass cls;
	char *backend;					       /* owned; name of the qube */
	char *port, *id;				       /* owned */
	char *vendor, *product, *manufacturer, *name, *serial; /* owned; NULL: unknown */
	char *interfaces; /* owned; codes of 7 characters each, at least one */
	char *parent;	  /* owned; port in the same qube that it is part of, NULL: none */
	DevClass parent_class;
	char *sbdf;	 /* owned; of PCI: its address in dom0; else NULL */
	char *connected; /* owned; of USB: the qube that uses it, as its own says; NULL: none */
	bool read_only;	 /* of block */
	guint64 size;	 /* of block: bytes, 0 when not known */
} Device;

/* Takes nothing; the identity and interfaces are the unknown ones. */
Device *device_new(DevClass cls, const char *backend, const char *port);
Device *device_ref(Device *d);
void device_unref(Device *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, device_unref)

/* An array that owns a reference to each. */
GPtrArray *device_list_new(void);
/* The one at a port, NULL when there is none. */
Device *device_list_find(const GPtrArray *list, const char *port);
bool device_equal(const Device *a, const Device *b);

/*
 * "device_id='...' port_id='...' ...", without a line feed. attached_to: the qube that has
 * it, or NULL. g_free.
 */
char *device_line(const Device *d, const char *attached_to);
/* "sys-usb:2-1:identity", as in events. g_free. */
char *device_text(const Device *d);
/* "Block_Storage: hosted by dom0 STICK", for people. g_free. */
char *device_description(const Device *d);

/* Appends key='value' with quotes escaped, a blank before it unless s is empty. */
void dev_add_pair(GString *s, const char *prefix, const char *key, const char *value);

/* Does one of the interfaces match one of the codes (each 7 characters) of the deny list?
 * The interface that does (g_free), or NULL. */
char *device_denied(const Device *d, const char *deny_list);

#endif
