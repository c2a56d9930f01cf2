/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor layer: what qubesd needs of whatever runs qubes. Drivers behind
 * it are chosen by the libvirt URI: lxc:/// (containers), xen:///system,
 * test:///default. Knows images, memory and names; never sees a property, never
 * decides. All of specs/admin-api.md section 10 that is libvirt stays behind it.
 *
 * Every function that takes a Hypervisor may block (libvirt, mounts, loop devices):
 * it is called from a worker thread, never from the main loop, and is thread-safe.
 * Only hypervisor_set_callback() is for the main loop.
 */
#ifndef QUBESD_HYPERVISOR_H
#define QUBESD_HYPERVISOR_H

#include <glib.h>

typedef struct Hypervisor Hypervisor;

#define HYPERVISOR_ERROR (hypervisor_error_quark())
GQuark hypervisor_error_quark(void);
typedef enum {
	HYPERVISOR_ERROR_FAILED,
	HYPERVISOR_ERROR_UNREACHABLE, /* no connection to libvirt; tried again at the next call */
	HYPERVISOR_ERROR_NO_DOMAIN,
	HYPERVISOR_ERROR_NO_MEMORY,
} HypervisorError;

typedef enum {
	HV_HALTED,
	HV_RUNNING,
	HV_PAUSED,
	HV_SUSPENDED,
	HV_DYING,
	HV_CRASHED,
} HvState;

typedef struct {
	const char *volume; /* "root", "private", "volatile", "kernel" */
	const char *path;   /* image file or block device in dom0 */
	gboolean rw;
} HvDisk;

/* A block device of dom0 or of another qube that a qube is lent. Borrowed by calls. */
typedef struct {
	const char *backend; /* name of the domain that has it; NULL: dom0 */
	const char *node;    /* there: "/dev/sda" */
	const char *target;  /* in the qube: "xvdi" */
	gboolean rw, cdrom;
} HvBlock;

/* What to run. Borrowed by the call. */
typedef struct {
	const char *name;
	const char *uuid;	/* canonical, lower case */
	const char *virt_mode;	/* "pvh", "pv", "hvm"; ignored by containers */
	guint64 memory_kib;	/* at start */
	guint64 max_memory_kib; /* >= memory_kib */
	unsigned vcpus;
	const char *kernel_dir; /* folder with vmlinuz, initramfs; NULL: the qube's own */
	const char *kernelopts;
	const HvDisk *disks;
	size_t n_disks;
	unsigned qid;	       /* for drivers that number domains themselves */
	const HvBlock *blocks; /* from its first moment on */
	size_t n_blocks;
	const char *const *pci; /* addresses "0000:00:1f.2" */
	size_t n_pci;
} HvDomainSpec;

typedef struct {
	HvState state;
	int xid; /* -1 when halted */
	guint64 memory_kib, max_memory_kib;
	guint64 cpu_time_ns;
	unsigned vcpus;
} HvInfo;

typedef enum {
	HV_EVENT_STARTED,
	HV_EVENT_PAUSED,
	HV_EVENT_RESUMED,
	HV_EVENT_STOPPED,
	HV_EVENT_CRASHED,
	HV_EVENT_CONNECTED,
	HV_EVENT_DISCONNECTED
} HvEvent;

/* uuid is NULL for (dis)connections of libvirt itself. Runs in the main context. */
typedef void (*HvCallback)(HvEvent event, const char *uuid, gpointer data);

/*
 * Prepares a connection to uri; connecting happens at the first call and again
 * after libvirtd came back. root: the dom0 prefix ("" or a path, see base/paths.h).
 * owner_uid/gid: the desktop user that the per-qube daemons run as. Never fails.
 */
Hypervisor *hypervisor_new(const char *uri, const char *root, unsigned owner_uid,
			   unsigned owner_gid);
void hypervisor_free(Hypervisor *hv);
void hypervisor_set_callback(Hypervisor *hv, HvCallback cb, gpointer data);

