/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts and names of a menu's files (entry.h). What a qube said was checked when it came. */
#include "dom0/appmenus/entry.h"

#include <string.h>

#define CATEGORY "X-Qubes-VM;"

const char entry_start_template[] = "[Desktop Entry]\n"
				    "Version=1.0\n"
				    "Type=Application\n"
				    "Exec=qvm-start --quiet --skip-if-running -- %VMNAME%\n"
				    "Icon=%XDGICON%\n"
				    "Terminal=false\n"
				    "Name=%VMNAME%: Start qube\n"
				    "GenericName=%VMNAME%: Start qube\n"
				    "StartupNotify=false\n"
				    "Categories=System;" CATEGORY "\n";

const char entry_settings_template[] = "[Desktop Entry]\n"
				       "Version=1.0\n"
				       "Type=Application\n"
				       "TryExec=qubes-vm-settings\n"
				       "Exec=qubes-vm-settings -- %VMNAME%\n"
				       "Icon=%XDGICON%\n"
				       "Terminal=false\n"
				       "Name=%VMNAME%: Qube Settings\n"
				       "GenericName=%VMNAME%: Qube Settings\n"
				       "StartupNotify=false\n"
				       "Categories=System;" CATEGORY "\n";

/* One argument of an Exec key: quoted, then escaped as every string of a desktop entry is. */
static void append_exec_word(GString *s, const char *word)
{
	g_string_append_c(s, '"');
	for (; *word; word++) {
		if (*word == '%')
			g_string_append_c(s, '%');
		else if (strchr("\"`$\\", *word))
			g_string_append(s, *word == '\\' ? "\\\\\\" : "\\\\");
		g_string_append_c(s, *word);
	}
	g_string_append_c(s, '"');
}

