/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qubes-sni-tray: tray icons of programs that know only StatusNotifierItem (tray.h). */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "guid/tray/tray.h"
#include "qrexec/base/cleanup.h"

#define PROGRAM "qubes-sni-tray"
#define MESSAGES_MAX 64

/* Milliseconds until the bus wants to be looked at, -1: no need. */
static int bus_timeout(sd_bus *bus)
{
	uint64_t at, now;
	struct timespec t;

	if (sd_bus_get_timeout(bus, &at) < 0 || at == UINT64_MAX)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	return at <= now ? 0 : (int)((at - now) / 1000 + 1);
}

static int run(struct tray *t)
{
	for (;;) {
		struct pollfd p[2] = {{.fd = xcb_get_file_descriptor(t->x), .events = POLLIN}};
		int r = 1;

		/* What is more has its turn after the windows: the bus does not let us sleep then.
		 */
		for (int n = 0; n < MESSAGES_MAX && r > 0; n++)
			r = sd_bus_process(t->bus, NULL);
		if (r < 0)
			return r;
		if (!xtray_step(t))
			return -ECONNRESET;
		/* What was just done may have brought something to send. */
		sd_bus_flush(t->bus);
		p[1] = (struct pollfd){.fd = sd_bus_get_fd(t->bus),
				       .events = (short)sd_bus_get_events(t->bus)};
		if (poll(p, ARRAY_LEN(p), bus_timeout(t->bus)) < 0 && errno != EINTR)
			return -errno;
	}
}

int main(int argc, char **argv)
{
	static struct tray t;
	int r;

	if (argc > 1) {
		fprintf(stderr, "Usage: " PROGRAM "\n");
		return 2;
	}
	if (xtray_start(&t) < 0) {
		fprintf(stderr,
			PROGRAM ": no display: start it in the user's session, with DISPLAY set\n");
		return 1;
	}
	r = watcher_start(&t);
	if (r == -EEXIST) {
		fprintf(stderr, PROGRAM ": somebody else shows the items of this session\n");
		return 1;
	}
	if (r < 0) {
		fprintf(stderr, PROGRAM ": no session bus: %s\n", strerror(-r));
		return 1;
	}
	r = run(&t);
	fprintf(stderr, PROGRAM ": %s\n",
		r == -ECONNRESET ? "the X server or the bus has gone" : strerror(-r));
	return 1;
}
