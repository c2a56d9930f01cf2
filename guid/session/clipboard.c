/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clipboard's icon (clipboard.h). The files are dom0's and say who copied how much; the data
 * in them, a qube's, are never read here.
 */
#include "guid/session/clipboard.h"

#include <string.h>
#include <unistd.h>

#include "guid/clipboard/files.h"
#include "guid/proto/gui-proto.h"
#include "guid/session/describe.h"
#include "guid/session/icons.h"
#include "guid/session/notice.h"
#include "guid/session/tray.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/paths.h"

#define SETTLE_MS 50 /* one operation writes several files */

struct clipboard {
	GApplication *app;
	const struct qubes *qubes;
	struct tray *tray;
	GFileMonitor *monitor;
	GtkWidget *contents, *wipe; /* menu items */
	guint pending;
	uint32_t told; /* time of the operation that was told last */
};

/* Work for a thread: the lock is held by a daemon while it asks the policy. */
struct change {
	char *text; /* what to put in, NULL: empty it */
	size_t n;
};

static void change_free(gpointer data)
{
	struct change *ch = data;

	g_free(ch->text);
	g_free(ch);
}

static void apply(GTask *task, gpointer source, gpointer data, GCancellable *cancel)
{
	struct clip_metadata m = {.vmname = "dom0", .successful = true};
	struct change *ch = data;
	_cleanup_close_ int lock = clip_lock();
	int r = lock < 0 ? lock : 0;

	if (!r) {
		/* No time is made up: what a user does next is later than what he did last. */
		m.xevent_timestamp = clip_last_time();
		m.copy_action = ch->text;
		m.sent_size = (uint32_t)ch->n;
		m.buffer_size = GUI_MAX_CLIPBOARD;
		r = ch->text ? clip_store(ch->text, ch->n, &m) : clip_wipe(&m);
	}
	g_task_return_int(task, r);
}

static void applied(GObject *source, GAsyncResult *result, gpointer data)
{
	g_autoptr(GApplication) app = data;
	struct change *ch = g_task_get_task_data(G_TASK(result));
	int r = (int)g_task_propagate_int(G_TASK(result), NULL);
	g_autofree char *text = NULL;

	if (r)
		text = g_strdup_printf("The clipboard could not be changed: %s", g_strerror(-r));
	else if (ch->text)
		text = g_strdup_printf(
			"%zu bytes copied from dom0. Ctrl+Shift+V pastes into a qube.", ch->n);
	else
		text = g_strdup("The clipboard is empty.");
	notice_show(app, "clipboard", ICON_CLIPBOARD, ICON_NEUTRAL, "Clipboard", text);
}

static void change(struct clipboard *c, const char *text)
{
	g_autoptr(GTask) task = g_task_new(NULL, NULL, applied, g_object_ref(c->app));
	struct change *ch = g_new0(struct change, 1);

	ch->text = g_strdup(text);
	ch->n = text ? strlen(text) : 0;
	g_task_set_task_data(task, ch, change_free);
	g_task_run_in_thread(task, apply);
}

static void wipe_chosen(GtkMenuItem *item, gpointer data)
{
	change(data, NULL);
}

static void dom0_text(GtkClipboard *clipboard, const char *text, gpointer data)
{
	struct clipboard *c = data;
	const char *why = !text || !*text		     ? "dom0's clipboard has no text."
			  : strlen(text) > GUI_MAX_CLIPBOARD ? "dom0's clipboard holds too much."
							     : NULL;

	if (why)
		notice_show(c->app, "clipboard", ICON_CLIPBOARD, ICON_NEUTRAL, "Clipboard", why);
	else
		change(c, text);
}

static void copy_chosen(GtkMenuItem *item, gpointer data)
{
	gtk_clipboard_request_text(gtk_clipboard_get(GDK_SELECTION_CLIPBOARD), dom0_text, data);
}

static uint32_t color_of(const struct clipboard *c, const char *name)
{
	const struct qube *q = qubes_find(c->qubes, name);

	return q ? q->color : ICON_NEUTRAL;
}

static void tell(struct clipboard *c, const struct clip_metadata *m)
{
	char text[256];
	bool failure;

	/* What dom0 does here has told of itself. */
	if (strcmp(m->vmname, "dom0") == 0 || !clipboard_describe(m, text, sizeof(text), &failure))
		return;
	notice_show(c->app, "clipboard", failure ? "dialog-warning-symbolic" : ICON_CLIPBOARD,
		    color_of(c, m->vmname), failure ? "Clipboard: failed" : "Clipboard", text);
}

void clipboard_refresh(struct clipboard *c)
{
	char source[CLIP_NAME_MAX + 1];
	g_autofree char *text = NULL;
	bool full = clip_source(source) == 0 && source[0];

	text = full ? g_strdup_printf("The clipboard holds data from %s", source)
		    : g_strdup("The clipboard between qubes is empty");
	tray_set_icon(c->tray, ICON_CLIPBOARD, full ? color_of(c, source) : ICON_NEUTRAL, text);
	gtk_menu_item_set_label(GTK_MENU_ITEM(c->contents), text);
	gtk_widget_set_sensitive(c->wipe, full);
}

static gboolean look(gpointer data)
{
	struct clipboard *c = data;
	struct clip_metadata m;

	c->pending = 0;
	clipboard_refresh(c);
	if (clip_last(&m) == 0 && m.xevent_timestamp != c->told) {
		c->told = m.xevent_timestamp;
		tell(c, &m);
	}
	return G_SOURCE_REMOVE;
}

static void file_changed(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
			 gpointer data)
{
	struct clipboard *c = data;
	g_autofree char *name = g_file_get_basename(file);

	if (g_str_has_prefix(name, "qubes-clipboard.bin.") && !c->pending)
		c->pending = g_timeout_add(SETTLE_MS, look, c);
}

static GtkWidget *build_menu(struct clipboard *c)
{
	GtkWidget *menu = gtk_menu_new(), *copy;

	c->contents = gtk_menu_item_new_with_label("");
	c->wipe = gtk_menu_item_new_with_mnemonic("_Empty it");
	copy = gtk_menu_item_new_with_mnemonic("_Copy the clipboard of dom0 into it");
	gtk_widget_set_sensitive(c->contents, FALSE);
	g_signal_connect(c->wipe, "activate", G_CALLBACK(wipe_chosen), c);
	g_signal_connect(copy, "activate", G_CALLBACK(copy_chosen), c);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), c->contents);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), gtk_separator_menu_item_new());
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), c->wipe);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), copy);
	return menu;
}

struct clipboard *clipboard_new(GApplication *app, const struct qubes *qubes)
{
	struct clipboard *c = g_new0(struct clipboard, 1);
	char dir[QUBES_PATH_MAX];
	struct clip_metadata m;

	c->app = app;
	c->qubes = qubes;
	c->tray = tray_new("qubes-clipboard", "Clipboard between qubes", build_menu(c));
	if (clip_last(&m) == 0)
		c->told = m.xevent_timestamp;
	if (qubes_path(dir, sizeof(dir), "/run/qubes")) {
		g_autoptr(GFile) file = g_file_new_for_path(dir);

		c->monitor = g_file_monitor_directory(file, 0, NULL, NULL);
	}
	if (c->monitor)
		g_signal_connect(c->monitor, "changed", G_CALLBACK(file_changed), c);
	clipboard_refresh(c);
	return c;
}

void clipboard_free(struct clipboard *c)
{
	if (c->pending)
		g_source_remove(c->pending);
	g_clear_object(&c->monitor);
	tray_free(c->tray);
	g_free(c);
}
