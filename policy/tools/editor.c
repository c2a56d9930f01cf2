/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-policy-editor: edits a policy file with the user's editor and writes it back only
 * when it is right and nobody else changed it meanwhile. The user is dom0's, or an admin
 * qube's.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/engine/lint.h"
#include "policy/engine/load.h"
#include "policy/tools/client.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define PROGRAM "qubes-policy-editor"
#define DEFAULT_FILE "30-user"

struct edit {
	const char *name;
	bool include;
	char *token;	/* owned; "new" for a file that is not there yet */
	char path[512]; /* of the copy being edited */
};

/* Fetches the file and its token. */
static int fetch(struct edit *e, struct client_reply *reply)
{
	int r = client_call("Get", e->include, e->name, POL_STR(""), reply);
	const char *lf;

	if (r == 1 && reply->not_found) {
		e->token = strdup("new");
		reply->out_len = 0;
		return 0;
	}
	if (r) {
		fprintf(stderr, PROGRAM ": cannot get policy %s: %s\n", e->name,
			r < 0 ? strerror(-r)
			: reply->err && *reply->err
				? reply->err
				: "the call was refused; dom0's policy does not allow it");
		return 1;
	}
	lf = memchr(reply->out, '\n', reply->out_len);
	if (!lf)
		return 1;
	e->token = strndup(reply->out, (size_t)(lf - reply->out));
	reply->out_len -= (size_t)(lf + 1 - reply->out);
	memmove(reply->out, lf + 1, reply->out_len);
	return 0;
}

/* Puts the text where the editor can have it. */
static int make_copy(struct edit *e, const char *text, size_t len)
{
	const char *dir = getenv("TMPDIR"), *suffix = e->include ? "" : ".policy";
	int fd, r;

	snprintf(e->path, sizeof(e->path), "%s/qubes-XXXXXX_%s%s", dir ? dir : "/tmp", e->name,
		 suffix);
	fd = mkstemps(e->path, (int)(strlen(e->name) + strlen(suffix) + 1));
	if (fd < 0) {
		fprintf(stderr, PROGRAM ": cannot make a copy to edit: %s\n", strerror(errno));
		return 1;
	}
	r = io_write_all(fd, text, len);
	close(fd);
	return r ? 1 : 0;
}

static int run_editor(const struct edit *e)
{
	static const char command[] = "${VISUAL:-${EDITOR:-vi}} -- \"$1\"";
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, "sh", e->path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
		fprintf(stderr,
			PROGRAM ": the editor failed; set VISUAL or EDITOR to one that "
				"works. What you wrote is in %s\n",
			e->path);
		return 1;
	}
	return 0;
}

struct check {
	const struct edit *e;
	unsigned faults;
};

static int check_line(void *ctx, struct pol_str line, unsigned no)
{
	struct check *c = ctx;
	struct pol_buf why = {0};

	if (!pol_lint_line(line, c->e->include, &why)) {
		c->faults++;
		fprintf(stderr, "%s:%u: error: %s\n", c->e->path, no, why.p ? why.p : "");
	}
	pol_buf_clear(&why);
	return 0;
}

/* 'e' to edit again, 'q' to give up, 's' to save. */
static int what_now(void)
{
	char answer[64];

	for (;;) {
		fprintf(stderr, "What now: (e)dit again, or (q)uit without saving? ");
		if (!fgets(answer, sizeof(answer), stdin) || strcmp(answer, "q\n") == 0)
			return 'q';
		if (strcmp(answer, "e\n") == 0)
			return 'e';
	}
}

/* Edits until the text is right. *ret: the text, owned. */
static int edit_until_right(const struct edit *e, char **ret, size_t *ret_len)
{
	for (;;) {
		struct check c = {.e = e};
		int r;

		if (run_editor(e))
			return 'f';
		r = io_read_file(e->path, POL_FILE_MAX, ret, ret_len);
		if (r) {
			fprintf(stderr, PROGRAM ": cannot read %s: %s\n", e->path, strerror(-r));
			return 'f';
		}
		pol_each_line((struct pol_str){*ret, *ret_len}, check_line, &c);
		if (!c.faults)
			return 's';
		free(*ret);
		*ret = NULL;
		if (what_now() == 'q')
			return 'q';
	}
}

static int save(const struct edit *e, const char *text, size_t len)
{
	struct client_reply reply;
	struct pol_buf payload = {0};
	int r;

	pol_buf_printf(&payload, "%s\n", e->token);
	pol_buf_add(&payload, (struct pol_str){text, len});
	r = client_call("Replace", e->include, e->name, (struct pol_str){payload.p, payload.n},
			&reply);
	if (r)
		fprintf(stderr, PROGRAM ": %s was not changed: %s. What you wrote is in %s\n",
			e->name,
			r < 0			  ? strerror(-r)
			: reply.err && *reply.err ? reply.err
						  : "the call was refused",
			e->path);
	pol_buf_clear(&payload);
	client_reply_clear(&reply);
	return r ? 1 : 0;
}

static int edit(struct edit *e)
{
	struct client_reply reply;
	char *text = NULL;
	size_t len = 0;
	int r = fetch(e, &reply), end;

	if (!r)
		r = make_copy(e, reply.out, reply.out_len);
	client_reply_clear(&reply);
	if (r)
		return r;
	end = edit_until_right(e, &text, &len);
	if (end == 's')
		r = save(e, text, len);
	else
		r = end == 'f';
	free(text);
	if (!r)
		unlink(e->path);
	return r;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	static const char usage[] =
		"Usage: qubes-policy-editor [[include/]NAME]   (default: " DEFAULT_FILE ")\n";
	_cleanup_free_ char *name = NULL;
	struct edit e = {.name = NULL};
	size_t n;
	int opt = getopt_long(argc, argv, "h", options, NULL), r;

	if (opt != -1 || argc - optind > 1) {
		fputs(usage, opt == 'h' ? stdout : stderr);
		return opt == 'h' ? 0 : 2;
	}
	if (!client_split_name(optind < argc ? argv[optind] : DEFAULT_FILE, &e.include, &e.name) ||
	    !*e.name) {
		fprintf(stderr, PROGRAM ": names have only letters, digits, and .-_+\n");
		return 1;
	}
	n = strlen(e.name);
	name = strndup(e.name, n > 7 && strcmp(e.name + n - 7, ".policy") == 0 ? n - 7 : n);
	e.name = name;
	r = name ? edit(&e) : 1;
	free(e.token);
	return r;
}
