/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From X properties to the fields of GUI messages (hints.h). Pure. */
#include "guid/agent/hints.h"

#include <string.h>

#define ICCCM_HINT_INPUT 1u
#define ELLIPSIS "\xe2\x80\xa6"

void hints_size(const uint32_t *v, size_t n, struct gui_hints *ret)
{
	struct gui_hints h = {0};

	if (n >= 1)
		h.flags = v[0] & (GUI_HINT_US_POSITION | GUI_HINT_P_POSITION);
	if (n >= 7 && v[0] & GUI_HINT_MIN_SIZE) {
		h.flags |= GUI_HINT_MIN_SIZE;
		h.min_width = v[5];
		h.min_height = v[6];
	}
	if (n >= 9 && v[0] & GUI_HINT_MAX_SIZE) {
		h.flags |= GUI_HINT_MAX_SIZE;
		h.max_width = v[7];
		h.max_height = v[8];
	}
	if (n >= 11 && v[0] & GUI_HINT_RESIZE_INC) {
		h.flags |= GUI_HINT_RESIZE_INC;
		h.width_inc = v[9];
		h.height_inc = v[10];
	}
	if (n >= 17 && v[0] & GUI_HINT_BASE_SIZE) {
		h.flags |= GUI_HINT_BASE_SIZE;
		h.base_width = v[15];
		h.base_height = v[16];
	}
	*ret = h;
}

bool hints_no_input(const uint32_t *v, size_t n)
{
	return n >= 2 && v[0] & ICCCM_HINT_INPUT && !v[1];
}

/* True for bytes that continue a UTF-8 character. */
static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

void hints_title(const char *text, size_t n, struct gui_wmname *ret)
{
	const size_t room = sizeof(ret->text) - 1;

	memset(ret, 0, sizeof(*ret));
	n = strnlen(text, n);
	if (n <= room) {
		memcpy(ret->text, text, n);
		return;
	}
	n = room - strlen(ELLIPSIS);
	while (n && continues(text[n]))
		n--;
	memcpy(ret->text, text, n);
	memcpy(ret->text + n, ELLIPSIS, strlen(ELLIPSIS));
}

void hints_title_latin1(const char *text, size_t n, struct gui_wmname *ret)
{
	char utf8[2 * GUI_WMNAME_SIZE];
	size_t len = 0;

	for (size_t i = 0; i < n && text[i] && len + 2 <= sizeof(utf8); i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80)
			utf8[len++] = (char)(0xc0 | c >> 6);
		utf8[len++] = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
	}
	hints_title(utf8, len, ret);
}

void hints_class(const char *text, size_t n, struct gui_wmclass *ret)
{
	size_t name = strnlen(text, n), class;

	memset(ret, 0, sizeof(*ret));
	memcpy(ret->res_name, text,
	       name < sizeof(ret->res_name) ? name : sizeof(ret->res_name) - 1);
	if (name >= n)
		return;
	text += name + 1;
	class = strnlen(text, n - name - 1);
	memcpy(ret->res_class, text,
	       class < sizeof(ret->res_class) ? class : sizeof(ret->res_class) - 1);
}

struct gui_flags hints_state_request(uint32_t action, uint32_t flags, uint32_t now)
{
	if (action == 0)
		return (struct gui_flags){.unset = flags};
	if (action == 1)
		return (struct gui_flags){.set = flags};
	return (struct gui_flags){.set = flags & ~now, .unset = flags & now};
}
