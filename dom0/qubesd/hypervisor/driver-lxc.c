// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver for containers (libvirt's LXC). Peers: libvirtd, trusted; and the
 * container's first process, which is only ever signalled.
 */
#include "dom0/qubesd/hypervisor/lxc.h"
#include "dom0/qubesd/hypervisor/xml.h"

#include "qrexec/base/cleanup.h"

#include <signal.h>
#include <stdlib.h>

#define GATE_TIMEOUT_MS 5000
#define DESTROY_TIMEOUT_MS 10000

static LxcRecord *record_of(Hypervisor *hv, virDomainPtr dom)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	return virDomainGetUUIDString(dom, uuid) == 0 ? lxc_record_get(hv, uuid) : NULL;
}

static LxcRecord *need_record(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	LxcRecord *r = record_of(hv, dom);

	if (!r || !r->cgroup) {
		hv_error(error, HYPERVISOR_ERROR_NO_DOMAIN,
			 "Container %s was not started by qubesd, or is not fully started",
			 virDomainGetName(dom));
		g_clear_pointer(&r, lxc_record_free);
	}
	return r;
}

static void post(Hypervisor *hv, HvEvent event, const LxcRecord *r)
{
	hv_sink_post(hv_link_sink(hv->link), event, r->uuid);
}

/* The first program of the container may still be on its way to the gate. */
static gboolean let_run(Hypervisor *hv, virDomainPtr dom, LxcRecord *r, GError **error)
{
	gboolean done = FALSE;

	for (unsigned waited = 0; !done; waited += 2) {
		if (!lxc_open_gate(hv, r->name, &done, error))
			return FALSE;
		if (done)
			break;
		if (waited >= GATE_TIMEOUT_MS || (waited % 100 == 98 && !hv_is_active(dom)))
			return hv_error(error, HYPERVISOR_ERROR_FAILED,
					"Container %s ended before it could start; see "
					"/var/log/libvirt/lxc/%s.log",
					r->name, r->name);
		g_usleep(2000);
	}
	r->waiting = FALSE;
	return lxc_record_put(hv, r, error);
}

static gboolean set_frozen(Hypervisor *hv, LxcRecord *r, gboolean frozen, gboolean suspended,
			   GError **error)
{
	if (!lxc_cgroup_freeze(r->cgroup, frozen, error))
		return FALSE;
	r->suspended = suspended;
	if (!lxc_record_put(hv, r, error))
		return FALSE;
	post(hv, frozen ? HV_EVENT_PAUSED : HV_EVENT_RESUMED, r);
	return TRUE;
}

static gboolean unpause(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	g_autoptr(LxcRecord) r = need_record(hv, dom, error);

	if (!r)
		return FALSE;
	if (!r->waiting)
		return set_frozen(hv, r, FALSE, FALSE, error);
	if (!let_run(hv, dom, r, error))
		return FALSE;
	post(hv, HV_EVENT_RESUMED, r);
	return TRUE;
}

static gboolean pause_container(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	g_autoptr(LxcRecord) r = need_record(hv, dom, error);

	return r && (r->waiting || set_frozen(hv, r, TRUE, FALSE, error));
}

static gboolean suspend(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	g_autoptr(LxcRecord) r = need_record(hv, dom, error);

	return r && (r->waiting || set_frozen(hv, r, TRUE, TRUE, error));
}

static gboolean resume(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	g_autoptr(LxcRecord) r = need_record(hv, dom, error);

	return r && (r->waiting || set_frozen(hv, r, FALSE, FALSE, error));
}

static gboolean destroy(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	g_autoptr(LxcRecord) r = record_of(hv, dom);

	/* At once; libvirt would ask twice first, and wait. */
	if (r && r->cgroup)
		lxc_cgroup_kill(r->cgroup);
	if (virDomainDestroy(dom) < 0 && hv_is_active(dom))
		return hv_fail(error, virDomainGetConnect(dom), "kill the container");
	return hv_wait_gone(dom, DESTROY_TIMEOUT_MS, error);
}

static gboolean shutdown(Hypervisor *hv, virDomainPtr dom, GError **error)
{
	g_autoptr(LxcRecord) r = need_record(hv, dom, error);
	_cleanup_close_ int pidfd = -1;

	if (!r)
		return FALSE;
	if (r->waiting)
		return destroy(hv, dom, error);
	if (lxc_cgroup_is_frozen(r->cgroup) && !set_frozen(hv, r, FALSE, FALSE, error))
		return FALSE;
	pidfd = lxc_init_pidfd(dom, lxc_uid_base(r->xid), NULL, error);
	/* systemd(1): "powers off the machine, starts the poweroff.target unit". */
	return pidfd >= 0 && lxc_signal(pidfd, SIGRTMIN + 4, error);
}

static gboolean cleanup(Hypervisor *hv, virDomainPtr dom, const char *uuid, GError **error)
{
	g_autoptr(LxcRecord) r = lxc_record_get(hv, uuid);

	if (r && !lxc_release(hv, r, error))
		return FALSE;
	return !dom || hv_undefine(dom, error);
}

static int xid_of(virDomainPtr dom)
{
	char *text = virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, HV_METADATA_URI, 0);
	int xid = hv_xml_xid(text);

	free(text);
	return xid;
}

static gboolean info(Hypervisor *hv, virDomainPtr dom, HvInfo *ret, GError **error)
{
	g_autoptr(LxcRecord) r = record_of(hv, dom);

	ret->xid = r ? r->xid : xid_of(dom);
	if (ret->xid < 0)
		return hv_error(error, HYPERVISOR_ERROR_NO_DOMAIN,
				"Container %s was not started by qubesd", virDomainGetName(dom));
	if (!r || ret->state != HV_RUNNING)
		return TRUE;
	if (r->waiting)
		ret->state = HV_PAUSED;
	else if (r->cgroup && lxc_cgroup_is_frozen(r->cgroup))
		ret->state = r->suspended ? HV_SUSPENDED : HV_PAUSED;
	return TRUE;
}

const HvDriver hv_lxc_driver = {
	.scheme = "lxc",
	.kind = "LXC",
	.is_elastic = TRUE,
	.silent_s = 5,
	.init = lxc_records_init,
	.clear = lxc_records_clear,
	.create_paused = lxc_create_paused,
	.unpause = unpause,
	.pause = pause_container,
	.suspend = suspend,
	.resume = resume,
	.shutdown = shutdown,
	.destroy = destroy,
	.cleanup = cleanup,
	.block_attach = lxc_block_attach,
	.block_detach = lxc_block_detach,
	.pci_attach = lxc_no_pci,
	.pci_detach = lxc_no_pci,
	.info = info,
};
