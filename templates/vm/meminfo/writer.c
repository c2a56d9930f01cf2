// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * meminfo-writer: tells dom0 how much memory this qube uses, in its own part of xenstore.
 * It reads the kernel's figures only; its peer, xenstored, is trusted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

#define KEY "memory/meminfo"
/* What is not worth a report. */
#define CHANGE_KIB 30000
/* Looked at so often while it changes, and ever less often while it does not. */
#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 1600

static uint64_t value(const char *text, const char *name)
{
	const char *p = strstr(text, name);

	return p ? strtoull(p + strlen(name) + strspn(p + strlen(name), ": \t"), NULL, 10) : 0;
}

/* Used by programs, in memory and swapped out, KiB. 0: unknown. */
static uint64_t used_kib(void)
{
	char text[4096];
	FILE *f = fopen("/proc/meminfo", "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	uint64_t total, rest;

	if (f)
		fclose(f);
	text[n] = '\0';
	total = value(text, "MemTotal");
	rest = value(text, "MemFree") + value(text, "Buffers") + value(text, "\nCached");
	return total < rest ? 0 : total - rest + value(text, "SwapTotal") - value(text, "SwapFree");
}

static int report(struct xs_handle *xs, uint64_t used)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, used);
	return xs_write(xs, XBT_NULL, KEY, text, (unsigned)strlen(text)) ? 0 : -errno;
}

static void rest_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
	struct xs_handle *xs;
	uint64_t reported = 0;
	unsigned interval = INTERVAL_MIN_MS;

	if (argc > 1) {
		fputs("usage: meminfo-writer\nTells dom0 how much memory this qube uses.\n",
		      strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	xs = xs_open(0);
	if (!xs) {
		fprintf(stderr, "meminfo-writer: xenstore cannot be reached: %s\n",
			strerror(errno));
		return 1;
	}
	for (;; rest_ms(interval)) {
		uint64_t used = used_kib(),
			 change = used > reported ? used - reported : reported - used;
		int r;

		if (!used || (reported && change < CHANGE_KIB)) {
			interval = interval * 2 > INTERVAL_MAX_MS ? INTERVAL_MAX_MS : interval * 2;
			continue;
		}
		r = report(xs, used);
		if (r) {
			fprintf(stderr, "meminfo-writer: " KEY ": %s\n", strerror(-r));
			return 1;
		}
		reported = used;
		interval = INTERVAL_MIN_MS;
	}
}
