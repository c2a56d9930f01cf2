/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration of a GUI daemon (guidconf.h). Features may be set by other qubes' rights. */
#include "dom0/cli/guidconf.h"

#include <stdio.h>
#include <string.h>

enum kind { KIND_BOOL, KIND_INT, KIND_KEYS, KIND_COLOR, KIND_CHOICE };

static const struct {
	const char *key;
	enum kind kind;
	guint64 min, max;
	const char *choices; /* between spaces */
} options[] = {
	{"allow_fullscreen", KIND_BOOL, 0, 0, NULL},
	{"override_redirect_protection", KIND_BOOL, 0, 0, NULL},
	{"override_redirect", KIND_CHOICE, 0, 0, " allow disable disabled "},
	{"allow_utf8_titles", KIND_BOOL, 0, 0, NULL},
	{"secure_copy_sequence", KIND_KEYS, 0, 0, NULL},
	{"secure_paste_sequence", KIND_KEYS, 0, 0, NULL},
	{"windows_count_limit", KIND_INT, 1, G_MAXINT32, NULL},
	{"trayicon_mode", KIND_CHOICE, 0, 0,
	 " bg border1 border2 tint tint+border1 tint+border2 tint+saturation50 tint+whitehack "},
	{"window_background_color", KIND_COLOR, 0, 0, NULL},
	{"startup_timeout", KIND_INT, 0, G_MAXINT32, NULL},
	{"max_clipboard_size", KIND_INT, 256, 256000, NULL},
	{"events_max_delay", KIND_INT, 0, 5000, NULL},
};

/* "Ctrl-Shift-c": modifiers, then the name of a key; or none. */
static bool valid_keys(const char *value)
{
	static const char modifiers[] = " shift ctrl alt mod1 mod2 mod3 mod4 ";
	g_auto(GStrv) parts = g_strsplit(value, "-", -1);
	guint n = g_strv_length(parts);

	for (guint i = 0; i < n; i++) {
		g_autofree char *lower = g_ascii_strdown(parts[i], -1);
		g_autofree char *word = g_strdup_printf(" %s ", lower);

		if (!*lower || lower[strspn(lower, "abcdefghijklmnopqrstuvwxyz0123456789_")])
			return false;
		if (i + 1 < n && !strstr(modifiers, word))
			return false;
	}
	return n > 0;
}

static bool valid_color(const char *value)
{
	if (g_str_has_prefix(value, "0x") || g_str_has_prefix(value, "0X")) {
		size_t n = strspn(value + 2, "0123456789abcdefABCDEF");

		return !value[2 + n] && (n == 3 || n == 6);
	}
	return *value && !value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789 ")];
}

/* The value in the syntax of the file, to g_free(); NULL when it is not valid. */
static char *serialize(guint i, const char *value)
{
	g_autofree char *word = g_strdup_printf(" %s ", value);
	guint64 n;

	switch (options[i].kind) {
	case KIND_BOOL:
		return g_strdup(*value ? "true" : "false");
	case KIND_INT:
		if (!g_ascii_string_to_unsigned(value, 10, options[i].min, options[i].max, &n,
						NULL))
			return NULL;
		return g_strdup(value);
	case KIND_KEYS:
		return valid_keys(value) ? g_strdup_printf("\"%s\"", value) : NULL;
	case KIND_COLOR:
		return valid_color(value) ? g_strdup_printf("\"%s\"", value) : NULL;
	case KIND_CHOICE:
		return !strchr(value, ' ') && *value && strstr(options[i].choices, word)
			       ? g_strdup_printf("\"%s\"", value)
			       : NULL;
	}
	return NULL;
}

char *guidconf_make(char *(*get)(const char *key, gpointer data), gpointer data, const char *vm)
{
	g_autoptr(GString) out = g_string_new("# Written by qvm-start-daemon; do not edit.\n"
					      "global: {\n");

	for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
		g_autofree char *key = g_strdelimit(g_strdup(options[i].key), "_", '-');
		g_autofree char *value = get(key, data);
		g_autofree char *text = value ? serialize(i, value) : NULL;

		if (text)
			g_string_append_printf(out, "  %s = %s;\n", options[i].key, text);
		else if (value)
			fprintf(stderr, "%s: feature gui-%s: '%s' is not valid, ignored\n", vm, key,
				value);
	}
	g_string_append(out, "}\n");
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* Which features the two qubes have, so that only those are asked for. */
struct source {
	struct admin *admin;
	const char *vm, *guivm;
	GStrv vm_features, guivm_features;
};

static char *get_feature(const char *key, gpointer data)
{
	struct source *s = data;
	g_autofree char *own = g_strconcat("gui-", key, NULL);
	g_autofree char *dflt = g_strconcat("gui-default-", key, NULL);

	if (s->vm_features && g_strv_contains((const char *const *)s->vm_features, own))
		return admin_feature(s->admin, s->vm, own, false, NULL);
	if (s->guivm_features && g_strv_contains((const char *const *)s->guivm_features, dflt))
		return admin_feature(s->admin, s->guivm, dflt, false, NULL);
	return NULL;
}

char *guidconf_text(struct admin *a, const char *vm, const char *guivm)
{
	g_auto(GStrv) own = admin_list(a, vm, "admin.vm.feature.List", NULL);
	g_auto(GStrv) dflt = admin_list(a, guivm, "admin.vm.feature.List", NULL);
	struct source s = {a, vm, guivm, own, dflt};

	return guidconf_make(get_feature, &s, vm);
}
