/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy tools share (common.h). The peer is qubesd, which is trusted. */
#include "policy/tools/common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy/engine/path.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/unixsock.h"

bool tool_dirs_add(struct tool_dirs *d, const char *dir)
{
	if (d->n == TOOL_DIRS_MAX)
		return false;
	d->dirs[d->n++] = dir;
	return true;
}

void tool_dirs_default(struct tool_dirs *d)
{
	qubes_path(d->run, sizeof(d->run), "/run/qubes/policy.d");
	qubes_path(d->etc, sizeof(d->etc), "/etc/qubes/policy.d");
	qubes_path(d->compat, sizeof(d->compat), "/etc/qubes-rpc/policy");
	if (d->n)
		return;
	tool_dirs_add(d, d->run);
	tool_dirs_add(d, d->etc);
}

struct pol_policy *tool_load(const char *program, const struct tool_dirs *d)
{
	const struct pol_load options = {.dirs = d->dirs, .n_dirs = d->n, .compat_dir = d->compat};
	struct pol_policy *policy = NULL;
	struct pol_buf text = {0};
	struct pol_error error;

	if (pol_load(&options, &policy, &error) == 0)
		return policy;
	pol_error_text(&error, &text);
	fprintf(stderr, "%s: the policy cannot be loaded, so everything is denied: %s\n", program,
		text.p ? text.p : "out of memory");
	pol_buf_clear(&text);
	pol_error_clear(&error);
	return NULL;
}

static int exchange(const char *path, const char *header, const char *payload, char **ret,
		    size_t *ret_len)
{
	_cleanup_close_ int fd = unix_connect(path, SOCK_STREAM);
	int r;

	if (fd < 0)
		return fd;
	r = io_write_all(fd, header, strlen(header) + 1);
	if (!r && payload)
		r = io_write_all(fd, payload, strlen(payload));
	if (!r && shutdown(fd, SHUT_WR) < 0)
		r = -errno;
	return r ? r : io_read_to_end(fd, POL_SYSINFO_MAX, ret, ret_len);
}

int tool_qubesd(const char *call, const char *dest, const char *payload, char **ret,
		size_t *ret_len)
{
	bool internal = strncmp(call, "internal.", 9) == 0;
	_cleanup_free_ char *header = NULL, *reply = NULL;
	char path[QUBES_PATH_MAX];
	size_t len = 0;
	int r;

	qubes_path(path, sizeof(path), internal ? "/run/qubesd.internal.sock" : "/run/qubesd.sock");
	if (asprintf(&header, "%s dom0 name %s", call, dest) < 0)
		return -ENOMEM;
	r = exchange(path, header, payload, &reply, &len);
	if (r)
		return r;
	if (len < 2 || reply[1] || (reply[0] != '0' && reply[0] != '2'))
		return -EPROTO;
	r = reply[0] == '0' ? 0 : -EREMOTEIO;
	memmove(reply, reply + 2, len - 1);
	*ret = reply;
	*ret_len = len - 2;
	reply = NULL;
	return r;
}

static const char *explain(int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		return "is qubesd running?";
	case -EACCES:
		return "permission denied; run this as root or as a member of the group qubes";
	case -EINVAL:
	case -EPROTO:
	case -EREMOTEIO:
		return "not the answer of internal.GetSystemInfo";
	default:
		return strerror(-error);
	}
}

struct pol_sysinfo *tool_info(const char *program, const char *file)
{
	_cleanup_free_ char *text = NULL;
	struct pol_sysinfo *info = NULL;
	size_t len = 0;
	int r;

	if (file)
		r = io_read_file(file, POL_SYSINFO_MAX, &text, &len);
	else
		r = tool_qubesd("internal.GetSystemInfo+", "dom0", NULL, &text, &len);
	if (!r)
		r = pol_sysinfo_parse((struct pol_str){text, len}, &info);
	if (r)
		fprintf(stderr, "%s: cannot learn about the qubes from %s: %s\n", program,
			file ? file : "qubesd", file && r == -ENOENT ? "no such file" : explain(r));
	return info;
}

char *tool_find(const char *name)
{
	char self[POL_PATH_MAX], *path = NULL;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		if (asprintf(&path, "%s/%s", self, name) < 0)
			return NULL;
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	if (asprintf(&path, "/usr/lib/qubes/%s", name) < 0)
		return NULL;
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return strdup(name);
}
