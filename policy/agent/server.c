/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy agent's connections (server.h). The peers are dom0's policy daemon or, in a GUI
 * qube, qrexec on its behalf.
 */
#include "policy/agent/server.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/agent/notice.h"
#include "policy/agent/prompt.h"
#include "qrexec/base/bytebuf.h"

struct agent_server {
	int fd;
	guint watch;
	GApplication *notify;
	GQueue questions; /* of struct question, in the order they came */
};

struct question {
	struct agent_server *server;
	GList link;
	int fd; /* owned */
	guint watch, timer;
	struct bytebuf in;
	struct agent_params params; /* borrows from in */
	bool complete;
	struct prompt *prompt; /* when it is shown */
};

static void show_waiting(struct agent_server *s);

static void question_free(struct question *q)
{
	g_queue_unlink(&q->server->questions, &q->link);
	if (q->watch)
		g_source_remove(q->watch);
	if (q->timer)
		g_source_remove(q->timer);
	agent_params_clear(&q->params);
	bytebuf_clear(&q->in);
	close(q->fd);
	g_free(q);
}

/* The answer is far smaller than any socket's buffer. */
static void answer(struct question *q, const char *text)
{
	if (send(q->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		g_message("an answer could not be sent: %s", g_strerror(errno));
}

static void answered(void *ctx, const char *target)
{
	struct question *q = ctx;
	struct agent_server *s = q->server;
	g_autofree char *text = target ? g_strconcat("allow:", target, NULL) : g_strdup("deny");

	answer(q, text);
	question_free(q);
	show_waiting(s);
}

/* The caller went away: the question is moot. */
static gboolean hung_up(gint fd, GIOCondition cond, gpointer data)
{
	struct question *q = data;
	struct agent_server *s = q->server;

	q->watch = 0;
	prompt_close(q->prompt);
	question_free(q);
	show_waiting(s);
	return G_SOURCE_REMOVE;
}

static bool source_is_shown(const struct agent_server *s, struct pol_str source)
{
	for (GList *l = s->questions.head; l; l = l->next) {
		const struct question *q = l->data;

		if (q->prompt && pol_eq(q->params.source, source))
			return true;
	}
	return false;
}

/* Shows the first question of every qube that has none on the screen. */
static void show_waiting(struct agent_server *s)
{
	for (GList *l = s->questions.head; l; l = l->next) {
		struct question *q = l->data;

		if (q->complete && !q->prompt && !source_is_shown(s, q->params.source))
			q->prompt = prompt_show(&q->params, answered, q);
	}
}

static void take(struct question *q)
{
	struct pol_str text = {(const char *)bytebuf_peek(&q->in), q->in.len};
	struct agent_server *s = q->server;

	if (!q->in.len || agent_params_parse(text, &q->params) < 0) {
		g_message("a malformed request was dropped");
		question_free(q);
		return;
	}
	if (q->params.which == AGENT_NOTIFY) {
		notice_show(s->notify, &q->params);
		question_free(q);
		return;
	}
	q->complete = true;
	q->watch = g_unix_fd_add(q->fd, G_IO_HUP | G_IO_ERR, hung_up, q);
	show_waiting(s);
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	struct question *q = data;
	ssize_t n = bytebuf_fill(&q->in, fd, MIN(q->in.max - q->in.len, 16384));

	if (n > 0 && q->in.len == q->in.max)
		n = -EMSGSIZE;
	if (n > 0 || n == -EAGAIN)
		return G_SOURCE_CONTINUE;
	g_source_remove(q->timer);
	q->watch = q->timer = 0;
	if (n == 0)
		take(q);
	else
		question_free(q);
	return G_SOURCE_REMOVE;
}

static gboolean out_of_time(gpointer data)
{
	struct question *q = data;

	q->timer = 0;
	question_free(q);
	return G_SOURCE_REMOVE;
}

static gboolean acceptable(gint fd, GIOCondition cond, gpointer data)
{
	int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct agent_server *s = data;
	struct question *q;

	if (conn < 0)
		return G_SOURCE_CONTINUE;
	if (s->questions.length >= AGENT_CONNECTIONS_MAX) {
		close(conn);
		return G_SOURCE_CONTINUE;
	}
	q = g_new0(struct question, 1);
	q->server = s;
	q->fd = conn;
	q->link.data = q;
	bytebuf_init(&q->in, AGENT_REQUEST_MAX);
	g_queue_push_tail_link(&s->questions, &q->link);
	q->watch = g_unix_fd_add(conn, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, q);
	q->timer = g_timeout_add_seconds(AGENT_READ_TIMEOUT_S, out_of_time, q);
	return G_SOURCE_CONTINUE;
}

struct agent_server *agent_server_new(int fd, GApplication *notify)
{
	struct agent_server *s = g_new0(struct agent_server, 1);

	s->fd = fd;
	s->notify = notify;
	s->watch = g_unix_fd_add(fd, G_IO_IN, acceptable, s);
	return s;
}

void agent_server_free(struct agent_server *s)
{
	while (s->questions.head) {
		struct question *q = s->questions.head->data;

		prompt_close(q->prompt);
		question_free(q);
	}
	g_source_remove(s->watch);
	close(s->fd);
	g_free(s);
}
