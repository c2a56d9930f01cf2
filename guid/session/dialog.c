/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dialogs (dialog.h). The text was written by a GUI daemon, which may quote numbers of the qube's.
 */
#include "guid/session/dialog.h"

#include "dom0/desktop/announce.h"
#include "dom0/desktop/color.h"
#include "guid/session/icons.h"

#define TEXT_WIDTH 56 /* characters */
/* Longer texts scroll: buttons and the bar of the color are on the screen whatever is said. */
#define TEXT_HEIGHT 320 /* GTK's pixels */

struct dialog {
	dialog_answer answer;
	void *ctx;
};

static GtkWidget *text_new(const char *text)
{
	GtkWidget *label = gtk_label_new(text);

	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
	gtk_label_set_max_width_chars(GTK_LABEL(label), TEXT_WIDTH);
	return label;
}

static GtkWidget *scrolled_new(GtkWidget *text)
{
	GtkWidget *w = gtk_scrolled_window_new(NULL, NULL);
	GtkScrolledWindow *scrolled = GTK_SCROLLED_WINDOW(w);

	gtk_scrolled_window_set_policy(scrolled, GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
	gtk_scrolled_window_set_propagate_natural_width(scrolled, TRUE);
	gtk_scrolled_window_set_propagate_natural_height(scrolled, TRUE);
	gtk_scrolled_window_set_max_content_height(scrolled, TEXT_HEIGHT);
	gtk_container_add(GTK_CONTAINER(w), text);
	return w;
}

static void responded(GtkDialog *window, int response, gpointer data)
{
	struct dialog *d = data;

	if (d->answer)
		d->answer(d->ctx, response == GTK_RESPONSE_ACCEPT);
	gtk_widget_destroy(GTK_WIDGET(window));
}

static GtkWidget *header_new(const struct session_request *rq)
{
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10), *name = gtk_label_new(NULL);
	g_autofree char *markup = g_markup_printf_escaped("<b>%s</b>", rq->qube);

	gtk_label_set_markup(GTK_LABEL(name), markup);
	gtk_box_pack_start(GTK_BOX(box), icon_image_new(ICON_QUBE, rq->color, 24), FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(box), name, FALSE, FALSE, 0);
	return box;
}

static GtkWidget *window_new(const struct session_request *rq)
{
	GtkWidget *w = gtk_dialog_new();
	g_autofree char *title = g_strdup_printf("[dom0] %s", rq->qube);

	gtk_window_set_title(GTK_WINDOW(w), title);
	gtk_window_set_icon_name(GTK_WINDOW(w), "dialog-warning");
	gtk_window_set_position(GTK_WINDOW(w), GTK_WIN_POS_CENTER_ALWAYS);
	gtk_window_set_keep_above(GTK_WINDOW(w), TRUE);
	gtk_window_set_resizable(GTK_WINDOW(w), FALSE);
	gtk_window_stick(GTK_WINDOW(w));
	if (rq->kind == SESSION_ASK) {
		gtk_dialog_add_button(GTK_DIALOG(w), "_Terminate the qube", GTK_RESPONSE_ACCEPT);
		gtk_dialog_add_button(GTK_DIALOG(w), "_Ignore", GTK_RESPONSE_REJECT);
	} else {
		gtk_dialog_add_button(GTK_DIALOG(w), "_Close", GTK_RESPONSE_CLOSE);
	}
	return w;
}

GtkWidget *dialog_show(const struct session_request *rq, dialog_answer answer, void *ctx)
{
	GtkWidget *w = window_new(rq), *area = gtk_dialog_get_content_area(GTK_DIALOG(w));
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12), *text = text_new(rq->text);
	struct dialog *d = g_new0(struct dialog, 1);

	d->answer = answer;
	d->ctx = ctx;
	gtk_container_set_border_width(GTK_CONTAINER(box), 16);
	gtk_box_pack_start(GTK_BOX(box), header_new(rq), FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(box), scrolled_new(text), TRUE, TRUE, 0);
	gtk_box_pack_start(GTK_BOX(area), desktop_bar_new(rq->color), FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(area), box, TRUE, TRUE, 0);
	g_object_set_data_full(G_OBJECT(w), "dialog", d, g_free);
	g_signal_connect(w, "response", G_CALLBACK(responded), d);
	/* The focus is on the text: no button takes a stray Return or space. */
	gtk_label_set_selectable(GTK_LABEL(text), TRUE);
	desktop_announce_prompt(w);
	gtk_widget_show_all(w);
	gtk_widget_grab_focus(text);
	gtk_label_select_region(GTK_LABEL(text), 0, 0);
	gtk_window_present(GTK_WINDOW(w));
	return w;
}

void dialog_failure(const char *what, const char *why)
{
	GtkWidget *w =
		gtk_message_dialog_new(NULL, 0, GTK_MESSAGE_ERROR, GTK_BUTTONS_CLOSE, "%s", what);

	gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(w), "%s", why);
	gtk_window_set_title(GTK_WINDOW(w), "[dom0] Qubes");
	g_signal_connect(w, "response", G_CALLBACK(gtk_widget_destroy), NULL);
	desktop_announce_prompt(w);
	gtk_widget_show_all(w);
}
