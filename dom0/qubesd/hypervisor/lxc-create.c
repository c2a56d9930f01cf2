// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making and unmaking a container; docs/containers.md, "Life of a container". Peers: libvirtd
 * (trusted). What is in the images and, later, in the vchan folder is the qube's.
 */
#include "dom0/qubesd/hypervisor/lxc.h"
#include "dom0/qubesd/hypervisor/xml.h"

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#include <fcntl.h>
#include <string.h>

#define INIT_DIR "/run/qubes-init"
#define LOOP_TIMEOUT_MS 10000
/* Half of the machine's memory: more than a program of dom0 uses. */
#define OOM_SCORE_ADJ "500"

/* What a container is made of on its way into being. */
typedef struct {
	Hypervisor *hv;
	virConnectPtr conn;
	const HvDomainSpec *spec;
	LxcRecord *record;
	gboolean has_private;
} Making;

static const HvDisk *find_disk(const HvDomainSpec *spec, const char *volume)
{
	for (size_t i = 0; i < spec->n_disks; i++) {
		if (!strcmp(spec->disks[i].volume, volume))
			return &spec->disks[i];
	}
	return NULL;
}

static LxcRecord *new_record(const HvDomainSpec *spec, int xid)
{
	LxcRecord *r = g_new0(LxcRecord, 1);
	const HvDisk *root = find_disk(spec, "root"), *private = find_disk(spec, "private");
	guint n = 0;

	r->name = g_strdup(spec->name);
	r->uuid = g_strdup(spec->uuid);
	r->xid = xid;
	r->waiting = TRUE;
	r->images = g_new0(char *, 3);
	if (root)
		r->images[n++] = g_strdup(root->path);
	if (private)
		r->images[n] = g_strdup(private->path);
	return r;
}

static gboolean mount_disk(Making *m, const HvDisk *d, GError **error)
{
	g_autofree char *target = lxc_path(m->hv, m->spec->name, d->volume);
	g_autofree char *dev = NULL;
	gboolean is_root = !strcmp(d->volume, "root");
	LxcExtent extent = {0};
	_cleanup_close_ int loop = -1;

	if (is_root ? !lxc_find_root(d->path, &extent, error)
		    : d->rw && !lxc_format_if_blank(d->path, error))
		return FALSE;
	if (!lxc_make_dir(target, 0711, error))
		return FALSE;
	loop = lxc_loop_attach(d->path, &extent, d->rw, &dev, error);
	if (loop < 0)
		return FALSE;
	if (!is_root && d->rw)
		lxc_grow_ext4(dev);
	if (lxc_mount_ext4(dev, d->rw, lxc_uid_base(m->record->xid), target, error))
		return TRUE;
	g_prefix_error(error, "%s (%s%s): ", d->path, d->volume,
		       extent.size ? ", partition 3" : "");
	return FALSE;
}

static gboolean mount_disks(Making *m, GError **error)
{
	const HvDisk *root = find_disk(m->spec, "root"), *private = find_disk(m->spec, "private");

	if (!root)
		return hv_error(error, HYPERVISOR_ERROR_FAILED, "Qube %s has no root volume",
				m->spec->name);
	m->has_private = private != NULL;
	return mount_disk(m, root, error) && (!private || mount_disk(m, private, error));
}

static char *container_xml(const Making *m)
{
	g_autofree char *root = lxc_path(m->hv, m->spec->name, "root");
	g_autofree char *private = lxc_path(m->hv, m->spec->name, "private");
	g_autofree char *init = lxc_path(m->hv, m->spec->name, "init");
	g_autofree char *vchan = lxc_vchan_path(m->hv, m->record->xid);
	g_autofree char *partition = lxc_cgroup_partition(m->hv);
	const HvBind binds[] = {{.source = vchan, .target = "/run/vchan"},
				{.source = init, .target = INIT_DIR, .readonly = TRUE},
				{.source = private, .target = "/rw"}};
	HvContainer c = {
		.spec = m->spec,
		.xid = m->record->xid,
		.uid_base = lxc_uid_base(m->record->xid),
		.root = root,
		.partition = partition,
		.init = INIT_DIR "/init",
		.binds = binds,
		.n_binds = G_N_ELEMENTS(binds) - (m->has_private ? 0 : 1),
	};

	return hv_xml_container(&c);
}

/* From here on only the container holds its file systems. */
static void unmount_disks(Hypervisor *hv, const char *name)
{
	static const char *const volumes[] = {"root", "private"};

	for (size_t i = 0; i < G_N_ELEMENTS(volumes); i++) {
		g_autofree char *path = lxc_path(hv, name, volumes[i]);

		lxc_unmount(path);
		rmdir(path);
	}
}

