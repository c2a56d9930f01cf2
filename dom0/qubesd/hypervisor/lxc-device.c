// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Block devices lent to a container: libvirt makes the node in the container's /dev and lets
 * its cgroup use it. Only dom0's own block devices can be lent this way; what is on them is
 * read in the qube, not by dom0. docs/containers.md.
 */
#include "dom0/qubesd/hypervisor/lxc.h"
#include "dom0/qubesd/hypervisor/xml.h"

gboolean lxc_block_attach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, GError **error)
{
	if (b->backend)
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"Containers can be lent dom0's block devices only, and %s is one "
				"of %s",
				b->node, b->backend);
	return hv_attach_xml(dom, hv_xml_block(b, FALSE), "attach the block device", error);
}

gboolean lxc_block_detach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, GError **error)
{
	return hv_detach_xml(dom, hv_xml_block(b, FALSE), "detach the block device", error);
}

gboolean lxc_no_pci(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error)
{
	return hv_error(error, HYPERVISOR_ERROR_FAILED,
			"A container cannot be given the PCI device %s: that needs Xen", sbdf);
}
