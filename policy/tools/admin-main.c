/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-policy-admin: the program behind the policy.* services of dom0. Started by qrexec with
 * the call in the environment; the caller may be a qube that the policy trusts with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "policy/engine/path.h"
#include "policy/tools/admin.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"

#define PROGRAM "qubes-policy-admin"

struct call {
	char service[128];
	const char *arg, *source;
	char log[QUBES_PATH_MAX];
};

/* One line in the log; without a log the call goes on all the same. */
static void log_call(const struct call *c, const char *what)
{
	_cleanup_fclose_ FILE *f = fopen(c->log, "ae");
	time_t now = time(NULL);
	struct tm tm;
	char when[32];

	if (!f)
		return;
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(f, "%s %s+%.64s (%.64s)%s", when, c->service, c->arg, c->source, *what ? ": " : "");
	for (; *what; what++)
		fputc((unsigned char)*what < ' ' ? ' ' : *what, f);
	fputc('\n', f);
}

static int finish(const struct call *c, enum admin_error e, const struct pol_buf *out)
{
	const char *text = out->p ? out->p : "";

	if (e == ADMIN_OK) {
		log_call(c, "");
		return io_write_all(STDOUT_FILENO, text, out->n) ? 2 : 0;
	}
	log_call(c, text);
	if (e == ADMIN_INTERNAL) {
		fprintf(stderr, "Internal error. See '%s' in dom0 for details.", c->log);
		return 2;
	}
	fprintf(stderr, "%s %s", admin_error_name(e), text);
	return 1;
}

/* Splits SERVICE[+ARG]. False when the service's name is out of all proportion. */
static bool split(const char *full, struct call *c)
{
	size_t n = strcspn(full, "+");

	if (n >= sizeof(c->service))
		return false;
	memcpy(c->service, full, n);
	c->service[n] = '\0';
	c->arg = full[n] ? full + n + 1 : "";
	return true;
}

int main(int argc, char **argv)
{
	const char *full = getenv("QREXEC_SERVICE_FULL_NAME"), *dir = getenv("QREXEC_POLICY_DIR"),
		   *log = getenv("QREXEC_POLICY_ADMIN_LOG");
	char def[QUBES_PATH_MAX], compat[QUBES_PATH_MAX], resolved[POL_PATH_MAX];
	_cleanup_free_ char *payload = NULL;
	struct call c = {.source = getenv("QREXEC_REMOTE_DOMAIN")};
	struct pol_buf out = {0};
	size_t len;
	int r;

	if (!full || !c.source || !split(full, &c)) {
		fprintf(stderr, PROGRAM ": this is started by qrexec, as a policy.* service\n");
		return 2;
	}
	qubes_path(def, sizeof(def), "/etc/qubes/policy.d");
	qubes_path(compat, sizeof(compat), "/etc/qubes-rpc/policy");
	if (log)
		snprintf(c.log, sizeof(c.log), "%s", log);
	else
		qubes_path(c.log, sizeof(c.log), "/var/log/qubes/policy-admin.log");
	r = io_read_to_end(STDIN_FILENO, ADMIN_PAYLOAD_MAX, &payload, &len);
	if (!r)
		r = pol_path_resolve(".", dir ? dir : def, resolved);
	if (r) {
		fprintf(stderr, PROGRAM ": cannot take the call: %s\n", strerror(-r));
		return 2;
	}
	const struct admin_request rq = {
		.dir = resolved,
		.compat_dir = compat,
		.service = c.service,
		.arg = pol_str(c.arg),
		.payload = {payload, len},
		.caller = c.source,
		.requested_target = getenv("QREXEC_REQUESTED_TARGET"),
	};
	r = finish(&c, admin_handle(&rq, &out), &out);
	pol_buf_clear(&out);
	return r;
}
