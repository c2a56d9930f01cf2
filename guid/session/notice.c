/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notices (notice.h). The peer is the session's notification service, if there is one. */
#include "guid/session/notice.h"

#include "guid/session/icons.h"

void notice_show(GApplication *app, const char *id, const char *icon, uint32_t color,
		 const char *title, const char *text)
{
	g_autoptr(GNotification) n = NULL;
	g_autofree char *body = g_markup_escape_text(text, -1);
	const char *path;

	if (!g_application_get_dbus_connection(app)) {
		g_message("%s: %s", title, text);
		return;
	}
	n = g_notification_new(title);
	g_notification_set_body(n, body);
	path = icon_path(icon, color);
	if (path) {
		g_autoptr(GFile) file = g_file_new_for_path(path);
		g_autoptr(GIcon) picture = g_file_icon_new(file);

		g_notification_set_icon(n, picture);
	}
	g_application_send_notification(app, id, n);
}
