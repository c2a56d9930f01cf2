/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection to the policy daemon (call.h). The peers are qrexec-daemons of dom0, whose
 * requests carry what qubes chose, and, on the Eval sockets, qubes.
 */
#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#include "policy/daemon/call-internal.h"
#include "qrexec/base/io.h"

static void unwatch(struct call *c)
{
	if (c->watch)
		g_source_remove(c->watch);
	if (c->timer)
		g_source_remove(c->timer);
	c->watch = c->timer = 0;
}

void call_free(struct call *c)
{
	g_queue_unlink(&c->service->calls, &c->link);
	unwatch(c);
	exchange_cancel(c->question);
	pol_decision_clear(&c->decision);
	pol_policy_unref(c->policy);
	pol_sysinfo_unref(c->info);
	bytebuf_clear(&c->in);
	bytebuf_clear(&c->out);
	close(c->fd);
	g_free(c);
}

static gboolean out_of_time(gpointer data)
{
	struct call *c = data;

	c->timer = 0;
	call_free(c);
	return G_SOURCE_REMOVE;
}

static gboolean writable(gint fd, GIOCondition cond, gpointer data)
{
	struct call *c = data;

	if (bytebuf_flush(&c->out, fd) == 0 && c->out.len)
		return G_SOURCE_CONTINUE;
	c->watch = 0;
	call_free(c);
	return G_SOURCE_REMOVE;
}

void call_answer(struct call *c, struct pol_str text)
{
	unwatch(c);
	c->state = WRITING;
	if (bytebuf_add(&c->out, text.p, text.n) < 0 || bytebuf_flush(&c->out, c->fd) < 0 ||
	    !c->out.len) {
		call_free(c);
		return;
	}
	c->watch = g_unix_fd_add(c->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, writable, c);
	c->timer = g_timeout_add_seconds(READ_TIMEOUT_S, out_of_time, c);
}

/* Nobody waits for the answer any more: take the question back as well. */
static gboolean hung_up(gint fd, GIOCondition cond, gpointer data)
{
	struct call *c = data;

	c->watch = 0;
	call_log(c, "the caller is gone", POL_NONE);
	call_free(c);
	return G_SOURCE_REMOVE;
}

static int decode(struct call *c, bool at_end)
{
	static const struct pol_str names[] = {
		[CALL_EVAL] = {"policy.EvalSimple", 17},
		[CALL_EVAL_GUI] = {"policy.EvalGUI", 14},
	};
	struct pol_str untrusted_text = {(const char *)bytebuf_peek(&c->in), c->in.len};

	if (!c->in.len)
		untrusted_text = POL_STR("");
	if (c->kind == CALL_POLICY)
		return pol_wire_request(untrusted_text, at_end, &c->asked.request);
	return pol_wire_eval(untrusted_text, at_end, names[c->kind], &c->asked);
}

/* Reads what is there. 0 when the request is complete, -EAGAIN to come again. */
static int read_request(struct call *c)
{
	ssize_t n = bytebuf_fill(&c->in, c->fd, MIN(c->in.max - c->in.len, 4096));
	int r;

	if (n < 0)
		return (int)n;
	r = decode(c, n == 0);
	if (r == -EAGAIN && c->in.len == c->in.max)
		return -EMSGSIZE;
	return r;
}

/* The request is there: from now on only a hang-up is of interest. */
static void begin(struct call *c)
{
	unwatch(c);
	c->state = WAITING;
	c->watch = g_unix_fd_add(c->fd, G_IO_HUP | G_IO_ERR, hung_up, c);
	c->ticket = qubesd_ticket(c->service->qubesd);
	call_decide(c);
}

/* What to do after reading, by its result. */
static void go_on(struct call *c, int r)
{
	if (r == 0) {
		begin(c);
		return;
	}
	g_message("a malformed request was dropped: %s",
		  r == -EPROTO ? "not what the protocol says" : g_strerror(-r));
	call_free(c);
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	struct call *c = data;
	int r = read_request(c);

	if (r == -EAGAIN)
		return G_SOURCE_CONTINUE;
	c->watch = 0;
	go_on(c, r);
	return G_SOURCE_REMOVE;
}

void call_new(struct service *s, enum call_kind kind, int fd)
{
	struct call *c;
	int r;

	if (s->calls.length >= CALLS_MAX) {
		g_warning("more than %d calls at a time: one was dropped", CALLS_MAX);
		close(fd);
		return;
	}
	c = g_new0(struct call, 1);
	c->service = s;
	c->kind = kind;
	c->fd = fd;
	c->link.data = c;
	bytebuf_init(&c->in, POL_WIRE_REQUEST_MAX);
	bytebuf_init(&c->out, RESPONSE_MAX);
	g_queue_push_tail_link(&s->calls, &c->link);
	/* Most callers have written before we accept. */
	r = read_request(c);
	if (r != -EAGAIN) {
		go_on(c, r);
	} else {
		c->watch = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, c);
		/* After what there is to read: it may be us who are late. */
		c->timer = g_timeout_add_seconds_full(G_PRIORITY_LOW, READ_TIMEOUT_S, out_of_time,
						      c, NULL);
	}
}

void calls_retry(struct service *s)
{
	GList *l = s->calls.head;
	guint n = s->calls.length;

	/* A call that is answered leaves the queue; none is added meanwhile. */
	while (l && n--) {
		struct call *c = l->data;

		l = l->next;
		if (c->state == WAITING)
			call_decide(c);
	}
}

void calls_free(struct service *s)
{
	while (s->calls.head)
		call_free(s->calls.head->data);
}
