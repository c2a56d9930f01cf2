/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Synchronising modifiers (modifiers.h). Pure. */
#include "guid/agent/modifiers.h"

#include <string.h>

#define KEYSYM_SCROLL_LOCK 0xff14u
#define KEYSYM_NUM_LOCK 0xff7fu
#define KEYSYM_CAPS_LOCK 0xffe5u
#define KEYSYM_SHIFT_LOCK 0xffe6u

static bool locks(uint32_t keysym)
{
	return keysym == KEYSYM_SCROLL_LOCK || keysym == KEYSYM_NUM_LOCK ||
	       keysym == KEYSYM_CAPS_LOCK || keysym == KEYSYM_SHIFT_LOCK;
}

void modifiers_init(struct modifier_map *m, const uint8_t *keycodes, unsigned per,
		    uint32_t (*keysym_of)(void *ctx, uint8_t keycode), void *ctx)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < MODIFIERS; i++) {
		unsigned n = 0;

		for (unsigned k = 0; k < per && n < MODIFIER_MAX_KEYS; k++) {
			uint8_t code = keycodes[i * per + k];

			if (!code)
				continue;
			if (!n && locks(keysym_of(ctx, code)))
				m->toggles |= (uint8_t)(1u << i);
			m->keys[i][n++] = code;
		}
	}
}

size_t modifiers_plan(const struct modifier_map *m, uint8_t have, uint8_t want,
		      struct key_action ret[MODIFIER_MAX_ACTIONS])
{
	size_t n = 0;

	for (unsigned i = 0; i < MODIFIERS; i++) {
		uint8_t bit = (uint8_t)(1u << i);

		if (!((have ^ want) & bit) || !m->keys[i][0])
			continue;
		if (m->toggles & bit) {
			ret[n++] = (struct key_action){m->keys[i][0], true};
			ret[n++] = (struct key_action){m->keys[i][0], false};
		} else if (want & bit) {
			ret[n++] = (struct key_action){m->keys[i][0], true};
		} else {
			/* Whichever of them is down; releasing the others does nothing. */
			for (unsigned k = 0; k < MODIFIER_MAX_KEYS && m->keys[i][k]; k++)
				ret[n++] = (struct key_action){m->keys[i][k], false};
		}
	}
	return n;
}
