/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Above what a qube's windows may be (guid.h; specs/gui.md section 9). Screen lockers and dom0's
 * prompts stay above the windows that no window manager stacks: menus, and all where there is
 * none. Which windows these are is told by X, which is trusted: programs of dom0 announce a
 * prompt by _QUBES_PROMPT on its window, whose id is in _QUBES_PROMPTS of the root window. No
 * qube can set either.
 */
#include <stdlib.h>
#include <string.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"

#define MAX_CLASS 128 /* bytes of WM_CLASS that are looked at */
/* Some window managers put menus back on top. After so many times it is unmapped instead. */
#define MAX_SINKS 3

/* Whose place in the stack is ours to choose. */
static bool stacked_by_us(const struct guid *g, const struct gwin *w)
{
	return w->mapped && !w->dock && (w->override_redirect || !g->managed);
}

/* True for a screen locker's class: VM windows can't have it, theirs has a prefix. */
static bool is_locker(struct guid *g, const char *res_name)
{
	for (int i = 0; g->o->screensavers[i]; i++)
		if (!strcmp(g->o->screensavers[i], res_name))
			return true;
	return false;
}

static bool is_prompt(const struct guid *g, xcb_window_t id)
{
	for (unsigned i = 0; i < g->n_prompts; i++)
		if (g->prompts[i].top == id)
			return true;
	return false;
}

struct question {
	xcb_window_t id;
	xcb_get_window_attributes_cookie_t attributes;
	xcb_get_property_cookie_t class;
};

static bool keeps_on_top(struct guid *g, const struct question *q)
{
	_cleanup_free_ xcb_get_window_attributes_reply_t *a =
		xcb_get_window_attributes_reply(g->x.c, q->attributes, NULL);
	_cleanup_free_ xcb_get_property_reply_t *c = xcb_get_property_reply(g->x.c, q->class, NULL);
	char name[MAX_CLASS + 1] = {0};
	int n;

	if (!a || !c || a->map_state != XCB_MAP_STATE_VIEWABLE)
		return false;
	if (is_prompt(g, q->id))
		return true;
	if (!a->override_redirect)
		return false;
	n = xcb_get_property_value_length(c);
	memcpy(name, xcb_get_property_value(c), (size_t)(n > MAX_CLASS ? MAX_CLASS : n));
	return is_locker(g, name);
}

/* The lowest of the n root's children, which are not ours, that keeps on top; or 0. */
static xcb_window_t lowest_on_top(struct guid *g, const xcb_window_t *kids, int n)
{
	_cleanup_free_ struct question *q = calloc((size_t)n + 1, sizeof(*q));
	xcb_window_t found = 0;
	int k = 0;

	for (int i = 0; q && i < n; i++) {
		if (window_by_local(g, kids[i]))
			continue;
		q[k].id = kids[i];
		q[k].attributes = xcb_get_window_attributes(g->x.c, kids[i]);
		q[k++].class = xcb_get_property(g->x.c, 0, kids[i], XCB_ATOM_WM_CLASS,
						XCB_ATOM_STRING, 0, MAX_CLASS / 4);
	}
	for (int i = 0; i < k; i++) {
		bool top = keeps_on_top(g, &q[i]);

		if (top && !found)
			found = q[i].id;
	}
	return found;
}

static void put_below(struct guid *g, struct gwin *w, xcb_window_t sibling)
{
	uint32_t below[2] = {sibling, XCB_STACK_MODE_BELOW};

	xcb_configure_window(g->x.c, w->top,
			     XCB_CONFIG_WINDOW_SIBLING | XCB_CONFIG_WINDOW_STACK_MODE, below);
}

void stack_raise(struct guid *g, struct gwin *w)
{
	_cleanup_free_ xcb_query_tree_reply_t *tree =
		xcb_query_tree_reply(g->x.c, xcb_query_tree(g->x.c, g->x.root), NULL);
	xcb_window_t on_top = tree ? lowest_on_top(g, xcb_query_tree_children(tree),
						   xcb_query_tree_children_length(tree))
				   : 0;
	uint32_t above = XCB_STACK_MODE_ABOVE;

	if (on_top)
		put_below(g, w, on_top);
	else
		xcb_configure_window(g->x.c, w->top, XCB_CONFIG_WINDOW_STACK_MODE, &above);
}

