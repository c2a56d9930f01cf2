/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a move: the originals go. The files are the user's own. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/filecopy/copy.h"
#include "qrexec/filecopy/verdict.h"

static bool newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

/* Why it stays, or NULL. */
static const char *reason_to_stay(const struct copy *c, const FTSENT *e)
{
	switch (e->fts_info) {
	case FTS_F:
		return newer(&e->fts_statp->st_ctim, &c->start) ? "it changed meanwhile" : NULL;
	case FTS_SL:
	case FTS_SLNONE:
		return c->ignore_links ? "links were left out" : NULL;
	case FTS_DP:
		return NULL;
	case FTS_DEFAULT:
		return "it is neither file, directory nor link";
	default:
		return strerror(e->fts_errno);
	}
}

static int remove_one(const struct copy *c, const FTSENT *e)
{
	const char *why = reason_to_stay(c, e);
	char name[VERDICT_NAME_MAX];

	if (!why && (e->fts_info == FTS_DP ? rmdir(e->fts_accpath) : unlink(e->fts_accpath)) < 0)
		why = strerror(errno);
	if (!why)
		return 0;
	fprintf(stderr, "%s: everything was copied, but \"%s\" was not removed: %s\n", c->self,
		verdict_show_name(e->fts_path, name), why);
	return 1;
}

int copy_remove(const struct copy *c)
{
	FTS *fts = fts_open(c->files, FTS_PHYSICAL, NULL);
	FTSENT *e;
	int bad = 0;

	if (!fts)
		return copy_complain(c, strerror(errno));
	while ((errno = 0, e = fts_read(fts)))
		if (e->fts_info != FTS_D)
			bad |= remove_one(c, e);
	if (errno)
		bad = copy_complain(c, strerror(errno));
	fts_close(fts);
	return bad;
}
