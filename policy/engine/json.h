/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small strict JSON reader and writer, for qubesd's system info, the policy agent's
 * requests and the evaluator's results. Pure. Depth is limited to POL_JSON_DEPTH.
 *
 * The reader walks a text that stays in place. Values are taken in order:
 *
 *	pol_json_object(&j);
 *	while (pol_json_key(&j, &arena, &key))
 *		… take or skip exactly one value …
 *	if (!pol_json_end(&j)) … malformed …
 */
#ifndef QUBES_POLICY_JSON_H
#define QUBES_POLICY_JSON_H

#include "policy/engine/text.h"

#define POL_JSON_DEPTH 32

enum pol_json_type {
	POL_JSON_BAD,
	POL_JSON_NULL,
	POL_JSON_BOOL,
	POL_JSON_NUMBER,
	POL_JSON_STRING,
	POL_JSON_ARRAY,
	POL_JSON_OBJECT,
};

struct pol_json {
	struct pol_str rest;
	bool failed;
	unsigned depth;
	bool first[POL_JSON_DEPTH]; /* no element of this level taken yet */
};

struct pol_json pol_json_init(struct pol_str text);

/* The type of the next value, which is not taken. */
enum pol_json_type pol_json_peek(struct pol_json *j);

/* Enters an object or array; the reader fails when the next value is something else. */
void pol_json_object(struct pol_json *j);
void pol_json_array(struct pol_json *j);

/* The next key of the object / whether the array has another value. At the end they
 * leave the object or array and return false, as they do after a failure. */
bool pol_json_key(struct pol_json *j, struct pol_arena *a, struct pol_str *ret_key);
bool pol_json_next(struct pol_json *j);

/* The next value. A string is decoded into the arena, or stays in the text when it has no
 * escapes. null gives p == NULL; any other type fails. */
struct pol_str pol_json_string(struct pol_json *j, struct pol_arena *a);
bool pol_json_bool(struct pol_json *j);

/* Python's idea of truth of the next value, whatever it is. */
bool pol_json_truth(struct pol_json *j, struct pol_arena *a);
void pol_json_skip(struct pol_json *j);

/* True when the whole text was taken and all of it was well-formed. */
bool pol_json_end(struct pol_json *j);

/* Appends s as a JSON string in ASCII; p == NULL appends null. */
void pol_json_put(struct pol_buf *b, struct pol_str s);

#endif