static void put_down(struct guid *g, struct gwin *w, xcb_window_t sibling)
{
	if (w->hidden)
		return;
	w->hidden = w->sunk++ == MAX_SINKS;
	log_debug("window 0x%x %s a window of dom0", w->remote,
		  w->hidden ? "is hidden until there is no longer" : "goes below");
	if (w->hidden)
		xcb_unmap_window(g->x.c, w->top);
	else
		put_below(g, w, sibling);
}

/* There is nothing any more that w must be below. */
static void let_up(struct guid *g, struct gwin *w)
{
	bool was_hidden = w->hidden;

	w->hidden = false;
	w->sunk = 0;
	if (was_hidden && w->mapped)
		window_map(g, w);
}

/* What is above the lowest that keeps on top goes below it, in its order. */
static void sink(struct guid *g)
{
	_cleanup_free_ xcb_query_tree_reply_t *tree =
		xcb_query_tree_reply(g->x.c, xcb_query_tree(g->x.c, g->x.root), NULL);
	const xcb_window_t *kids = tree ? xcb_query_tree_children(tree) : NULL;
	int n = tree ? xcb_query_tree_children_length(tree) : 0, i = 0;
	xcb_window_t on_top = lowest_on_top(g, kids, n);

	while (i < n && kids[i] != on_top)
		i++;
	for (; on_top && i < n; i++) {
		struct gwin *w = window_by_local(g, kids[i]);

		if (w && w->top == kids[i] && stacked_by_us(g, w))
			put_down(g, w, on_top);
	}
}

static void watch(struct guid *g, xcb_window_t id)
{
	uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY;

	xcb_change_window_attributes(g->x.c, id, XCB_CW_EVENT_MASK, &mask);
}

/* Whether somebody stacks the windows that are not override-redirect. */
static bool has_manager(struct guid *g)
{
	_cleanup_free_ xcb_get_window_attributes_reply_t *a = xcb_get_window_attributes_reply(
		g->x.c, xcb_get_window_attributes(g->x.c, g->x.root), NULL);

	return !a || (a->all_event_masks & XCB_EVENT_MASK_SUBSTRUCTURE_REDIRECT);
}

/* Ids are used again: the window has to say itself that it is one. */
static bool says_prompt(struct guid *g, xcb_window_t id)
{
	uint32_t one;

	return id && id != g->x.root && !window_by_local(g, id) &&
	       x_get_u32s(&g->x, id, g->x.atoms[X__QUBES_PROMPT], XCB_ATOM_CARDINAL, &one, 1) == 1;
}

void stack_read_prompts(struct guid *g)
{
	uint32_t ids[GUID_PROMPTS_MAX];
	int n = x_get_u32s(&g->x, g->x.root, g->x.atoms[X__QUBES_PROMPTS], XCB_ATOM_WINDOW, ids,
			   GUID_PROMPTS_MAX);

	g->n_prompts = 0;
	for (int i = 0; i < n; i++) {
		struct guid_prompt *p = &g->prompts[g->n_prompts];

		if (!says_prompt(g, ids[i]))
			continue;
		/* First: what happens to them from now on is told. */
		watch(g, ids[i]);
		p->win = ids[i];
		p->top = place_outermost(g, ids[i]);
		if (p->top && p->top != p->win)
			watch(g, p->top);
		g->n_prompts += p->top != XCB_NONE;
	}
	for (struct gwin *w = g->windows; w && !g->n_prompts; w = w->next)
		let_up(g, w);
	if (!g->n_prompts)
		return;
	g->managed = has_manager(g);
	sink(g);
}

void stack_event(struct guid *g, xcb_window_t id, uint8_t type)
{
	unsigned i = 0;

	while (i < g->n_prompts && g->prompts[i].win != id && g->prompts[i].top != id)
		i++;
	if (i == g->n_prompts)
		return;
	if (type == XCB_CONFIGURE_NOTIFY)
		sink(g);
	else
		stack_read_prompts(g);
}

void stack_settle(struct guid *g)
{
	if (g->restacked && g->n_prompts)
		sink(g);
	g->restacked = false;
}

void stack_mapping(struct guid *g, struct gwin *w)
{
	w->hidden = false;
	w->sunk = 0;
	/* First: it must not be seen above these for a moment. */
	if (w->override_redirect)
		stack_raise(g, w);
	else if (g->n_prompts && stacked_by_us(g, w))
		sink(g);
}
