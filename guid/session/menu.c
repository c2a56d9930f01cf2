/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The menu of the qubes (menu.h). Names come from qubesd. */
#include "guid/session/menu.h"

#include <string.h>

#include "dom0/desktop/announce.h"
#include "guid/session/command.h"
#include "guid/session/icons.h"

/* Pictures in menus are deprecated, and there is nothing in their place. */
G_GNUC_BEGIN_IGNORE_DEPRECATIONS

struct action {
	const char *label, *argv[8]; /* "NAME" stands for the qube */
	bool confirm;
};

static const struct action start = {"Start", {"qvm-start", "NAME"}, false};

static const struct action running[] = {
	{"_Terminal",
	 {"qvm-run", "-q", "-a", "--service", "--", "NAME", "qubes.StartApp+qubes-run-terminal"},
	 false},
	{"_Files",
	 {"qvm-run", "-q", "-a", "--service", "--", "NAME",
	  "qubes.StartApp+qubes-open-file-manager"},
	 false},
	{"_Pause", {"qvm-pause", "NAME"}, false},
	{"_Shut down", {"qvm-shutdown", "NAME"}, false},
	{"_Restart",
	 {"sh", "-c", "qvm-shutdown --wait \"$1\" && qvm-start \"$1\"", "sh", "NAME"},
	 false},
	{"_Kill", {"qvm-kill", "NAME"}, true},
};

static const struct action paused[] = {
	{"_Unpause", {"qvm-unpause", "NAME"}, false},
	{"_Kill", {"qvm-kill", "NAME"}, true},
};

static void run(const struct action *a, const char *name)
{
	const char *argv[G_N_ELEMENTS(a->argv) + 1] = {NULL};
	g_auto(GStrv) words = g_strsplit(a->label, "_", 2);
	g_autofree char *label = g_strjoinv("", words);
	g_autofree char *what = g_strdup_printf("%s: “%s” failed", name, label);

	for (size_t i = 0; i < G_N_ELEMENTS(a->argv) && a->argv[i]; i++)
		argv[i] = strcmp(a->argv[i], "NAME") == 0 ? name : a->argv[i];
	command_run(what, argv);
}

static void confirmed(GtkDialog *w, int response, gpointer data)
{
	if (response == GTK_RESPONSE_ACCEPT)
		run(data, g_object_get_data(G_OBJECT(w), "qube"));
	gtk_widget_destroy(GTK_WIDGET(w));
}

static void confirm(const struct action *a, const char *name)
{
	GtkWidget *w = gtk_message_dialog_new(NULL, 0, GTK_MESSAGE_WARNING, GTK_BUTTONS_NONE,
					      "Kill %s?", name);

	gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(w),
						 "It ends at once, as if its power was cut. What "
						 "its programs have not saved is lost.");
	gtk_dialog_add_buttons(GTK_DIALOG(w), "_Cancel", GTK_RESPONSE_CANCEL, "_Kill",
			       GTK_RESPONSE_ACCEPT, NULL);
	gtk_dialog_set_default_response(GTK_DIALOG(w), GTK_RESPONSE_CANCEL);
	gtk_window_set_title(GTK_WINDOW(w), "[dom0] Qubes");
	g_object_set_data_full(G_OBJECT(w), "qube", g_strdup(name), g_free);
	g_signal_connect(w, "response", G_CALLBACK(confirmed), (gpointer)a);
	desktop_announce_prompt(w);
	gtk_widget_show_all(w);
}

static void activated(GtkMenuItem *item, gpointer data)
{
	const char *name = g_object_get_data(G_OBJECT(item), "qube");
	const struct action *a = data;

	if (a->confirm)
		confirm(a, name);
	else
		run(a, name);
}

static void add_action(GtkWidget *menu, const char *label, const struct action *a, const char *qube)
{
	GtkWidget *item = gtk_menu_item_new_with_mnemonic(label);

	g_object_set_data_full(G_OBJECT(item), "qube", g_strdup(qube), g_free);
	g_signal_connect(item, "activate", G_CALLBACK(activated), (gpointer)a);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), item);
}

/* Underscores in names are not mnemonics. */
static GtkWidget *qube_item(const struct qube *q, const char *suffix)
{
	g_autofree char *label = g_strconcat(q->name, suffix, NULL);
	GtkWidget *item = gtk_image_menu_item_new_with_label(label);
	const char *icon = strcmp(q->klass, "DispVM") == 0 ? ICON_DISPOSABLE : ICON_QUBE;
	g_autoptr(GdkPixbuf) p = icon_new(icon, q->color, 16);

	gtk_image_menu_item_set_image(GTK_IMAGE_MENU_ITEM(item), gtk_image_new_from_pixbuf(p));
	gtk_image_menu_item_set_always_show_image(GTK_IMAGE_MENU_ITEM(item), TRUE);
	return item;
}

static GtkWidget *running_item(const struct qube *q)
{
	bool is_paused = qube_is_paused(q);
	bool steady = is_paused || strcmp(q->state, "Running") == 0;
	g_autofree char *suffix =
		steady && !is_paused ? g_strdup("")
				     : g_strdup_printf("  (%s)", is_paused ? "paused" : q->state);
	const struct action *actions = is_paused ? paused : running;
	size_t n = is_paused ? G_N_ELEMENTS(paused) : G_N_ELEMENTS(running);
	GtkWidget *item = qube_item(q, suffix), *menu = gtk_menu_new();

	for (size_t i = 0; i < n; i++)
		add_action(menu, actions[i].label, &actions[i], q->name);
	gtk_menu_item_set_submenu(GTK_MENU_ITEM(item), menu);
	return item;
}

static GtkWidget *plain_item(const char *text)
{
	GtkWidget *item = gtk_menu_item_new_with_label(text);

	gtk_widget_set_sensitive(item, FALSE);
	return item;
}

static GtkWidget *start_item(const struct qubes *q)
{
	GtkWidget *item = gtk_menu_item_new_with_mnemonic("_Start"), *menu = gtk_menu_new();
	const GPtrArray *list = qubes_list(q);

	for (guint i = 0; i < list->len; i++) {
		const struct qube *one = list->pdata[i];
		GtkWidget *entry;

		if (qube_is_running(one) || one->internal || strcmp(one->klass, "RemoteVM") == 0)
			continue;
		entry = qube_item(one, strcmp(one->klass, "TemplateVM") == 0 ? "  (template)" : "");
		g_object_set_data_full(G_OBJECT(entry), "qube", g_strdup(one->name), g_free);
		g_signal_connect(entry, "activate", G_CALLBACK(activated), (gpointer)&start);
		gtk_menu_shell_append(GTK_MENU_SHELL(menu), entry);
	}
	gtk_menu_item_set_submenu(GTK_MENU_ITEM(item), menu);
	return item;
}

GtkWidget *menu_new(const struct qubes *q)
{
	GtkWidget *menu = gtk_menu_new();
	const GPtrArray *list = qubes_list(q);
	guint shown = 0;

	for (guint i = 0; i < list->len; i++) {
		const struct qube *one = list->pdata[i];

		if (!qube_is_running(one) || one->internal)
			continue;
		gtk_menu_shell_append(GTK_MENU_SHELL(menu), running_item(one));
		shown++;
	}
	if (!shown)
		gtk_menu_shell_append(GTK_MENU_SHELL(menu), plain_item("No qube is running"));
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), gtk_separator_menu_item_new());
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), start_item(q));
	return menu;
}

G_GNUC_END_IGNORE_DEPRECATIONS
