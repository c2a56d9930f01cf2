/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy agent's connections (server.h). The peers are dom0's policy daemon or, in a GUI
 * qube, qrexec on its behalf.
 */
#include "policy/agent/server.h"

#include "dom0/desktop/oneshot.h"
#include "policy/agent/notice.h"
#include "policy/agent/prompt.h"

struct agent_server {
	struct oneshot *socket;
	GApplication *notify;
	GQueue questions; /* of struct question, in the order they came */
	bool closing;
};

struct question {
	struct agent_server *server;
	GList link;
	struct oneshot_call *call;
	struct agent_params params; /* borrows from the call */
	struct prompt *prompt;	    /* when it is shown */
};

static void show_waiting(struct agent_server *s);

static void question_free(struct question *q)
{
	g_queue_unlink(&q->server->questions, &q->link);
	agent_params_clear(&q->params);
	g_free(q);
}

static void answered(void *ctx, const char *target)
{
	struct question *q = ctx;
	struct agent_server *s = q->server;
	struct oneshot_call *call = q->call;
	g_autofree char *text = target ? g_strconcat("allow:", target, NULL) : g_strdup("deny");

	question_free(q);
	oneshot_answer(call, text);
	show_waiting(s);
}

/* The caller went away: the question is moot. */
static void lost(void *data)
{
	struct question *q = data;
	struct agent_server *s = q->server;

	prompt_close(q->prompt);
	question_free(q);
	if (!s->closing)
		show_waiting(s);
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

		if (!q->prompt && !source_is_shown(s, q->params.source))
			q->prompt = prompt_show(&q->params, answered, q);
	}
}

static void take(struct oneshot_call *call, const void *request, gsize n, void *ctx)
{
	struct pol_str text = {request, n};
	struct agent_server *s = ctx;
	struct agent_params params = {0};
	struct question *q;

	if (!n || agent_params_parse(text, &params) < 0) {
		g_message("a malformed request was dropped");
		agent_params_clear(&params);
		oneshot_end(call);
		return;
	}
	if (params.which == AGENT_NOTIFY) {
		notice_show(s->notify, &params);
		agent_params_clear(&params);
		oneshot_end(call);
		return;
	}
	q = g_new0(struct question, 1);
	q->server = s;
	q->call = call;
	q->params = params;
	q->link.data = q;
	g_queue_push_tail_link(&s->questions, &q->link);
	oneshot_wait(call, lost, q);
	show_waiting(s);
}

struct agent_server *agent_server_new(int fd, GApplication *notify)
{
	static const struct oneshot_limits limits = {AGENT_REQUEST_MAX, AGENT_CONNECTIONS_MAX,
						     AGENT_READ_TIMEOUT_S};
	struct agent_server *s = g_new0(struct agent_server, 1);

	s->notify = notify;
	s->socket = oneshot_new(fd, &limits, take, s);
	return s;
}

void agent_server_free(struct agent_server *s)
{
	s->closing = true;
	oneshot_free(s->socket);
	g_free(s);
}
