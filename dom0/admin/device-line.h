/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lines of devices and assignments (admin-api.md, section 5) are made of: a head that
 * names the device, and key='value' pairs. Arrays are of struct device_pair. Private to dom0/admin.
 */
#ifndef QUBES_ADMIN_DEVICE_LINE_H
#define QUBES_ADMIN_DEVICE_LINE_H

#include <glib.h>
#include <stdbool.h>

#include "dom0/admin/device.h"

#define UNKNOWN_INTERFACE "?******"

GArray *pairs_new(void);
GArray *pairs_copy(const GArray *from);
/* The first value of that key, belongs to the array; NULL when there is none. */
const char *pairs_get(const GArray *a, const char *key);
void pairs_add(GArray *a, const char *key, const char *value);
void pairs_drop(GArray *a, const char *key);

/* Splits key='value' … into props, and into opts those whose key starts with "_". */
bool pairs_parse(const char *s, GArray *props, GArray *opts, GError **err);
/* What the line says has to agree with where it came from: no such key, or that value. */
bool pairs_agree(const GArray *props, const char *key, const char *expected, GError **err);

/* Splits "PORT[sepID]" as it is written in heads of lines and arguments. Both to g_free(); *ret_id
 * is NULL when there is none. */
void line_split_identity(const char *s, char sep, char **ret_port, char **ret_id);
/* s with each `from` as `to`; g_free(). */
char *line_replace(const char *s, const char *from, const char *to);
/* Sets err: what is wrong with the text. False. */
bool line_malformed(GError **err, const char *what, const char *text);

#endif
