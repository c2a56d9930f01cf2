/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.List, Get, Replace and Remove (admin.h). The caller may be a qube: its argument is
 * an untrusted name, its payload untrusted text, and both are checked before use.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/tools/admin-internal.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static const char *suffix_of(bool include)
{
	return include ? "" : ".policy";
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds what List shows of one directory entry. */
static void add_name(GPtrArray *names, const char *dir, const char *name, bool include)
{
	size_t n = strlen(name), cut = strlen(suffix_of(include));
	g_autofree char *path = g_build_filename(dir, name, NULL);
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || n < cut ||
	    strcmp(name + n - cut, suffix_of(include)) != 0)
		return;
	g_ptr_array_add(names, g_strndup(name, n - cut));
}

enum admin_error admin_list(const struct admin_request *rq, bool include, struct pol_buf *out)
{
	g_autofree char *dir = g_build_filename(rq->dir, include ? "include" : NULL, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	DIR *d = opendir(dir);
	struct dirent *entry;

	if (!d)
		return admin_fail(out, ADMIN_INTERNAL, "cannot read %s: %s", dir, strerror(errno));
	while ((entry = readdir(d)))
		add_name(names, dir, entry->d_name, include);
	closedir(d);
	qsort(names->pdata, names->len, sizeof(*names->pdata), compare);
	for (guint i = 0; i < names->len; i++)
		pol_buf_printf(out, "%s\n", (char *)names->pdata[i]);
	return ADMIN_OK;
}

static bool name_ok(struct pol_str untrusted_name)
{
	for (size_t i = 0; i < untrusted_name.n; i++) {
		char c = untrusted_name.p[i];

		if (!g_ascii_isalnum(c) && c != '_' && c != '-')
			return false;
	}
	return untrusted_name.n > 0;
}

/* The file an argument names. It may be a link, but not to another folder. */
static enum admin_error file_of(const struct admin_request *rq, bool include,
				char path[POL_PATH_MAX], struct pol_buf *out)
{
	g_autofree char *dir = g_build_filename(rq->dir, include ? "include" : NULL, NULL);
	g_autofree char *name = NULL;
	char resolved_dir[POL_PATH_MAX];
	const char *rest;

	if (!name_ok(rq->arg))
		return admin_fail(out, ADMIN_FILE_NAME,
				  "Invalid policy file name: %.*s\n"
				  "Names may have only letters, digits, underscore and hyphen.",
				  POL_ARG(rq->arg));
	name = g_strdup_printf("%.*s%s", POL_ARG(rq->arg), suffix_of(include));
	if (pol_path_resolve("/", dir, resolved_dir) < 0 || pol_path_resolve(dir, name, path) < 0)
		return admin_fail(out, ADMIN_INTERNAL, "%s/%s: path too long", dir, name);
	rest = pol_path_below(path, resolved_dir);
	if (!rest || strchr(rest, '/'))
		return admin_fail(out, ADMIN_FILE_PATH, "Expecting a path inside %s", dir);
	return ADMIN_OK;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static char *token_of(const char *text, size_t len)
{
	g_autofree char *hex =
		g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, len);

	return g_strconcat("sha256:", hex, NULL);
}

enum admin_error admin_get(const struct admin_request *rq, bool include, struct pol_buf *out)
{
	_cleanup_free_ char *text = NULL;
	g_autofree char *token = NULL;
	char path[POL_PATH_MAX];
	enum admin_error e = file_of(rq, include, path, out);
	size_t len;
	int r;

	if (e)
		return e;
	if (!is_file(path))
		return admin_fail(out, ADMIN_NOT_FOUND, "Not found: %s", path);
	r = io_read_file(path, POL_FILE_MAX, &text, &len);
	if (r)
		return admin_fail(out, ADMIN_INTERNAL, "cannot read %s: %s", path, strerror(-r));
	token = token_of(text, len);
	pol_buf_printf(out, "%s\n", token);
	pol_buf_add(out, (struct pol_str){text, len});
	return ADMIN_OK;
}

static enum admin_error check_token(struct pol_str token, const char *path, struct pol_buf *out)
{
	_cleanup_free_ char *text = NULL;
	g_autofree char *current = NULL;
	bool exists = access(path, F_OK) == 0;
	size_t len;
	int r;

