/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the hypervisor layer share. */
#ifndef QUBESD_HYPERVISOR_PRIVATE_H
#define QUBESD_HYPERVISOR_PRIVATE_H

#include "dom0/qubesd/hypervisor/hypervisor.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>

/* No call waits longer than this for a libvirtd that does not answer. */
#define HV_CONNECT_TIMEOUT_MS 2000
#define HV_XID_MAX 0x7fef

typedef struct HvLink HvLink;

/* One per libvirt driver. Functions run in worker threads; conn is borrowed. */
typedef struct {
	const char *scheme; /* of the URI: "lxc" */
	const char *kind;   /* for people: "LXC" */
	gboolean has_balloon, is_elastic, uses_kernel;
	unsigned silent_s; /* how long libvirtd may not answer at all while it works */
	void (*init)(Hypervisor *hv);
	void (*clear)(Hypervisor *hv);
	gboolean (*create_paused)(Hypervisor *hv, virConnectPtr conn, const HvDomainSpec *spec,
				  int *ret_xid, GError **error);
	/* dom is active in the following, but for cleanup() (where it may be NULL). */
	gboolean (*unpause)(Hypervisor *hv, virDomainPtr dom, GError **error);
	gboolean (*pause)(Hypervisor *hv, virDomainPtr dom, GError **error);
	gboolean (*suspend)(Hypervisor *hv, virDomainPtr dom, GError **error);
	gboolean (*resume)(Hypervisor *hv, virDomainPtr dom, GError **error);
	gboolean (*shutdown)(Hypervisor *hv, virDomainPtr dom, GError **error);
	gboolean (*destroy)(Hypervisor *hv, virDomainPtr dom, GError **error);
	gboolean (*cleanup)(Hypervisor *hv, virDomainPtr dom, const char *uuid, GError **error);
	/* NULL: needs nothing done (test). */
	gboolean (*block_attach)(Hypervisor *hv, virDomainPtr dom, const HvBlock *b,
				 GError **error);
	gboolean (*block_detach)(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, gboolean force,
				 GError **error);
	gboolean (*pci_attach)(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error);
	gboolean (*pci_detach)(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error);
	/* Fills what hv_domain_info() did not already fill: xid, state. */
	gboolean (*info)(Hypervisor *hv, virDomainPtr dom, HvInfo *info, GError **error);
	/* Needs no connection. */
	char *(*console_end)(Hypervisor *hv, const char *name);
} HvDriver;

struct Hypervisor {
	char *uri;  /* owned */
	char *root; /* owned; "" or a path */
	unsigned owner_uid, owner_gid;
	const HvDriver *driver;
	HvLink *link;	/* owned reference */
	void *private_; /* the driver's */
};

extern const HvDriver hv_lxc_driver, hv_test_driver, hv_xen_driver;

/* --- xen-console.c: what xenconsoled keeps --- */

/* Before a start: what the run before printed becomes NAME.old. */
void xen_console_begin(const char *name);
char *xen_console_end(Hypervisor *hv, const char *name);
/* The last lines of what a domain printed, separated by " | ". Pure. g_free. */
char *xen_console_lines(const char *untrusted_text, size_t len);

/* --- xen-present.c: the domains that there are, for the ends of channels to them --- */

/* The folder, so that there is something to watch. */
void xen_present_begin(const Hypervisor *hv);
void xen_present_add(const Hypervisor *hv, int xid, const char *uuid);
void xen_present_drop(const Hypervisor *hv, const char *uuid);

/* --- driver-vm.c: HvDriver's functions where libvirt does the work --- */

gboolean hv_vm_block_attach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, GError **error);
gboolean hv_vm_block_detach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, gboolean force,
			    GError **error);
gboolean hv_vm_pci_attach(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error);
gboolean hv_vm_pci_detach(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error);
gboolean hv_vm_create(Hypervisor *hv, virConnectPtr conn, const HvDomainSpec *spec, int *ret_xid,
		      GError **error);
gboolean hv_vm_unpause(Hypervisor *hv, virDomainPtr dom, GError **error);
gboolean hv_vm_pause(Hypervisor *hv, virDomainPtr dom, GError **error);
gboolean hv_vm_suspend(Hypervisor *hv, virDomainPtr dom, GError **error);
gboolean hv_vm_resume(Hypervisor *hv, virDomainPtr dom, GError **error);
gboolean hv_vm_shutdown(Hypervisor *hv, virDomainPtr dom, GError **error);
gboolean hv_vm_destroy(Hypervisor *hv, virDomainPtr dom, GError **error);
gboolean hv_vm_cleanup(Hypervisor *hv, virDomainPtr dom, const char *uuid, GError **error);

/* --- connection.c: to libvirtd, made when needed --- */

/* silent_s: after so many seconds without any sign of life it is given up. */
HvLink *hv_link_new(const char *uri, unsigned silent_s);
/* No callback runs after this in the thread that frees. */
void hv_link_close(HvLink *link);
/* A connection with a reference for the caller (virConnectClose), or NULL. */
virConnectPtr hv_link_get(HvLink *link, GError **error);
/* hypervisor_await(), to so many milliseconds after the connection was lost. */
void hv_link_await(HvLink *link, unsigned ms);
void hv_link_set_callback(HvLink *link, HvCallback cb, gpointer data);
HvLink *hv_link_ref(HvLink *link);
void hv_link_unref(HvLink *link);

/* --- events.c: from libvirt's thread to the main loop --- */

/* Starts libvirt's event loop in a thread of its own, once per process. */
void hv_events_start(void);
typedef struct HvSink HvSink;
HvSink *hv_sink_new(void);
void hv_sink_unref(HvSink *sink);
void hv_sink_set(HvSink *sink, HvCallback cb, gpointer data);
/* From any thread. uuid may be NULL. */
void hv_sink_post(HvSink *sink, HvEvent event, const char *uuid);
/* Lets sink get the events of conn's domains. */
void hv_sink_watch(HvSink *sink, virConnectPtr conn);
HvSink *hv_link_sink(HvLink *link);

/* --- domain.c: calls that mean the same for all drivers --- */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

/* Sets error from libvirt's last one: "Cannot <what>: <libvirt's words>". FALSE. */
gboolean hv_fail(GError **error, virConnectPtr conn, const char *what);
/* NULL without an error when libvirt does not know it; NULL with one otherwise. */
virDomainPtr hv_lookup(virConnectPtr conn, const char *uuid, GError **error);
bool hv_is_active(virDomainPtr dom);
gboolean hv_domain_info(virDomainPtr dom, HvInfo *ret, GError **error);
gboolean hv_undefine(virDomainPtr dom, GError **error);
/* Makes room for name and uuid: removes definitions of halted domains. Fails if one runs. */
gboolean hv_forget(virConnectPtr conn, const char *name, const char *uuid, GError **error);
/* Attaches or detaches the device that the XML (taken) describes, while dom is active. */
gboolean hv_attach_xml(virDomainPtr dom, char *xml, const char *what, GError **error);
gboolean hv_detach_xml(virDomainPtr dom, char *xml, const char *what, GError **error);
/* Waits until dom is not active. */
gboolean hv_wait_gone(virDomainPtr dom, unsigned timeout_ms, GError **error);
gboolean hv_error(GError **error, HypervisorError code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

#endif
