// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libvirt does by itself: all of the in-memory test hypervisor, and the most of Xen
 * (driver-xen.c). The peer is libvirtd, which is trusted.
 */
#include "dom0/qubesd/hypervisor/private.h"
#include "dom0/qubesd/hypervisor/xml.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
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

/* The XML with what the administrator wants changed, for all domains and for this one. */
static char *machine_xml(Hypervisor *hv, virConnectPtr conn, const HvDomainSpec *spec,
			 GError **error)
{
	g_autofree char *common = g_strdup_printf("%s/etc/qubes/templates/libvirt/%s-user.xml",
						  hv->root, hv->driver->scheme);
	g_autofree char *own = g_strdup_printf("%s/etc/qubes/templates/libvirt/%s/by-name/%s.xml",
					       hv->root, hv->driver->scheme, spec->name);
	const char *const files[] = {common, own};
	HvDomainSpec real = *spec;
	char *capabilities = virConnectGetCapabilities(conn);
	g_autofree char *xml = NULL;

	real.virt_mode = hv_xml_virt_mode(spec->virt_mode, capabilities);
	free(capabilities);
	xml = hv_xml_machine(&real, hv->driver->scheme);

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *text = NULL, *merged = NULL;

		if (!g_file_get_contents(files[i], &text, NULL, NULL))
			continue;
		merged = hv_xml_override(xml, text, error);
		if (!merged) {
			g_prefix_error(error, "%s is no usable XML: ", files[i]);
			return NULL;
		}
		g_free(xml);
		xml = g_steal_pointer(&merged);
	}
	return g_steal_pointer(&xml);
}

gboolean hv_vm_create(Hypervisor *hv, virConnectPtr conn, const HvDomainSpec *spec, int *ret_xid,
		      GError **error)
{
	g_autofree char *xml = machine_xml(hv, conn, spec, error);
	g_autoptr(virDomain) dom = NULL;

	if (!xml || !hv_forget(conn, spec->name, spec->uuid, error))
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

gboolean hv_vm_unpause(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	return done(dom, virDomainResume(dom), "unpause the domain", error);
}

gboolean hv_vm_pause(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	return done(dom, virDomainSuspend(dom), "pause the domain", error);
}

gboolean hv_vm_suspend(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	if (virDomainPMSuspendForDuration(dom, VIR_NODE_SUSPEND_TARGET_MEM, 0, 0) == 0)
		return TRUE;
	return virGetLastErrorCode() == VIR_ERR_NO_SUPPORT
		       ? hv_vm_pause(hv, dom, error)
		       : hv_fail(error, virDomainGetConnect(dom), "suspend the domain");
}

gboolean hv_vm_resume(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	HvInfo info;

	if (!hv_domain_info(dom, &info, error))
		return FALSE;
	if (info.state == HV_SUSPENDED)
		return done(dom, virDomainPMWakeup(dom, 0), "resume the domain", error);
	return info.state == HV_PAUSED ? hv_vm_unpause(hv, dom, error) : TRUE;
}

gboolean hv_vm_shutdown(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	return done(dom, virDomainShutdown(dom), "shut the domain down", error);
}

gboolean hv_vm_destroy(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	if (virDomainDestroy(dom) < 0 && hv_is_active(dom))
		return hv_fail(error, virDomainGetConnect(dom), "kill the domain");
	return hv_wait_gone(dom, DESTROY_TIMEOUT_MS, error);
}

gboolean hv_vm_cleanup(Hypervisor *hv, virDomainPtr dom, const char *uuid, GError **error)
{
	return !dom || hv_undefine(dom, error);
}

gboolean hv_vm_block_attach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, GError **error)
{
	return hv_attach_xml(dom, hv_xml_block(b, TRUE), "attach the block device", error);
}

gboolean hv_vm_block_detach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, gboolean force,
			    GError **error)
{
	return hv_detach_xml(dom, hv_xml_block(b, TRUE), "detach the block device", error);
}

gboolean hv_vm_pci_attach(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error)
{
	return hv_attach_xml(dom, hv_xml_pci(sbdf), "attach the PCI device", error);
}

gboolean hv_vm_pci_detach(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error)
{
	return hv_detach_xml(dom, hv_xml_pci(sbdf), "detach the PCI device", error);
}

const HvDriver hv_test_driver = {
	.scheme = "test",
	.kind = "Test",
	.silent_s = 5,
	.create_paused = hv_vm_create,
	.unpause = hv_vm_unpause,
	.pause = hv_vm_pause,
	.suspend = hv_vm_suspend,
	.resume = hv_vm_resume,
	.shutdown = hv_vm_shutdown,
	.destroy = hv_vm_destroy,
	.cleanup = hv_vm_cleanup,
};
