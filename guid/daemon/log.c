/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log of qubes-guid (log.h). No peer. Part of the program's main: the only mutable global. */
#include "guid/daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* A qube can cause lines, and must not fill the disk: so many at once, and per second. */
#define BURST 200
#define PER_SECOND 20

static struct {
	char qube[32];
	int level;
	int tokens;
	time_t refilled;
	unsigned suppressed;
} state = {.level = 1, .tokens = BURST};

void log_set(const char *qube, int level)
{
	snprintf(state.qube, sizeof(state.qube), "%s", qube);
	state.level = level;
}

bool log_on(int level)
{
	return state.level >= level;
}

static bool may_write(void)
{
	struct timespec now = {0};
	time_t passed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	passed = now.tv_sec - state.refilled;
	state.refilled = now.tv_sec;
	if (passed > BURST || (passed && state.tokens + (int)passed * PER_SECOND > BURST))
		state.tokens = BURST;
	else
		state.tokens += (int)passed * PER_SECOND;
	if (state.tokens > 0) {
		state.tokens--;
		return true;
	}
	state.suppressed++;
	return false;
}

/* One write per line: supervisor, worker and jobs share the file. */
static void put(const char *fmt, va_list ap)
{
	char line[1024];
	int n = 0;

	if (state.suppressed)
		n = snprintf(line, sizeof(line), "qubes-guid: %u lines left out\n",
			     state.suppressed);
	state.suppressed = 0;
	n += snprintf(line + n, sizeof(line) - (size_t)n,
		      "qubes-guid%s%s: ", state.qube[0] ? " " : "", state.qube);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

void log_last(const char *text)
{
	state.tokens = 1;
	log_error("%s", text);
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	if (!may_write())
		return;
	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	if (!log_on(1) || !may_write())
		return;
	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (!log_on(2) || !may_write())
		return;
	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}
