/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an include points (path.h). The paths are dom0's own. */
#include "policy/engine/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40

/* What is left to walk, and what was walked. */
struct walk {
	char *rest; /* owned */
	char *done; /* POL_PATH_MAX bytes, the caller's */
	unsigned links;
};

/* Puts head and "/" in front of what is left. */
static int push(struct walk *w, const char *head)
{
	char *joined;

	if (strlen(head) + (w->rest ? strlen(w->rest) : 0) > 4 * POL_PATH_MAX)
		return -ENAMETOOLONG;
	if (asprintf(&joined, "%s/%s", head, w->rest ? w->rest : "") < 0)
		return -ENOMEM;
	free(w->rest);
	w->rest = joined;
	return 0;
}

static void pop(char *done)
{
	char *slash = strrchr(done, '/');

	if (slash)
		*slash = '\0';
}

/* Appends a component; when that is a link, goes on with where it points. */
static int step(struct walk *w, const char *name)
{
	size_t len = strlen(w->done);
	char target[POL_PATH_MAX];
	struct stat st;
	ssize_t n;

	if (len + strlen(name) + 2 > POL_PATH_MAX)
		return -ENAMETOOLONG;
	sprintf(w->done + len, "/%s", name);
	if (lstat(w->done, &st) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	n = readlink(w->done, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (target[0] == '/')
		w->done[0] = '\0';
	else
		w->done[len] = '\0';
	return push(w, target);
}

static int walk(struct walk *w)
{
	int r = 0;

	while (!r && w->rest && *w->rest) {
		char *name = w->rest + strspn(w->rest, "/");
		size_t n = strcspn(name, "/");
		char one[256];

		if (n >= sizeof(one))
			return -ENAMETOOLONG;
		memcpy(one, name, n);
		one[n] = '\0';
		memmove(w->rest, name + n, strlen(name + n) + 1);
		if (!n || strcmp(one, ".") == 0)
			continue;
		if (strcmp(one, "..") == 0)
			pop(w->done);
		else
			r = step(w, one);
	}
	return r;
}

int pol_path_resolve(const char *base, const char *path, char ret[POL_PATH_MAX])
{
	struct walk w = {.done = ret};
	char cwd[POL_PATH_MAX];
	int r;

	ret[0] = '\0';
	r = push(&w, path);
	if (!r && path[0] != '/')
		r = push(&w, base);
	if (!r && path[0] != '/' && base[0] != '/')
		r = getcwd(cwd, sizeof(cwd)) ? push(&w, cwd) : -errno;
	if (!r)
		r = walk(&w);
	free(w.rest);
	if (!r && !ret[0])
		strcpy(ret, "/");
	return r;
}

const char *pol_path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	if (strncmp(path, dir, n) != 0 || path[n] != '/')
		return NULL;
	path += n;
	return path + strspn(path, "/");
}

const char *pol_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
