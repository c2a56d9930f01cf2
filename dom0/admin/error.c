/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and kinship of the Admin API's exceptions (error.h). Pure; no peer. */
#include "dom0/admin/error.h"

#include <string.h>

G_DEFINE_QUARK(qubes - admin - error, admin_error)

/* Wire name and the code this one is a special case of. */
static const struct {
	const char *name;
	enum admin_error_code parent;
} classes[ADMIN_ERROR_N] = {
	[ADMIN_ERROR_OTHER] = {"QubesException", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_KEY] = {"KeyError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_VM_NOT_FOUND] = {"QubesVMNotFoundError", ADMIN_ERROR_KEY},
	[ADMIN_ERROR_VM_INVALID_UUID] = {"QubesVMInvalidUUIDError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_VM] = {"QubesVMError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_VM_IN_USE] = {"QubesVMInUseError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_VM_ALREADY_EXISTS] = {"QubesVMAlreadyExistsError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_VM_NOT_STARTED] = {"QubesVMNotStartedError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_VM_NOT_RUNNING] = {"QubesVMNotRunningError", ADMIN_ERROR_VM_NOT_STARTED},
	[ADMIN_ERROR_VM_NOT_PAUSED] = {"QubesVMNotPausedError", ADMIN_ERROR_VM_NOT_STARTED},
	[ADMIN_ERROR_VM_NOT_SUSPENDED] = {"QubesVMNotSuspendedError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_VM_NOT_HALTED] = {"QubesVMNotHaltedError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_VM_SHUTDOWN_TIMEOUT] = {"QubesVMShutdownTimeoutError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_VM_ALREADY_STARTED] = {"QubesVMAlreadyStartedError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_NO_TEMPLATE] = {"QubesNoTemplateError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_MEMORY] = {"QubesMemoryError", ADMIN_ERROR_VM},
	[ADMIN_ERROR_POOL_IN_USE] = {"QubesPoolInUseError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_STORAGE_POOL] = {"StoragePoolException", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_VALUE] = {"QubesValueError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_PROPERTY_VALUE] = {"QubesPropertyValueError", ADMIN_ERROR_VALUE},
	[ADMIN_ERROR_NO_SUCH_PROPERTY] = {"QubesNoSuchPropertyError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_NOT_IMPLEMENTED] = {"QubesNotImplementedError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_FEATURE_NOT_FOUND] = {"QubesFeatureNotFoundError", ADMIN_ERROR_KEY},
	[ADMIN_ERROR_TAG_NOT_FOUND] = {"QubesTagNotFoundError", ADMIN_ERROR_KEY},
	[ADMIN_ERROR_LABEL_NOT_FOUND] = {"QubesLabelNotFoundError", ADMIN_ERROR_KEY},
	[ADMIN_ERROR_LABEL_IN_USE] = {"QubesLabelInUseError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_DEVICE_NOT_ASSIGNED] = {"DeviceNotAssigned", ADMIN_ERROR_KEY},
	[ADMIN_ERROR_DEVICE_ALREADY_ATTACHED] = {"DeviceAlreadyAttached", ADMIN_ERROR_KEY},
	[ADMIN_ERROR_DEVICE_ALREADY_ASSIGNED] = {"DeviceAlreadyAssigned", ADMIN_ERROR_KEY},
	[ADMIN_ERROR_BACKUP_CANCELLED] = {"BackupCancelledError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_BACKUP_ALREADY_RUNNING] = {"BackupAlreadyRunningError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_PROTOCOL] = {"ProtocolError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_PERMISSION_DENIED] = {"PermissionDenied", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_COMMUNICATION] = {"QubesDaemonCommunicationError", ADMIN_ERROR_OTHER},
	[ADMIN_ERROR_ACCESS] = {"QubesDaemonAccessError", ADMIN_ERROR_COMMUNICATION},
};

enum admin_error_code admin_error_from_name(const char *name)
{
	for (int i = 0; i < ADMIN_ERROR_N; i++)
		if (!strcmp(classes[i].name, name))
			return (enum admin_error_code)i;
	/* The name this type had before R4.1. */
	if (!strcmp(name, "QubesDaemonNoResponseError"))
		return ADMIN_ERROR_ACCESS;
	return ADMIN_ERROR_OTHER;
}

const char *admin_error_name(enum admin_error_code code)
{
	return (int)code >= 0 && code < ADMIN_ERROR_N ? classes[code].name : classes[0].name;
}

bool admin_error_is(const GError *err, enum admin_error_code code)
{
	int c;

	if (!err || err->domain != ADMIN_ERROR || err->code < 0 || err->code >= ADMIN_ERROR_N)
		return false;
	for (c = err->code; c != (int)code; c = (int)classes[c].parent)
		if (c == (int)classes[c].parent)
			return false;
	return true;
}
