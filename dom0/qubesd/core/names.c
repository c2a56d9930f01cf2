// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks of names and numbers that clients send. Pure. */
#include "dom0/qubesd/core/names.h"

#include <string.h>

bool name_all_in(const char *s, const char *extra)
{
	for (; *s; s++)
		if (!g_ascii_isalnum(*s) && !strchr(extra, *s))
			return false;
	return true;
}

bool name_is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

bool name_check_qube(const char *untrusted_name, GError **error)
{
	const char *n = untrusted_name;

	if (!name_is_ascii(n))
		return fail(error, E_VALUE,
			    "VM name contains illegal characters: only ASCII is allowed");
	if (strlen(n) > QUBE_NAME_MAX)
		return fail(error, E_VALUE,
			    "VM name must be shorter than %d characters: '%.40s' is not",
			    QUBE_NAME_MAX + 1, n);
	if (*n && strchr("0123456789_.-", *n))
		return fail(error, E_VALUE,
			    "VM name cannot start with hyphen, underscore, dot or numbers: '%s'",
			    n);
	if (!*n || !name_all_in(n, "_.-"))
		return fail(error, E_VALUE,
			    "VM name contains illegal characters: '%s' (use letters, digits, '_', "
			    "'.' and '-')",
			    n);
	if (!strcmp(n, "Domain-0") || !strcmp(n, "none") || !strcmp(n, "default") ||
	    g_str_has_suffix(n, "-dm"))
		return fail(error, E_VALUE, "Qube name '%s' is reserved: choose another", n);
	return true;
}

bool name_check_label(const char *untrusted_label, bool creating, GError **error)
{
	const char *n = untrusted_label;

	if (!*n)
		return fail(error, E_INVALID_LABEL, "Label name is empty");
	if (creating && !n[strspn(n, "0123456789")])
		return fail(error, E_INVALID_LABEL,
			    "Label must not be a digit: a name is needed, not a number");
	if (!name_all_in(n, "-_."))
		return fail(error, E_INVALID_LABEL,
			    "Label name is not valid: use letters, digits, '_', '.' and '-'");
	return true;
}

bool name_check_color(const char *untrusted_color, GError **error)
{
	g_autofree char *c = g_strdup(untrusted_color);

	g_strstrip(c);
	if (strlen(c) != 8 || strncmp(c, "0x", 2) || c[2 + strspn(c + 2, "0123456789abcdefABCDEF")])
		return fail(error, E_INVALID_LABEL_VALUE,
			    "Label value must have length of 8: 0x and six hexadecimal digits");
	return true;
}

bool name_check_tag(const char *untrusted_tag, GError **error)
{
	if (!*untrusted_tag)
		return fail(error, E_INVALID_TAG, "Tag is empty");
	if (!name_all_in(untrusted_tag, "-_"))
		return fail(error, E_INVALID_TAG,
			    "Tag is not valid: use letters, digits, '-' and '_'");
	return true;
}

bool name_check_feature(const char *untrusted_feature, const char *untrusted_value, GError **error)
{
	if (!*untrusted_feature || !name_all_in(untrusted_feature, "_.-"))
		return fail(error, E_PROTOCOL,
			    "Feature name is not valid: use letters, digits, "
			    "'_', '.' and '-'");
	for (const char *p = untrusted_value; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			return fail(error, E_PROTOCOL,
				    "Value of feature %s is not valid: printable ASCII only",
				    untrusted_feature);
	return true;
}

/* Canonical: lower case, with hyphens. */
bool name_is_uuid(const char *s)
{
	for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? s[i] != '-' : !(g_ascii_isdigit(s[i]) || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	}
	return !s[UUID_TEXT_LEN];
}

bool name_parse_number(const char *untrusted_s, const char *what, bool negative, gint64 *ret,
		       GError **error)
{
	const char *s = untrusted_s;
	bool minus = negative && *s == '-';
	guint64 v;

	if (minus)
		s++;
	if (!*s || s[strspn(s, "0123456789")])
		return fail(error, E_PROTOCOL, "%s contains non ASCII digits", what);
	if (strlen(s) > 19)
		return fail(error, E_PROTOCOL, "%s is bigger than 19 decimal digits", what);
	if (*s == '0' && s[1])
		return fail(error, E_PROTOCOL, "%s contains spurious leading zeros", what);
	v = g_ascii_strtoull(s, NULL, 10);
	if (v > G_MAXINT64)
		return fail(error, E_PROTOCOL, "%s is too large", what);
	*ret = minus ? -(gint64)v : (gint64)v;
	return true;
}

bool name_parse_bool(const char *untrusted_s, bool *ret)
{
	static const char *const no[] = {"0", "no", "false", "off"};
	static const char *const yes[] = {"1", "yes", "true", "on"};

	for (size_t i = 0; i < G_N_ELEMENTS(no); i++) {
		if (!g_ascii_strcasecmp(untrusted_s, no[i]) ||
		    !g_ascii_strcasecmp(untrusted_s, yes[i])) {
			*ret = !g_ascii_strcasecmp(untrusted_s, yes[i]);
			return true;
		}
	}
	return false;
}
