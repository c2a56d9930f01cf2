// SPDX-License-Identifier: GPL-2.0-or-later
/* Log of the audio programs (log.h). No peer. Part of their main: the only mutable global. */
#include "guid/audio/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "guid/audio/pcm.h"
#include "qrexec/base/io.h"

static struct {
	char prefix[96];
	bool verbose;
	struct allowance lines;
	unsigned left_out;
} state = {.lines = {.burst = 100, .per_second = 5}};

void audio_log_set(const char *program, const char *qube, bool verbose)
{
	snprintf(state.prefix, sizeof(state.prefix), "%s%s%s", program, qube ? " " : "",
		 qube ? qube : "");
	state.verbose = verbose;
}

static void put(const char *fmt, va_list ap)
{
	char text[512];

	if (!allowance_take(&state.lines, io_now_ms())) {
		state.left_out++;
		return;
	}
	if (state.left_out)
		dprintf(STDERR_FILENO, "%s: %u lines left out\n", state.prefix, state.left_out);
	state.left_out = 0;
	vsnprintf(text, sizeof(text), fmt, ap);
	dprintf(STDERR_FILENO, "%s: %s\n", state.prefix, text);
}

void audio_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}

void audio_log_verbose(const char *fmt, ...)
{
	va_list ap;

	if (!state.verbose)
		return;
	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}
