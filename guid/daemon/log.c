/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log of qubes-guid (log.h). No peer. Part of the program's main: the only mutable global. */
#include "guid/daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	char qube[32];
	int level;
} state = {.level = 1};

void log_set(const char *qube, int level)
{
	snprintf(state.qube, sizeof(state.qube), "%s", qube);
	state.level = level;
}

bool log_on(int level)
{
	return state.level >= level;
}

/* One write per line: supervisor, worker and jobs share the file. */
static void put(const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "qubes-guid%s%s: ", state.qube[0] ? " " : "",
			 state.qube);

	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	if (!log_on(1))
		return;
	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!log_on(2))
		return;
	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}
