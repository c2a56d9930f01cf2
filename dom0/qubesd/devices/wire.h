/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients send about devices: the argument that names one, and key='value' pairs.
 * specs/admin-api.md section 5, "Wire serialization" and "qarg". Pure.
 */
#ifndef QUBESD_DEVICES_WIRE_H
#define QUBESD_DEVICES_WIRE_H

#include <glib.h>
#include <stdbool.h>

/* More pairs than this are refused. */
#define DEV_PAIRS_MAX 64

typedef struct {
	char *backend; /* owned; "*": any */
	char *port;    /* owned; "*": any */
	char *id;      /* owned; "*": any, or none was given (see has_id) */
	bool has_id;
} DevArg;

/* BACKEND+PORT[+ID...]; '_' stands for any; ':' may be in place of all but the first '+'. False:
 * malformed (nothing to clear). */
bool dev_arg_parse(const char *untrusted_arg, DevArg *ret);
void dev_arg_clear(DevArg *a);

typedef struct {
	char *key, *value; /* owned */
} DevPair;

typedef struct {
	GPtrArray *props, *options; /* DevPair*; options without their '_' */
} DevPairs;

/*
 * Takes key='value' pairs apart; a key that is there twice counts with its last value.
 * False with *ret_why (static text) when something in it is not allowed.
 */
bool dev_pairs_parse(const char *untrusted_text, DevPairs *ret, const char **ret_why);
void dev_pairs_clear(DevPairs *p);
/* The value of a key among pairs; NULL when it is not there. */
const char *dev_pair_get(const GPtrArray *pairs, const char *key);
/* Sets or adds. */
void dev_pair_set(GPtrArray *pairs, const char *key, const char *value);
GPtrArray *dev_pairs_new(void);
GPtrArray *dev_pairs_copy(const GPtrArray *pairs);
/* "{'read-only': 'no', 'x': 'y'}", as events show options. g_free. */
char *dev_pairs_repr(const GPtrArray *pairs);

#endif
