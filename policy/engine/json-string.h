/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For json.c: strings as they stand between the quotes. */
#ifndef QUBES_POLICY_JSON_STRING_H
#define QUBES_POLICY_JSON_STRING_H

#include "policy/engine/text.h"

/*
 * Decodes raw, valid UTF-8 without its quotes, into the arena. POL_NONE: an escape is malformed, or
 * out of memory. A lone surrogate is kept as three bytes that no valid name contains.
 */
struct pol_str pol_json_unescape(struct pol_str raw, struct pol_arena *a);

#endif
