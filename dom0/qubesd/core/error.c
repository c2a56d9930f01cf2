// SPDX-License-Identifier: GPL-2.0-or-later
/* Error codes and the exception types that clients know them by. */
#include "dom0/qubesd/core/error.h"

#include "dom0/qubesd/hypervisor/hypervisor.h"
#include "dom0/qubesd/storage/storage.h"

G_DEFINE_QUARK(qubes - error, qubes_error)

static const char *const types[E_N] = {
	[E_QUBES] = "QubesException",
	[E_PROTOCOL] = "ProtocolError",
	[E_PERMISSION] = "PermissionDenied",
	[E_VM_NOT_FOUND] = "QubesVMNotFoundError",
	[E_VM_INVALID_UUID] = "QubesVMInvalidUUIDError",
	[E_VM_EXISTS] = "QubesVMAlreadyExistsError",
	[E_VM] = "QubesVMError",
	[E_VM_IN_USE] = "QubesVMInUseError",
	[E_VM_NOT_STARTED] = "QubesVMNotStartedError",
	[E_VM_NOT_RUNNING] = "QubesVMNotRunningError",
	[E_VM_NOT_PAUSED] = "QubesVMNotPausedError",
	[E_VM_NOT_HALTED] = "QubesVMNotHaltedError",
	[E_VM_SHUTDOWN_TIMEOUT] = "QubesVMShutdownTimeoutError",
	[E_NO_TEMPLATE] = "QubesNoTemplateError",
	[E_POOL_IN_USE] = "QubesPoolInUseError",
	[E_VALUE] = "QubesValueError",
	[E_PROPERTY_ACCESS] = "QubesPropertyAccessError",
	[E_PROPERTY_VALUE] = "QubesPropertyValueError",
	[E_NO_SUCH_PROPERTY] = "QubesNoSuchPropertyError",
	[E_NOT_IMPLEMENTED] = "QubesNotImplementedError",
	[E_BACKUP_PROFILE_NOT_FOUND] = "QubesBackupProfileNotFoundError",
	[E_MEMORY] = "QubesMemoryError",
	[E_FEATURE_NOT_FOUND] = "QubesFeatureNotFoundError",
	[E_TAG_NOT_FOUND] = "QubesTagNotFoundError",
	[E_LABEL_NOT_FOUND] = "QubesLabelNotFoundError",
	[E_LABEL_IN_USE] = "QubesLabelInUseError",
	[E_INVALID_TAG] = "QubesInvalidTagError",
	[E_INVALID_LABEL] = "QubesInvalidLabelError",
	[E_INVALID_LABEL_VALUE] = "QubesInvalidLabelValueError",
	[E_STORAGE] = "StoragePoolException",
	[E_COPY_TOKEN_NOT_FOUND] = "QubesVolumeCopyTokenNotFoundError",
	[E_REVISION_NOT_FOUND] = "QubesVolumeRevisionNotFoundError",
	[E_POOL_NOT_FOUND] = "QubesPoolNotFoundError",
	[E_VOLUME_NOT_FOUND] = "QubesVolumeNotFoundError",
	[E_DEVICE_NOT_ASSIGNED] = "DeviceNotAssigned",
	[E_DEVICE_NOT_FOUND] = "DeviceNotFound",
	[E_DEVICE_MODE] = "QubesUnrecognizedDeviceAssignmentMode",
	[E_DEVICE_ALREADY_ASSIGNED] = "DeviceAlreadyAssigned",
	[E_DEVICE_ALREADY_ATTACHED] = "DeviceAlreadyAttached",
};

const char *qubes_error_type(const GError *error)
{
	if (error->domain == QUBES_ERROR && error->code >= 0 && error->code < E_N)
		return types[error->code];
	if (error->domain == STORAGE_ERROR)
		return types[E_STORAGE];
	if (error->domain == HYPERVISOR_ERROR && error->code == HYPERVISOR_ERROR_NO_MEMORY)
		return types[E_MEMORY];
	return types[E_QUBES];
}

void text_one_line(char *text)
{
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

bool fail(GError **error, QubesError code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (error && !*error) {
		*error = g_error_new_valist(QUBES_ERROR, (int)code, fmt, ap);
		text_one_line((*error)->message);
	}
	va_end(ap);
	return false;
}
