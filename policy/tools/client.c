/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls the policy.* services (client.h). In dom0 that is the program itself, as qrexec
 * would start it for dom0; in a qube it is qrexec-client-vm, and the policy decides.
 */
#include "policy/tools/client.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/engine/rule.h"
#include "policy/tools/common.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define REPLY_MAX (8u << 20)

extern char **environ;

void client_reply_clear(struct client_reply *r)
{
	free(r->out);
	free(r->err);
	*r = (struct client_reply){0};
}

bool client_split_name(const char *text, bool *ret_include, const char **ret_name)
{
	*ret_include = strncmp(text, "include/", 8) == 0 || strcmp(text, "include") == 0;
	*ret_name = !*ret_include ? text : text[7] ? text + 8 : text + 7;
	return pol_rpc_name_ok(pol_str(*ret_name));
}

/* What to run for a call. */
struct command {
	const char *argv[6];
	char *program; /* owned */
	char *text;    /* owned */
};

static bool is_dom0(void)
{
	char path[QUBES_PATH_MAX];

	return qubes_path(path, sizeof(path), "/etc/qubes/policy.d") && access(path, F_OK) == 0;
}

/* Sets what qrexec sets for a call of dom0 to itself. */
static int own_environment(const char *service)
{
	return setenv("QREXEC_SERVICE_FULL_NAME", service, 1) < 0 ||
			       setenv("QREXEC_REMOTE_DOMAIN", "dom0", 1) < 0
		       ? -ENOMEM
		       : 0;
}

/* QREXEC_CLIENT and QREXEC_CLIENT_VM name the program to use, where one is wanted. */
static int choose(const char *service, struct command *c)
{
	const char *client = getenv("QREXEC_CLIENT"), *vm = getenv("QREXEC_CLIENT_VM");

	if (client || (!vm && is_dom0())) {
		c->program = client ? strdup(client) : tool_find("qubes-policy-admin");
		if (asprintf(&c->text, "DEFAULT:QUBESRPC %s dom0", service) < 0)
			return -ENOMEM;
		c->argv[0] = c->program;
		if (client) {
			c->argv[1] = "-d";
			c->argv[2] = "dom0";
			c->argv[3] = c->text;
		}
		return c->program ? client ? 0 : own_environment(service) : -ENOMEM;
	}
	c->program = vm ? strdup(vm) : tool_find("qrexec-client-vm");
	c->text = strdup(service);
	c->argv[0] = c->program;
	c->argv[1] = "--";
	c->argv[2] = "dom0";
	c->argv[3] = c->text;
	return c->program && c->text ? 0 : -ENOMEM;
}

/* Runs c on three files. Its exit status, or -errno. */
static int run(const struct command *c, const int fds[3])
{
	posix_spawn_file_actions_t fa;
	int r, status;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&fa, fds[i], i);
	r = -posix_spawnp(&pid, c->program, &fa, NULL, (char *const *)c->argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	if (r)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int read_back(int fd, char **ret, size_t *ret_len)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return io_read_to_end(fd, REPLY_MAX, ret, ret_len);
}

/* "PolicyAdminXException text" becomes the text. */
static void strip_exception(struct client_reply *r)
{
	char *space = strchr(r->err, ' ');

	if (strncmp(r->err, "PolicyAdmin", 11) != 0 || !space)
		return;
	r->not_found = strncmp(r->err, "PolicyAdminFileNotFoundException ", 33) == 0;
	memmove(r->err, space + 1, strlen(space + 1) + 1);
}

static int call(const char *service, struct pol_str payload, struct client_reply *ret)
{
	_cleanup_close_ int in = memfd_create("in", MFD_CLOEXEC);
	_cleanup_close_ int out = memfd_create("out", MFD_CLOEXEC);
	_cleanup_close_ int err = memfd_create("err", MFD_CLOEXEC);
	struct command c = {.program = NULL};
	size_t len;
	int r, status = 0;

	if (in < 0 || out < 0 || err < 0)
		return -errno;
	r = io_write_all(in, payload.p, payload.n);
	if (!r && lseek(in, 0, SEEK_SET) < 0)
		r = -errno;
	if (!r)
		r = choose(service, &c);
	if (!r) {
		status = run(&c, (int[]){in, out, err});
		r = status < 0 ? status : 0;
	}
	free(c.program);
	free(c.text);
	if (!r)
		r = read_back(out, &ret->out, &ret->out_len);
	if (!r)
		r = read_back(err, &ret->err, &len);
	if (!r && ret->err)
		strip_exception(ret);
	return r ? r : status != 0;
}

int client_call(const char *method, bool include, const char *arg, struct pol_str payload,
		struct client_reply *ret)
{
	_cleanup_free_ char *service = NULL;

	*ret = (struct client_reply){0};
	if (asprintf(&service, "policy.%s%s%s%s", include ? "include." : "", method, arg ? "+" : "",
		     arg ? arg : "") < 0)
		return -ENOMEM;
	return call(service, payload, ret);
}
