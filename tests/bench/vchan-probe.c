/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/xen/bench-in-dom0.sh: what a channel between two domains costs, through our vchan and
 * through libxenvchan by itself.
 *
 *   vchan-probe ours|raw serve DOMID PORT PINGS MIB     one end, for a client in DOMID
 *   vchan-probe ours|raw measure DOMID PORT PINGS MIB   the other one; prints
 *                                 "PING-US TO-MIBS FROM-MIBS": the median of a byte there and back
 * in microseconds, and MiB/s in each direction
 *
 * The peer is the same program, trusted.
 */
#include <errno.h>
#include <libxenvchan.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#include "qrexec/base/io.h"
#include "qrexec/vchan/vchan.h"

#define RING 65536
#define PIECE 65536
#define WAIT_MS 120000

/* One of them is set. */
struct end {
	struct vchan *ours;
	struct libxenvchan *raw;
};

static _Noreturn void die(const char *what, int r)
{
	fprintf(stderr, "vchan-probe: %s: %s\n", what, strerror(-r));
	exit(1);
}

/* --- libxenvchan by itself --- */

static unsigned own_domid(void)
{
	struct xs_handle *xs = xs_open(0);
	unsigned len;
	char *text = xs ? xs_read(xs, 0, "domid", &len) : NULL;
	unsigned domid = text ? (unsigned)strtoul(text, NULL, 10) : 0;

	free(text);
	if (xs)
		xs_close(xs);
	return domid;
}

static struct libxenvchan *raw_open(bool serve, unsigned domain, unsigned port)
{
	int64_t end = io_now_ms() + WAIT_MS;
	struct libxenvchan *c = NULL;
	char path[96];

	if (serve) {
		snprintf(path, sizeof(path), "data/vchan/%u/%u", domain, port);
		c = libxenvchan_server_init(NULL, (int)domain, path, RING, RING);
	} else {
		snprintf(path, sizeof(path), "/local/domain/%u/data/vchan/%u/%u", domain,
			 own_domid(), port);
		while (!c && io_now_ms() < end) {
			c = libxenvchan_client_init(NULL, (int)domain, path);
			if (!c)
				usleep(50000);
		}
	}
	if (c)
		c->blocking = 1;
	return c;
}

static int raw_all(struct libxenvchan *c, bool write, void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		int r = write ? libxenvchan_write(c, p, n) : libxenvchan_read(c, p, n);

		if (r <= 0)
			return -EPIPE;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* --- both --- */

static void open_end(struct end *e, bool raw, bool serve, unsigned domain, unsigned port)
{
	int r;

	*e = (struct end){.raw = raw ? raw_open(serve, domain, port) : NULL};
	if (raw) {
		if (!e->raw)
			die("libxenvchan", -errno);
		return;
	}
	r = serve ? vchan_server_new(domain, port, RING, RING, &e->ours)
		  : vchan_client_new(domain, port, &e->ours);
	if (!r)
		r = vchan_connect_wait(e->ours, WAIT_MS);
	if (r)
		die("vchan", r);
}

static void close_end(struct end *e)
{
	if (e->raw)
		libxenvchan_close(e->raw);
	vchan_free(e->ours);
}

static void put(struct end *e, void *buf, size_t n)
{
	int r = e->raw ? raw_all(e->raw, true, buf, n) : vchan_write_all(e->ours, buf, n);

	if (r)
		die("write", r);
}

static void get(struct end *e, void *buf, size_t n)
{
	int r = e->raw ? raw_all(e->raw, false, buf, n) : vchan_read_all(e->ours, buf, n);

	if (r)
		die("read", r);
}

static void serve(struct end *e, unsigned pings, unsigned mib)
{
	static char buf[PIECE];

	for (unsigned i = 0; i < pings; i++) {
		get(e, buf, 1);
		put(e, buf, 1);
	}
	for (size_t i = 0; i < (size_t)mib * (1 << 20) / PIECE; i++)
		get(e, buf, PIECE);
	put(e, buf, 1);
	for (size_t i = 0; i < (size_t)mib * (1 << 20) / PIECE; i++)
		put(e, buf, PIECE);
	/* The other end closes first. */
	get(e, buf, 1);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double mibs(unsigned mib, int64_t us)
{
	return us > 0 ? mib * 1e6 / (double)us : 0;
}

static void measure(struct end *e, unsigned pings, unsigned mib)
{
	static char buf[PIECE];
	int64_t *us = calloc(pings ? pings : 1, sizeof(*us)), start, to, from;

	if (!us)
		die("memory", -ENOMEM);
	for (unsigned i = 0; i < pings; i++) {
		start = io_now_us();
		put(e, buf, 1);
		get(e, buf, 1);
		us[i] = io_now_us() - start;
	}
	qsort(us, pings, sizeof(*us), by_value);
	start = io_now_us();
	for (size_t i = 0; i < (size_t)mib * (1 << 20) / PIECE; i++)
		put(e, buf, PIECE);
	get(e, buf, 1);
	to = io_now_us() - start;
	start = io_now_us();
	for (size_t i = 0; i < (size_t)mib * (1 << 20) / PIECE; i++)
		get(e, buf, PIECE);
	from = io_now_us() - start;
	put(e, buf, 1);
	printf("%.1f %.2f %.2f\n", (double)us[pings / 2], mibs(mib, to), mibs(mib, from));
	free(us);
}

int main(int argc, char **argv)
{
	struct end e;
	unsigned long n[4];
	bool raw, serves;

	if (argc != 7) {
		fputs("usage: vchan-probe ours|raw serve|measure DOMID PORT PINGS MIB\n", stderr);
		return 2;
	}
	raw = !strcmp(argv[1], "raw");
	serves = !strcmp(argv[2], "serve");
	for (int i = 0; i < 4; i++)
		n[i] = strtoul(argv[3 + i], NULL, 10);
	setenv("QUBES_VCHAN", "xen", 1);
	open_end(&e, raw, serves, (unsigned)n[0], (unsigned)n[1]);
	(serves ? serve : measure)(&e, (unsigned)n[2], (unsigned)n[3]);
	close_end(&e);
	return 0;
}
