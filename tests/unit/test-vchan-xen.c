/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vchan's Xen backend and the end of its peer, on a Xen that is a fake (fake/xen.h). */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <xen/xen.h>

#include <xen/event_channel.h>

#include "qrexec/vchan/vchan.h"
#include "qrexec/vchan/xen-peer.h"
#include "tests/unit/fake/xen.h"

#define QUBE 5u
#define PORT 513
#define WAIT_MS 150000

typedef struct {
	char *dir, *file;
} Fixture;

static char *root; /* owned; QUBES_ROOT of all tests */

/* As in dom0: with a folder of the domains that there are, and the qube in it. */
static void setup(Fixture *f, gconstpointer data)
{
	f->dir = g_strconcat(root, XEN_PEER_DIR, NULL);
	f->file = g_strdup_printf("%s/%u", f->dir, QUBE);
	g_assert_cmpint(g_mkdir_with_parents(f->dir, 0755), ==, 0);
	g_assert_true(g_file_set_contents(f->file, "uuid", -1, NULL));
	fake_own_domid = 0;
	fake_can_ask = false;
	fake_asked = 0;
	fake_own_port = EVTCHNSTAT_interdomain;
	fake_peer_port = -EPERM;
}

static void teardown(Fixture *f, gconstpointer data)
{
	g_unlink(f->file);
	g_rmdir(f->dir);
	g_free(f->dir);
	g_free(f->file);
}

/* As in a qube: without that folder; the hypervisor can be asked. */
static void in_qube(Fixture *f, unsigned own)
{
	g_unlink(f->file);
	g_assert_cmpint(g_rmdir(f->dir), ==, 0);
	fake_own_domid = own;
	fake_can_ask = true;
}

static struct vchan *server(unsigned client)
{
	struct vchan *v = NULL;

	g_assert_cmpint(vchan_server_new(client, PORT, FAKE_RING, FAKE_RING, &v), ==, 0);
	return v;
}

static struct vchan *client(unsigned of)
{
	struct vchan *v = NULL;

	g_assert_cmpint(vchan_client_new(of, PORT, &v), ==, 0);
	return v;
}

/* The server is dom0's and the client QUBE's, or the other way round. */
static void connect_both(struct vchan **s, struct vchan **c, unsigned client_domain,
			 unsigned server_domain)
{
	*s = server(client_domain);
	*c = client(server_domain);
	g_assert_cmpint(vchan_state(*s), ==, VCHAN_WAITING);
	g_assert_cmpint(vchan_connect_wait(*c, WAIT_MS), ==, 0);
	g_assert_cmpint(vchan_connect_wait(*s, WAIT_MS), ==, 0);
}

/* What vchan_wait() says when the channel is next disconnected. */
static int wait_end(struct vchan *v)
{
	int r;

	do {
		struct pollfd p = {.fd = vchan_fd(v), .events = vchan_events(v)};

		g_assert_cmpint(poll(&p, 1, WAIT_MS), ==, 1);
		r = vchan_wait(v);
	} while (vchan_state(v) != VCHAN_DISCONNECTED);
	return r;
}

static void test_data(Fixture *f, gconstpointer data)
{
	struct vchan *s, *c;
	char big[3 * FAKE_RING], got[sizeof(big)];
	size_t sent = 0, have = 0;

	memset(big, 'x', sizeof(big));
	connect_both(&s, &c, QUBE, QUBE);
	while (have < sizeof(big)) {
		sent += (size_t)vchan_write(s, big + sent, sizeof(big) - sent);
		have += (size_t)vchan_read(c, got + have, sizeof(got) - have);
	}
	g_assert_cmpmem(big, sizeof(big), got, sizeof(got));
	g_assert_cmpint(vchan_write(c, "bye", 3), ==, 3);
	vchan_free(c);
	/* Closed by the peer: no domain ended, and what was sent is still there. */
	g_assert_cmpint(wait_end(s), ==, -EPIPE);
	g_assert_cmpint(vchan_read_all(s, got, 3), ==, 0);
	g_assert_cmpint(vchan_read(s, got, 1), ==, -EPIPE);
	vchan_free(s);
}

