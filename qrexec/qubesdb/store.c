/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of a QubesDB (store.h). No peer; what is written may come from a qube. */
#include "qrexec/qubesdb/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_value(struct qdb_entry *e)
{
	if (e->value)
		explicit_bzero(e->value, e->len);
	free(e->value);
	e->value = NULL;
	e->len = 0;
}

static void free_entry(struct qdb_entry *e)
{
	free_value(e);
	free(e);
}

void qdb_store_clear(struct qdb_store *s)
{
	for (size_t i = 0; i < s->count; i++)
		free_entry(s->entry[i]);
	free(s->entry);
	*s = (struct qdb_store){0};
}

/* The index of the first entry that is not before path. */
static size_t lower_bound(const struct qdb_store *s, const char *path)
{
	size_t lo = 0, hi = s->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(s->entry[mid]->path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct qdb_entry *qdb_store_get(const struct qdb_store *s, const char *path)
{
	size_t i = lower_bound(s, path);

	return i < s->count && strcmp(s->entry[i]->path, path) == 0 ? s->entry[i] : NULL;
}

static int grow(struct qdb_store *s)
{
	size_t cap = s->cap ? s->cap * 2 : 64;
	struct qdb_entry **bigger;

	if (s->count < s->cap)
		return 0;
	bigger = reallocarray(s->entry, cap, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	s->entry = bigger;
	s->cap = cap;
	return 0;
}

static int insert(struct qdb_store *s, const char *path, struct qdb_entry **ret)
{
	size_t at = lower_bound(s, path);
	struct qdb_entry *e;

	if (s->count >= QDB_ENTRIES_MAX)
		return -ENOSPC;
	if (grow(s))
		return -ENOMEM;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	strncpy(e->path, path, sizeof(e->path) - 1);
	memmove(&s->entry[at + 1], &s->entry[at], (s->count - at) * sizeof(*s->entry));
	s->entry[at] = e;
	s->count++;
	*ret = e;
	return 0;
}

int qdb_store_set(struct qdb_store *s, const char *path, const void *value, size_t len,
		  struct qdb_entry **ret)
{
	struct qdb_entry *e = qdb_store_get(s, path);
	size_t others = s->bytes - (e ? e->len : 0);
	char *copy = NULL;
	int r = 0;

	if (len > QDB_BYTES_MAX - others)
		return -ENOSPC;
	if (len) {
		copy = malloc(len);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, value, len);
	}
	if (!e)
		r = insert(s, path, &e);
	if (r) {
		free(copy);
		return r;
	}
	free_value(e);
	e->value = copy;
	e->len = len;
	e->local = e->unsent = false;
	s->bytes = others + len;
	if (ret)
		*ret = e;
	return 0;
}

void qdb_store_range(const struct qdb_store *s, const char *text, size_t *ret_first,
		     size_t *ret_end)
{
	size_t len = strlen(text), i = lower_bound(s, text);

	*ret_first = i;
	while (i < s->count && strncmp(s->entry[i]->path, text, len) == 0)
		i++;
	*ret_end = i;
}

size_t qdb_store_remove(struct qdb_store *s, const char *path)
{
	size_t len = strlen(path), first, end, n;

	if (!len)
		return 0;
	qdb_store_range(s, path, &first, &end);
	/* Without "/" at the end only the exact path, which sorts first of the range. */
	if (path[len - 1] != '/')
		end = first < end && s->entry[first]->path[len] == '\0' ? first + 1 : first;
	n = end - first;
	for (size_t i = first; i < end; i++) {
		s->bytes -= s->entry[i]->len;
		free_entry(s->entry[i]);
	}
	if (n)
		memmove(&s->entry[first], &s->entry[end], (s->count - end) * sizeof(*s->entry));
	s->count -= n;
	return n;
}
