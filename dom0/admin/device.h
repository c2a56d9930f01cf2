/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices and assignments as the Admin API writes them (admin-api.md, section 5): lines of
 * key='value', and the qrexec arguments that name a device. Pure, but for the names of
 * interface classes, which are looked up in /usr/share/hwdata.
 *
 * A device is a port of a backend qube ("sys-usb:2-1") with an identity, which may both be
 * "*": any.
 */
#ifndef QUBES_ADMIN_DEVICE_H
#define QUBES_ADMIN_DEVICE_H

#include <glib.h>
#include <stdbool.h>

/* The identity of a device that says nothing about itself. */
#define DEVICE_UNKNOWN_ID "0000:0000::?******"

struct device_pair {
	char *key, *value; /* owned */
};

struct device {
	char *backend, *port, *devclass; /* owned */
	char *id;			 /* owned; identity, "*" for any */
	bool known;			 /* false: not listed by its backend */
	GArray *props; /* struct device_pair, owned; vendor, product, interfaces, … */
	GArray *opts;  /* struct device_pair, owned; options, without their "_" */
};

struct assignment {
	char *backend, *port, *devclass; /* owned */
	char *id;			 /* owned */
	char *mode;			 /* owned; manual, auto-attach, ask-to-attach, required */
	char *frontend;			 /* owned; NULL when not told */
	GArray *opts;			 /* struct device_pair, owned */
};

void device_free(struct device *d);
void assignment_free(struct assignment *a);
typedef struct device Device;
typedef struct assignment Assignment;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Device, device_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Assignment, assignment_free)

/* A device of which nothing but its place is known; id may be NULL. */
struct device *device_unknown(const char *backend, const char *port, const char *devclass,
			      const char *id);
struct device *device_copy(const struct device *d);

/*
 * A line of Available of backend. Never NULL: a line that is malformed or contradicts
 * itself gives an unknown device, with *ret_err telling why (may be NULL).
 */
struct device *device_parse(const char *line, const char *backend, const char *devclass,
			    GError **ret_err);

/* A property or option, or NULL; "unknown" and "" count as NULL for properties. */
const char *device_prop(const struct device *d, const char *key);
const char *device_opt(const struct device *d, const char *key);

/* "Network: Intel Wireless 7260", one line for people. g_free(). */
char *device_description(const struct device *d);

/* The codes of its interfaces, 7 characters each; at least one. g_free(). */
char *device_interfaces(const struct device *d);

/* True when one interface matches one of the patterns of a deny list (7 characters each). */
bool device_denied(const struct device *d, const char *deny_list);

/* A line of Attached or Assigned. NULL with err set. */
struct assignment *assignment_parse(const char *line, const char *devclass, GError **err);

struct assignment *assignment_new(const struct device *d, const char *mode, const char *frontend);
void assignment_set_option(struct assignment *a, const char *key, const char *value);
/* Removes an option; its value to g_free(), or NULL when there was none. */
char *assignment_take_option(struct assignment *a, const char *key);

/* The payload of Assign and Attach, and the argument that names the device. g_free(). */
char *assignment_payload(const struct assignment *a);
char *device_qarg(const char *backend, const char *port, const char *id);

bool assignment_matches(const struct assignment *a, const struct device *d);

/* The category of an interface code ("Network"), "Other" when it has none. Never NULL. */
const char *interface_category(const char *code);

/* What an interface is called, from hwdata or the bus's name. g_free(). */
char *interface_name(const char *code);

#endif