static gpointer destroy_qube(gpointer file)
{
	g_unlink(file);
	return NULL;
}

static void test_read_blocked(Fixture *f, gconstpointer is_server)
{
	struct vchan *s, *c, *own, *other;
	GThread *thread;
	char got[8];

	connect_both(&s, &c, QUBE, QUBE);
	own = is_server ? s : c;
	other = is_server ? c : s;
	g_assert_cmpint(vchan_write(other, "last", 4), ==, 4);
	thread = g_thread_new("destroy", destroy_qube, f->file);
	g_assert_cmpint(vchan_read_all(own, got, 4), ==, 0);
	g_assert_cmpint(memcmp(got, "last", 4), ==, 0);
	g_assert_cmpint(vchan_read_all(own, got, 1), ==, -EPIPE);
	g_assert_cmpint(vchan_state(own), ==, VCHAN_DISCONNECTED);
	g_thread_join(thread);
	vchan_free(own);
	vchan_free(other);
}

static void test_write_blocked(Fixture *f, gconstpointer is_server)
{
	struct vchan *s, *c, *own, *other;
	char big[4 * FAKE_RING] = {0};
	GThread *thread;

	connect_both(&s, &c, QUBE, QUBE);
	own = is_server ? s : c;
	other = is_server ? c : s;
	thread = g_thread_new("destroy", destroy_qube, f->file);
	g_assert_cmpint(vchan_write_all(own, big, sizeof(big)), ==, -EPIPE);
	g_assert_cmpint(vchan_write(own, big, 1), ==, -EPIPE);
	g_thread_join(thread);
	vchan_free(own);
	vchan_free(other);
}

static void test_server_waits(Fixture *f, gconstpointer data)
{
	struct vchan *s = server(QUBE);

	g_unlink(f->file);
	g_assert_cmpint(wait_end(s), ==, -ENODEV);
	vchan_free(s);
}

static void test_client_waits(Fixture *f, gconstpointer data)
{
	struct vchan *c = client(QUBE);

	g_assert_cmpint(vchan_state(c), ==, VCHAN_WAITING);
	g_unlink(f->file);
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, -ENODEV);
	g_assert_cmpint(vchan_state(c), ==, VCHAN_DISCONNECTED);
	vchan_free(c);
}

/* A file that is written to or replaced by its like is no end of anything but of that file. */
static void test_touched(Fixture *f, gconstpointer data)
{
	struct vchan *s, *c;
	char got[4];

	connect_both(&s, &c, QUBE, QUBE);
	g_assert_cmpint(g_chmod(f->file, 0600), ==, 0);
	for (int i = 0; i < 3; i++) {
		struct pollfd p = {.fd = vchan_fd(c), .events = POLLIN};

		poll(&p, 1, 50);
		g_assert_cmpint(vchan_wait(c), ==, 0);
	}
	g_assert_cmpint(vchan_write(s, "more", 4), ==, 4);
	g_assert_cmpint(vchan_read_all(c, got, 4), ==, 0);
	vchan_free(c);
	vchan_free(s);
}

/* A domain that qubesd did not start. */
static void test_foreign(Fixture *f, gconstpointer data)
{
	struct vchan *s, *c;

	g_unlink(f->file);
	connect_both(&s, &c, QUBE, QUBE);
	g_assert_cmpint(vchan_wait(c), ==, 0);
	g_assert_cmpint(vchan_state(c), ==, VCHAN_CONNECTED);
	vchan_free(c);
	vchan_free(s);
}

/* --- in a qube --- */

static void tick_until_asked(struct vchan *v, int times)
{
	while (fake_asked < times && vchan_state(v) != VCHAN_DISCONNECTED) {
		struct pollfd p = {.fd = vchan_fd(v), .events = POLLIN};

		g_assert_cmpint(poll(&p, 1, WAIT_MS), ==, 1);
		vchan_wait(v);
	}
}

