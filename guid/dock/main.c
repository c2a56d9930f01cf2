/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qubes-xembed-sni: docked icons in panels that know only StatusNotifierItem (dock.h). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "guid/dock/dock.h"

uint64_t dock_now(const struct dock *d)
{
	uint64_t now = 0;

	sd_event_now(d->loop, CLOCK_MONOTONIC, &now);
	return now;
}

static int step(struct dock *d)
{
	bool more;

	if (events_take(d, &more))
		return sd_event_source_set_enabled(d->again,
						   more ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	fprintf(stderr, PROGRAM ": the X server has gone\n");
	return sd_event_exit(d->loop, 1);
}

static int on_x(sd_event_source *s, int fd, uint32_t events, void *data)
{
	return step(data);
}

/* Before it sleeps: what was just done may have brought something to send. */
static int before_sleep(sd_event_source *s, void *data)
{
	return step(data);
}

/* Only so that nobody sleeps. */
static int not_asleep(sd_event_source *s, void *data)
{
	return 0;
}

static int watch(struct dock *d)
{
	sd_event_source *source;
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	r = sd_event_add_defer(d->loop, &d->again, not_asleep, NULL);
	if (r >= 0)
		r = sd_event_add_io(d->loop, &source, xcb_get_file_descriptor(d->x), POLLIN, on_x,
				    d);
	if (r >= 0)
		r = sd_event_source_set_prepare(source, before_sleep);
	if (r >= 0)
		r = sd_event_add_signal(d->loop, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->loop, NULL, SIGINT, NULL, NULL);
	return r;
}

static int start(struct dock *d)
{
	int r = sd_event_new(&d->loop);

	if (r < 0) {
		fprintf(stderr, PROGRAM ": cannot start: %s\n", strerror(-r));
		return r;
	}
	r = manager_start(d);
	if (r == -ENOTSUP) {
		fprintf(stderr, PROGRAM ": the X server lacks Composite, Damage, XFixes or 24 bits "
					"of color: no icons can be shown from it\n");
		return r;
	}
	if (r < 0) {
		fprintf(stderr,
			PROGRAM ": no display: start it in the user's session, with DISPLAY set\n");
		return r;
	}
	r = watcher_start(d);
	if (r >= 0)
		r = watch(d);
	if (r < 0)
		fprintf(stderr,
			PROGRAM ": no session bus: %s. Start it in the user's session, with "
				"DBUS_SESSION_BUS_ADDRESS set\n",
			strerror(-r));
	if (r < 0)
		return r;
	r = confine();
	if (r < 0)
		fprintf(stderr, PROGRAM ": cannot confine itself: %s. Is seccomp in the kernel?\n",
			strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	static struct dock d;
	int r;

	if (argc > 1) {
		fprintf(stderr, "Usage: " PROGRAM "\n");
		return 2;
	}
	for (int i = 0; i < DOCK_ICONS_MAX; i++)
		d.icons[i].dock = &d;
	if (start(&d) < 0)
		return 1;
	r = sd_event_loop(d.loop);
	manager_stop(&d);
	return r == 0 ? 0 : 1;
}