static void append_commands(GString *s, const struct received_app *app, bool legacy)
{
	static const struct {
		const char *key, *option, *service;
	} ways[] = {
		{"Exec", " -- %VMNAME%", " --service -- %VMNAME%"},
		{"X-Qubes-DispvmExec", " --dispvm=%VMNAME% --", " --service --dispvm=%VMNAME% --"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
		g_string_append_printf(s, "%s=qvm-run -q -a%s ", ways[i].key,
				       legacy ? ways[i].option : ways[i].service);
		if (legacy)
			append_exec_word(s, app->values[RECEIVED_EXEC]);
		else
			g_string_append_printf(s, "qubes.StartApp+%s", app->id);
		g_string_append_c(s, '\n');
	}
}

char *entry_template(const struct received_app *app, bool legacy, bool icon)
{
	g_autoptr(GString) s = g_string_new("[Desktop Entry]\nVersion=1.0\nType=Application\n"
					    "Terminal=false\nX-Qubes-VmName=%VMNAME%\n");
	const char *const *v = (const char *const *)app->values;

	if (!v[RECEIVED_NAME] || (legacy && !v[RECEIVED_EXEC]))
		return NULL;
	g_string_append_printf(s, "X-Qubes-AppName=%s\n", app->id);
	if (icon)
		g_string_append_printf(s, "Icon=%%VMDIR%%/apps.icons/%s.png\n", app->id);
	else
		g_string_append(s, "Icon=%XDGICON%\n");
	g_string_append_printf(s, "Name=%%VMNAME%%: %s\n", v[RECEIVED_NAME]);
	if (v[RECEIVED_GENERIC_NAME])
		g_string_append_printf(s, "GenericName=%%VMNAME%%: %s\n", v[RECEIVED_GENERIC_NAME]);
	if (v[RECEIVED_WM_CLASS])
		g_string_append_printf(s, "StartupWMClass=%%VMNAME%%:%s\n", v[RECEIVED_WM_CLASS]);
	if (v[RECEIVED_COMMENT])
		g_string_append_printf(s, "Comment=%s\n", v[RECEIVED_COMMENT]);
	g_string_append_printf(s, "Categories=%s" CATEGORY "\n",
			       v[RECEIVED_CATEGORIES] ? v[RECEIVED_CATEGORIES] : "");
	append_commands(s, app, legacy);
	return g_string_free(g_steal_pointer(&s), FALSE);
}

static char *replace(const char *text, const char *what, const char *with)
{
	g_auto(GStrv) parts = g_strsplit(text, what, -1);

	return g_strjoinv(with, parts);
}

/* Values of a desktop entry: a backslash is doubled. (Names of folders have no line breaks.) */
static char *escaped(const char *value)
{
	return replace(value, "\\", "\\\\");
}

static char *filled(const char *text, const struct entry_qube *q, enum entry_kind kind)
{
	const char *icon_file = kind == ENTRY_DISPOSABLE ? ENTRY_ICON_DISPOSABLE : ENTRY_ICON_QUBE;
	g_autofree char *dir = escaped(q->dir), *named = NULL, *placed = NULL, *icon = NULL;

	named = replace(text, "%VMNAME%", q->name);
	placed = replace(named, "%VMDIR%", dir);
	icon = g_strdup_printf("%s/%s", dir, icon_file);
	return replace(placed, "%XDGICON%", icon);
}

/*
 * The menus of a qube take their entries by name. All other categories would show it in the menus
 * of dom0's own applications as well.
 */
static void append_line(GString *s, const char *line, enum entry_kind kind)
{
	if (g_str_has_prefix(line, "Categories="))
		g_string_append(s, "Categories=" CATEGORY);
	else if (g_str_has_prefix(line, "X-Qubes-DispvmExec="))
		g_string_append(s, kind == ENTRY_QUBE ? line : line + strlen("X-Qubes-Dispvm"));
	else if (kind == ENTRY_DISPOSABLE && g_str_has_prefix(line, "Exec="))
		g_string_append_printf(s, "X-Qubes-NonDispvm%s", line);
	else if (kind == ENTRY_DISPOSABLE && g_str_has_prefix(line, "Name=%VMNAME%"))
		g_string_append_printf(s, "Name=%%VMNAME%% (dvm)%s",
				       line + strlen("Name=%VMNAME%"));
	else
		g_string_append(s, line);
	g_string_append_c(s, '\n');
}

char *entry_desktop(const char *template, const struct entry_qube *q, enum entry_kind kind)
{
	g_autoptr(GString) s = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;

	if (kind == ENTRY_DISPOSABLE && !strstr(template, "\nX-Qubes-DispvmExec="))
		return NULL;
	lines = g_strsplit(template, "\n", -1);
	for (char **l = lines; *l; l++)
		if (**l)
			append_line(s, *l, kind);
	if (kind == ENTRY_DISPOSABLE)
		g_string_append(s, "X-Qubes-DispvmTemplate=%VMNAME%\n");
	return filled(s->str, q, kind);
}

char *entry_field(const char *template, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(template, "\n", -1);
	gsize n = strlen(key);

	for (char **l = lines; *l; l++)
		if (strncmp(*l, key, n) == 0 && (*l)[n] == '=')
			return g_strdup(*l + n + 1);
	return NULL;
}

char *entry_directory(const struct entry_qube *q, enum entry_kind kind)
{
	const char *what = kind == ENTRY_DISPOSABLE		 ? "Disposable"
			   : q->template_for_dispvms		 ? "Template (disp)"
			   : strcmp(q->klass, "TemplateVM") == 0 ? "Template"
			   : q->provides_network		 ? "Service"
								 : "Qube";
	g_autofree char *text = g_strdup_printf("[Desktop Entry]\nEncoding=UTF-8\nType=Directory\n"
						"Name=%s: %%VMNAME%%\nIcon=%%XDGICON%%\n",
						what);

	return filled(text, q, kind);
}

char *entry_menu(const struct entry_qube *q, enum entry_kind kind, const char *const *files)
{
	g_autofree char *directory = entry_directory_file(q->name, kind);
	g_autoptr(GString) s =
		g_string_new("<!DOCTYPE Menu PUBLIC \"-//freedesktop//DTD Menu 1.0//EN\"\n"
			     " \"http://www.freedesktop.org/standards/menu-spec/menu-1.0.dtd\">\n"
			     "<Menu>\n\t<Name>Applications</Name>\n\t<Menu>\n");

	/* Names of qubes and ids of applications need no escapes. */
	g_string_append_printf(s, "\t\t<Name>%.*s</Name>\n\t\t<Directory>%s</Directory>\n",
			       (int)(strlen(directory) - strlen(".directory")), directory,
			       directory);
	g_string_append(s, "\t\t<Include>\n");
	for (; *files; files++)
		g_string_append_printf(s, "\t\t\t<Filename>%s</Filename>\n", *files);
	g_string_append(s, "\t\t</Include>\n\t</Menu>\n</Menu>\n");
	return g_string_free(g_steal_pointer(&s), FALSE);
}

/* A qube's name as a part of a name of a file: no dots and dashes, which separate parts. */
static char *name_part(const char *qube)
{
	g_autoptr(GString) s = g_string_new("_");

	for (; *qube; qube++) {
		const char *escape = *qube == '_'   ? "_u"
				     : *qube == '-' ? "_d"
				     : *qube == '.' ? "_p"
						    : NULL;

		if (escape)
			g_string_append(s, escape);
		else
			g_string_append_c(s, *qube);
	}
	return g_string_free(g_steal_pointer(&s), FALSE);
}

static const char *const prefixes[] = {"org.qubes-os.vm.", "org.qubes-os.dispvm."};
static const char *const folders[] = {"qubes-vm-directory", "qubes-dispvm-directory"};
#define SETTINGS "org.qubes-os.qubes-vm-settings."

char *entry_desktop_file(const char *qube, const char *id, enum entry_kind kind)
{
	g_autofree char *part = name_part(qube);

	return g_strconcat(prefixes[kind], part, ".", id, NULL);
}

char *entry_settings_file(const char *qube)
{
	g_autofree char *part = name_part(qube);

	return g_strconcat(SETTINGS, part, ".desktop", NULL);
}

char *entry_directory_file(const char *qube, enum entry_kind kind)
{
	g_autofree char *part = name_part(qube);

	return g_strconcat(folders[kind], part, ".directory", NULL);
}

char *entry_menu_file(const char *qube, enum entry_kind kind)
{
	g_autofree char *part = name_part(qube);

	return g_strconcat("user-", folders[kind], part, ".menu", NULL);
}

bool entry_is_of_kind(const char *file, enum entry_kind kind)
{
	return g_str_has_prefix(file, prefixes[kind]) || g_str_has_prefix(file, folders[kind]) ||
	       (kind == ENTRY_QUBE && g_str_has_prefix(file, SETTINGS));
}