/* "Xen", "LXC", "Test": the libvirt driver's name; needs no connection. */
const char *hypervisor_kind(const Hypervisor *hv);
/*
 * TRUE where memory can be balanced (Xen), where a qube takes memory only as it uses it
 * (containers), and where a qube's kernel comes from dom0.
 */
gboolean hypervisor_has_balloon(const Hypervisor *hv);
gboolean hypervisor_is_elastic(const Hypervisor *hv);
gboolean hypervisor_uses_kernel(const Hypervisor *hv);

/* Memory of the host in MiB and its CPUs. */
gboolean hypervisor_host_info(Hypervisor *hv, guint64 *ret_mib, unsigned *ret_cpus, GError **error);

/*
 * Where libvirtd was lost within the last ten seconds: waits for its return, to their end. It is
 * restarted then, and what somebody wants just now need not fail for that. Calls do not wait.
 */
void hypervisor_await(Hypervisor *hv);

/*
 * Builds the domain without letting it run: loop devices, mounts, the vchan
 * directory. *ret_xid: 1..0x7fef, stable until the domain stops, also over a
 * restart of qubesd. On failure everything is undone.
 */
gboolean hypervisor_create_paused(Hypervisor *hv, const HvDomainSpec *spec, int *ret_xid,
				  GError **error);
/* Lets a domain run: after create, or after pause. */
gboolean hypervisor_unpause(Hypervisor *hv, const char *uuid, GError **error);
gboolean hypervisor_pause(Hypervisor *hv, const char *uuid, GError **error);
gboolean hypervisor_suspend(Hypervisor *hv, const char *uuid, GError **error);
gboolean hypervisor_resume(Hypervisor *hv, const char *uuid, GError **error);
/* Asks the guest to power off; returns before it did (HV_EVENT_STOPPED tells). */
gboolean hypervisor_shutdown(Hypervisor *hv, const char *uuid, GError **error);
/* Stops it now. Returns when it is gone. */
gboolean hypervisor_destroy(Hypervisor *hv, const char *uuid, GError **error);
/*
 * Releases what create made (mounts, loops, directories, definition), after the
 * domain stopped, however it stopped. Idempotent.
 */
gboolean hypervisor_cleanup(Hypervisor *hv, const char *uuid, GError **error);

/*
 * Lends a running (or paused) domain a device and takes it back. Detaching what is not
 * there is no error. Containers have no PCI devices. A device that is in use there (mounted) is
 * not given back unless force, and then it is gone for who used it.
 */
gboolean hypervisor_block_attach(Hypervisor *hv, const char *uuid, const HvBlock *b,
				 GError **error);
gboolean hypervisor_block_detach(Hypervisor *hv, const char *uuid, const HvBlock *b, gboolean force,
				 GError **error);
gboolean hypervisor_pci_attach(Hypervisor *hv, const char *uuid, const char *sbdf, GError **error);
gboolean hypervisor_pci_detach(Hypervisor *hv, const char *uuid, const char *sbdf, GError **error);

/* State and figures. A domain that libvirt does not know is HV_HALTED, not an error. */
gboolean hypervisor_info(Hypervisor *hv, const char *uuid, HvInfo *ret, GError **error);
/* One call for all active domains: uuid -> HvInfo* (owned by the table). */
GHashTable *hypervisor_list(Hypervisor *hv, GError **error);
/*
 * The last lines that a domain of this name printed on its console in its last run, in one
 * line of printable characters, at most HV_CONSOLE_END_MAX bytes. NULL where they are not
 * kept. What a qube prints is untrusted. g_free.
 */
#define HV_CONSOLE_END_MAX 512
char *hypervisor_console_end(Hypervisor *hv, const char *name);
/* Path of the console's tty. */
char *hypervisor_console(Hypervisor *hv, const char *uuid, GError **error);

#endif
