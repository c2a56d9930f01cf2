/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors that reach a client of the Admin API: one GError domain whose codes are the
 * exception types of the wire (specs/admin-api.md section 1, "Replies").
 *
 * A message is one line: what failed, why, what to do next. It is plain text; the
 * reply encoder takes care of what the wire forbids.
 */
#ifndef QUBESD_CORE_ERROR_H
#define QUBESD_CORE_ERROR_H

#include <glib.h>
#include <stdbool.h>

#define QUBES_ERROR (qubes_error_quark())
GQuark qubes_error_quark(void);

typedef enum {
	E_QUBES, /* QubesException: anything without a type of its own */
	E_PROTOCOL,
	E_PERMISSION,
	E_VM_NOT_FOUND,
	E_VM_INVALID_UUID,
	E_VM_EXISTS,
	E_VM,
	E_VM_IN_USE,
	E_VM_NOT_STARTED,
	E_VM_NOT_RUNNING,
	E_VM_NOT_PAUSED,
	E_VM_NOT_HALTED,
	E_VM_SHUTDOWN_TIMEOUT,
	E_NO_TEMPLATE,
	E_POOL_IN_USE,
	E_VALUE,
	E_PROPERTY_VALUE,
	E_PROPERTY_ACCESS, /* an AttributeError for clients, which copy what can be copied */
	E_NO_SUCH_PROPERTY,
	E_NOT_IMPLEMENTED,
	E_BACKUP_PROFILE_NOT_FOUND,
	E_MEMORY,
	E_FEATURE_NOT_FOUND,
	E_TAG_NOT_FOUND,
	E_LABEL_NOT_FOUND,
	E_LABEL_IN_USE,
	E_INVALID_TAG,
	E_INVALID_LABEL,
	E_INVALID_LABEL_VALUE,
	E_STORAGE,
	E_COPY_TOKEN_NOT_FOUND,
	E_REVISION_NOT_FOUND,
	E_POOL_NOT_FOUND,
	E_VOLUME_NOT_FOUND,
	E_DEVICE_NOT_ASSIGNED,
	E_DEVICE_NOT_FOUND,
	E_DEVICE_MODE,
	E_DEVICE_ALREADY_ASSIGNED,
	E_DEVICE_ALREADY_ATTACHED,
	E_N
} QubesError;

/*
 * The exception type to put on the wire for any error: of this domain, of storage/
 * and hypervisor/, or of GLib. Static.
 */
const char *qubes_error_type(const GError *error);

/* Blanks for everything that would move a cursor: what a client sent may end in a terminal. */
void text_one_line(char *text);

/* Sets *error and returns false, so that a check can end in "return fail(...)". */
bool fail(GError **error, QubesError code, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

#endif
