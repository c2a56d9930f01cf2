/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The date that a qube tells (qubes.GetDate). */
#ifndef QUBES_CLI_CLOCKDATE_H
#define QUBES_CLI_CLOCKDATE_H

#include <stdbool.h>
#include <time.h>

/* No clock is set to before this program was written: 2026-11-01. */
#define CLOCKDATE_EARLIEST 1793491200

/*
 * Decodes "YYYY-MM-DDTHH:MM:SS+00:00\n", with ",NNNNNNNNN" after the seconds or without, and
 * nothing else. Pure. False, with one line in *ret_why (static), for anything else and for a date
 * that is none or too early.
 */
bool clockdate_parse(const char *untrusted_text, struct timespec *ret, const char **ret_why);

#endif
