/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-copy, qvm-move, qvm-copy-to-vm, qvm-move-to-vm: copy or move files to another qube,
 * from a qube or from dom0. Looks at the files first, then connects qfile-agent with
 * qubes.Filecopy there; a move removes what was copied once the receiver has confirmed it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "qrexec/base/paths.h"
#include "qrexec/filecopy/copy.h"
#include "qrexec/filecopy/tree.h"

static bool in_dom0(void)
{
	char path[QUBES_PATH_MAX];

	return qubes_path(path, sizeof(path), "/run/qubesd.sock") && access(path, F_OK) == 0;
}

static int usage(const struct copy *c, FILE *to)
{
	fprintf(to,
		"usage: %s [OPTION]... %sFILE...\n"
		"%s files and directories to %s,\n"
		"into ~/QubesIncoming/%s there.\n"
		"  --ignore-symlinks     leave symbolic links out (--no-ignore-symlinks: not)\n"
		"  --with-progress       show how much was sent (as on a terminal)\n"
		"  --without-progress    do not\n",
		c->self, c->named ? "QUBE " : "", c->move ? "Moves" : "Copies",
		c->named ? "QUBE" : "the qube that you choose when asked",
		c->dom0 ? "dom0" : "<this qube>");
	return to == stderr;
}

/* -1, or the exit status. */
static int parse(struct copy *c, char **arg)
{
	for (; *arg && (*arg)[0] == '-'; arg++) {
		if (!strcmp(*arg, "--")) {
			arg++;
			break;
		}
		if (!strcmp(*arg, "--with-progress") || !strcmp(*arg, "--without-progress"))
			c->progress = arg[0][6] == '-';
		else if (!strcmp(*arg, "--ignore-symlinks") ||
			 !strcmp(*arg, "--no-ignore-symlinks"))
			c->ignore_links = arg[0][2] == 'i';
		else
			return usage(c, !strcmp(*arg, "--help") || !strcmp(*arg, "-h") ? stdout
										       : stderr);
	}
	c->target = "@default";
	if (c->named && *arg)
		c->target = *arg++;
	if (*arg && !strcmp(*arg, "--"))
		arg++;
	c->files = arg;
	return *arg && c->target[0] != '-' ? -1 : usage(c, stderr);
}

/* "dir/" is dir, as everywhere; and not what a link of that name leads to. */
static void strip_slashes(char *path)
{
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
}

static int look_at_files(struct copy *c)
{
	struct tree t = {.ignore_links = c->ignore_links};
	char total[24];

	for (char **f = c->files; *f; f++) {
		strip_slashes(*f);
		if (tree_check(&t, c->self, *f))
			return 1;
	}
	c->odd_names = t.odd_names;
	snprintf(total, sizeof(total), "%llu", (unsigned long long)t.bytes);
	if (setenv("PROGRESS_TYPE", c->progress ? "console" : "none", 1) < 0 ||
	    setenv("FILECOPY_TOTAL_BYTES", total, 1) < 0)
		return copy_complain(c, "out of memory");
	return 0;
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	struct copy c = {.self = slash ? slash + 1 : argc ? argv[0] : "qvm-copy"};
	int r;

	c.dom0 = in_dom0();
	c.move = strstr(c.self, "move") != NULL;
	c.named = c.dom0 || strstr(c.self, "-to-vm") != NULL;
	c.progress = isatty(STDERR_FILENO);
	r = parse(&c, argv + 1);
	if (r >= 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &c.start);
	r = look_at_files(&c);
	if (!r)
		r = c.dom0 ? copy_from_dom0(&c) : copy_from_qube(&c);
	if (!r && c.move)
		r = copy_remove(&c);
	return r;
}
