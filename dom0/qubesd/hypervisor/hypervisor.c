// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hypervisor layer's front: picks the driver by the URI, gets the connection and the
 * domain, and lets the driver do the work. The peer is libvirtd, which is trusted.
 */
#include "dom0/qubesd/hypervisor/private.h"
#include "dom0/qubesd/hypervisor/xml.h"

#include <string.h>

/* As long as a libvirtd that ended may take to be there again, on a busy machine. */
#define RESTART_MS 10000

static const HvDriver *const drivers[] = {&hv_xen_driver, &hv_lxc_driver, &hv_test_driver};

/* "lxc+unix:///system?socket=..." is an lxc URI. */
static const HvDriver *driver_for(const char *uri)
{
	size_t n = strcspn(uri, "+:");

	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if (strlen(drivers[i]->scheme) == n && !strncmp(uri, drivers[i]->scheme, n))
			return drivers[i];
	}
	/* Fails at the first call, with libvirt's words. */
	return &hv_xen_driver;
}

Hypervisor *hypervisor_new(const char *uri, const char *root, unsigned owner_uid,
			   unsigned owner_gid)
{
	Hypervisor *hv = g_new0(Hypervisor, 1);

	hv->uri = g_strdup(uri);
	hv->root = g_strdup(root);
	hv->owner_uid = owner_uid;
	hv->owner_gid = owner_gid;
	hv->driver = driver_for(uri);
	hv->link = hv_link_new(uri, hv->driver->silent_s);
	if (hv->driver->init)
		hv->driver->init(hv);
	return hv;
}

void hypervisor_free(Hypervisor *hv)
{
	if (!hv)
		return;
	hv_link_close(hv->link);
	if (hv->driver->clear)
		hv->driver->clear(hv);
	g_free(hv->uri);
	g_free(hv->root);
	g_free(hv);
}

void hypervisor_set_callback(Hypervisor *hv, HvCallback cb, gpointer data)
{
	hv_link_set_callback(hv->link, cb, data);
}

void hypervisor_await(Hypervisor *hv)
{
	hv_link_await(hv->link, RESTART_MS);
}

const char *hypervisor_kind(const Hypervisor *hv)
{
	return hv->driver->kind;
}

gboolean hypervisor_has_balloon(const Hypervisor *hv)
{
	return hv->driver->has_balloon;
}

gboolean hypervisor_is_elastic(const Hypervisor *hv)
{
	return hv->driver->is_elastic;
}

gboolean hypervisor_uses_kernel(const Hypervisor *hv)
{
	return hv->driver->uses_kernel;
}

static void close_conn(virConnectPtr conn)
{
	if (conn)
		virConnectClose(conn);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConnect, close_conn)

gboolean hypervisor_host_info(Hypervisor *hv, guint64 *ret_mib, unsigned *ret_cpus, GError **error)
{
	g_autoptr(virConnect) conn = hv_link_get(hv->link, error);
	virNodeInfo info;

	if (!conn)
		return FALSE;
	if (virNodeGetInfo(conn, &info) < 0)
		return hv_fail(error, conn, "read what the host has");
	*ret_mib = info.memory / 1024;
	*ret_cpus = info.cpus;
	return TRUE;
}

static gboolean check_spec(const HvDomainSpec *spec, GError **error)
{
	if (!*spec->name || strchr(spec->name, '/') || *spec->name == '.')
		return hv_error(error, HYPERVISOR_ERROR_FAILED, "'%s' is no name for a domain",
				spec->name);
	if (!g_uuid_string_is_valid(spec->uuid))
		return hv_error(error, HYPERVISOR_ERROR_FAILED, "'%s' is no UUID", spec->uuid);
	return TRUE;
}

gboolean hypervisor_create_paused(Hypervisor *hv, const HvDomainSpec *spec, int *ret_xid,
				  GError **error)
{
	g_autoptr(virConnect) conn = NULL;

	if (!check_spec(spec, error))
		return FALSE;
	conn = hv_link_get(hv->link, error);
	return conn && hv->driver->create_paused(hv, conn, spec, ret_xid, error);
}

typedef gboolean (*DomainFunc)(Hypervisor *hv, virDomainPtr dom, GError **error);

/* *ret: the domain, NULL: there is none. FALSE: that cannot be known. */
static gboolean look_up(Hypervisor *hv, const char *uuid, virDomainPtr *ret, GError **error)
{
	g_autoptr(virConnect) conn = hv_link_get(hv->link, error);
	g_autoptr(GError) local = NULL;
	virDomainPtr dom;

	if (!conn)
		return FALSE;
	dom = hv_lookup(conn, uuid, &local);
	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	*ret = dom;
	return TRUE;
}

/* The active domain; NULL with an error. */
static virDomainPtr active(Hypervisor *hv, const char *uuid, GError **error)
{
	g_autoptr(virDomain) dom = NULL;

	if (!look_up(hv, uuid, &dom, error))
		return NULL;
	if (dom && hv_is_active(dom))
		return g_steal_pointer(&dom);
	hv_error(error, HYPERVISOR_ERROR_NO_DOMAIN, "The domain is not running");
	return NULL;
}

/* Calls fn on the active domain. */
static gboolean on_active(Hypervisor *hv, const char *uuid, DomainFunc fn, GError **error)
{
	g_autoptr(virDomain) dom = active(hv, uuid, error);

	return dom && fn(hv, dom, error);
}

