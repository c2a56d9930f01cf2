// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Xen, through libvirt: what driver-vm.c does, with images as block devices. Image files
 * get a loop device that frees itself when the domain's backend lets go of it. The peer is
 * libvirtd, which is trusted. docs/xen.md.
 */
#include "dom0/qubesd/hypervisor/lxc.h"
#include "dom0/qubesd/hypervisor/private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Not more than Xen has names for: xvda to xvdz. */
#define DISKS_MAX 26

typedef struct {
	HvDisk disk[DISKS_MAX];
	char *device[DISKS_MAX]; /* owned */
	int fd[DISKS_MAX];	 /* keep the loop devices until the backend has them */
	size_t n;
} Disks;

static void disks_clear(Disks *d)
{
	for (size_t i = 0; i < d->n; i++) {
		g_free(d->device[i]);
		if (d->fd[i] >= 0)
			close(d->fd[i]);
	}
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Disks, disks_clear)

static gboolean add_disk(Disks *d, const HvDisk *disk, GError **error)
{
	static const LxcExtent whole = {0};
	struct stat st;

	if (d->n == DISKS_MAX)
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"A domain can have %d disks at most", DISKS_MAX);
	if (stat(disk->path, &st) < 0)
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"The image of the %s volume, %s, cannot be used: %s", disk->volume,
				disk->path, g_strerror(errno));
	d->disk[d->n] = *disk;
	d->device[d->n] = NULL;
	d->fd[d->n] = -1;
	if (S_ISREG(st.st_mode)) {
		d->fd[d->n] =
			lxc_loop_attach(disk->path, &whole, disk->rw, &d->device[d->n], error);
		if (d->fd[d->n] < 0)
			return FALSE;
		d->disk[d->n].path = d->device[d->n];
	}
	d->n++;
	return TRUE;
}

/* libxl's own words for this are about hypercalls. */
static void explain(const HvDomainSpec *spec, virConnectPtr conn, GError **error)
{
	unsigned long long free_bytes = virNodeGetFreeMemory(conn);

	if (!error || !*error || !free_bytes || free_bytes / 1024 >= spec->memory_kib)
		return;
	g_clear_error(error);
	hv_error(error, HYPERVISOR_ERROR_NO_MEMORY,
		 "Not enough memory to start %s: it needs %" G_GUINT64_FORMAT
		 " MiB and Xen has %llu MiB free. Shut a qube down, or give it less (qvm-prefs %s "
		 "memory)",
		 spec->name, spec->memory_kib >> 10, free_bytes >> 20, spec->name);
}

static gboolean create(Hypervisor *hv, virConnectPtr conn, const HvDomainSpec *spec, int *ret_xid,
		       GError **error)
{
	g_auto(Disks) disks = {.n = 0};
	HvDomainSpec with = *spec;
	g_autoptr(GError) why = NULL;

	if (!spec->kernel_dir && g_strcmp0(spec->virt_mode, "hvm"))
		return hv_error(
			error, HYPERVISOR_ERROR_FAILED,
			"%s has no kernel, and only HVM qubes start one of their own: set its "
			"property kernel (qvm-prefs %s kernel VERSION), or virt_mode to hvm",
			spec->name, spec->name);
	for (size_t i = 0; i < spec->n_disks; i++) {
		if (!add_disk(&disks, &spec->disks[i], error))
			return FALSE;
	}
	xen_console_begin(spec->name);
	xen_present_begin(hv);
	with.disks = disks.disk;
	with.n_disks = disks.n;
	if (hv_vm_create(hv, conn, &with, ret_xid, &why)) {
		xen_present_add(hv, *ret_xid, spec->uuid);
		return TRUE;
	}
	explain(spec, conn, &why);
	g_propagate_error(error, g_steal_pointer(&why));
	return FALSE;
}

static gboolean clean_up(Hypervisor *hv, virDomainPtr dom, const char *uuid, GError **error)
{
	xen_present_drop(hv, uuid);
	return hv_vm_cleanup(hv, dom, uuid, error);
}

const HvDriver hv_xen_driver = {
	.scheme = "xen",
	.kind = "Xen",
	/* Its event loop waits for the one thread that is in libxl, which builds domains. */
	.silent_s = 120,
	.has_balloon = TRUE,
	.uses_kernel = TRUE,
	.create_paused = create,
	.unpause = hv_vm_unpause,
	.pause = hv_vm_pause,
	.suspend = hv_vm_suspend,
	.resume = hv_vm_resume,
	.shutdown = hv_vm_shutdown,
	.destroy = hv_vm_destroy,
	.cleanup = clean_up,
	.console_end = xen_console_end,
	.block_attach = hv_vm_block_attach,
	.block_detach = hv_vm_block_detach,
	.pci_attach = hv_vm_pci_attach,
	.pci_detach = hv_vm_pci_detach,
};
