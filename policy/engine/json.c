/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small JSON reader (json.h). The peers are qubesd and dom0's own programs;
 * still nothing in the text is trusted to be well-formed.
 */
#include "policy/engine/json.h"
#include "policy/engine/json-string.h"

struct pol_json pol_json_init(struct pol_str text)
{
	return (struct pol_json){.rest = text};
}

static void fail(struct pol_json *j)
{
	j->failed = true;
	j->rest.n = 0;
}

static void skip_space(struct pol_json *j)
{
	while (j->rest.n && strchr(" \t\r\n", j->rest.p[0]) && j->rest.p[0])
		j->rest = pol_skip(j->rest, 1);
}

static bool take_char(struct pol_json *j, char c)
{
	skip_space(j);
	if (!j->rest.n || j->rest.p[0] != c)
		return false;
	j->rest = pol_skip(j->rest, 1);
	return true;
}

static bool take_word(struct pol_json *j, struct pol_str word)
{
	if (!pol_starts(j->rest, word))
		return false;
	j->rest = pol_skip(j->rest, word.n);
	return true;
}

enum pol_json_type pol_json_peek(struct pol_json *j)
{
	skip_space(j);
	if (!j->rest.n)
		return POL_JSON_BAD;
	switch (j->rest.p[0]) {
	case '{':
		return POL_JSON_OBJECT;
	case '[':
		return POL_JSON_ARRAY;
	case '"':
		return POL_JSON_STRING;
	case 't':
	case 'f':
		return POL_JSON_BOOL;
	case 'n':
		return POL_JSON_NULL;
	default:
		return strchr("-0123456789", j->rest.p[0]) ? POL_JSON_NUMBER : POL_JSON_BAD;
	}
}

static void enter(struct pol_json *j, char c)
{
	if (!take_char(j, c) || j->depth == POL_JSON_DEPTH) {
		fail(j);
		return;
	}
	j->first[j->depth++] = true;
}

void pol_json_object(struct pol_json *j)
{
	enter(j, '{');
}

void pol_json_array(struct pol_json *j)
{
	enter(j, '[');
}

/* Steps to the next element of the innermost level; false at its end. */
static bool step(struct pol_json *j, char close)
{
	bool *first;

	if (j->failed || !j->depth)
		return false;
	first = &j->first[j->depth - 1];
	if (take_char(j, close)) {
		j->depth--;
		return false;
	}
	if (!*first && !take_char(j, ',')) {
		fail(j);
		return false;
	}
	*first = false;
	return true;
}

bool pol_json_next(struct pol_json *j)
{
	return step(j, ']') && !j->failed;
}

bool pol_json_key(struct pol_json *j, struct pol_arena *a, struct pol_str *ret_key)
{
	struct pol_str key;

	if (!step(j, '}'))
		return false;
	key = pol_json_string(j, a);
	if (!key.p || !take_char(j, ':')) {
		fail(j);
		return false;
	}
	*ret_key = key;
	return true;
}

struct pol_str pol_json_string(struct pol_json *j, struct pol_arena *a)
{
	struct pol_str raw;
	bool escaped = false;
	size_t i = 0;

	skip_space(j);
	if (take_word(j, POL_STR("null")))
		return POL_NONE;
	if (!take_char(j, '"')) {
		fail(j);
		return POL_NONE;
	}
	while (i < j->rest.n && j->rest.p[i] != '"' && (unsigned char)j->rest.p[i] >= 0x20) {
		escaped |= j->rest.p[i] == '\\';
		i += j->rest.p[i] == '\\' ? 2 : 1;
	}
	raw = (struct pol_str){j->rest.p, i};
	if (i >= j->rest.n || j->rest.p[i] != '"' || !pol_utf8_valid(raw)) {
		fail(j);
		return POL_NONE;
	}
	j->rest = pol_skip(j->rest, i + 1);
	if (!escaped)
		return raw;
	raw = pol_json_unescape(raw, a);
	if (!raw.p)
		fail(j);
	return raw;
}

bool pol_json_bool(struct pol_json *j)
{
	skip_space(j);
	if (take_word(j, POL_STR("true")))
		return true;
	if (!take_word(j, POL_STR("false")))
		fail(j);
	return false;
}

/* Takes a number's text. Strict enough that nothing but a number gets through. */
static struct pol_str take_number(struct pol_json *j)
{
	struct pol_str s = j->rest;
	size_t i = 0;

	while (i < s.n && s.p[i] && strchr("+-.0123456789eE", s.p[i]))
		i++;
	j->rest = pol_skip(s, i);
	return (struct pol_str){s.p, i};
}

bool pol_json_truth(struct pol_json *j, struct pol_arena *a)
{
	struct pol_str s;
	bool some = false;

	switch (pol_json_peek(j)) {
	case POL_JSON_BOOL:
		return pol_json_bool(j);
	case POL_JSON_NULL:
	case POL_JSON_STRING:
		return pol_json_string(j, a).n > 0;
	case POL_JSON_NUMBER:
		s = take_number(j);
		for (size_t i = 0; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++)
			some |= s.p[i] >= '1' && s.p[i] <= '9';
		return some;
	case POL_JSON_ARRAY:
	case POL_JSON_OBJECT:
		s = j->rest;
		pol_json_skip(j);
		for (size_t i = 1; i + 1 < (size_t)(j->rest.p - s.p); i++)
			some |= !strchr(" \t\r\n", s.p[i]);
		return some && !j->failed;
	default:
		fail(j);
		return false;
	}
}

static void skip_string(struct pol_json *j)
{
	struct pol_arena scratch = {0};

	pol_json_string(j, &scratch);
	pol_arena_clear(&scratch);
}

static void skip_scalar(struct pol_json *j)
{
	switch (pol_json_peek(j)) {
	case POL_JSON_BOOL:
		pol_json_bool(j);
		break;
	case POL_JSON_NULL:
	case POL_JSON_STRING:
		skip_string(j);
		break;
	case POL_JSON_NUMBER:
		take_number(j);
		break;
	default:
		fail(j);
	}
}

void pol_json_skip(struct pol_json *j)
{
	enum pol_json_type type = pol_json_peek(j);
	struct pol_arena scratch = {0};
	struct pol_str key;

	if (type == POL_JSON_OBJECT) {
		pol_json_object(j);
		while (pol_json_key(j, &scratch, &key))
			pol_json_skip(j);
	} else if (type == POL_JSON_ARRAY) {
		pol_json_array(j);
		while (pol_json_next(j))
			pol_json_skip(j);
	} else {
		skip_scalar(j);
	}
	pol_arena_clear(&scratch);
}

bool pol_json_end(struct pol_json *j)
{
	skip_space(j);
	return !j->failed && !j->depth && !j->rest.n;
}
