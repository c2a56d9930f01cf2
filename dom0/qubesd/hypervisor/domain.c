// SPDX-License-Identifier: GPL-2.0-or-later
/* Domains as libvirt has them, for all drivers. The peer is libvirtd, trusted. */
#include "dom0/qubesd/hypervisor/private.h"

#include <libvirt/virterror.h>
#include <string.h>

G_DEFINE_QUARK(hypervisor - error, hypervisor_error)

gboolean hv_error(GError **error, HypervisorError code, const char *format, ...)
{
	va_list args;
	g_autofree char *message = NULL;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, HYPERVISOR_ERROR, code, message);
	return FALSE;
}

static HypervisorError code_of(virConnectPtr conn, int libvirt_code)
{
	switch (libvirt_code) {
	case VIR_ERR_NO_DOMAIN:
		return HYPERVISOR_ERROR_NO_DOMAIN;
	case VIR_ERR_NO_MEMORY:
		return HYPERVISOR_ERROR_NO_MEMORY;
	case VIR_ERR_NO_CONNECT:
	case VIR_ERR_INVALID_CONN:
		return HYPERVISOR_ERROR_UNREACHABLE;
	default:
		return conn && virConnectIsAlive(conn) != 1 ? HYPERVISOR_ERROR_UNREACHABLE
							    : HYPERVISOR_ERROR_FAILED;
	}
}

gboolean hv_fail(GError **error, virConnectPtr conn, const char *what)
{
	/* Taken first: every call to libvirt replaces them. */
	g_autofree char *why = g_strdup(virGetLastErrorMessage());
	HypervisorError code = code_of(conn, virGetLastErrorCode());

	if (code == HYPERVISOR_ERROR_UNREACHABLE)
		return hv_error(error, code, "libvirt cannot be reached: %s. Is libvirtd running?",
				why);
	return hv_error(error, code, "Cannot %s: %s", what, why);
}

virDomainPtr hv_lookup(virConnectPtr conn, const char *uuid, GError **error)
{
	virDomainPtr dom = virDomainLookupByUUIDString(conn, uuid);

	if (!dom && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN)
		hv_fail(error, conn, "look up a domain");
	return dom;
}

bool hv_is_active(virDomainPtr dom)
{
	return virDomainIsActive(dom) == 1;
}

static HvState state_of(unsigned char state)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
	case VIR_DOMAIN_NOSTATE: /* Xen: neither running on a CPU nor anything else */
		return HV_RUNNING;
	case VIR_DOMAIN_PAUSED:
		return HV_PAUSED;
	case VIR_DOMAIN_SHUTDOWN:
		return HV_DYING;
	case VIR_DOMAIN_PMSUSPENDED:
		return HV_SUSPENDED;
	case VIR_DOMAIN_CRASHED:
		return HV_CRASHED;
	default:
		return HV_HALTED;
	}
}

gboolean hv_domain_info(virDomainPtr dom, HvInfo *ret, GError **error)
{
	virDomainInfo info;
	unsigned id;

	if (virDomainGetInfo(dom, &info) < 0)
		return hv_fail(error, virDomainGetConnect(dom), "read a domain's state");
	id = virDomainGetID(dom);
	*ret = (HvInfo){
		.state = state_of(info.state),
		.xid = id == (unsigned)-1 ? -1 : (int)id,
		.memory_kib = info.memory,
		.max_memory_kib = info.maxMem,
		.cpu_time_ns = info.cpuTime,
		.vcpus = info.nrVirtCpu,
	};
	if (ret->state == HV_HALTED)
		ret->xid = -1;
	return TRUE;
}

gboolean hv_undefine(virDomainPtr dom, GError **error)
{
	if (virDomainIsPersistent(dom) != 1 || virDomainUndefine(dom) == 0 ||
	    virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
		return TRUE;
	return hv_fail(error, virDomainGetConnect(dom), "remove a domain's definition");
}

static gboolean forget_one(virDomainPtr dom, const char *name, GError **error)
{
	if (!dom)
		return TRUE;
	if (hv_is_active(dom))
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"A domain named %s runs already: shut it down or kill it first",
				name);
	return hv_undefine(dom, error);
}

gboolean hv_forget(virConnectPtr conn, const char *name, const char *uuid, GError **error)
{
	g_autoptr(virDomain) same_uuid = virDomainLookupByUUIDString(conn, uuid);
	g_autoptr(virDomain) same_name = NULL;

	if (!forget_one(same_uuid, name, error))
		return FALSE;
	same_name = virDomainLookupByName(conn, name);
	return forget_one(same_name, name, error);
}

gboolean hv_attach_xml(virDomainPtr dom, char *xml, const char *what, GError **error)
{
	int r = virDomainAttachDeviceFlags(dom, xml, VIR_DOMAIN_AFFECT_LIVE);

	g_free(xml);
	return r == 0 ? TRUE : hv_fail(error, virDomainGetConnect(dom), what);
}

gboolean hv_detach_xml(virDomainPtr dom, char *xml, const char *what, GError **error)
{
	int r = virDomainDetachDeviceFlags(dom, xml, VIR_DOMAIN_AFFECT_LIVE);
	int code = r < 0 ? virGetLastErrorCode() : VIR_ERR_OK;

	g_free(xml);
	/* It may have gone by itself. */
	return r == 0 || code == VIR_ERR_DEVICE_MISSING
		       ? TRUE
		       : hv_fail(error, virDomainGetConnect(dom), what);
}

gboolean hv_wait_gone(virDomainPtr dom, unsigned timeout_ms, GError **error)
{
	for (unsigned waited = 0;; waited += 10) {
		int active = virDomainIsActive(dom);

		if (active == 0 || (active < 0 && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN))
			return TRUE;
		if (active < 0)
			return hv_fail(error, virDomainGetConnect(dom), "see whether it is gone");
		if (waited >= timeout_ms)
			return hv_error(error, HYPERVISOR_ERROR_FAILED,
					"Domain %s did not end in %u s", virDomainGetName(dom),
					timeout_ms / 1000);
		g_usleep(10000);
	}
}
