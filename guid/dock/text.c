/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An icon's title and id (dock.h), from the properties of its window. qubes-guid's are sanitised,
 * and are here once more, with those of others: panels are made for programs that mean well.
 */
#include <stdio.h>
#include <string.h>

#include "guid/dock/dock.h"
#include "guid/proto/gui-sanitize.h"
#include "qrexec/base/cleanup.h"

void text_read(struct dock *d, xcb_window_t window, xcb_atom_t name, char ret[DOCK_PART_MAX])
{
	_cleanup_free_ xcb_get_property_reply_t *r = xcb_get_property_reply(
		d->x,
		xcb_get_property(d->x, 0, window, name, XCB_GET_PROPERTY_TYPE_ANY, 0,
				 (DOCK_PART_MAX - 1) / 4),
		NULL);
	int n = r && r->format == 8 ? xcb_get_property_value_length(r) : 0;

	ret[0] = '\0';
	if (n > 0)
		memcpy(ret, xcb_get_property_value(r), (size_t)n);
	ret[n > 0 ? n : 0] = '\0';
	gui_sanitize_text(ret, true);
	/* Some panels take texts for markup, which can name files. */
	for (char *p = ret; (p = strpbrk(p, "<>&")); p++)
		*p = *p == '<' ? '(' : *p == '>' ? ')' : '+';
}

bool icon_read_texts(struct icon *i)
{
	struct dock *d = i->dock;
	char title[DOCK_PART_MAX], class[DOCK_PART_MAX];
	char whole[DOCK_TITLE_MAX], id[DOCK_TITLE_MAX];

	text_read(d, i->window, d->atom.net_name, title);
	if (!*title)
		text_read(d, i->window, XCB_ATOM_WM_NAME, title);
	text_read(d, i->window, XCB_ATOM_WM_CLASS, class);
	/* No frame of a color is around what panels show of it: the name is. */
	if (*i->qube)
		snprintf(whole, sizeof(whole), "[%.60s] %s", i->qube, title);
	else
		snprintf(whole, sizeof(whole), "%s", title);
	if (*i->qube && !*class)
		snprintf(id, sizeof(id), "%s:icon", i->qube);
	else
		snprintf(id, sizeof(id), "%s", *class ? class : PROGRAM);
	if (strcmp(whole, i->title) == 0 && strcmp(id, i->id) == 0)
		return false;
	memcpy(i->title, whole, sizeof(i->title));
	memcpy(i->id, id, sizeof(i->id));
	return true;
}
