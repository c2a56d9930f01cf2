/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From X properties to the fields of GUI messages. Pure. The properties come from the
 * qube's X clients: any length, any contents.
 */
#ifndef QUBES_GUID_AGENT_HINTS_H
#define QUBES_GUID_AGENT_HINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guid/proto/gui-proto.h"

/* WM_NORMAL_HINTS: n values of 32 bits. Missing ones clear their flags. */
void hints_size(const uint32_t *v, size_t n, struct gui_hints *ret);

/* WM_HINTS: true when the window says that it does not take the keyboard. */
bool hints_no_input(const uint32_t *v, size_t n);

/* A title; one that is too long is cut at a character and ends in an ellipsis. */
void hints_title(const char *text, size_t n, struct gui_wmname *ret);

/* A title in ISO 8859-1 (WM_NAME of type STRING), into UTF-8. */
void hints_title_latin1(const char *text, size_t n, struct gui_wmname *ret);

/* WM_CLASS: "name" NUL "class" NUL. */
void hints_class(const char *text, size_t n, struct gui_wmclass *ret);

/* The state a _NET_WM_STATE request (action 0 remove, 1 add, 2 toggle) asks for. */
struct gui_flags hints_state_request(uint32_t action, uint32_t flags, uint32_t now);

#endif
