/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The question to the user (prompt.h). The names on it were checked by the decoder; they
 * are set as text, never as markup.
 */
#include "policy/agent/prompt.h"

#include <gtk/gtk.h>

#include "dom0/desktop/announce.h"
#include "dom0/desktop/color.h"
#include "policy/agent/swatch.h"
#include "policy/agent/targets.h"

struct prompt {
	const struct agent_params *params;
	prompt_done done;
	void *ctx;
	GtkWidget *window, *ok, *search;
	struct targets *targets; /* owned */
	guint delay;		 /* timer */
	bool settled;		 /* had the focus long enough */
};

static void update_ok(gpointer data)
{
	struct prompt *p = data;
	g_autofree char *target = targets_chosen(p->targets);

	gtk_widget_set_sensitive(p->ok, p->settled && target);
}

static gboolean settle(gpointer data)
{
	struct prompt *p = data;

	p->delay = 0;
	p->settled = true;
	update_ok(p);
	return G_SOURCE_REMOVE;
}

static void focus_changed(GtkWindow *window, GParamSpec *spec, gpointer data)
{
	struct prompt *p = data;

	if (p->delay)
		g_source_remove(p->delay);
	p->delay = 0;
	p->settled = false;
	if (gtk_window_is_active(window))
		p->delay = g_timeout_add(PROMPT_DELAY_MS, settle, p);
	update_ok(p);
}

void prompt_close(struct prompt *p)
{
	if (!p)
		return;
	if (p->delay)
		g_source_remove(p->delay);
	g_signal_handlers_disconnect_by_data(p->window, p);
	targets_mute(p->targets);
	gtk_widget_destroy(p->window);
	targets_free(p->targets);
	g_free(p);
}

static void finish(struct prompt *p, const char *target)
{
	p->done(p->ctx, target);
	prompt_close(p);
}

static void confirm(gpointer data)
{
	struct prompt *p = data;
	g_autofree char *target = targets_chosen(p->targets);

	if (p->settled && target)
		finish(p, target);
}

static void ok_clicked(GtkButton *button, gpointer data)
{
	confirm(data);
}

static void refuse_clicked(GtkButton *button, gpointer data)
{
	finish(data, NULL);
}

static gboolean window_closed(GtkWidget *window, GdkEvent *event, gpointer data)
{
	finish(data, NULL);
	return TRUE;
}

static gboolean key_pressed(GtkWidget *window, GdkEventKey *event, gpointer data)
{
	struct prompt *p = data;
	bool on_button = GTK_IS_BUTTON(gtk_window_get_focus(GTK_WINDOW(window)));

	switch (event->keyval) {
	case GDK_KEY_Escape:
		finish(p, NULL);
		return TRUE;
	case GDK_KEY_Return:
	case GDK_KEY_KP_Enter:
		/* On a button it means that button. */
		if (on_button)
			return FALSE;
		confirm(p);
		return TRUE;
	case GDK_KEY_Down:
	case GDK_KEY_Up:
		targets_move(p->targets, event->keyval == GDK_KEY_Down ? 1 : -1);
		return TRUE;
	default:
		return FALSE;
	}
}

/* Typing filters. */
static void search_changed(GtkEditable *entry, gpointer data)
{
	struct prompt *p = data;

	targets_find(p->targets, gtk_entry_get_text(GTK_ENTRY(p->search)));
	update_ok(p);
}

/* A name in bold after its picture. */
static GtkWidget *build_source(const struct agent_params *params)
{
	g_autofree char *name = g_strndup(params->source.p, params->source.n);
	cairo_surface_t *picture =
		swatch_new(agent_color(agent_look_of(params, params->source)), false);
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6), *label = gtk_label_new(name);
	PangoAttrList *attrs = pango_attr_list_new();

	pango_attr_list_insert(attrs, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
	gtk_label_set_attributes(GTK_LABEL(label), attrs);
	pango_attr_list_unref(attrs);
	gtk_box_pack_start(GTK_BOX(box), gtk_image_new_from_surface(picture), FALSE, FALSE, 0);
	cairo_surface_destroy(picture);
	gtk_box_pack_start(GTK_BOX(box), label, FALSE, FALSE, 0);
	return box;
}

/* The service, the part after its first dot in bold, and its argument. */
static GtkWidget *build_service(const struct agent_params *params)
{
	g_autofree char *text =
		g_strdup_printf("%.*s%s%.*s", POL_ARG(params->service),
				params->argument.n ? "+" : "", POL_ARG(params->argument));
	const char *dot = memchr(params->service.p, '.', params->service.n);
	PangoAttribute *bold = pango_attr_weight_new(PANGO_WEIGHT_BOLD);
	PangoAttrList *attrs = pango_attr_list_new();
	GtkWidget *label = gtk_label_new(text);

	bold->start_index = dot ? (guint)(dot - params->service.p) + 1 : 0;
	bold->end_index = (guint)params->service.n;
	pango_attr_list_insert(attrs, bold);
	gtk_label_set_attributes(GTK_LABEL(label), attrs);
	pango_attr_list_unref(attrs);
	gtk_label_set_xalign(GTK_LABEL(label), 0);
	gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
	gtk_label_set_line_wrap_mode(GTK_LABEL(label), PANGO_WRAP_CHAR);
	gtk_label_set_lines(GTK_LABEL(label), 4);
	gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
	gtk_label_set_max_width_chars(GTK_LABEL(label), 44);
	gtk_widget_set_tooltip_text(label, text);
	return label;
}

