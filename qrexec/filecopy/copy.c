/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-copy, qvm-move, qvm-copy-to-vm, qvm-move-to-vm: copy or move files to another qube,
 * from a qube or from dom0. Connects qfile-agent with qubes.Filecopy there.
 */
#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/paths.h"

#define MAX_COMMAND 60000

struct job {
	const char *self; /* name we were called by */
	bool move, named; /* named: the target is the first argument */
	bool dom0;
	const char *target;
	char **files;
};

static int complain(const struct job *j, const char *text)
{
	fprintf(stderr, "%s: %s\n", j->self, text);
	return 1;
}

static bool in_dom0(void)
{
	char path[QUBES_PATH_MAX];

	return qubes_path(path, sizeof(path), "/run/qubesd.sock") && access(path, F_OK) == 0;
}

/* A program next to this one, else in dir. */
static char *helper(const char *name, const char *dir)
{
	char self[QUBES_PATH_MAX], *path = NULL, *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (asprintf(&path, "%.*s/%s", (int)(slash - self), self, name) < 0)
			return NULL;
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* From a qube: the client starts the sender itself. */
static char **command_in_qube(const struct job *j)
{
	size_t n = 0;
	char **argv;

	while (j->files[n])
		n++;
	argv = calloc(n + 8, sizeof(*argv));
	if (!argv)
		return NULL;
	argv[0] = helper("qrexec-client-vm", "/usr/bin");
	argv[1] = "--filter-escape-chars-stderr";
	argv[2] = "--";
	argv[3] = (char *)j->target;
	argv[4] = "qubes.Filecopy";
	argv[5] = helper("qfile-agent", "/usr/lib/qubes");
	argv[6] = "--";
	memcpy(argv + 7, j->files, n * sizeof(*argv));
	return argv;
}

/* Appends ' WORD', quoted for the shell. False when it does not fit. */
static bool add_quoted(char *buf, size_t cap, const char *word)
{
	size_t n = strlen(buf);

	if (n + 4 * strlen(word) + 4 > cap)
		return false;
	buf[n++] = ' ';
	buf[n++] = '\'';
	for (; *word; word++) {
		if (*word == '\'') {
			memcpy(buf + n, "'\\''", 4);
			n += 4;
		} else {
			buf[n++] = *word;
		}
	}
	buf[n++] = '\'';
	buf[n] = '\0';
	return true;
}

/* From dom0: the client takes the sender as a shell command. */
static char **command_in_dom0(const struct job *j)
{
	char *local = calloc(1, MAX_COMMAND), **argv = calloc(8, sizeof(*argv));
	char *agent = helper("qfile-agent", "/usr/lib/qubes");
	bool ok = local && argv && agent && add_quoted(local, MAX_COMMAND, agent) &&
		  add_quoted(local, MAX_COMMAND, "--");

	for (char **f = j->files; ok && *f; f++)
		ok = add_quoted(local, MAX_COMMAND, *f);
	if (!ok)
		return NULL;
	argv[0] = helper("qrexec-client", "/usr/bin");
	argv[1] = "-T";
	argv[2] = "-d";
	argv[3] = (char *)j->target;
	argv[4] = "-l";
	argv[5] = local;
	argv[6] = "DEFAULT:QUBESRPC qubes.Filecopy dom0";
	return argv;
}

static int run(const struct job *j)
{
	char **argv = j->dom0 ? command_in_dom0(j) : command_in_qube(j);
	int status;
	pid_t pid;

	if (!argv || !argv[0])
		return complain(j, "too many files at once, or out of memory");
	pid = fork();
	if (pid == 0) {
		execv(argv[0], argv);
		fprintf(stderr, "%s: cannot run %s: %s\n", j->self, argv[0], strerror(errno));
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return complain(j, strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Removes what was copied. */
static int remove_all(const struct job *j)
{
	FTS *fts = fts_open(j->files, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int bad = fts ? 0 : 1;
	FTSENT *e;

	while (fts && (e = fts_read(fts))) {
		bool dir = e->fts_info == FTS_DP;

		if (e->fts_info == FTS_D)
			continue;
		if ((dir ? rmdir(e->fts_accpath) : unlink(e->fts_accpath)) < 0) {
			fprintf(stderr, "%s: copied, but cannot remove %s: %s\n", j->self,
				e->fts_path, strerror(errno));
			bad = 1;
		}
	}
	if (fts)
		fts_close(fts);
	return bad;
}

static int usage(const struct job *j, FILE *to)
{
	fprintf(to,
		"usage: %s %sFILE...\n%s files and directories to %s, into "
		"~/QubesIncoming/<this qube> there.\n",
		j->self, j->named ? "QUBE " : "", j->move ? "Moves" : "Copies",
		j->named ? "QUBE" : "the qube that you choose when asked");
	return to == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	struct job j = {.self = slash ? slash + 1 : argv[0]};
	int i = 1, r;

	j.dom0 = in_dom0();
	j.move = strstr(j.self, "move") != NULL;
	j.named = j.dom0 || strstr(j.self, "-to-vm") != NULL;
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(&j, stdout);
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	if (argc - i < (j.named ? 2 : 1) || argv[i][0] == '-')
		return usage(&j, stderr);
	j.target = j.named ? argv[i++] : "@default";
	if (i < argc && !strcmp(argv[i], "--"))
		i++;
	j.files = argv + i;
	r = run(&j);
	return r || !j.move ? r : remove_all(&j);
}
