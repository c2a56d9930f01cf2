/* SPDX-License-Identifier: GPL-2.0-or-later */
/* template.conf and lists of menu items (templateconf.h): KEY=VALUE lines, and one item a line. */
#include "dom0/cli/templateconf.h"

#include <string.h>

static bool set_feature(struct ctx *c, const char *vm, const char *name, const char *value,
			GError **err)
{
	return admin_do(c->admin, vm, "admin.vm.feature.Set", name, value, err);
}

bool templateconf_menus(struct ctx *c, const char *vm, const char *dir, GError **err)
{
	static const struct {
		const char *file, *feature;
	} lists[] = {
		{"vm-whitelisted-appmenus.list", "default-menu-items"},
		{"whitelisted-appmenus.list", "menu-items"},
		{"netvm-whitelisted-appmenus.list", "netvm-menu-items"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *path = g_build_filename(dir, lists[i].file, NULL), *text = NULL;

		if (!g_file_get_contents(path, &text, NULL, NULL)) {
			fprintf(stderr, "%s: cannot set %s, %s not found\n", vm, lists[i].feature,
				path);
			continue;
		}
		g_strdelimit(g_strchomp(text), "\r\n", ' ');
		if (!set_feature(c, vm, lists[i].feature, text, err))
			return false;
	}
	return true;
}

static bool is_address(const char *value)
{
	g_auto(GStrv) parts = g_strsplit(value, ".", -1);

	for (char **p = parts; *p; p++)
		if (!**p || strlen(*p) > 3 || (*p)[strspn(*p, "0123456789")] ||
		    g_ascii_strtoull(*p, NULL, 10) > 255)
			return false;
	return g_strv_length(parts) == 4;
}

static bool apply_line(struct ctx *c, const char *vm, const char *key, const char *value,
		       GError **err)
{
	size_t n = strlen(key);

	if (word_in("no-monitor-layout pci-e820-host linux-stubdom gui selinux gui-emulated qrexec",
		    key, n)) {
		if (!strcmp(value, "1"))
			return set_feature(c, vm, key, value, err);
	} else if (word_in("net.fake-ip net.fake-gateway net.fake-netmask", key, n)) {
		if (is_address(value))
			return set_feature(c, vm, key, value, err);
	} else if (!strcmp(key, "virt-mode")) {
		if (word_in("pvh hvm", value, strlen(value)) ||
		    (!strcmp(value, "pv") && args_has(c->args, "allow_pv")))
			return admin_do(c->admin, vm, "admin.vm.property.Set", "virt_mode", value,
					err);
	} else if (!strcmp(key, "kernel")) {
		if (!*value)
			return admin_do(c->admin, vm, "admin.vm.property.Set", "kernel", "", err);
	} else {
		return true;
	}
	fprintf(stderr, "%s: ignoring %s=%s of the package\n", vm, key, value);
	return true;
}

bool templateconf_apply(struct ctx *c, const char *vm, const char *dir, GError **err)
{
	g_autofree char *path = g_build_filename(dir, "template.conf", NULL), *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return true;
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		char *eq = strchr(*l, '=');

		if (!eq)
			continue;
		*eq = 0;
		if (!apply_line(c, vm, *l, eq + 1, err))
			return false;
	}
	return true;
}
