/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy.* services (admin.h): which there are, what they take, and those that look at
 * rules. The caller may be a qube; see admin-files.c.
 */
#include "policy/tools/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "policy/tools/admin-internal.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

const char *admin_error_name(enum admin_error e)
{
	static const char *const names[] = {
		[ADMIN_OK] = "none",
		[ADMIN_INTERNAL] = "internal error",
		[ADMIN_TOKEN] = "PolicyAdminTokenException",
		[ADMIN_NOT_FOUND] = "PolicyAdminFileNotFoundException",
		[ADMIN_PROTOCOL] = "PolicyAdminProtocolException",
		[ADMIN_SYNTAX] = "PolicyAdminSyntaxException",
		[ADMIN_FILE_NAME] = "PolicyAdminInvalidFileNameException",
		[ADMIN_FILE_PATH] = "PolicyAdminInvalidFilePathException",
	};

	return names[e];
}

enum admin_error admin_fail(struct pol_buf *out, enum admin_error e, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	pol_buf_clear(out);
	pol_buf_add(out, pol_str(text));
	return e;
}

static int load(const struct admin_request *rq, const struct pol_override *change,
		struct pol_policy **ret, struct pol_error *error)
{
	const struct pol_load options = {.dirs = &rq->dir,
					 .n_dirs = 1,
					 .compat_dir = rq->compat_dir,
					 .overrides = change,
					 .n_overrides = change ? 1 : 0};

	return pol_load(&options, ret, error);
}

enum admin_error admin_validate(const struct admin_request *rq, const char *path,
				struct pol_str text, struct pol_buf *out)
{
	const struct pol_override change = {.path = path, .text = text};
	struct pol_policy *policy = NULL;
	struct pol_buf why = {0};
	enum admin_error e;
	struct pol_error error;

	if (load(rq, &change, &policy, &error) == 0) {
		pol_policy_unref(policy);
		return ADMIN_OK;
	}
	pol_error_text(&error, &why);
	e = error.kind == POL_ERROR_FILE || error.kind == POL_ERROR_MEMORY ? ADMIN_INTERNAL
									   : ADMIN_SYNTAX;
	admin_fail(out, e, "Policy change validation failed: %s", why.p ? why.p : "out of memory");
	pol_buf_clear(&why);
	pol_error_clear(&error);
	return e;
}

struct pol_policy *admin_load(const struct admin_request *rq, struct pol_buf *out)
{
	struct pol_policy *policy = NULL;
	struct pol_buf why = {0};
	struct pol_error error;

	if (load(rq, NULL, &policy, &error) == 0)
		return policy;
	pol_error_text(&error, &why);
	admin_fail(out, ADMIN_INTERNAL, "%s", why.p ? why.p : "out of memory");
	pol_buf_clear(&why);
	pol_error_clear(&error);
	return NULL;
}

/* "30-user" of 30-user.policy; the last component without its last suffix. */
static char *stem(const char *path)
{
	const char *base = pol_path_base(path), *dot = strrchr(base, '.');

	return g_strndup(base, dot && dot > base && dot[1] ? (gsize)(dot - base) : strlen(base));
}

enum admin_error admin_get_files(const struct admin_request *rq, bool unused, struct pol_buf *out)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct pol_policy *policy;

	if (!rq->arg.n)
		return admin_fail(out, ADMIN_PROTOCOL, "Service cannot be empty.");
	if (memchr(rq->arg.p, '+', rq->arg.n))
		return admin_fail(out, ADMIN_PROTOCOL,
				  "Service '%.*s' contains invalid characters: ('+',)",
				  POL_ARG(rq->arg));
	policy = admin_load(rq, out);
	if (!policy)
		return ADMIN_INTERNAL;
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct pol_rule *r = &policy->rules[i];
		g_autofree char *name = NULL;

		if (r->service.p && !pol_eq(r->service, rq->arg))
			continue;
		name = pol_path_below(r->file->path.p, rq->dir) ? stem(r->file->path.p)
								: g_strdup(r->file->path.p);
		if (g_hash_table_add(seen, g_strdup(name)))
			pol_buf_printf(out, "%s\n", name);
	}
	pol_policy_unref(policy);
	return ADMIN_OK;
}

/* The file that policy.RegisterArgument writes, and the longest argument it takes. */
#define REGISTERED "60-registered-arguments.policy"
#define REGISTERED_ARG_MAX 64

