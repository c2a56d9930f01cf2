/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making an allowed call (exec-call.h). The source's name and the service were cleaned by
 * qrexec-daemon; everything else is the policy's word or qubesd's.
 */
#include "policy/tools/exec-call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/tools/common.h"
#include "qrexec/base/cleanup.h"

/* The value of key in the answer; owned, NULL when there is none. */
static char *value_of(const char *answer, const char *key)
{
	size_t n = strlen(key);

	while (*answer) {
		size_t len = strcspn(answer, "\n");

		if (len > n && strncmp(answer, key, n) == 0 && answer[n] == '=')
			return strndup(answer + n + 1, len - n - 1);
		answer += len + (answer[len] == '\n');
	}
	return NULL;
}

static int complain(const char *what, int error, const char *detail)
{
	fprintf(stderr, "qrexec-policy-exec: %s failed: %s\n", what,
		error == -EREMOTEIO ? detail : strerror(-error));
	return 1;
}

/* Makes a disposable and sees to it that the target runs. *target becomes its name. */
static int prepare(char **target, bool dispvm)
{
	_cleanup_free_ char *reply = NULL;
	size_t len = 0;
	int r;

	if (dispvm) {
		/* @dispvm:NAME; the disposable's name comes back. */
		r = tool_qubesd("admin.vm.CreateDisposable+", *target + strlen("@dispvm:"), NULL,
				&reply, &len);
		if (r)
			return complain("creating a disposable", r, reply);
		free(*target);
		*target = reply;
		reply = NULL;
	}
	r = tool_qubesd("admin.vm.Start+", *target, NULL, &reply, &len);
	/* One that runs already is as good. */
	if (r && !(r == -EREMOTEIO && strcmp(reply, "QubesVMNotHaltedError") == 0))
		return complain("starting the target", r, reply);
	return 0;
}

int exec_call(char **args, const char *answer)
{
	const char *domid = args[0], *source = args[1], *wanted = args[2];
	_cleanup_free_ char *target = value_of(answer, "target"), *user = value_of(answer, "user");
	/* A remote qube's relay is called by another name. */
	_cleanup_free_ char *relayed = value_of(answer, "service");
	const char *service = relayed ? relayed : args[3];
	_cleanup_free_ char *client = tool_find("qrexec-client");
	_cleanup_free_ char *command = NULL, *caller = NULL;
	bool dom0 = target && strcmp(target, "dom0") == 0, keyword = wanted[0] == '@';
	bool dispvm = target && strncmp(target, "@dispvm:", 8) == 0;
	int n;

	if (!target || !user || !client ||
	    asprintf(&caller, "%s,%s,%s", args[4], source, domid) < 0)
		return 1;
	if (dom0)
		n = asprintf(&command, "QUBESRPC %s %s %s %s", service, source,
			     keyword ? "keyword" : "name", keyword ? wanted + 1 : wanted);
	else
		n = asprintf(&command, "%s:QUBESRPC %s %s", user, service, source);
	if (n < 0 || (!dom0 && prepare(&target, dispvm)))
		return 1;
	execlp(client, "qrexec-client", dispvm ? "-EWkd" : "-Ed", target, "-c", caller, "--",
	       command, (char *)NULL);
	return complain("running qrexec-client", -errno, NULL);
}
