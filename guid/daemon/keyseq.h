/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key sequences of the configuration: "Ctrl-Shift-c" (specs/gui.md section 13). Pure. */
#ifndef QUBES_GUID_KEYSEQ_H
#define QUBES_GUID_KEYSEQ_H

#include <stdint.h>

/* X11's modifier bits, and those that count in a sequence: not the locks. */
#define KEYSEQ_SHIFT (1u << 0)
#define KEYSEQ_CONTROL (1u << 2)
#define KEYSEQ_MOD1 (1u << 3)
#define KEYSEQ_MOD2 (1u << 4)
#define KEYSEQ_MOD3 (1u << 5)
#define KEYSEQ_MOD4 (1u << 6)
#define KEYSEQ_MASK (KEYSEQ_SHIFT | KEYSEQ_CONTROL | KEYSEQ_MOD1 | KEYSEQ_MOD3 | KEYSEQ_MOD4)

struct keyseq {
	uint32_t keysym; /* X11's number, 0: disabled */
	uint32_t modifiers;
};

/*
 * Modifiers Shift- Ctrl- Alt- Mod1- ... Mod4- in any case, then the name of a keysym, as
 * X11 spells it; "none" and "disable" disable. 0, or -EINVAL.
 */
int keyseq_parse(const char *text, struct keyseq *ret);

/* The keysym's number, 0 for names that are not known. */
uint32_t keyseq_keysym(const char *name);

#endif
