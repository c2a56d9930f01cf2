/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at what is to be copied (tree.h). */
#include "qrexec/filecopy/tree.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/filecopy/verdict.h"
#include "qrexec/proto/qfile.h"

struct walk {
	struct tree *t;
	const char *self;
	size_t skip; /* bytes of a path before the name that the receiver gets */
};

static int complain(const struct walk *w, const char *what, const char *name, int err)
{
	char buf[VERDICT_NAME_MAX];

	fprintf(stderr, "%s: %s \"%s\"%s%s\n", w->self, what, verdict_show_name(name, buf),
		err ? ": " : "", err ? strerror(err) : "");
	return -1;
}

static void judge_name(const struct walk *w, const char *name)
{
	char buf[VERDICT_NAME_MAX];

	if (w->t->any_chars || qfile_text_ok(name))
		return;
	w->t->odd_names = true;
	if (w->t->tell)
		fprintf(stderr, "%s: \"%s\" has characters that are not safe to show\n", w->self,
			verdict_show_name(name, buf));
}

static int judge_link(const struct walk *w, const FTSENT *e)
{
	char target[QFILE_TARGET_MAX + 2];
	const char *name = e->fts_path + w->skip;
	ssize_t n;

	if (w->t->ignore_links)
		return 0;
	if (w->t->no_links)
		return complain(w, "is a symbolic link:", name, 0);
	n = readlink(e->fts_accpath, target, sizeof(target));
	if (n < 0 || n > QFILE_TARGET_MAX)
		return complain(w, "cannot read the link", name, n < 0 ? errno : ENAMETOOLONG);
	target[n] = '\0';
	if (qfile_check_link(name, target, true))
		return complain(w,
				"the link could lead out of what is copied (--ignore-symlinks "
				"leaves links out):",
				name, 0);
	judge_name(w, name);
	judge_name(w, target);
	w->t->bytes += (uint64_t)n;
	return 0;
}

static int judge(const struct walk *w, const FTSENT *e)
{
	const char *name = e->fts_path + w->skip;

	switch (e->fts_info) {
	case FTS_D:
		if (w->t->no_dirs)
			return complain(w, "is a directory:", name, 0);
		judge_name(w, e->fts_name);
		return 0;
	case FTS_F:
		judge_name(w, e->fts_name);
		w->t->bytes += (uint64_t)e->fts_statp->st_size;
		return 0;
	case FTS_SL:
	case FTS_SLNONE:
		return judge_link(w, e);
	case FTS_DP:
	case FTS_DEFAULT:
		return 0;
	default:
		return complain(w, "cannot read", name, e->fts_errno);
	}
}

/* Where in path the last component begins. */
static size_t base_of(const char *path)
{
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	while (n && path[n - 1] != '/')
		n--;
	return n;
}

int tree_check(struct tree *t, const char *self, const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	struct walk w = {.t = t, .self = self, .skip = base_of(path)};
	char *roots[] = {copy, NULL};
	size_t n = strlen(path);
	FTSENT *e;
	FTS *fts;
	int r = 0;

	while (copy && n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	if (!copy || !strcmp(copy + w.skip, "") || !strcmp(copy + w.skip, ".") ||
	    !strcmp(copy + w.skip, "..") || !strcmp(copy, "/"))
		return complain(&w, "cannot copy a directory under the name", path, 0);
	fts = fts_open(roots, FTS_PHYSICAL, NULL);
	if (!fts)
		return complain(&w, "cannot read", path, errno);
	while (!r && (errno = 0, e = fts_read(fts)))
		r = judge(&w, e);
	if (!r && errno)
		r = complain(&w, "cannot read", path, errno);
	fts_close(fts);
	return r;
}
