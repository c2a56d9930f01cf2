/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session service's requests (server.h). The peers are GUI daemons of the same user;
 * the socket's mode keeps others out.
 */
#include "guid/session/server.h"

#include "dom0/desktop/oneshot.h"
#include "guid/proto/session.h"
#include "guid/session/dialog.h"
#include "guid/session/icons.h"
#include "guid/session/notice.h"

/*
 * Failures of one qube on the screen at a time. They stay when their daemon is done, so it could
 * have more and more of them shown; and only so many windows can be announced as prompts.
 */
#define ERRORS_MAX 4
#define ERROR_OF "error-of"

struct session_server {
	struct oneshot *socket;
	GApplication *app;
};

/* A question on the screen. */
struct question {
	struct oneshot_call *call;
	GtkWidget *dialog;
};

static void answered(void *ctx, bool terminate)
{
	struct question *q = ctx;

	oneshot_answer(q->call, terminate ? SESSION_TERMINATE : SESSION_IGNORE);
	g_free(q);
}

/* The daemon is gone, and with it the question. */
static void lost(void *data)
{
	struct question *q = data;

	gtk_widget_destroy(q->dialog);
	g_free(q);
}

static void ask(struct oneshot_call *call, const struct session_request *rq)
{
	struct question *q = g_new0(struct question, 1);

	q->call = call;
	q->dialog = dialog_show(rq, answered, q);
	oneshot_wait(call, lost, q);
}

static guint errors_of(const char *qube)
{
	g_autoptr(GList) windows = gtk_window_list_toplevels();
	guint n = 0;

	for (GList *w = windows; w; w = w->next)
		n += g_strcmp0(g_object_get_data(w->data, ERROR_OF), qube) == 0;
	return n;
}

static void tell(struct session_server *s, const struct session_request *rq)
{
	g_autofree char *title = g_strdup_printf("[%s]", rq->qube);

	notice_show(s->app, rq->qube, ICON_QUBE, rq->color, title, rq->text);
}

static void fail(struct session_server *s, const struct session_request *rq)
{
	if (errors_of(rq->qube) < ERRORS_MAX)
		g_object_set_data_full(G_OBJECT(dialog_show(rq, NULL, NULL)), ERROR_OF,
				       g_strdup(rq->qube), g_free);
	else
		tell(s, rq);
}

static void take(struct oneshot_call *call, const void *request, gsize n, void *ctx)
{
	struct session_server *s = ctx;
	struct session_request rq;

	if (!n) {
		/* Only looked whether somebody is here. */
	} else if (session_request_parse(request, n, &rq) < 0 ||
		   !g_utf8_validate(rq.text, -1, NULL)) {
		g_message("a malformed request was dropped");
	} else if (rq.kind == SESSION_ASK) {
		ask(call, &rq);
		return;
	} else if (rq.kind == SESSION_ERROR) {
		fail(s, &rq);
	} else {
		tell(s, &rq);
	}
	oneshot_end(call);
}

struct session_server *session_server_new(int fd, GApplication *app)
{
	static const struct oneshot_limits limits = {SESSION_REQUEST_MAX, SESSION_CONNECTIONS_MAX,
						     SESSION_READ_TIMEOUT_S};
	struct session_server *s = g_new0(struct session_server, 1);

	s->app = app;
	s->socket = oneshot_new(fd, &limits, take, s);
	return s;
}

void session_server_free(struct session_server *s)
{
	oneshot_free(s->socket);
	g_free(s);
}
