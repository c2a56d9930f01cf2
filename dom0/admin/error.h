/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of the Admin API as GErrors (admin-api.md, section 1, "Replies").
 *
 * qubesd names the type of every exception. Known names become a code of the domain
 * ADMIN_ERROR; some types are special cases of others, so ask admin_error_is(), never
 * compare codes.
 */
#ifndef QUBES_ADMIN_ERROR_H
#define QUBES_ADMIN_ERROR_H

#include <glib.h>
#include <stdbool.h>

#define ADMIN_ERROR (admin_error_quark())
GQuark admin_error_quark(void);

enum admin_error_code {
	ADMIN_ERROR_OTHER, /* QubesException, and every type we do not know */
	ADMIN_ERROR_KEY,   /* something named was not found: parent of the _NOT_FOUND codes */
	ADMIN_ERROR_VM_NOT_FOUND,
	ADMIN_ERROR_VM_INVALID_UUID,
	ADMIN_ERROR_VM,
	ADMIN_ERROR_VM_IN_USE,
	ADMIN_ERROR_VM_ALREADY_EXISTS,
	ADMIN_ERROR_VM_NOT_STARTED,
	ADMIN_ERROR_VM_NOT_RUNNING,
	ADMIN_ERROR_VM_NOT_PAUSED,
	ADMIN_ERROR_VM_NOT_SUSPENDED,
	ADMIN_ERROR_VM_NOT_HALTED,
	ADMIN_ERROR_VM_SHUTDOWN_TIMEOUT,
	ADMIN_ERROR_VM_ALREADY_STARTED,
	ADMIN_ERROR_NO_TEMPLATE,
	ADMIN_ERROR_MEMORY,
	ADMIN_ERROR_POOL_IN_USE,
	ADMIN_ERROR_STORAGE_POOL,
	ADMIN_ERROR_VALUE,
	ADMIN_ERROR_PROPERTY_VALUE,
	ADMIN_ERROR_NO_SUCH_PROPERTY,
	ADMIN_ERROR_NOT_IMPLEMENTED,
	ADMIN_ERROR_FEATURE_NOT_FOUND,
	ADMIN_ERROR_TAG_NOT_FOUND,
	ADMIN_ERROR_LABEL_NOT_FOUND,
	ADMIN_ERROR_LABEL_IN_USE,
	ADMIN_ERROR_DEVICE_NOT_ASSIGNED,
	ADMIN_ERROR_DEVICE_ALREADY_ATTACHED,
	ADMIN_ERROR_DEVICE_ALREADY_ASSIGNED,
	ADMIN_ERROR_BACKUP_CANCELLED,
	ADMIN_ERROR_BACKUP_ALREADY_RUNNING,
	ADMIN_ERROR_PROTOCOL,	       /* the request was malformed, or the method is unknown */
	ADMIN_ERROR_PERMISSION_DENIED, /* refused by policy or by a rule of the method */
	ADMIN_ERROR_COMMUNICATION,     /* no answer that could be understood */
	ADMIN_ERROR_ACCESS,	       /* no answer at all: refused, or a fault in qubesd */
	ADMIN_ERROR_N
};

/* The code of a wire type name; ADMIN_ERROR_OTHER when unknown. */
enum admin_error_code admin_error_from_name(const char *name);

/* The wire name of a code, never NULL. */
const char *admin_error_name(enum admin_error_code code);

/* True when err is of the domain ADMIN_ERROR and is code or a special case of it. */
bool admin_error_is(const GError *err, enum admin_error_code code);

#endif
