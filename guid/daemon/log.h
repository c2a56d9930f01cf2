/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log of qubes-guid: standard error, which is the qube's log file unless -f was given.
 * Levels: 0 errors, 1 what happened, 2 every decision. Texts from the qube are never logged, and
 * the number of lines per second is limited: a qube can cause them.
 */
#ifndef QUBES_GUID_LOG_H
#define QUBES_GUID_LOG_H

#include <stdbool.h>

void log_set(const char *qube, int level);
bool log_on(int level);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The reason for the end: written however many lines came before. */
void log_last(const char *text);
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
