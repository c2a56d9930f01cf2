/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colored icons (icons.h). No peer. */
#include "guid/session/icons.h"

#include "dom0/desktop/color.h"

#define FILE_SIZE 48

static GdkRGBA rgba(uint32_t color)
{
	return (GdkRGBA){(color >> 16 & 0xff) / 255.0, (color >> 8 & 0xff) / 255.0,
			 (color & 0xff) / 255.0, 1};
}

/* A theme without the icon: a square of the color still tells whose it is. */
static GdkPixbuf *square(uint32_t color, int size)
{
	GdkPixbuf *p = gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, size, size);

	gdk_pixbuf_fill(p, color << 8 | 0xff);
	return p;
}

GdkPixbuf *icon_new(const char *name, uint32_t color, int size)
{
	g_autoptr(GtkIconInfo) info = gtk_icon_theme_lookup_icon(gtk_icon_theme_get_default(), name,
								 size, GTK_ICON_LOOKUP_FORCE_SIZE);
	GdkRGBA c = rgba(color);
	GdkPixbuf *p =
		info ? gtk_icon_info_load_symbolic(info, &c, NULL, NULL, NULL, NULL, NULL) : NULL;

	return p ? p : square(color, size);
}

GtkWidget *icon_image_new(const char *name, uint32_t color, int size)
{
	GtkWidget *image = gtk_image_new();
	int scale = gtk_widget_get_scale_factor(image);
	g_autoptr(GdkPixbuf) p = icon_new(name, color, desktop_length(size) * scale);
	cairo_surface_t *surface = gdk_cairo_surface_create_from_pixbuf(p, scale, NULL);

	gtk_image_set_from_surface(GTK_IMAGE(image), surface);
	cairo_surface_destroy(surface);
	return image;
}

const char *icon_path(const char *name, uint32_t color)
{
	static GHashTable *made;
	g_autofree char *file = g_strdup_printf("%s-%06x.png", name, color & 0xffffff);
	g_autofree char *dir = g_build_filename(g_get_user_runtime_dir(), "qubes-icons", NULL);
	g_autoptr(GdkPixbuf) p = NULL;
	g_autofree char *path = g_build_filename(dir, file, NULL);
	const char *known;

	if (!made)
		made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	known = g_hash_table_lookup(made, path);
	if (known)
		return known;
	p = icon_new(name, color, FILE_SIZE);
	if (g_mkdir_with_parents(dir, 0700) < 0 || !gdk_pixbuf_save(p, path, "png", NULL, NULL))
		return NULL;
	g_hash_table_add(made, path);
	return g_steal_pointer(&path);
}
