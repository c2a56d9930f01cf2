/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker (worker.h): connects to X, to the agent and its side channel, confines itself
 * and runs the loop. The agent is hostile, the X server and the supervisor are trusted.
 */
#include "guid/daemon/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guid/daemon/guid.h"
#include "guid/daemon/icon.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static void request(struct guid *g, enum ipc_kind kind, const char *text)
{
	struct ipc_msg m = {.kind = kind};

	if (text)
		snprintf(m.text, sizeof(m.text), "%s", text);
	if (ipc_send(g->supervisor, &m, -1))
		_exit(WORKER_FAILED);
}

static _Noreturn void fail(struct guid *g, bool dialog, const char *fmt, va_list ap)
{
	char text[IPC_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	log_last(text);
	if (dialog)
		request(g, IPC_ERROR, text);
	_exit(WORKER_FAILED);
}

void guid_fatal(struct guid *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(g, false, fmt, ap);
}

void guid_fatal_dialog(struct guid *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(g, true, fmt, ap);
}

void guid_ask(struct guid *g, const char *what)
{
	log_error("invalid request: %s; asking the user", what);
	g->asking = true;
	request(g, IPC_ASK, what);
}

void guid_notify(struct guid *g, const char *fmt, ...)
{
	char text[IPC_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	request(g, IPC_NOTIFY, text);
}

static void take_supervisor(struct guid *g)
{
	struct ipc_msg m;
	int r;

	for (;;) {
		_cleanup_close_ int fd = -1;

		r = ipc_recv(g->supervisor, &m, &fd);
		if (r == 0)
			return;
		if (r < 0)
			_exit(WORKER_FAILED);
		if (m.kind == IPC_ANSWER) {
			g->asking = false;
		} else if (m.kind == IPC_PASTE_DATA) {
			clip_paste(g, &m, fd);
		} else if (m.kind == IPC_RELOAD) {
			xconn_update_screen(&g->x);
			place_screen_changed(g);
		}
	}
}

/*
 * Waits for something to happen. Descriptors that are not there are -1, which poll skips. True when
 * there is damage and nothing else: the most frequent case, in which the rest need not be looked
 * at.
 */
static bool wait_for_events(struct guid *g, int timeout)
{
	struct pollfd p[5] = {
		{.fd = xcb_get_file_descriptor(g->x.c), .events = POLLIN},
		{.fd = g->supervisor, .events = POLLIN},
		{.fd = g->asking ? -1 : g->fds.sock, .events = POLLIN},
		{.fd = vchan_fd(g->vchan), .events = vchan_events(g->vchan)},
		{.fd = g->asking ? -1 : g->damage_sock, .events = POLLIN},
	};
	int n;

	/* While the user decides, what the agent sends is not looked at, nor that it hung up. */
	if (g->asking) {
		p[3].fd = g->out.len ? p[3].fd : -1;
		p[3].events = POLLOUT;
	}
	n = poll(p, ARRAY_LEN(p), timeout);
	if (n < 0 && errno != EINTR)
		guid_fatal(g, "poll: %s", strerror(errno));
	if (n == 1 && p[4].revents)
		return true;
	if (xcb_connection_has_error(g->x.c) || (p[0].revents & (POLLHUP | POLLERR)))
		guid_fatal(g, "the X server is gone (%d)", xcb_connection_has_error(g->x.c));
	if (p[1].revents)
		take_supervisor(g);
	if (p[3].revents && vchan_wait(g->vchan) && vchan_state(g->vchan) == VCHAN_DISCONNECTED &&
	    !vchan_data_ready(g->vchan))
		g->agent_gone = true;
	return false;
}

/*
 * Until the agent is there. 0; -ENODEV when the domain is gone; or -errno.
 */
static int connect_agent(struct guid *g)
{
	int r = vchan_client_new(g->o->domid, GUI_VCHAN_PORT, &g->vchan);

	while (!r && vchan_state(g->vchan) == VCHAN_WAITING) {
		struct pollfd p[2] = {
			{.fd = vchan_fd(g->vchan), .events = vchan_events(g->vchan)},
			{.fd = xcb_get_file_descriptor(g->x.c), .events = POLLIN},
		};

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (p[0].revents)
			r = vchan_wait(g->vchan);
		/* Nothing of ours is shown yet: only screen changes can arrive. */
		xevents_take(g);
		if (xcb_connection_has_error(g->x.c))
			guid_fatal(g, "the X server is gone (%d)",
				   xcb_connection_has_error(g->x.c));
	}
	return r;
}

/* Reads the agent's version. 0, -EPIPE, or dies. */
static int read_version(struct guid *g)
{
	uint32_t untrusted_version;
	uint8_t word[4];
	size_t have = 0;

	while (have < sizeof(word)) {
		ssize_t n = vchan_read(g->vchan, word + have, sizeof(word) - have);

		if (n < 0 || (n == 0 && g->agent_gone))
			return -EPIPE;
		have += (size_t)n;
		if (have < sizeof(word) && n == 0) {
			wait_for_events(g, -1);
			xevents_take(g);
		}
	}
	untrusted_version = gui_u32_decode(word);
	if (gui_version_negotiate(untrusted_version, &g->version))
		guid_fatal_dialog(g,
				  "The GUI agent in the qube %s speaks protocol version %u.%u, "
				  "which this system does not know (it knows 1.0 to %d.%d). Update "
				  "the %s.",
				  g->o->name, untrusted_version >> 16, untrusted_version & 0xffff,
				  GUI_VERSION_MAJOR, GUI_VERSION_MINOR,
				  untrusted_version >> 16 > GUI_VERSION_MAJOR ? "system in dom0"
									      : "qube's template");
	g->reader.version = g->version;
	return 0;
}

static void connect_side_channel(struct guid *g)
{
	int r = fdchan_connect(&g->fds, g->o->domid, GUI_VCHAN_PORT);

	if (r == -EPERM)
		guid_fatal(g, "the side channel is not the qube's own");
	if (r == -EACCES)
		log_error("no permission to connect to the side channel: images cannot be shared");
	log_debug("side channel: %s", r ? strerror(-r) : "connected");
	damage_connect(g);
}

static void open_grants(struct guid *g)
{
	g->gntdev = grants_open();
	if (g->gntdev < 0)
		guid_fatal(g, "cannot open /dev/xen/gntdev: %s; is the module xen-gntdev loaded?",
			   strerror(-g->gntdev));
}

/* ms until something is due by the clock, -1: nothing is. */
static int next_timeout(struct guid *g)
{
	const int due[] = {delay_timeout(g), withdraw_timeout(g), timers_timeout(g)};
	int first = -1;

	for (size_t i = 0; i < ARRAY_LEN(due); i++)
		if (due[i] >= 0 && (first < 0 || due[i] < first))
			first = due[i];
	return first;
}

/* What the agent sent, unless there is more of X's. True when there may be more of either. */
static bool take_agent(struct guid *g)
{
	const char *why;
	bool more;

	if (g->fds.sock >= 0 && !g->asking && fdchan_drain(&g->fds, &why))
		guid_fatal(g, "protocol error: %s", why);
	more = link_read(g);
	if (!more && !g->asking && fdchan_overflows(&g->fds))
		guid_fatal(g, "protocol error: side channel: too many unused descriptors");
	return more;
}

/* Runs until the agent or the domain is gone. */
static void loop(struct guid *g)
{
	bool more = true; /* with the version, more may have come */

	while (!g->agent_gone || (more && !g->asking)) {
		bool only_damage;

		link_flush(g);
		xcb_flush(g->x.c);
		more |= xevents_queued(g) || paint_due(g);
		only_damage = wait_for_events(g, more ? 0 : next_timeout(g)) && !more;
		/* What is seen comes before all that can wait. */
		if (only_damage)
			damage_paint(g);
		else
			more = xevents_take(g);
		delay_release(g);
		withdraw_release(g);
		timers_run(g);
		stack_settle(g);
		/* What the agent asks for makes events: they are to be taken first, or they pile
		 * up. */
		if (!only_damage && !more)
			more = take_agent(g);
		if (!only_damage && !g->asking)
			damage_read(g);
		window_dress_all(g);
		paint_flush(g);
	}
}

static int exit_status(int r)
{
	if (r == -ENODEV || r == -ENOENT) {
		log_info("the domain is gone");
		return WORKER_DONE;
	}
	if (r == -EPIPE)
		return WORKER_RECONNECT;
	log_error("cannot reach the qube: %s", strerror(-r));
	return WORKER_FAILED;
}

int worker_run(const struct guid_options *o, int supervisor)
{
	static struct guid g;
	int r;

	g.o = o;
	g.supervisor = supervisor;
	g.pid = getppid();
	g.delayed_end = &g.delayed;
	g.gntdev = -1;
	g.damage_sock = -1;
	fdchan_init(&g.fds);
	gui_reader_init(&g.reader, GUI_FROM_AGENT);
	bytebuf_init(&g.out, GUID_BACKLOG_MAX);
	if (xconn_open(&g.x, o))
		return WORKER_FAILED;
	gethostname(g.host, sizeof(g.host) - 1);
	scale_update(&g);
	stack_read_prompts(&g);
	tray_init(&g);
	g.icon = icon_load(o->icon, &g.icon_words);
	g.icon_from_file = g.icon != NULL;
	if (!g.icon)
		g.icon = icon_cube(g.x.label_rgb, &g.icon_words);
	r = connect_agent(&g);
	if (!r) {
		request(&g, IPC_CONNECTED, NULL);
		r = read_version(&g);
	}
	if (r)
		return exit_status(r);
	if (vchan_is_socket())
		connect_side_channel(&g);
	else
		open_grants(&g);
	confine(&g);
	link_greet(&g);
	log_info("connected, protocol version %u.%u", g.version >> 16, g.version & 0xffff);
	loop(&g);
	log_info("the agent closed the connection");
	return WORKER_RECONNECT;
}