static void add_row(GtkGrid *grid, int row, const char *what, GtkWidget *value)
{
	GtkWidget *label = gtk_label_new_with_mnemonic(what);

	gtk_label_set_xalign(GTK_LABEL(label), 1);
	gtk_label_set_yalign(GTK_LABEL(label), 0);
	gtk_style_context_add_class(gtk_widget_get_style_context(label), "dim-label");
	gtk_grid_attach(grid, label, 0, row, 1, 1);
	gtk_grid_attach(grid, value, 1, row, 1, 1);
	gtk_widget_set_hexpand(value, TRUE);
	if (GTK_IS_ENTRY(value))
		gtk_label_set_mnemonic_widget(GTK_LABEL(label), value);
}

static GtkWidget *build_buttons(struct prompt *p)
{
	GtkWidget *box = gtk_button_box_new(GTK_ORIENTATION_HORIZONTAL);
	GtkWidget *refuse = gtk_button_new_with_mnemonic("_Refuse");

	p->ok = gtk_button_new_with_mnemonic("_OK");
	gtk_widget_set_sensitive(p->ok, FALSE);
	gtk_button_box_set_layout(GTK_BUTTON_BOX(box), GTK_BUTTONBOX_END);
	gtk_box_set_spacing(GTK_BOX(box), 8);
	gtk_container_add(GTK_CONTAINER(box), refuse);
	gtk_container_add(GTK_CONTAINER(box), p->ok);
	g_signal_connect(refuse, "clicked", G_CALLBACK(refuse_clicked), p);
	g_signal_connect(p->ok, "clicked", G_CALLBACK(ok_clicked), p);
	return box;
}

static void build(struct prompt *p)
{
	GtkWidget *outer = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *grid = gtk_grid_new();
	uint32_t color = agent_color(agent_look_of(p->params, p->params->source));

	p->targets = targets_new(p->params, update_ok, confirm, p);
	p->search = gtk_search_entry_new();
	gtk_entry_set_placeholder_text(GTK_ENTRY(p->search), "type to find a qube");
	gtk_grid_set_row_spacing(GTK_GRID(grid), 10);
	gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
	gtk_container_set_border_width(GTK_CONTAINER(grid), 16);
	add_row(GTK_GRID(grid), 0, "Qube", build_source(p->params));
	add_row(GTK_GRID(grid), 1, "wants", build_service(p->params));
	add_row(GTK_GRID(grid), 2, "_in", p->search);
	gtk_grid_attach(GTK_GRID(grid), targets_widget(p->targets), 1, 3, 1, 1);
	gtk_grid_attach(GTK_GRID(grid), build_buttons(p), 0, 4, 2, 1);
	gtk_box_pack_start(GTK_BOX(outer), desktop_bar_new(color), FALSE, FALSE, 0);
	gtk_box_pack_start(GTK_BOX(outer), grid, TRUE, TRUE, 0);
	gtk_container_add(GTK_CONTAINER(p->window), outer);
	g_signal_connect(p->search, "changed", G_CALLBACK(search_changed), p);
}

struct prompt *prompt_show(const struct agent_params *params, prompt_done done, void *ctx)
{
	g_autofree char *title = g_strdup_printf("[dom0] %.*s asks", POL_ARG(params->source));
	struct prompt *p = g_new0(struct prompt, 1);

	p->params = params;
	p->done = done;
	p->ctx = ctx;
	p->window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
	gtk_window_set_title(GTK_WINDOW(p->window), title);
	gtk_window_set_type_hint(GTK_WINDOW(p->window), GDK_WINDOW_TYPE_HINT_DIALOG);
	gtk_window_set_position(GTK_WINDOW(p->window), GTK_WIN_POS_CENTER_ALWAYS);
	gtk_window_set_default_size(GTK_WINDOW(p->window), desktop_length(440), -1);
	gtk_window_set_keep_above(GTK_WINDOW(p->window), TRUE);
	gtk_window_stick(GTK_WINDOW(p->window));
	gtk_window_set_icon_name(GTK_WINDOW(p->window), "dialog-question");
	build(p);
	targets_select(p->targets, params->default_target);
	g_signal_connect(p->window, "notify::is-active", G_CALLBACK(focus_changed), p);
	g_signal_connect(p->window, "key-press-event", G_CALLBACK(key_pressed), p);
	g_signal_connect(p->window, "delete-event", G_CALLBACK(window_closed), p);
	desktop_announce_prompt(p->window);
	gtk_widget_show_all(p->window);
	gtk_widget_grab_focus(p->search);
	gtk_window_present(GTK_WINDOW(p->window));
	return p;
}
