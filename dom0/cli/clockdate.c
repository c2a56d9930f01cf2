/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The date that a qube tells (clockdate.h). The text is the qube's. */
#include "dom0/cli/clockdate.h"

#include <stdlib.h>
#include <string.h>

/* "d" stands for a digit. */
static bool has_form(const char *s, const char *form)
{
	for (; *s && *form; s++, form++)
		if (*form == 'd' ? *s < '0' || *s > '9' : *s != *form)
			return false;
	return !*s && !*form;
}

static int number(const char *s, int digits)
{
	int v = 0;

	for (int i = 0; i < digits; i++)
		v = v * 10 + (s[i] - '0');
	return v;
}

bool clockdate_parse(const char *untrusted_text, struct timespec *ret, const char **ret_why)
{
	const char *s = untrusted_text;
	bool fine = has_form(s, "dddd-dd-ddTdd:dd:dd,ddddddddd+00:00\n");
	struct tm tm = {0}, again;

	*ret_why = "it did not tell a date in UTC";
	if (!fine && !has_form(s, "dddd-dd-ddTdd:dd:dd+00:00\n"))
		return false;
	tm.tm_year = number(s, 4) - 1900;
	tm.tm_mon = number(s + 5, 2) - 1;
	tm.tm_mday = number(s + 8, 2);
	tm.tm_hour = number(s + 11, 2);
	tm.tm_min = number(s + 14, 2);
	tm.tm_sec = number(s + 17, 2);
	again = tm;
	ret->tv_sec = timegm(&again);
	ret->tv_nsec = fine ? number(s + 20, 9) : 0;
	*ret_why = "there is no such date";
	if (again.tm_year != tm.tm_year || again.tm_mon != tm.tm_mon ||
	    again.tm_mday != tm.tm_mday || again.tm_hour != tm.tm_hour ||
	    again.tm_min != tm.tm_min || again.tm_sec != tm.tm_sec)
		return false;
	*ret_why = "its date is before this program was made";
	return ret->tv_sec >= CLOCKDATE_EARLIEST;
}
