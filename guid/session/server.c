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

static void take(struct oneshot_call *call, const void *request, gsize n, void *ctx)
{
	struct session_server *s = ctx;
	struct session_request rq;

	if (session_request_parse(request, n, &rq) < 0 || !g_utf8_validate(rq.text, -1, NULL)) {
		g_message("a malformed request was dropped");
	} else if (rq.kind == SESSION_ASK) {
		ask(call, &rq);
		return;
	} else if (rq.kind == SESSION_ERROR) {
		/* It stays when the daemon that failed is gone. */
		dialog_show(&rq, NULL, NULL);
	} else {
		g_autofree char *title = g_strdup_printf("[%s]", rq.qube);

		notice_show(s->app, rq.qube, ICON_QUBE, rq.color, title, rq.text);
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
