// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of QubesDB that dom0 publishes to a qube. Pure but for the random seed. */
#include "dom0/qubesd/core/qdb.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb-private.h"
#include "dom0/qubesd/core/run.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static void add(GPtrArray *keys, const char *path, const char *value)
{
	if (strlen(path) > QDB_PATH_MAX)
		g_warning("QubesDB key %s is too long and left out", path);
	else if (value)
		g_ptr_array_add(keys, doc_pair_new(path, value));
}

static void add_bool(GPtrArray *keys, const char *path, bool value)
{
	add(keys, path, value ? "True" : "False");
}

static void add_prop(GPtrArray *keys, const char *path, Domain *d, PropId id)
{
	g_autofree char *text = prop_str(&d->h, id);

	if (text && *text)
		add(keys, path, text);
}

static char *random_seed(void)
{
	guchar seed[64];

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return NULL;
	return g_base64_encode(seed, sizeof(seed));
}

/* Area/City, where the system says so. */
static char *host_timezone(void)
{
	g_autofree char *link = g_file_read_link("/etc/localtime", NULL);
	const char *zone = link ? strstr(link, "zoneinfo/") : NULL;

	return zone ? g_strdup(zone + strlen("zoneinfo/")) : NULL;
}

static void add_identity(GPtrArray *keys, Domain *d)
{
	Domain *t = prop_vm(&d->h, P_template);
	bool updateable = prop_bool(&d->h, P_updateable);
	g_autofree char *user = qdb_default_user(d), *seed = random_seed(), *zone = host_timezone();

	add(keys, "/name", d->name);
	add(keys, "/type", class_name(d->h.cls));
	add(keys, "/default-user", user);
	add_bool(keys, "/qubes-vm-updateable", updateable);
	add(keys, "/qubes-vm-persistence",
	    d->h.cls == CLS_DISP ? "none" : (updateable ? "full" : "rw-only"));
	add(keys, "/qubes-debug-mode", prop_bool(&d->h, P_debug) ? "1" : "0");
	add(keys, "/qubes-base-template", t ? t->name : "");
	add(keys, QDB_RANDOM_SEED, seed);
	if (!feature_true(feature_with_template(d, "anon-timezone")))
		add(keys, "/qubes-timezone", zone);
	add(keys, "/qubes-block-devices", "");
	add(keys, "/qubes-usb-devices", "");
}

static void add_dns(GPtrArray *keys, Domain *d, const char *format)
{
	static const char *const which[] = {"primary", "secondary"};
	g_autofree char *dns = prop_str(&d->h, P_dns);
	g_auto(GStrv) address = g_strsplit(dns ? dns : "", " ", -1);

	for (size_t i = 0; i < G_N_ELEMENTS(which) && address[i]; i++) {
		g_auto(GStrv) part = g_strsplit(format, "*", 2);
		g_autofree char *path = g_strjoin(which[i], part[0], part[1], NULL);

		add(keys, path, address[i]);
	}
}

static void add_network(GPtrArray *keys, Domain *d)
{
	bool provides = prop_bool(&d->h, P_provides_network);
	Domain *netvm = prop_vm(&d->h, P_netvm);

	if (provides) {
		/* Only looked at for not being empty. */
		add_prop(keys, "/qubes-netvm-network", d, P_gateway);
		add_prop(keys, "/qubes-netvm-gateway", d, P_gateway);
		add_prop(keys, "/qubes-netvm-gateway6", d, P_gateway6);
		add(keys, "/qubes-netvm-netmask", "255.255.255.255");
		add_dns(keys, d, "/qubes-netvm-*-dns");
	}
	if (netvm) {
		add_prop(keys, "/qubes-mac", d, P_mac);
		add_prop(keys, "/qubes-ip", d, P_visible_ip);
		add_prop(keys, "/qubes-netmask", d, P_visible_netmask);
		add_prop(keys, "/qubes-gateway", d, P_visible_gateway);
		add_dns(keys, d, "/qubes-*-dns");
		add_prop(keys, "/qubes-ip6", d, P_visible_ip6);
		add_prop(keys, "/qubes-gateway6", d, P_visible_gateway6);
	}
	/* What agents of the third release look for. */
	add(keys, "/qubes-vm-type",
	    d->h.cls == CLS_TEMPLATE ? "TemplateVM"
	    : !provides		     ? "AppVM"
	    : netvm		     ? "ProxyVM"
				     : "NetVM");
	add(keys, "/qubes-iptables-error", "");
}

static void add_xid(GPtrArray *keys, const char *path, const Domain *d)
{
	char text[16];

	g_snprintf(text, sizeof(text), "%d", domain_xid(d));
	add(keys, path, text);
}