/*
 * Qubes may together want more memory than there is. When the kernel must end something then, it is
 * to be theirs, not dom0's. Children inherit it, and only the host's root can lower it again.
 */
static gboolean end_first(pid_t pid, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/oom_score_adj", (int)pid);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	int r = fd < 0 ? -errno : io_write_all(fd, OOM_SCORE_ADJ, strlen(OOM_SCORE_ADJ));

	return r == 0 || lxc_errno(error, -r, "write", path);
}

static gboolean enter_cgroup(Making *m, virDomainPtr dom, GError **error)
{
	pid_t pid = 0;
	_cleanup_close_ int pidfd = lxc_init_pidfd(dom, lxc_uid_base(m->record->xid), &pid, error);

	return pidfd >= 0 && end_first(pid, error) &&
	       lxc_cgroup_enter(m->hv, pid, m->record->xid, &m->record->cgroup, error) &&
	       lxc_record_put(m->hv, m->record, error);
}

static gboolean lend_blocks(Making *m, virDomainPtr dom, GError **error)
{
	for (size_t i = 0; i < m->spec->n_blocks; i++)
		if (!lxc_block_attach(m->hv, dom, &m->spec->blocks[i], error))
			return FALSE;
	return m->spec->n_pci == 0 || lxc_no_pci(m->hv, dom, m->spec->pci[0], error);
}

static gboolean start(Making *m, GError **error)
{
	g_autofree char *xml = container_xml(m);
	g_autoptr(virDomain) dom = virDomainDefineXML(m->conn, xml);

	if (!dom)
		return hv_fail(error, m->conn, "define the container");
	if (virDomainCreate(dom) < 0) {
		hv_fail(error, m->conn, "start the container");
		hv_undefine(dom, NULL);
		return FALSE;
	}
	if (enter_cgroup(m, dom, error) && lend_blocks(m, dom, error)) {
		unmount_disks(m->hv, m->spec->name);
		return TRUE;
	}
	virDomainDestroy(dom);
	hv_undefine(dom, NULL);
	return FALSE;
}

static gboolean make(Making *m, GError **error)
{
	g_autofree char *dir = lxc_path(m->hv, m->spec->name, NULL);

	return lxc_make_dir(dir, 0711, error) && lxc_check_reachable(dir, error) &&
	       lxc_record_put(m->hv, m->record, error) && mount_disks(m, error) &&
	       lxc_make_vchan_dir(m->hv, m->record->xid, error) &&
	       lxc_make_init_dir(m->hv, m->spec->name, error) && start(m, error);
}

/* What an earlier container of this name or identity left, however that ended. */
static gboolean release_old(Hypervisor *hv, const HvDomainSpec *spec, GError **error)
{
	g_autoptr(LxcRecord) by_name = lxc_record_get_by_name(hv, spec->name);
	g_autoptr(LxcRecord) by_uuid = NULL;

	if (by_name && !lxc_release(hv, by_name, error))
		return FALSE;
	by_uuid = lxc_record_get(hv, spec->uuid);
	return !by_uuid || lxc_release(hv, by_uuid, error);
}

gboolean lxc_create_paused(Hypervisor *hv, virConnectPtr conn, const HvDomainSpec *spec,
			   int *ret_xid, GError **error)
{
	Making m = {.hv = hv, .conn = conn, .spec = spec};
	g_autoptr(LxcRecord) record = NULL;
	int xid;

	if (!lxc_make_base(hv, error) || !hv_forget(conn, spec->name, spec->uuid, error) ||
	    !release_old(hv, spec, error))
		return FALSE;
	xid = lxc_xid_new(hv, error);
	if (!xid)
		return FALSE;
	m.record = record = new_record(spec, xid);
	if (!make(&m, error)) {
		lxc_release(hv, record, NULL);
		return FALSE;
	}
	*ret_xid = xid;
	return TRUE;
}

gboolean lxc_release(Hypervisor *hv, const LxcRecord *r, GError **error)
{
	g_autofree char *init = lxc_path(hv, r->name, "init");
	g_autofree char *vchan = lxc_vchan_path(hv, r->xid);

	unmount_disks(hv, r->name);
	/* Also ends what outlived libvirt's controller of the container. */
	if (r->cgroup && !lxc_cgroup_remove(r->cgroup, error))
		return FALSE;
	if (!lxc_remove_tree(init, error) || !lxc_remove_tree(vchan, error) ||
	    !lxc_loop_wait_free(r->images, LOOP_TIMEOUT_MS, error))
		return FALSE;
	lxc_record_drop(hv, r);
	return TRUE;
}
