// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Drivers where libvirt does all the work: Xen, and the in-memory test hypervisor. The
 * peer is libvirtd, which is trusted.
 */
#include "dom0/qubesd/hypervisor/private.h"
#include "dom0/qubesd/hypervisor/xml.h"

#include <libvirt/virterror.h>
#include <string.h>

#define DESTROY_TIMEOUT_MS 20000

/* Starts it paused, or, where the driver cannot (test), pauses it at once. */
static gboolean start_paused(virDomainPtr dom, GError **error)
{
	virConnectPtr conn = virDomainGetConnect(dom);

	if (virDomainCreateWithFlags(dom, VIR_DOMAIN_START_PAUSED) == 0)
		return TRUE;
	if (virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
		return hv_fail(error, conn, "start the domain");
	if (virDomainCreate(dom) < 0)
		return hv_fail(error, conn, "start the domain");
	if (virDomainSuspend(dom) < 0) {
		hv_fail(error, conn, "pause the domain");
		virDomainDestroy(dom);
		return FALSE;
	}
	return TRUE;
}

static gboolean create(Hypervisor *hv, virConnectPtr conn, const HvDomainSpec *spec, int *ret_xid,
		       GError **error)
{
	g_autofree char *xml = hv_xml_machine(spec, hv->driver->scheme);
	g_autoptr(virDomain) dom = NULL;

	if (!hv_forget(conn, spec->name, spec->uuid, error))
		return FALSE;
	dom = virDomainDefineXML(conn, xml);
	if (!dom)
		return hv_fail(error, conn, "define the domain");
	if (!start_paused(dom, error)) {
		hv_undefine(dom, NULL);
		return FALSE;
	}
	*ret_xid = (int)virDomainGetID(dom);
	return TRUE;
}

static gboolean done(virDomainPtr dom, int result, const char *what, GError **error)
{
	return result == 0 ? TRUE : hv_fail(error, virDomainGetConnect(dom), what);
}

static gboolean unpause(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	return done(dom, virDomainResume(dom), "unpause the domain", error);
}

static gboolean pause_domain(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	return done(dom, virDomainSuspend(dom), "pause the domain", error);
}

static gboolean suspend(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	if (virDomainPMSuspendForDuration(dom, VIR_NODE_SUSPEND_TARGET_MEM, 0, 0) == 0)
		return TRUE;
	return virGetLastErrorCode() == VIR_ERR_NO_SUPPORT
		       ? pause_domain(hv, dom, error)
		       : hv_fail(error, virDomainGetConnect(dom), "suspend the domain");
}

static gboolean resume(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	HvInfo info;

	if (!hv_domain_info(dom, &info, error))
		return FALSE;
	if (info.state == HV_SUSPENDED)
		return done(dom, virDomainPMWakeup(dom, 0), "resume the domain", error);
	return info.state == HV_PAUSED ? unpause(hv, dom, error) : TRUE;
}

static gboolean shutdown(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	return done(dom, virDomainShutdown(dom), "shut the domain down", error);
}

static gboolean destroy(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	if (virDomainDestroy(dom) < 0 && hv_is_active(dom))
		return hv_fail(error, virDomainGetConnect(dom), "kill the domain");
	return hv_wait_gone(dom, DESTROY_TIMEOUT_MS, error);
}

static gboolean cleanup(Hypervisor *hv, virDomainPtr dom, const char *uuid, GError **error)
{
	return !dom || hv_undefine(dom, error);
}

const HvDriver hv_test_driver = {
	.scheme = "test",
	.kind = "Test",
	.create_paused = create,
	.unpause = unpause,
	.pause = pause_domain,
	.suspend = suspend,
	.resume = resume,
	.shutdown = shutdown,
	.destroy = destroy,
	.cleanup = cleanup,
};

/* Qubes' own parts of Xen's XML (network, devices, stubdomains) are not built yet. */
const HvDriver hv_xen_driver = {
	.scheme = "xen",
	.kind = "Xen",
	.has_balloon = TRUE,
	.uses_kernel = TRUE,
	.create_paused = create,
	.unpause = unpause,
	.pause = pause_domain,
	.suspend = suspend,
	.resume = resume,
	.shutdown = shutdown,
	.destroy = destroy,
	.cleanup = cleanup,
};
