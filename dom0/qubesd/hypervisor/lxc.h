/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the container driver. docs/containers.md. All run in worker threads. */
#ifndef QUBESD_HYPERVISOR_LXC_H
#define QUBESD_HYPERVISOR_LXC_H

#include "dom0/qubesd/hypervisor/private.h"

#include <sys/types.h>

#define LXC_IDS 65536u
/* Room below the first container's ids for the host's own users. */
#define LXC_FIRST_RANGE 16u
#define LXC_MAX_PIDS 16384

static inline guint32 lxc_uid_base(int xid)
{
	return ((guint32)xid + LXC_FIRST_RANGE) * LXC_IDS;
}

/* --- lxc-record.c: what must be known to clean up after a container, kept on disk --- */

/*
 * One per container that was created and not yet cleaned up: the file `record` in
 * $QUBES_ROOT/run/qubes/mnt/NAME. The rest of that folder:
 *   root, private   mount points while it is being created
 *   init/           its first program and, until it may run, the pipe it waits at
 */
typedef struct {
	char *name, *uuid;
	int xid;
	char *cgroup;	    /* of its processes, in the v2 hierarchy; NULL before it has one */
	char **images;	    /* files that loop devices hold */
	gboolean waiting;   /* created, not yet let run */
	gboolean suspended; /* paused by hypervisor_suspend() */
} LxcRecord;

void lxc_record_free(LxcRecord *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LxcRecord, lxc_record_free)
/* A copy, NULL when there is none. */
LxcRecord *lxc_record_get(Hypervisor *hv, const char *uuid);
LxcRecord *lxc_record_get_by_name(Hypervisor *hv, const char *name);
gboolean lxc_record_put(Hypervisor *hv, const LxcRecord *r, GError **error);
void lxc_record_drop(Hypervisor *hv, const LxcRecord *r);
/* A number that no container has, and none had lately. 0 with an error when all are taken. */
int lxc_xid_new(Hypervisor *hv, GError **error);
void lxc_records_init(Hypervisor *hv);
void lxc_records_clear(Hypervisor *hv);

/* --- lxc-dirs.c --- */

/* $QUBES_ROOT/run/qubes/mnt/NAME[/SUB]. g_free. */
char *lxc_path(const Hypervisor *hv, const char *name, const char *sub);
char *lxc_vchan_path(const Hypervisor *hv, int xid);
/* The folder above, whose mounts reach libvirt's containers and leave them again. */
gboolean lxc_make_base(const Hypervisor *hv, GError **error);
gboolean lxc_make_dir(const char *path, mode_t mode, GError **error);
/* Everybody must be able to pass through all parents: libvirt does as the qube's user. */
gboolean lxc_check_reachable(const char *path, GError **error);
gboolean lxc_make_vchan_dir(const Hypervisor *hv, int xid, GError **error);
/* The folder with the container's first program and its pipe. */
gboolean lxc_make_init_dir(const Hypervisor *hv, const char *name, GError **error);
/* Opens the gate it waits at. *ret_done FALSE when it is not there (yet). */
gboolean lxc_open_gate(const Hypervisor *hv, const char *name, gboolean *ret_done, GError **error);
/* Removes a folder whose content a qube made up: bounded memory, depth and descriptors. */
gboolean lxc_remove_tree(const char *path, GError **error);

/* --- lxc-image.c: what is in an image --- */

typedef struct {
	guint64 offset, size; /* bytes; size 0: to the end */
} LxcExtent;

/* The file system of a root image: partition 3, or all of an image without partitions. */
gboolean lxc_find_root(const char *image, LxcExtent *ret, GError **error);
/* Makes a file system in an image that is all zeroes. */
gboolean lxc_format_if_blank(const char *image, GError **error);

/* Lets the file system on dev have all of it. What cannot be grown is mounted as it is. */
void lxc_grow_ext4(const char *dev);

/* --- lxc-loop.c --- */

/* Attaches; the device frees itself after its last user. *ret_dev its path. Descriptor, or -1. */
int lxc_loop_attach(const char *image, const LxcExtent *extent, gboolean rw, char **ret_dev,
		    GError **error);
/* Waits until no loop device holds any of these files: all is written then. */
gboolean lxc_loop_wait_free(char *const *images, unsigned timeout_ms, GError **error);

/* --- lxc-mount.c --- */

/* Mounts ext4 of dev on target with its ids mapped to uid_base... */
gboolean lxc_mount_ext4(const char *dev, gboolean rw, guint32 uid_base, const char *target,
			GError **error);
/* Unmounts whatever is on path, now or as soon as it is unused. */
void lxc_unmount(const char *path);

/* --- lxc-cgroup.c: the v2 hierarchy, without needing it mounted --- */

/* The partition that this stack's libvirtd was given, NULL for libvirt's own. g_free. */
char *lxc_cgroup_partition(const Hypervisor *hv);
/* Puts pid into a cgroup of its own that uid_base may divide further. *ret_path its name. */
gboolean lxc_cgroup_enter(const Hypervisor *hv, pid_t pid, int xid, char **ret_path,
			  GError **error);
gboolean lxc_cgroup_freeze(const char *path, gboolean frozen, GError **error);
gboolean lxc_cgroup_is_frozen(const char *path);
/* Kills all in it, as far as it exists. */
void lxc_cgroup_kill(const char *path);
gboolean lxc_cgroup_remove(const char *path, GError **error);

/* --- lxc-process.c --- */

/* The container's init, a pidfd, checked to be in uid_base's range. -1 with an error. */
int lxc_init_pidfd(virDomainPtr dom, guint32 uid_base, pid_t *ret_pid, GError **error);
gboolean lxc_signal(int pidfd, int sig, GError **error);

/* --- lxc-device.c: block devices lent to a container --- */

gboolean lxc_block_attach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, GError **error);
gboolean lxc_block_detach(Hypervisor *hv, virDomainPtr dom, const HvBlock *b, gboolean force,
			  GError **error);
gboolean lxc_no_pci(Hypervisor *hv, virDomainPtr dom, const char *sbdf, GError **error);

/* --- lxc-create.c --- */

gboolean lxc_create_paused(Hypervisor *hv, virConnectPtr conn, const HvDomainSpec *spec,
			   int *ret_xid, GError **error);
/* Everything but the domain's definition. */
gboolean lxc_release(Hypervisor *hv, const LxcRecord *r, GError **error);

/* "Cannot <what> <path>: <errno's words>". FALSE. */
gboolean lxc_errno(GError **error, int err, const char *what, const char *path);

#endif
