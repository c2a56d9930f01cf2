/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small parts around a relay: signals, handshake, fixed answers (relay.h). */
#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "qrexec/base/io.h"
#include "qrexec/base/signals.h"
#include "qrexec/call/relay.h"

/* How long a caller that got its exit code may take to close. */
#define LINGER_MS 100

int relay_signals(void)
{
	static const int signals[] = {SIGCHLD, SIGUSR1, 0};

	return signals_fd(signals);
}

void relay_signals_reset(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Sleeps on the channel until end_ms (-1: for ever). 0, -ETIMEDOUT or -errno. */
static int sleep_on(struct vchan *v, int64_t end_ms)
{
	struct pollfd p = {.fd = vchan_fd(v), .events = vchan_events(v)};
	int64_t left = end_ms < 0 ? 1000 : end_ms - io_now_ms();

	if (left <= 0)
		return -ETIMEDOUT;
	if (poll(&p, 1, left > 1000 ? 1000 : (int)left) < 0 && errno != EINTR)
		return -errno;
	vchan_wait(v);
	return 0;
}

int relay_hello(struct vchan *v)
{
	uint8_t hello[QRX_HEADER_LEN + QRX_HELLO_LEN];

	qrx_put_hello(hello, QRX_VERSION);
	/* Rings and queues are larger than this. */
	return vchan_write(v, hello, sizeof(hello)) == sizeof(hello) ? 0 : -EPIPE;
}

int relay_await_hello(struct vchan *v, int timeout_ms)
{
	int64_t end = timeout_ms < 0 ? -1 : io_now_ms() + timeout_ms;
	uint8_t hello[QRX_HEADER_LEN + QRX_HELLO_LEN];
	uint32_t untrusted_version;
	size_t have = 0;
	int r;

	while (have < sizeof(hello)) {
		ssize_t n = vchan_read(v, hello + have, sizeof(hello) - have);

		if (n < 0)
			return (int)n;
		have += (size_t)n;
		r = n ? 0 : sleep_on(v, end);
		if (r)
			return r;
	}
	r = qrx_get_hello(hello, &untrusted_version);
	return r ? r : qrx_negotiate(QRX_VERSION, QRX_VERSION_MIN, untrusted_version);
}

int relay_handshake(struct vchan *v, int timeout_ms)
{
	int r = relay_hello(v);

	return r ? r : relay_await_hello(v, timeout_ms);
}

void relay_flush(struct vchan *v)
{
	while (vchan_state(v) == VCHAN_CONNECTED && (vchan_events(v) & POLLOUT))
		if (sleep_on(v, -1))
			return;
}

static void send_all(struct vchan *v, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t w = vchan_write(v, bytes, n);

		if (w < 0)
			return;
		bytes += w;
		n -= (size_t)w;
		if (!w && sleep_on(v, -1))
			return;
	}
	relay_flush(v);
}

void relay_send_exit(struct vchan *v, int code)
{
	uint8_t m[QRX_HEADER_LEN + 4] = {0};

	qrx_put_header(m, QRX_DATA_EXIT_CODE, 4);
	m[QRX_HEADER_LEN] = (uint8_t)code;
	send_all(v, m, sizeof(m));
	relay_linger(v);
}

void relay_linger(struct vchan *v)
{
	int64_t end = io_now_ms() + LINGER_MS;
	uint8_t buf[4096];
	ssize_t n;

	relay_flush(v);
	while ((n = vchan_read(v, buf, sizeof(buf))) >= 0)
		if (n == 0 && sleep_on(v, end))
			return;
}

void relay_send_failure(struct vchan *v, int code, bool stderr_first)
{
	uint8_t m[2 * QRX_HEADER_LEN];

	qrx_put_header(m, stderr_first ? QRX_DATA_STDERR : QRX_DATA_STDOUT, 0);
	qrx_put_header(m + QRX_HEADER_LEN, stderr_first ? QRX_DATA_STDOUT : QRX_DATA_STDERR, 0);
	send_all(v, m, sizeof(m));
	relay_send_exit(v, code);
}
