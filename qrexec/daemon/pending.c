/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of a qube, while jobs work on them. The fields were sanitised by
 * qrx_trigger_decode(); the spawner is trusted.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "qrexec/daemon/daemon.h"

void pending_refuse(struct daemon *d, const uint8_t ident[QRX_IDENT_LEN])
{
	if (agent_send(d, QRX_SERVICE_REFUSED, NULL, 0, ident, QRX_IDENT_LEN))
		daemon_log("a refusal could not be queued: the agent of %s does not read",
			   d->cfg.name);
}

static struct pending *find_job(struct daemon *d, uint32_t job)
{
	for (int i = 0; i < MAX_PENDING; i++)
		if (d->pending[i].job == job)
			return &d->pending[i];
	return NULL;
}

/* Sends the request to the spawner. 0 or -errno. */
static int submit(struct daemon *d, uint32_t job, const struct qrx_trigger *t,
		  const uint8_t ident[QRX_IDENT_LEN])
{
	size_t text = strlen(t->service) + 1, n = offsetof(struct spawn_request, service) + text;
	struct spawn_request *r = malloc(n);
	int e = 0;

	if (!r)
		return -ENOMEM;
	memset(r, 0, offsetof(struct spawn_request, service));
	r->job = job;
	r->has_source = t->has_source;
	memcpy(r->ident, ident, QRX_IDENT_LEN);
	memcpy(r->source, t->source, sizeof(r->source));
	memcpy(r->target, t->target, sizeof(r->target));
	memcpy(r->service, t->service, text);
	if (send(d->spawner_fd, r, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		e = -errno;
	free(r);
	return e;
}

void pending_start(struct daemon *d, const struct qrx_trigger *t,
		   const uint8_t ident[QRX_IDENT_LEN])
{
	struct pending *p = find_job(d, 0);
	int r;

	if (!p) {
		daemon_log("a call of %s by %s was refused: %d of its requests are open already",
			   t->service, d->cfg.name, MAX_PENDING);
		pending_refuse(d, ident);
		return;
	}
	if (++d->next_job == 0)
		d->next_job = 1;
	r = submit(d, d->next_job, t, ident);
	if (r) {
		daemon_log("a call of %s by %s was refused: cannot start a job: %s", t->service,
			   d->cfg.name, strerror(-r));
		pending_refuse(d, ident);
		return;
	}
	*p = (struct pending){.job = d->next_job};
	memcpy(p->ident, ident, QRX_IDENT_LEN);
}

struct pending *pending_find(struct daemon *d, const char *ident)
{
	for (int i = 0; i < MAX_PENDING; i++) {
		struct pending *p = &d->pending[i];

		/* The stored ident ends in a NUL: qrx_ident_ok(). */
		if (p->job && !p->answered && !strcmp((const char *)p->ident, ident))
			return p;
	}
	return NULL;
}

void pending_answer(struct pending *p, struct qrx_params where)
{
	p->answered = true;
	p->where = where;
	if (p->done)
		*p = (struct pending){0};
}

void pending_over(struct daemon *d, struct qrx_params where)
{
	for (int i = 0; i < MAX_PENDING; i++) {
		struct pending *p = &d->pending[i];

		if (p->job && p->answered && p->where.domain == where.domain &&
		    p->where.port == where.port)
			p->over = true;
	}
}

/*
 * The other side of an answered call has failed. The program that waits for it may hear
 * so by a refusal, if the agent knows such late ones: it says that by a zero before the
 * number in its idents. Others would close what they must not.
 */
static void refuse_late(struct daemon *d, const struct pending *p)
{
	static const char mark[] = "SOCKET0";

	if (!p->over && !strncmp((const char *)p->ident, mark, sizeof(mark) - 1) &&
	    p->ident[sizeof(mark) - 1])
		pending_refuse(d, p->ident);
}

int pending_results(struct daemon *d)
{
	struct spawn_result res;
	struct pending *p;
	ssize_t n;

	while ((n = recv(d->spawner_fd, &res, sizeof(res), MSG_DONTWAIT)) == sizeof(res)) {
		p = res.job ? find_job(d, res.job) : NULL;
		if (!p)
			continue;
		if ((res.code == 0 || res.code == JOB_TARGET_ENDED) && !p->answered) {
			/* Said on another connection, which may not have been read yet. */
			p->done = true;
			continue;
		}
		if (!p->answered)
			pending_refuse(d, p->ident);
		else if (res.code != 0)
			refuse_late(d, p);
		*p = (struct pending){0};
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	daemon_log("the spawner is gone");
	return -EPIPE;
}

void pending_forget(struct daemon *d)
{
	memset(d->pending, 0, sizeof(d->pending));
}