static void add_session(GPtrArray *keys, Domain *d)
{
	static const char *const ram[] = {"gui-videoram-overhead", "gui-videoram-min"};
	Domain *gui = prop_vm(&d->h, P_guivm), *audio = prop_vm(&d->h, P_audiovm);
	const char *wants = feature_get(d, "gui");

	for (size_t i = 0; i < G_N_ELEMENTS(ram); i++) {
		g_autofree char *path = g_strconcat("/qubes-", ram[i], NULL);

		add(keys, path, feature_with_template_and_adminvm(d, ram[i]));
	}
	add_bool(keys, "/qubes-gui-enabled", gui && (!wants || *wants));
	if (gui && gui != d) {
		add_prop(keys, "/keyboard-layout", d, P_keyboard_layout);
		if (domain_is_running(gui))
			add_xid(keys, "/qubes-gui-domain-xid", gui);
	}
	if (audio && audio != d && domain_is_running(audio))
		add_xid(keys, "/qubes-audio-domain-xid", audio);
	if (feature_true(feature_get(d, "service.guivm"))) {
		const char *prefix = feature_get(d, "guivm-windows-prefix");

		add(keys, "/guivm-windows-prefix", prefix ? prefix : "GuiVM");
	}
}

/* Applications may be long names: found by their hash. */
char *qdb_app_dispvm_path(const char *app)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *text = NULL;
	guint8 raw[32];
	gsize len = sizeof(raw);

	g_checksum_update(sum, (const guchar *)app, -1);
	g_checksum_get_digest(sum, raw, &len);
	text = g_base64_encode(raw, len);
	g_strdelimit(text, "+", '-');
	g_strdelimit(text, "/", '_');
	text[strcspn(text, "=")] = '\0';
	return g_strconcat("/hash-app-dispvm/", text, NULL);
}

static void add_feature(GPtrArray *keys, const Feature *f)
{
	g_autofree char *path = NULL;

	if (g_str_has_prefix(f->name, "service.app-dispvm.") && *f->value) {
		g_autofree char *hash =
			qdb_app_dispvm_path(f->name + strlen("service.app-dispvm."));

		add(keys, hash, f->name + strlen("service.app-dispvm."));
	}
	path = qdb_feature_path(f->name);
	if (!path)
		return;
	add(keys, path,
	    g_str_has_prefix(path, "/qubes-service/") ? (*f->value ? "1" : "0") : f->value);
}

char *qdb_feature_path(const char *feature)
{
	static const char *const renamed[][2] = {
		{"service.ntpd", "/qubes-service/ntpd"},
		{"check-updates", "/qubes-service/qubes-update-check"},
		{"dvm", "/qubes-service/qubes-dvm"},
		{"updates-proxy-setup", "/qubes-service/yum-proxy-setup"},
	};
	const char *rest;

	for (size_t i = 0; i < G_N_ELEMENTS(renamed); i++)
		if (!strcmp(feature, renamed[i][0]))
			return g_strdup(renamed[i][1]);
	if (g_str_has_prefix(feature, "service.")) {
		rest = feature + strlen("service.");
		return *rest && strlen(rest) <= SERVICE_NAME_MAX
			       ? g_strconcat("/qubes-service/", rest, NULL)
			       : NULL;
	}
	if (g_str_has_prefix(feature, "vm-config."))
		return g_strconcat("/vm-config/", feature + strlen("vm-config."), NULL);
	if (g_str_has_prefix(feature, "custom-persist."))
		return g_strconcat("/persist/", feature + strlen("custom-persist."), NULL);
	return NULL;
}

/* A boot mode may come with a user of its own. */
char *qdb_default_user(Domain *d)
{
	g_autofree char *mode = prop_str(&d->h, P_bootmode);
	g_autofree char *feature = g_strconcat("boot-mode.default-user.", mode, NULL);
	const char *user = g_strcmp0(mode, "default") ? feature_with_template(d, feature) : NULL;

	return user ? g_strdup(user) : prop_str(&d->h, P_default_user);
}

/* A container's use of memory is seen from outside. */
static bool reports_memory(const Domain *d)
{
	const Hypervisor *hv = d->h.app->hv;

	return prop_int(&d->h, P_maxmem) > 0 && !(hv && hypervisor_is_elastic(hv));
}

GPtrArray *qdb_keys(Domain *d)
{
	GPtrArray *keys = g_ptr_array_new_with_free_func(doc_pair_free);

	add_identity(keys, d);
	add_network(keys, d);
	add_session(keys, d);
	for (guint i = 0; i < d->features->len; i++)
		add_feature(keys, g_ptr_array_index(d->features, i));
	add(keys, "/qubes-service/meminfo-writer", reports_memory(d) ? "1" : "0");
	return keys;
}
