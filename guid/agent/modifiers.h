/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which keys to press and release so that the qube's modifiers become those of the user's
 * keyboard. Pure.
 */
#ifndef QUBES_GUID_AGENT_MODIFIERS_H
#define QUBES_GUID_AGENT_MODIFIERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODIFIERS 8 /* Shift Lock Control Mod1 .. Mod5: bits of an event's state */
#define MODIFIER_LOCK 1
#define MODIFIER_MAX_KEYS 8 /* per modifier; further ones are left out */

struct modifier_map {
	uint8_t keys[MODIFIERS][MODIFIER_MAX_KEYS]; /* keycodes, 0: none */
	uint8_t toggles; /* bits of modifiers that a press switches (Caps, Num and Scroll Lock) */
};

struct key_action {
	uint8_t keycode;
	bool press;
};

/* At most this many actions. */
#define MODIFIER_MAX_ACTIONS (MODIFIERS * MODIFIER_MAX_KEYS)

/*
 * From GetModifierMapping: per keycodes for each modifier. keysym_of tells the first
 * symbol of a key, to find those that lock.
 */
void modifiers_init(struct modifier_map *m, const uint8_t *keycodes, unsigned per,
		    uint32_t (*keysym_of)(void *ctx, uint8_t keycode), void *ctx);

/* Fills ret with the actions from `have` to `want`; returns how many. */
size_t modifiers_plan(const struct modifier_map *m, uint8_t have, uint8_t want,
		      struct key_action ret[MODIFIER_MAX_ACTIONS]);

#endif
