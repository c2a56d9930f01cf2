/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A job: one request of a qube, from the policy's decision to the connected call. It
 * may block. The request's fields are sanitised names; what the qube sends to a service
 * in dom0 is hostile and is only carried, after confinement.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/call/confine.h"
#include "qrexec/call/dom0.h"
#include "qrexec/call/relay.h"
#include "qrexec/call/serve.h"
#include "qrexec/daemon/daemon.h"
#include "qrexec/daemon/policy.h"

#define DOM0_CONNECT_TIMEOUT_MS 5000
/* As long as a caller waits for its target. */
#define TARGET_WATCH_MS 120000

/* What is asked for, with the policy's changes. */
struct decided {
	const char *service; /* with argument */
	const char *plus;    /* "+" when it has none */
	const char *source;  /* name of the caller to show to the service */
};

static void decide(const struct config *cfg, const struct spawn_request *r,
		   const struct qrx_answer *a, struct decided *ret)
{
	ret->service = a->service ? a->service : r->service;
	ret->plus = strchr(ret->service, '+') ? "" : "+";
	ret->source = a->policy_source ? a->policy_source : cfg->name;
}

/* Parses the command and loads the configuration into s. */
static void prepare_dom0(struct serve *s, const char *command, struct qrx_command *cmd,
			 struct qrx_rpcconf *conf)
{
	const char *why = NULL;
	struct qrx_error e;

	qrx_rpcconf_defaults(conf);
	if (qrx_command_parse(command, false, cmd, &why)) {
		daemon_log("cannot run '%.80s': %s", command, why);
		s->cmd = NULL;
		s->failure = QRX_EXIT_PROBLEM;
	} else if (lookup_config(s->paths, cmd, conf, &e)) {
		daemon_log("%s", e.text);
		s->failure = QRX_EXIT_PROBLEM;
	} else {
		if (lookup_config_odd(cmd, conf, true, &e))
			daemon_log("%s", e.text);
		if (conf->wait_for_session)
			serve_wait_session(s->paths, cmd);
	}
}

/*
 * The service runs in dom0. Its exit code is the caller's business; but when there was none,
 * the daemon must know: the caller may not have seen us at all.
 */
static int call_dom0(const struct config *cfg, const struct spawn_request *r,
		     const struct qrx_answer *a)
{
	bool keyword = a->requested_target[0] == '@';
	_cleanup_free_ char *command = NULL;
	struct qrx_params p = {0, 0};
	struct lookup_paths paths;
	struct qrx_command cmd;
	struct qrx_rpcconf conf;
	struct decided d;
	struct qrx_error e;
	struct serve s = {.type = QRX_EXEC_CMDLINE,
			  .paths = &paths,
			  .cmd = &cmd,
			  .conf = &conf,
			  .dom0 = true,
			  .timeout_ms = DOM0_CONNECT_TIMEOUT_MS,
			  .shell = "/bin/bash",
			  .log = daemon_log_text,
			  .confine = qrx_confine_data};

	decide(cfg, r, a, &d);
	if (asprintf(&command, "QUBESRPC %s%s %s %s %s", d.service, d.plus, d.source,
		     keyword ? "keyword" : "name", a->requested_target + (keyword ? 1 : 0)) < 0)
		return QRX_EXIT_PROBLEM;
	s.call_fd = dom0_service_connect(cfg->socket_dir, cfg->domid, r->ident, &p, &e);
	if (s.call_fd < 0) {
		daemon_log("%s called by %s: %s", d.service, cfg->name, e.text);
		return QRX_EXIT_PROBLEM;
	}
	s.where = p;
	setenv("QREXEC_REMOTE_DOMAIN", d.source, 1);
	lookup_paths_init(&paths, true);
	prepare_dom0(&s, command, &cmd, &conf);
	return serve_run(&s) == QRX_EXIT_PROBLEM ? QRX_EXIT_PROBLEM : 0;
}

static int call_qube(const struct config *cfg, const struct spawn_request *r,
		     const struct qrx_answer *a)
{
	_cleanup_free_ char *command = NULL;
	struct dom0_call c = {.dir = cfg->socket_dir,
			      .target = a->target_uuid ? a->target_uuid : a->target,
			      .by_uuid = a->target_uuid != NULL,
			      .autostart = a->autostart,
			      .source = cfg->domid,
			      .ident = r->ident,
			      .watch_ms = TARGET_WATCH_MS};
	struct decided d;
	struct qrx_error e;
	int end;

	decide(cfg, r, a, &d);
	if (asprintf(&command, "%s:QUBESRPC %s%s %s", a->user, d.service, d.plus, d.source) < 0)
		return QRX_EXIT_PROBLEM;
	c.command = command;
	end = dom0_connect_qubes(&c, &e);
	if (end >= 0)
		return end == DOM0_CALL_ENDED ? JOB_TARGET_ENDED : 0;
	daemon_log("%s called by %s was allowed, but: %s", d.service, cfg->name, e.text);
	return QRX_EXIT_PROBLEM;
}

int job_run(const struct config *cfg, const struct spawn_request *r)
{
	struct policy_answer *p = calloc(1, sizeof(*p));
	sigset_t later;
	int e;

	sigemptyset(&later);
	sigaddset(&later, DOM0_STOP_WATCHING);
	sigprocmask(SIG_BLOCK, &later, NULL);
	e = p ? policy_ask(cfg, r, p) : -ENOMEM;

	if (e || !p->a.allow) {
		daemon_log("%.80s called by %s to %s: refused%s%s", r->service, cfg->name,
			   *r->target ? r->target : "@default", e ? ": no decision: " : "",
			   e ? strerror(-e) : "");
		return QRX_EXIT_REFUSED;
	}
	/* From here on the call goes on, and what was created is cleaned up, without us. */
	prctl(PR_SET_PDEATHSIG, 0);
	return qrx_is_dom0(p->a.target) ? call_dom0(cfg, r, &p->a) : call_qube(cfg, r, &p->a);
}