gboolean hypervisor_unpause(Hypervisor *hv, const char *uuid, GError **error)
{
	return on_active(hv, uuid, hv->driver->unpause, error);
}

gboolean hypervisor_pause(Hypervisor *hv, const char *uuid, GError **error)
{
	return on_active(hv, uuid, hv->driver->pause, error);
}

gboolean hypervisor_suspend(Hypervisor *hv, const char *uuid, GError **error)
{
	return on_active(hv, uuid, hv->driver->suspend, error);
}

gboolean hypervisor_resume(Hypervisor *hv, const char *uuid, GError **error)
{
	return on_active(hv, uuid, hv->driver->resume, error);
}

gboolean hypervisor_shutdown(Hypervisor *hv, const char *uuid, GError **error)
{
	return on_active(hv, uuid, hv->driver->shutdown, error);
}

gboolean hypervisor_block_attach(Hypervisor *hv, const char *uuid, const HvBlock *b, GError **error)
{
	g_autoptr(virDomain) dom = active(hv, uuid, error);

	return dom && (!hv->driver->block_attach || hv->driver->block_attach(hv, dom, b, error));
}

gboolean hypervisor_block_detach(Hypervisor *hv, const char *uuid, const HvBlock *b, gboolean force,
				 GError **error)
{
	g_autoptr(virDomain) dom = active(hv, uuid, error);

	return dom &&
	       (!hv->driver->block_detach || hv->driver->block_detach(hv, dom, b, force, error));
}

gboolean hypervisor_pci_attach(Hypervisor *hv, const char *uuid, const char *sbdf, GError **error)
{
	g_autoptr(virDomain) dom = active(hv, uuid, error);

	return dom && (!hv->driver->pci_attach || hv->driver->pci_attach(hv, dom, sbdf, error));
}

gboolean hypervisor_pci_detach(Hypervisor *hv, const char *uuid, const char *sbdf, GError **error)
{
	g_autoptr(virDomain) dom = active(hv, uuid, error);

	return dom && (!hv->driver->pci_detach || hv->driver->pci_detach(hv, dom, sbdf, error));
}

gboolean hypervisor_destroy(Hypervisor *hv, const char *uuid, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (on_active(hv, uuid, hv->driver->destroy, &local))
		return TRUE;
	/* Gone is what was asked for. */
	if (g_error_matches(local, HYPERVISOR_ERROR, HYPERVISOR_ERROR_NO_DOMAIN))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&local));
	return FALSE;
}

gboolean hypervisor_cleanup(Hypervisor *hv, const char *uuid, GError **error)
{
	g_autoptr(virDomain) dom = NULL;

	if (!look_up(hv, uuid, &dom, error))
		return FALSE;
	if (dom && hv_is_active(dom))
		return hv_error(error, HYPERVISOR_ERROR_FAILED,
				"Domain %s is still running: nothing is cleaned up",
				virDomainGetName(dom));
	return hv->driver->cleanup(hv, dom, uuid, error);
}

static gboolean info_of(Hypervisor *hv, virDomainPtr dom, HvInfo *ret, GError **error)
{
	if (!hv_domain_info(dom, ret, error))
		return FALSE;
	return ret->state == HV_HALTED || !hv->driver->info ||
	       hv->driver->info(hv, dom, ret, error);
}

gboolean hypervisor_info(Hypervisor *hv, const char *uuid, HvInfo *ret, GError **error)
{
	g_autoptr(virDomain) dom = NULL;

	if (!look_up(hv, uuid, &dom, error))
		return FALSE;
	if (dom)
		return info_of(hv, dom, ret, error);
	*ret = (HvInfo){.state = HV_HALTED, .xid = -1};
	return TRUE;
}

GHashTable *hypervisor_list(Hypervisor *hv, GError **error)
{
	g_autoptr(virConnect) conn = hv_link_get(hv->link, error);
	g_autoptr(GHashTable) all = NULL;
	virDomainPtr *domains;
	int n;

	if (!conn)
		return NULL;
	n = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	if (n < 0) {
		hv_fail(error, conn, "list the domains");
		return NULL;
	}
	all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (int i = 0; i < n; i++) {
		char uuid[VIR_UUID_STRING_BUFLEN];
		g_autofree HvInfo *info = g_new0(HvInfo, 1);

		/* One that ends meanwhile is not listed. */
		if (virDomainGetUUIDString(domains[i], uuid) == 0 &&
		    info_of(hv, domains[i], info, NULL) && info->state != HV_HALTED)
			g_hash_table_insert(all, g_strdup(uuid), g_steal_pointer(&info));
		virDomainFree(domains[i]);
	}
	free(domains);
	return g_steal_pointer(&all);
}

char *hypervisor_console_end(Hypervisor *hv, const char *name)
{
	return hv->driver->console_end ? hv->driver->console_end(hv, name) : NULL;
}

char *hypervisor_console(Hypervisor *hv, const char *uuid, GError **error)
{
	g_autoptr(virDomain) dom = active(hv, uuid, error);
	char *xml, *path;

	if (!dom)
		return NULL;
	xml = virDomainGetXMLDesc(dom, 0);
	path = hv_xml_console(xml);
	free(xml);
	if (!path)
		hv_error(error, HYPERVISOR_ERROR_FAILED, "The domain has no console");
	return path;
}