	if (pol_eq(token, POL_STR("any")))
		return ADMIN_OK;
	if (pol_eq(token, POL_STR("new")))
		return exists ? admin_fail(out, ADMIN_TOKEN, "File exists but token is 'new'")
			      : ADMIN_OK;
	if (!pol_starts(token, POL_STR("sha256:")))
		return admin_fail(out, ADMIN_PROTOCOL, "Unrecognized token");
	if (!exists)
		return admin_fail(out, ADMIN_TOKEN, "File doesn't exist, but token isn't 'new'");
	r = io_read_file(path, POL_FILE_MAX, &text, &len);
	if (r)
		return admin_fail(out, ADMIN_INTERNAL, "cannot read %s: %s", path, strerror(-r));
	current = token_of(text, len);
	if (!pol_eq(token, pol_str(current)))
		return admin_fail(out, ADMIN_TOKEN, "Token mismatch");
	return ADMIN_OK;
}

/* The loader refuses capitals in names of *.policy, and everything with them. */
static enum admin_error check_case(struct pol_str name, struct pol_buf *out)
{
	for (size_t i = 0; i < name.n; i++)
		if (g_ascii_isupper(name.p[i]))
			return admin_fail(out, ADMIN_FILE_NAME,
					  "Invalid policy file name: %.*s\n"
					  "Capital letters would make the whole policy invalid.",
					  POL_ARG(name));
	return ADMIN_OK;
}

enum admin_error admin_replace(const struct admin_request *rq, bool include, struct pol_buf *out)
{
	const char *lf = rq->payload.n ? memchr(rq->payload.p, '\n', rq->payload.n) : NULL;
	struct pol_str token = rq->payload, text;
	char path[POL_PATH_MAX];
	enum admin_error e = file_of(rq, include, path, out);

	if (!e && !include)
		e = check_case(rq->arg, out);
	if (e)
		return e;
	if (!lf)
		return admin_fail(out, ADMIN_PROTOCOL,
				  "Payload needs to include first line with token");
	token.n = (size_t)(lf - rq->payload.p);
	text = pol_skip(rq->payload, token.n + 1);
	e = check_token(token, path, out);
	if (!e && !pol_utf8_valid(text))
		e = admin_fail(out, ADMIN_SYNTAX,
			       "Policy change validation failed: not UTF-8 text");
	if (!e)
		e = admin_validate(rq, path, text, out);
	return e ? e : admin_write(path, text, out);
}

enum admin_error admin_remove(const struct admin_request *rq, bool include, struct pol_buf *out)
{
	char path[POL_PATH_MAX];
	enum admin_error e = file_of(rq, include, path, out);

	if (!e)
		e = check_token(rq->payload, path, out);
	if (!e && !is_file(path))
		e = admin_fail(out, ADMIN_NOT_FOUND, "Not found: %s", path);
	if (!e)
		e = admin_validate(rq, path, POL_NONE, out);
	if (!e && unlink(path) < 0)
		e = admin_fail(out, ADMIN_INTERNAL, "cannot remove %s: %s", path, strerror(errno));
	return e;
}

static int write_file(const char *path, struct pol_str text)
{
	_cleanup_close_ int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0664);
	struct group *group;
	int r;

	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text.p, text.n);
	if (!r && (fchmod(fd, 0664) < 0 || fsync(fd) < 0))
		r = -errno;
	group = getgrnam("qubes");
	/* Where there is no such group, or we are not root, the file stays ours. */
	if (!r && group && fchown(fd, 0, group->gr_gid) < 0 && errno != EPERM)
		r = -errno;
	return r;
}

enum admin_error admin_write(const char *path, struct pol_str text, struct pol_buf *out)
{
	g_autofree char *dir = g_path_get_dirname(path), *base = g_path_get_basename(path);
	g_autofree char *temp = g_strdup_printf("%s/!%s", dir, base);
	int r = write_file(temp, text);

	if (!r && rename(temp, path) < 0)
		r = -errno;
	if (r)
		unlink(temp);
	return r ? admin_fail(out, ADMIN_INTERNAL, "cannot write %s: %s", path, strerror(-r))
		 : ADMIN_OK;
}