static bool argument_ok(struct pol_str untrusted_argument)
{
	for (size_t i = 0; i < untrusted_argument.n; i++) {
		char c = untrusted_argument.p[i];

		if (!g_ascii_isalnum(c) && !(c && strchr("-._", c)))
			return false;
	}
	return untrusted_argument.n > 0 && untrusted_argument.n <= REGISTERED_ARG_MAX;
}

static bool is_registered(const struct pol_policy *policy, struct pol_str service,
			  struct pol_str argument)
{
	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct pol_rule *r = &policy->rules[i];

		if (r->service.p && r->argument.n && pol_eq(r->service, service) &&
		    pol_eq(pol_skip(r->argument, 1), argument))
			return true;
	}
	return false;
}

/*
 * A backend (the caller) lets a frontend (the requested target) call one of its services with
 * the argument on standard input, once and for ever.
 */
enum admin_error admin_register(const struct admin_request *rq, bool unused, struct pol_buf *out)
{
	g_autofree char *path = g_build_filename(rq->dir, REGISTERED, NULL);
	struct pol_policy *policy;
	struct pol_buf text = {0};
	enum admin_error e;
	char *old = NULL;
	size_t len = 0;

	if (!argument_ok(rq->payload) || !rq->arg.n || !rq->caller || !rq->requested_target)
		return admin_fail(out, ADMIN_PROTOCOL, "Invalid argument, or none");
	policy = admin_load(rq, out);
	if (!policy)
		return ADMIN_INTERNAL;
	if (is_registered(policy, rq->arg, rq->payload)) {
		e = admin_fail(out, ADMIN_PROTOCOL, "The argument is registered already");
	} else {
		if (io_read_file(path, POL_FILE_MAX, &old, &len) == 0)
			pol_buf_add(&text, (struct pol_str){old, len});
		if (len && old[len - 1] != '\n')
			pol_buf_add(&text, POL_STR("\n"));
		pol_buf_printf(&text, "%.*s +%.*s %s %s allow\n", POL_ARG(rq->arg),
			       POL_ARG(rq->payload), rq->requested_target, rq->caller);
		e = admin_validate(rq, path, (struct pol_str){text.p, text.n}, out);
		if (!e)
			e = admin_write(path, (struct pol_str){text.p, text.n}, out);
	}
	free(old);
	pol_buf_clear(&text);
	pol_policy_unref(policy);
	return e;
}

static const struct method {
	const char *name;
	enum admin_error (*run)(const struct admin_request *rq, bool include, struct pol_buf *out);
	bool include, arg, payload;
} methods[] = {
	{"policy.List", admin_list, false, false, false},
	{"policy.include.List", admin_list, true, false, false},
	{"policy.Get", admin_get, false, true, false},
	{"policy.include.Get", admin_get, true, true, false},
	{"policy.Replace", admin_replace, false, true, true},
	{"policy.include.Replace", admin_replace, true, true, true},
	{"policy.Remove", admin_remove, false, true, true},
	{"policy.include.Remove", admin_remove, true, true, true},
	{"policy.GetFiles", admin_get_files, false, true, false},
	{"policy.RegisterArgument", admin_register, false, true, true},
};

static enum admin_error run_locked(const struct method *m, const struct admin_request *rq,
				   struct pol_buf *out)
{
	_cleanup_close_ int fd = open(rq->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return admin_fail(out, ADMIN_INTERNAL, "cannot lock %s: %s", rq->dir,
				  strerror(errno));
	return m->run(rq, m->include, out);
}

enum admin_error admin_handle(const struct admin_request *rq, struct pol_buf *out)
{
	const struct method *m = NULL;

	if (!pol_rpc_name_ok(rq->arg))
		return admin_fail(out, ADMIN_PROTOCOL,
				  "Invalid argument: \"%.*s\"\nValid characters are letters, "
				  "digits, dot, plus, hyphen and underscore",
				  POL_ARG(rq->arg));
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, rq->service) == 0)
			m = &methods[i];
	if (!m)
		return admin_fail(out, ADMIN_PROTOCOL, "unrecognized method: %s", rq->service);
	if (!m->arg && rq->arg.n)
		return admin_fail(out, ADMIN_PROTOCOL, "Unexpected argument");
	if (!m->payload && rq->payload.n)
		return admin_fail(out, ADMIN_PROTOCOL, "Unexpected payload");
	return run_locked(m, rq, out);
}
