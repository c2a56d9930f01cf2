/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A GUI agent that sends random messages as fast as they are taken: each is well-formed, so that
 * the daemon goes on, but their values are anything.
 *
 *	gui-flood FOLDER DOMAIN COUNT SEED
 *
 * Listens in FOLDER as the agent of DOMAIN, writes "ready", waits for a daemon, sends COUNT
 *messages, and writes how long they took once the daemon has answered after the last:
 *"MILLISECONDS".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "guid/proto/gui-memfd.h"
#include "guid/proto/gui-proto.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/base/io.h"

#define IDS 40
#define SENTINEL 0x7ffffff1u
#define BATCH 65536
#define STALL_MS 60000
#define PAGES 600 /* of the image that all windows share parts of */
/* One in so many messages makes the daemon ask the user, which takes a process. */
#define ASK_ONE_IN 4000

struct flood {
	int sock, side;
	int image;
	uint32_t token;
	uint64_t state;
	bool there[IDS];
	uint8_t out[BATCH];
	size_t len;
	bool answered;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "gui-flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint32_t rnd(struct flood *f)
{
	f->state ^= f->state << 13;
	f->state ^= f->state >> 7;
	f->state ^= f->state << 17;
	return (uint32_t)(f->state >> 16);
}

/* Mostly small, often at a limit, sometimes anything. */
static uint32_t value(struct flood *f)
{
	static const uint32_t odd[] = {0,	   1,	  2,	 3,	     4,		 5,
				       16383,	   16384, 16385, 6143,	     6144,	 6145,
				       0x7fffffff, 65535, 65536, 0x80000000, 0xffffffff, 0xfffffffe,
				       0xffff8000, 32767, 32768, 0xffffc000, 4096,	 255};

	switch (rnd(f) % 8) {
	case 0:
		return odd[rnd(f) % (sizeof(odd) / sizeof(odd[0]))];
	case 1:
		return rnd(f);
	case 2:
		return (uint32_t) - (int32_t)(rnd(f) % 300);
	default:
		return rnd(f) % 700;
	}
}

static int listen_at(const char *folder, const char *name, int type)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", folder, name);
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
		die(a.sun_path);
	return fd;
}

