/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pure checks of what a client may call things: qubes, labels, tags, features,
 * numbers. No state, no allocation. specs/admin-api.md section 1, "Payload validators".
 */
#ifndef QUBESD_CORE_NAMES_H
#define QUBESD_CORE_NAMES_H

#include "dom0/qubesd/core/error.h"

#define QUBE_NAME_MAX 31
#define SERVICE_NAME_MAX 48
#define UUID_TEXT_LEN 36

/* A qube name: [A-Za-z][A-Za-z0-9_.-]*, at most 31, none of the reserved ones. */
bool name_check_qube(const char *untrusted_name, GError **error);
/* A label name; creating: it must not look like an index. */
bool name_check_label(const char *untrusted_label, bool creating, GError **error);
/* 0xRRGGBB, blanks around it ignored. */
bool name_check_color(const char *untrusted_color, GError **error);
bool name_check_tag(const char *untrusted_tag, GError **error);
/* [A-Za-z0-9_.-]+; and printable ASCII for values. */
bool name_check_feature(const char *untrusted_feature, const char *untrusted_value, GError **error);
/* True when every character of s is a letter, digit or one of extra. */
bool name_all_in(const char *s, const char *extra);
bool name_is_uuid(const char *s);
bool name_is_ascii(const char *s);

/*
 * Decimal, at most 19 digits, no leading zeros, '-' only if negative is set.
 * what names the number in errors.
 */
bool name_parse_number(const char *untrusted_s, const char *what, bool negative, gint64 *ret,
		       GError **error);
/* 0/1/no/yes/off/on/false/true in any case. */
bool name_parse_bool(const char *untrusted_s, bool *ret);

#endif
