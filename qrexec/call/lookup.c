/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds services and their configuration (lookup.h). The name was checked or made by
 * dom0's daemon; a '/' in it is refused here all the same.
 */
#include "qrexec/call/lookup.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"

#define SERVICE_DIRS "/run/qubes-rpc", "/usr/local/etc/qubes-rpc", "/etc/qubes-rpc"
#define CONFIG_DIRS                                                                                \
	"/run/qubes/rpc-config", "/usr/local/etc/qubes/rpc-config", "/etc/qubes/rpc-config"

void qrx_error_set(struct qrx_error *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
}

static const char *join_dirs(char *buf, size_t cap, bool dom0, const char *a, const char *b,
			     const char *c)
{
	const char *root = dom0 ? qubes_root() : "";
	int n = snprintf(buf, cap, "%s%s:%s%s:%s%s", root, a, root, b, root, c);

	return n < 0 || (size_t)n >= cap ? "" : buf;
}

void lookup_paths_init(struct lookup_paths *p, bool dom0)
{
	p->services = getenv("QREXEC_SERVICE_PATH");
	if (!p->services)
		p->services =
			join_dirs(p->services_buf, sizeof(p->services_buf), dom0, SERVICE_DIRS);
	p->configs = getenv("QUBES_RPC_CONFIG_PATH");
	if (!p->configs)
		p->configs = join_dirs(p->configs_buf, sizeof(p->configs_buf), dom0, CONFIG_DIRS);
}

struct candidate {
	char path[PATH_MAX];
	char link[PATH_MAX]; /* what it points to when it is a TCP service, else "" */
	struct stat st;
};

/* 0: there. -ENOENT: not. Anything else: broken. */
static int try_path(struct candidate *c)
{
	ssize_t n;

	c->link[0] = '\0';
	if (lstat(c->path, &c->st) < 0)
		return -errno;
	if (!S_ISLNK(c->st.st_mode))
		return 0;
	n = readlink(c->path, c->link, sizeof(c->link) - 1);
	if (n < 0)
		return -errno;
	c->link[n] = '\0';
	if (qrx_is_tcp_link(c->link))
		return 0;
	c->link[0] = '\0';
	return stat(c->path, &c->st) < 0 ? -errno : 0;
}

/* Searches the directories for name. 0, -ENOENT, or -errno for a broken candidate. */
static int find(const char *dirs, const char *name, struct candidate *ret)
{
	if (strlen(name) > NAME_MAX)
		return -ENOENT;
	while (*dirs) {
		size_t n = strcspn(dirs, ":");
		int r = snprintf(ret->path, sizeof(ret->path), "%.*s/%s", (int)n, dirs, name);

		if (r < 0 || (size_t)r >= sizeof(ret->path))
			return -ENAMETOOLONG;
		r = try_path(ret);
		if (r != -ENOENT)
			return r;
		dirs += n;
		dirs += strspn(dirs, ":");
	}
	return -ENOENT;
}

/* First with the argument, then without. */
static int find_both(const char *dirs, const struct qrx_command *c, struct candidate *ret)
{
	char full[NAME_MAX + 1];
	int n, r = -ENOENT;

	ret->path[0] = '\0';
	if (memchr(c->text, '/', c->full_len))
		return -EINVAL;
	n = snprintf(full, sizeof(full), "%.*s%s", (int)c->full_len, c->text,
		     c->has_arg ? "" : "+");
	if (n > 0 && (size_t)n < sizeof(full))
		r = find(dirs, full, ret);
	return r == -ENOENT ? find(dirs, c->name, ret) : r;
}

int lookup_service(const struct lookup_paths *p, const struct qrx_command *c,
		   struct service_found *ret, struct qrx_error *ret_error)
{
	struct candidate found;
	int r = find_both(p->services, c, &found);

	if (r == -ENOENT) {
		qrx_error_set(ret_error, "service %s is not installed here (looked in %.150s)",
			      c->name, p->services);
		return r;
	}
	if (r) {
		qrx_error_set(ret_error, "service %s: cannot use %.150s: %s", c->name, found.path,
			      strerror(-r));
		return r;
	}
	if (found.link[0])
		ret->kind = SERVICE_TCP;
	else if (S_ISSOCK(found.st.st_mode))
		ret->kind = SERVICE_UNIX;
	else if (S_ISREG(found.st.st_mode) && euidaccess(found.path, X_OK) == 0)
		ret->kind = SERVICE_EXEC;
	else {
		qrx_error_set(ret_error, "service %s: %.150s is neither executable nor a socket",
			      c->name, found.path);
		return -EACCES;
	}
	memcpy(ret->path, found.link[0] ? found.link : found.path, sizeof(ret->path));
	return 0;
}

int lookup_plain(const struct lookup_paths *p, const char *name, char ret_path[PATH_MAX])
{
	struct candidate found;
	int r = find(p->services, name, &found);

	if (!r)
		memcpy(ret_path, found.path, sizeof(found.path));
	return r;
}

int lookup_config(const struct lookup_paths *p, const struct qrx_command *c,
		  struct qrx_rpcconf *ret, struct qrx_error *ret_error)
{
	_cleanup_free_ char *text = NULL;
	const char *why = "";
	struct candidate found;
	unsigned line = 0;
	size_t len = 0;
	int r = find_both(p->configs, c, &found);

	qrx_rpcconf_defaults(ret);
	if (r == -ENOENT)
		return 0;
	if (!r)
		r = io_read_file(found.path, QRX_RPCCONF_MAX, &text, &len);
	if (r) {
		qrx_error_set(ret_error, "configuration of service %s: cannot read %.150s: %s",
			      c->name, found.path, strerror(-r));
		return r;
	}
	r = qrx_rpcconf_parse(text, len, ret, &line, &why);
	if (r)
		qrx_error_set(ret_error, "%.200s:%u: %s", found.path, line, why);
	return r;
}

bool lookup_config_odd(const struct qrx_command *c, const struct qrx_rpcconf *conf, bool dom0,
		       struct qrx_error *ret_error)
{
	if (conf->unknown_line)
		qrx_error_set(ret_error,
			      "configuration of service %s: unknown key in line %u: ignored",
			      c->name, conf->unknown_line);
	else if (dom0 && conf->has_user)
		qrx_error_set(
			ret_error,
			"configuration of service %s: force-user means nothing in dom0: ignored",
			c->name);
	else
		return false;
	return true;
}
