/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notices to the user, with the color of the qube they are about. */
#ifndef QUBES_SESSION_NOTICE_H
#define QUBES_SESSION_NOTICE_H

#include <gio/gio.h>
#include <stdint.h>

/*
 * Shows title and text (plain, not markup) with icon in color. A later notice with the same id
 * takes the place of an earlier one. Without a session bus it goes to standard error.
 */
void notice_show(GApplication *app, const char *id, const char *icon, uint32_t color,
		 const char *title, const char *text);

#endif
