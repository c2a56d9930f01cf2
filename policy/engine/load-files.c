/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding and reading policy files (load.h). The folders are dom0's own. */
#include "policy/engine/load-internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "qrexec/base/io.h"

#define NOWHERE ((struct place){NULL, 0})
#define MESSAGE_MAX 1024 /* bytes kept of a message */

int load_fail(struct loader *l, enum pol_error_kind kind, struct place at, const char *fmt, ...)
{
	struct pol_error *e = l->error;
	va_list ap;

	pol_error_clear(e);
	e->kind = kind;
	e->line = at.line;
	if (at.file) {
		e->file = strndup(at.file->path.p, at.file->path.n);
		e->shown = strndup(at.file->shown.p, at.file->shown.n);
	}
	va_start(ap, fmt);
	if (vasprintf(&e->message, fmt, ap) < 0)
		e->message = NULL;
	va_end(ap);
	if (e->message && strlen(e->message) > MESSAGE_MAX)
		e->message[MESSAGE_MAX] = '\0';
	return -1;
}

/* path relative to dir, whichever way dir is spelled; NULL when it is not in it. */
static const char *below(const char *path, const char *dir)
{
	char resolved[POL_PATH_MAX];
	const char *rest = pol_path_below(path, dir);

	if (!rest && pol_path_resolve(".", dir, resolved) == 0)
		rest = pol_path_below(path, resolved);
	return rest;
}

static const char *shown_path(struct loader *l, const char *path)
{
	const char *rest;

	for (size_t i = 0; i < l->options->n_dirs; i++) {
		rest = below(path, l->options->dirs[i]);
		if (rest)
			return rest;
	}
	rest = l->options->compat_dir ? below(path, l->options->compat_dir) : NULL;
	return rest ? rest : path;
}

const struct pol_file *load_file_entry(struct loader *l, const char *path)
{
	struct pol_file *f = pol_arena_alloc(&l->policy->arena, sizeof(*f));

	if (!f)
		return NULL;
	f->path = pol_arena_dup(&l->policy->arena, pol_str(path));
	f->shown = pol_arena_dup(&l->policy->arena, pol_str(shown_path(l, path)));
	return f->path.p && f->shown.p ? f : NULL;
}

static const struct pol_override *override_of(struct loader *l, const char *path)
{
	for (size_t i = 0; i < l->options->n_overrides; i++)
		if (strcmp(l->options->overrides[i].path, path) == 0)
			return &l->options->overrides[i];
	return NULL;
}

bool load_is_file(struct loader *l, const char *path, bool *ret_removed)
{
	const struct pol_override *o = override_of(l, path);
	struct stat st;

	*ret_removed = o && !o->text.p;
	if (o)
		return o->text.p != NULL;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int count_load(struct loader *l, size_t len, const char *path)
{
	l->bytes += len;
	if (++l->loads > POL_LOADS_MAX || l->bytes > POL_TOTAL_MAX)
		return load_fail(l, POL_ERROR_LIMIT, NOWHERE,
				 "too much policy to read, last %s: look for files that are "
				 "included over and over",
				 path);
	return 0;
}

int load_read(struct loader *l, const char *path, char **ret, size_t *ret_len)
{
	const struct pol_override *o = override_of(l, path);
	int r = 0;

	if (l->options->note)
		l->options->note(l->options->note_ctx, path);
	if (o) {
		*ret = malloc(o->text.n + 1);
		*ret_len = o->text.n;
		if (*ret && o->text.n)
			memcpy(*ret, o->text.p, o->text.n);
		r = *ret ? 0 : -ENOMEM;
	} else {
		r = io_read_file(path, POL_FILE_MAX, ret, ret_len);
	}
	if (r)
		return load_fail(l, POL_ERROR_FILE, NOWHERE, "failed to load %s file: %s", path,
				 r == -EMSGSIZE ? "larger than 4 MiB" : strerror(-r));
	r = count_load(l, *ret_len, path);
	if (r) {
		free(*ret);
		*ret = NULL;
	}
	return r;
}

int load_names_add(struct names *names, const char *text)
{
	char **bigger, *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	if (names->n == names->cap) {
		size_t cap = names->cap ? names->cap * 2 : 16;

		bigger = realloc(names->v, cap * sizeof(*bigger));
		if (!bigger) {
			free(copy);
			return -ENOMEM;
		}
		names->v = bigger;
		names->cap = cap;
	}
	names->v[names->n++] = copy;
	return 0;
}

void load_names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct names){0};
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the override files that are directly in dir. */
static int add_overrides(struct loader *l, const char *dir, struct names *ret)
{
	int r = 0;

	for (size_t i = 0; !r && i < l->options->n_overrides; i++) {
		const struct pol_override *o = &l->options->overrides[i];
		const char *name = pol_path_below(o->path, dir);

		if (name && !strchr(name, '/') && o->text.p)
			r = load_names_add(ret, o->path);
	}
	return r;
}

int load_plain_files(struct loader *l, const char *dir, struct names *ret)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	if (l->options->note)
		l->options->note(l->options->note_ctx, dir);
	if (!d)
		return load_fail(l, POL_ERROR_FILE, NOWHERE, "failed to load %s: %s", dir,
				 strerror(errno));
	while (!r && (entry = readdir(d))) {
		char path[POL_PATH_MAX];
		bool removed;
		int n = snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);

		if (n < 0 || (size_t)n >= sizeof(path) || override_of(l, path) ||
		    !load_is_file(l, path, &removed))
			continue;
		r = load_names_add(ret, path);
	}
	closedir(d);
	if (!r)
		r = add_overrides(l, dir, ret);
	if (r)
		return load_fail(l, POL_ERROR_MEMORY, NOWHERE, "out of memory");
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
	return 0;
}

static bool considered(const char *name)
{
	size_t n = strlen(name);

	return name[0] != '.' && n > 7 && strcmp(name + n - 7, ".policy") == 0;
}

static bool name_ok(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == strlen(name);
}

int load_policy_files(struct loader *l, const char *dir, struct names *ret)
{
	size_t kept = 0;
	const char *bad = NULL;

	if (load_plain_files(l, dir, ret) < 0)
		return -1;
	for (size_t i = 0; i < ret->n; i++) {
		const char *name = pol_path_base(ret->v[i]);

		if (considered(name) && !name_ok(name) && !bad)
			bad = ret->v[i];
		if (considered(name)) {
			char *path = ret->v[i];

			ret->v[i] = ret->v[kept];
			ret->v[kept++] = path;
		}
	}
	if (bad)
		return load_fail(l, POL_ERROR_FILE, NOWHERE, "invalid filename: %s", bad);
	while (ret->n > kept)
		free(ret->v[--ret->n]);
	return 0;
}
