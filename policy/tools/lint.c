/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qubes-policy-lint: names the faulty lines of policy files. The files are the user's own. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/engine/lint.h"
#include "policy/engine/load.h"
#include "qrexec/base/io.h"

struct linting {
	const char *name;
	bool service, show_line;
	bool faulty;
};

static int lint_line(void *ctx, struct pol_str line, unsigned no)
{
	struct linting *l = ctx;
	struct pol_buf why = {0};

	if (!pol_lint_line(line, l->service, &why)) {
		l->faulty = true;
		printf("%s:%u: error: %s", l->name, no, why.p ? why.p : "out of memory");
		if (l->show_line)
			printf(": %.*s", POL_ARG(line));
		putchar('\n');
	}
	pol_buf_clear(&why);
	return 0;
}

/* True when the file is clean. */
static bool lint_file(struct linting *l)
{
	char *text = NULL;
	size_t len;
	int r;

	if (strcmp(l->name, "-") == 0)
		r = io_read_to_end(STDIN_FILENO, POL_FILE_MAX, &text, &len);
	else
		r = io_read_file(l->name, POL_FILE_MAX, &text, &len);
	if (r) {
		printf("%s:0: error: cannot read: %s\n", l->name, strerror(-r));
		return false;
	}
	l->faulty = false;
	pol_each_line((struct pol_str){text, len}, lint_line, l);
	free(text);
	return !l->faulty;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"include-service", no_argument, NULL, 'i'},
						{"show-line", no_argument, NULL, 's'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	static const char usage[] = "Usage: qubes-policy-lint [-i|--include-service] "
				    "[-s|--show-line] FILE...   (- is standard input)\n";
	struct linting l = {.name = NULL};
	bool clean = true;
	int opt;

	while ((opt = getopt_long(argc, argv, "ish", options, NULL)) != -1) {
		if (opt == 'i') {
			l.service = true;
		} else if (opt == 's') {
			l.show_line = true;
		} else {
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}
	for (int i = optind; i < argc; i++) {
		l.name = argv[i];
		clean &= lint_file(&l);
	}
	return clean ? 0 : 1;
}
