// SPDX-License-Identifier: GPL-2.0-or-later
/* What attaching and detaching means for each class: checks before, and the work. */
#include "dom0/qubesd/core/device-private.h"

#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/run.h"

#include <string.h>

DeviceJob *device_job_new(Domain *d, const Attachment *a)
{
	DeviceJob *j = g_new0(DeviceJob, 1);
	Domain *from = app_domain(d->h.app, a->dev->backend);
	const char *devtype = dev_pair_get(a->options, "devtype");

	j->cls = a->dev->cls;
	j->uuid = g_strdup(d->uuid);
	j->front = g_strdup(d->name);
	j->backend = from && from->h.cls != CLS_ADMIN ? g_strdup(from->name) : NULL;
	j->port = g_strdup(a->dev->port);
	j->node = g_strdelimit(g_strconcat("/dev/", a->dev->port, NULL), "_", '/');
	j->target = g_strdup(dev_pair_get(a->options, "frontend-dev"));
	j->sbdf = g_strdup(a->dev->sbdf);
	j->rw = g_strcmp0(dev_pair_get(a->options, "read-only"), "yes") != 0;
	j->cdrom = !g_strcmp0(devtype, "cdrom");
	j->d = domain_ref(d);
	j->from = from ? domain_ref(from) : NULL;
	return j;
}

void device_job_free(DeviceJob *j)
{
	if (!j)
		return;
	g_free(j->uuid);
	g_free(j->front);
	g_free(j->backend);
	g_free(j->port);
	g_free(j->node);
	g_free(j->target);
	g_free(j->sbdf);
	domain_unref(j->d);
	domain_unref(j->from);
	g_free(j);
}

static HvBlock block_of(const DeviceJob *j)
{
	return (HvBlock){.backend = j->backend,
			 .node = j->node,
			 .target = j->target,
			 .rw = j->rw,
			 .cdrom = j->cdrom};
}

static void mic_on(gpointer p)
{
	mic_allow(((DeviceJob *)p)->d, true);
}

static void mic_off(gpointer p)
{
	mic_allow(((DeviceJob *)p)->d, false);
}

bool device_job_attach(Flow *f, const DeviceJob *j, GError **error)
{
	Hypervisor *hv = flow_app(f)->hv;
	HvBlock b = block_of(j);

	switch (j->cls) {
	case DEV_BLOCK:
		return hypervisor_block_attach(hv, j->uuid, &b, error);
	case DEV_PCI:
		return hypervisor_pci_attach(hv, j->uuid, j->sbdf, error);
	case DEV_USB:
		return usb_attach(f, j, error);
	default:
		flow_main(f, mic_on, (gpointer)j);
		return true;
	}
}

bool device_job_detach(Flow *f, const DeviceJob *j, GError **error)
{
	Hypervisor *hv = flow_app(f)->hv;
	HvBlock b = block_of(j);

	switch (j->cls) {
	case DEV_BLOCK:
		return hypervisor_block_detach(hv, j->uuid, &b, j->force, error);
	case DEV_PCI:
		return hypervisor_pci_detach(hv, j->uuid, j->sbdf, error);
	case DEV_USB:
		return usb_detach(f, j, error);
	default:
		flow_main(f, mic_off, (gpointer)j);
		return true;
	}
}

/* --- before --- */

static bool is_free(Domain *d, const Device *dev, GError **error)
{
	App *app = d->h.app;
	Domain *user = device_user(app, dev), *backend = app_domain(app, dev->backend);
	g_autofree char *text = device_text(dev);

	if (user)
		return fail(error, E_DEVICE_ALREADY_ATTACHED, "Device %s already attached to %s",
			    text, user->name);
	if (!backend || !domain_is_running(backend))
		return fail(error, E_VM_NOT_RUNNING,
			    "Domain %s needs to be running to attach device from it", dev->backend);
	return backend != d || fail(error, E_VALUE, "%s has the device %s itself", d->name, text);
}

/* A disk and what is on it must not be in two places. */
static bool no_relative_is_used(Domain *d, const Device *dev, GError **error)
{
	App *app = d->h.app;
	const GPtrArray *all = device_exposed(app_domain(app, dev->backend), DEV_BLOCK);

	for (guint i = 0; i < all->len; i++) {
		const Device *other = g_ptr_array_index(all, i);
		bool kin = (dev->parent && dev->parent_class == DEV_BLOCK &&
			    !strcmp(dev->parent, other->port)) ||
			   (other->parent && other->parent_class == DEV_BLOCK &&
			    !strcmp(other->parent, dev->port));
		Domain *user = kin ? device_user(app, other) : NULL;

		if (user)
			return fail(error, E_DEVICE_ALREADY_ATTACHED,
				    "%s:%s is part of the same disk and attached to %s: detach it "
				    "first",
				    other->backend, other->port, user->name);
	}
	return true;
}

static bool check_pci(Domain *d, const GPtrArray *options, GError **error)
{
	g_autofree char *mode = prop_str(&d->h, P_virt_mode);

	if (!g_strcmp0(mode, "pvh"))
		return fail(error, E_QUBES, "Can't attach PCI device to VM in pvh mode");
	return true;
}

bool device_check(Domain *d, const Device *dev, GPtrArray *options, GError **error)
{
	if (dev->cls == DEV_BLOCK)
		return block_options(d, dev, options, error) && is_free(d, dev, error) &&
		       no_relative_is_used(d, dev, error);
	if (dev->cls == DEV_MIC)
		return mic_check(d, options, error);
	if (dev->cls == DEV_PCI)
		return check_pci(d, options, error) && is_free(d, dev, error);
	if (options->len)
		return fail(error, E_QUBES, "USB device attach does not support user options");
	return is_free(d, dev, error);
}
