/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists of QubesDB's client library (qubesdb-client.h). The peer is the local daemon. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qrexec/qubesdb/client-io.h"
#include "qrexec/qubesdb/qubesdb-client.h"

struct list {
	char **item; /* owned: path, or path and value, in turn; NULL-terminated twice */
	unsigned *len;
	size_t n, cap; /* of entries */
	bool values;
};

static void list_clear(struct list *l)
{
	for (size_t i = 0; l->item && i < l->n * (l->values ? 2 : 1); i++)
		free(l->item[i]);
	free(l->item);
	free(l->len);
}

static int list_grow(struct list *l)
{
	size_t per = l->values ? 2 : 1, cap = l->cap ? l->cap * 2 : 16;
	char **item;
	unsigned *len;

	if (l->item && l->n < l->cap)
		return 0;
	item = reallocarray(l->item, (cap + 1) * per, sizeof(*item));
	if (!item)
		return -ENOMEM;
	l->item = item;
	len = reallocarray(l->len, cap, sizeof(*len));
	if (!len)
		return -ENOMEM;
	l->len = len;
	l->cap = cap;
	return 0;
}

static int list_add(struct list *l, const char *path, const char *data, uint32_t len)
{
	size_t per = l->values ? 2 : 1;
	char *p, *v = NULL;

	if (list_grow(l))
		return -ENOMEM;
	p = strdup(path);
	if (l->values) {
		v = malloc(len + 1);
		if (v)
			memcpy(v, data, len + 1);
	}
	if (!p || (l->values && !v)) {
		free(p);
		free(v);
		return -ENOMEM;
	}
	l->item[l->n * per] = p;
	if (l->values)
		l->item[l->n * per + 1] = v;
	l->len[l->n++] = len;
	return 0;
}

static int get_list(qdb_handle_t h, const char *path, struct list *l)
{
	enum qdb_type want = l->values ? QDB_R_MULTIREAD : QDB_R_LIST;
	char buf[QDB_DATA_MAX + 1];
	struct qdb_header a;
	int64_t deadline;
	int r = qdb_request(h, l->values ? QDB_MULTIREAD : QDB_LIST, path, NULL, 0, &a, buf,
			    &deadline);

	while (!r && a.type == want && a.path[0]) {
		r = list_add(l, a.path, buf, a.data_len);
		if (!r)
			r = qdb_get_answer(h, &a, buf, deadline);
		if (r)
			qdb_io_close(h); /* the rest of the answer is still on its way */
	}
	if (!r && a.type != want)
		r = qdb_nonsense(h);
	return r ? r : list_grow(l);
}

static char **finish(int r, struct list *l)
{
	size_t per = l->values ? 2 : 1;

	if (r) {
		list_clear(l);
		return qdb_fail(r == -ENODATA ? -EPIPE : r);
	}
	for (size_t i = 0; i < per; i++)
		l->item[l->n * per + i] = NULL;
	return l->item;
}

char **qdb_list(qdb_handle_t h, const char *path, unsigned int *list_len)
{
	struct list l = {0};
	char **r = finish(get_list(h, path, &l), &l);

	if (r)
		free(l.len);
	if (r && list_len)
		*list_len = (unsigned)l.n;
	return r;
}

char **qdb_multiread(qdb_handle_t h, const char *path, unsigned int **values_len,
		     unsigned int *list_len)
{
	struct list l = {.values = true};
	char **r = finish(get_list(h, path, &l), &l);

	if (!r)
		return NULL;
	if (values_len)
		*values_len = l.len;
	else
		free(l.len);
	if (list_len)
		*list_len = (unsigned)l.n;
	return r;
}

void qdb_free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}
