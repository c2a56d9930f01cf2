/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices to the user (notice.h). The peer is the session's notification service, which may
 * not be there. Names in the text were checked by the decoder; bodies are markup for some
 * services, so they are escaped.
 */
#include "policy/agent/notice.h"

static char *escape(struct pol_str s)
{
	return g_markup_escape_text(s.p ? s.p : "", (gssize)s.n);
}

void notice_show(GApplication *app, const struct agent_params *params)
{
	static const char *const verbs[] = {"Allowed", "Denied", "Failed"};
	static const char *const icons[] = {NULL, "dialog-error", "dialog-warning"};
	const char *verb = verbs[params->resolution], *icon_name = icons[params->resolution];
	g_autofree char *title = g_strdup_printf("%s: %.*s", verb, POL_ARG(params->service));
	g_autofree char *service = escape(params->service), *argument = escape(params->argument);
	g_autofree char *source = escape(params->source), *target = escape(params->target);
	g_autofree char *body =
		g_strdup_printf("%s <b>%s%s%.200s</b> from <b>%s</b> to <b>%s</b>", verb, service,
				params->argument.n ? "+" : "", argument, source,
				params->target.n ? target : "@default");
	g_autofree char *id = g_strdup_printf("%s %s %s", verb, source, service);
	g_autoptr(GNotification) notice = NULL;

	if (!g_application_get_dbus_connection(app)) {
		g_message("%s from %.*s to %.*s", title, POL_ARG(params->source),
			  POL_ARG(params->target));
		return;
	}
	notice = g_notification_new(title);
	g_notification_set_body(notice, body);
	if (icon_name) {
		g_autoptr(GIcon) icon = g_themed_icon_new(icon_name);

		g_notification_set_icon(notice, icon);
	}
	/* A qube that is refused over and over replaces its own notice. */
	g_application_send_notification(app, id, notice);
}
