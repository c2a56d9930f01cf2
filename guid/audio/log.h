/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines on standard error. A qube can cause them and must not fill the disk: so many at once, so
 * many per second, then they are only counted.
 */
#ifndef QUBES_AUDIO_LOG_H
#define QUBES_AUDIO_LOG_H

#include <stdbool.h>

/* For the start of a program: its name, the qube it serves (or NULL), and whether it says all. */
void audio_log_set(const char *program, const char *qube, bool verbose);

void audio_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Only when verbose. */
void audio_log_verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