static void set_up(struct flood *f, const char *folder, const char *domain)
{
	char name[64];
	int vchan, fds;
	uint32_t word;
	uint8_t conf[4 + GUI_XCONF_SIZE];

	snprintf(name, sizeof(name), "vchan.%s.0.6000.sock", domain);
	vchan = listen_at(folder, name, SOCK_STREAM);
	snprintf(name, sizeof(name), "vchan.%s.0.6000.fds.sock", domain);
	fds = listen_at(folder, name, SOCK_SEQPACKET);
	f->image = memfd_create("flood", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (f->image < 0 || ftruncate(f->image, PAGES * GUI_PAGE) < 0 ||
	    fcntl(f->image, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		die("memfd");
	puts("ready");
	fflush(stdout);
	f->sock = accept(vchan, NULL, NULL);
	if (f->sock < 0)
		die("accept");
	gui_u32_encode((uint8_t *)&word, GUI_VERSION_CURRENT);
	if (io_write_all(f->sock, &word, sizeof(word)) < 0)
		die("version");
	f->side = accept(fds, NULL, NULL);
	if (f->side < 0 || recv(f->sock, conf, sizeof(conf), MSG_WAITALL) != (ssize_t)sizeof(conf))
		die("handshake");
	fcntl(f->sock, F_SETFL, O_NONBLOCK);
}

/* What the daemon sends is not looked at, but for the sentinel's end. */
static void drain(struct flood *f)
{
	static uint8_t buf[65536];
	static size_t have;
	ssize_t n;

	while ((n = recv(f->sock, buf + have, sizeof(buf) - have, 0)) > 0) {
		uint8_t *p = buf;

		have += (size_t)n;
		while (have >= GUI_HDR_SIZE) {
			uint32_t len = gui_u32_decode(p + 8);

			if (have < GUI_HDR_SIZE + len)
				break;
			f->answered |= gui_u32_decode(p) == GUI_MSG_DESTROY &&
				       gui_u32_decode(p + 4) == SENTINEL;
			p += GUI_HDR_SIZE + len;
			have -= GUI_HDR_SIZE + len;
		}
		memmove(buf, p, have);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN))
		die("the daemon has gone");
}

static void flush(struct flood *f)
{
	size_t done = 0;

	while (done < f->len) {
		struct pollfd p = {.fd = f->sock, .events = POLLIN | POLLOUT};
		ssize_t n;

		if (poll(&p, 1, STALL_MS) <= 0) {
			errno = ETIMEDOUT;
			die("the daemon takes nothing");
		}
		drain(f);
		n = send(f->sock, f->out + done, f->len - done, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			die("send");
		done += n > 0 ? (size_t)n : 0;
	}
	f->len = 0;
}

static void send_msg(struct flood *f, const struct gui_msg *m)
{
	size_t n = gui_msg_size(GUI_FROM_AGENT, m);

	if (f->len + n > sizeof(f->out))
		flush(f);
	if (gui_msg_encode(GUI_FROM_AGENT, GUI_VERSION_CURRENT, m, f->out + f->len,
			   sizeof(f->out) - f->len, &n))
		die("encode");
	f->len += n;
}

static void pass_image(struct flood *f)
{
	struct gui_memfd_packet p = {.token = f->token, .size = PAGES * GUI_PAGE};
	uint8_t buf[GUI_MEMFD_PACKET_SIZE];
	int r;

	gui_memfd_packet_encode(buf, &p);
	r = unix_send_fd(f->side, buf, sizeof(buf), f->image, MSG_NOSIGNAL);
	if (r) {
		errno = -r;
		die("side channel");
	}
}

static void dump(struct flood *f, struct gui_msg *m)
{
	struct gui_window_dump *d = &m->u.dump;

	d->dump_type = GUI_DUMP_MEMFD;
	d->width = 1 + rnd(f) % 700;
	d->height = 1 + rnd(f) % 700;
	d->bpp = 32;
	d->memfd.token = ++f->token;
	d->memfd.stride = d->width * 4;
	d->memfd.offset = (uint64_t)(rnd(f) % 8) * GUI_PAGE;
	/* What was sent before goes first: only so many descriptors may wait. */
	flush(f);
	pass_image(f);
	send_msg(f, m);
	flush(f);
}

static void text(struct flood *f, char *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(rnd(f) % 4 ? 0x20 + rnd(f) % 0x5f : rnd(f));
	to[rnd(f) % n] = '\0';
	to[n - 1] = '\0';
}

static void geometry(struct flood *f, struct gui_geometry *g, bool may_ask)
{
	bool ask = may_ask && rnd(f) % ASK_ONE_IN == 0;

	g->x = (int32_t)value(f);
	g->y = (int32_t)value(f);
	g->width = ask ? 0x80000000u : value(f) & 0x7fffffff;
	g->height = value(f) & 0x7fffffff;
	g->width += !g->width;
	g->height += !g->height;
	g->override_redirect = rnd(f) % 3 == 0;
}

static void property(struct flood *f, struct gui_msg *m)
{
	switch (rnd(f) % 5) {
	case 0:
		m->type = GUI_MSG_WMNAME;
		text(f, m->u.wmname.text, sizeof(m->u.wmname.text));
		break;
	case 1:
		m->type = GUI_MSG_WMCLASS;
		text(f, m->u.wmclass.res_class, sizeof(m->u.wmclass.res_class));
		text(f, m->u.wmclass.res_name, sizeof(m->u.wmclass.res_name));
		break;
	case 2:
		m->type = GUI_MSG_WINDOW_HINTS;
		m->u.hints = (struct gui_hints){rnd(f),	  value(f), value(f), value(f), value(f),
						value(f), value(f), value(f), value(f)};
		break;
	case 3:
		m->type = GUI_MSG_WINDOW_FLAGS;
		m->u.flags.set = rnd(f);
		m->u.flags.unset = rnd(f) & ~m->u.flags.set;
		break;
	default:
		m->type = GUI_MSG_CURSOR;
		m->u.cursor = rnd(f) % 10 ? 0x100 + rnd(f) % 0x9a : 0;
	}
	send_msg(f, m);
}

static void rectangle(struct flood *f, struct gui_msg *m)
{
	m->type = GUI_MSG_SHMIMAGE;
	m->u.rect = (struct gui_rect){(int32_t)value(f), (int32_t)value(f), value(f), value(f)};
	send_msg(f, m);
}

static void one(struct flood *f)
{
	unsigned id = rnd(f) % IDS, kind = rnd(f) % 64;
	struct gui_msg m = {.window = id};

	if (!f->there[id]) {
		m.type = GUI_MSG_CREATE;
		/* What the user is asked about is dropped: the window would not be there. */
		geometry(f, &m.u.geometry, false);
		f->there[id] = true;
	} else if (kind < 36) {
		rectangle(f, &m);
		return;
	} else if (kind < 42) {
		m.type = GUI_MSG_CONFIGURE;
		geometry(f, &m.u.geometry, true);
	} else if (kind < 46) {
		m.type = GUI_MSG_MAP;
		m.u.map = (struct gui_map){rnd(f) % (2 * IDS), rnd(f) % 2};
	} else if (kind < 48) {
		m.type = GUI_MSG_UNMAP;
	} else if (kind < 50) {
		m.type = GUI_MSG_DESTROY;
		f->there[id] = false;
	} else if (kind == 50 && id > IDS - 4) {
		m.type = GUI_MSG_DOCK;
	} else if (kind < 53) {
		m.type = GUI_MSG_WINDOW_DUMP;
		dump(f, &m);
		return;
	} else if (kind == 53) {
		m.type = GUI_MSG_CLIPBOARD_DATA;
		m.u.clipboard = (struct gui_clipboard){(const uint8_t *)"hello", rnd(f) % 6};
	} else {
		property(f, &m);
		return;
	}
	send_msg(f, &m);
}

static void finish(struct flood *f)
{
	struct gui_msg m = {.type = GUI_MSG_CREATE, .window = SENTINEL};
	int64_t until = io_now_ms() + STALL_MS;

	f->answered = false;
	m.u.geometry = (struct gui_geometry){.width = 5, .height = 5};
	send_msg(f, &m);
	m = (struct gui_msg){.type = GUI_MSG_DESTROY, .window = SENTINEL};
	send_msg(f, &m);
	flush(f);
	while (!f->answered) {
		struct pollfd p = {.fd = f->sock, .events = POLLIN};

		if (io_now_ms() > until) {
			errno = ETIMEDOUT;
			die("no answer after the last message");
		}
		poll(&p, 1, 1000);
		drain(f);
	}
}

int main(int argc, char **argv)
{
	static struct flood f;
	unsigned long count;
	int64_t begin;

	if (argc != 5) {
		fputs("Usage: gui-flood FOLDER DOMAIN COUNT SEED\n", stderr);
		return 2;
	}
	count = strtoul(argv[3], NULL, 10);
	f.state = strtoul(argv[4], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	set_up(&f, argv[1], argv[2]);
	for (int half = 0; half < 2; half++) {
		char line[16];

		begin = io_now_ms();
		for (unsigned long i = 0; i < count / 2; i++)
			one(&f);
		finish(&f);
		printf("%lld\n", (long long)(io_now_ms() - begin));
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			break;
	}
	return 0;
}