static void test_qube_connected(Fixture *f, gconstpointer data)
{
	struct vchan *s, *c;

	in_qube(f, 6);
	s = server(QUBE);
	c = client(QUBE);
	g_assert_cmpint(vchan_connect_wait(c, WAIT_MS), ==, 0);
	tick_until_asked(c, 1);
	g_assert_cmpint(vchan_state(c), ==, VCHAN_CONNECTED);
	/* Destroyed: the hypervisor closed that domain's end, and told nobody. */
	fake_own_port = EVTCHNSTAT_unbound;
	g_assert_cmpint(wait_end(c), ==, -EPIPE);
	vchan_free(c);
	vchan_free(s);
}

static void test_qube_waits(Fixture *f, gconstpointer data)
{
	struct vchan *s;

	in_qube(f, 6);
	s = server(QUBE);
	tick_until_asked(s, 1);
	g_assert_cmpint(vchan_state(s), ==, VCHAN_WAITING);
	fake_peer_port = GPOINTER_TO_INT(data);
	g_assert_cmpint(wait_end(s), ==, -ENODEV);
	vchan_free(s);
}

static void test_qube_cannot_ask(Fixture *f, gconstpointer data)
{
	struct vchan *s;
	struct pollfd p;

	in_qube(f, 6);
	fake_can_ask = false;
	s = server(QUBE);
	for (int i = 0; i < 2; i++) {
		p = (struct pollfd){.fd = vchan_fd(s), .events = POLLIN};
		g_assert_cmpint(poll(&p, 1, WAIT_MS), ==, 1);
		g_assert_cmpint(vchan_wait(s), ==, 0);
	}
	/* Taken, not ready for ever. */
	p = (struct pollfd){.fd = vchan_fd(s), .events = POLLIN};
	g_assert_cmpint(vchan_state(s), ==, VCHAN_WAITING);
	vchan_free(s);
}

/* dom0 outlives its qubes: nobody is asked about it, nothing wakes. */
static void test_peer_dom0(Fixture *f, gconstpointer data)
{
	struct xen_peer p;

	in_qube(f, 6);
	xen_peer_open(&p, 0);
	g_assert_cmpint(p.fd, ==, -1);
	g_assert_false(xen_peer_gone(&p, XEN_PEER_NO_PORT));
	xen_peer_close(&p);
}

int main(int argc, char **argv)
{
	g_autofree char *run = NULL, *qubes = NULL;
	int r;

	g_test_init(&argc, &argv, NULL);
	/* No thread yet that could read the environment. */
	root = g_dir_make_tmp("test-vchan-xen-XXXXXX", NULL);
	g_setenv("QUBES_ROOT", root, TRUE);
	g_setenv("QUBES_VCHAN", "xen", TRUE);
#define ADD(name, data, fn)                                                                        \
	g_test_add("/vchan-xen/" name, Fixture, (gconstpointer)(data), setup, fn, teardown)
	ADD("data", NULL, test_data);
	ADD("destroyed/client-reads", NULL, test_read_blocked);
	ADD("destroyed/server-reads", "server", test_read_blocked);
	ADD("destroyed/client-writes", NULL, test_write_blocked);
	ADD("destroyed/server-writes", "server", test_write_blocked);
	ADD("destroyed/server-waits", NULL, test_server_waits);
	ADD("destroyed/client-waits", NULL, test_client_waits);
	ADD("file/touched", NULL, test_touched);
	ADD("file/none", NULL, test_foreign);
	ADD("qube/connected", NULL, test_qube_connected);
	ADD("qube/waits-gone", GINT_TO_POINTER(-ESRCH), test_qube_waits);
	ADD("qube/waits-dying", GINT_TO_POINTER(-EINVAL), test_qube_waits);
	ADD("qube/cannot-ask", NULL, test_qube_cannot_ask);
	ADD("qube/peer-dom0", NULL, test_peer_dom0);
	r = g_test_run();
	run = g_strconcat(root, "/run", NULL);
	qubes = g_strconcat(root, "/run/qubes", NULL);
	g_rmdir(qubes);
	g_rmdir(run);
	g_rmdir(root);
	g_free(root);
	return r;
}
