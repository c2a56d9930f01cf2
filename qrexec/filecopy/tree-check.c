/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-fs-tree-check: for scripts that copy files to another qube. Says whether a receiver
 * will take them without allow-all-names, and how many bytes they are.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "qrexec/filecopy/tree.h"

enum { EXIT_ODD_NAMES = 2 };

static int usage(FILE *to)
{
	fprintf(to,
		"usage: qubes-fs-tree-check [OPTION]... [--] FILE...\n"
		"  --machine-readable   print the number of bytes, do not name odd names\n"
		"  --allow-symlinks, --ignore-symlinks, --allow-directories, --allow-all-names\n"
		"                       and the same with no- before them\n");
	return to == stderr;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"machine-readable", no_argument, NULL, 'm'},
		{"ignore-symlinks", no_argument, NULL, 'i'},
		{"no-ignore-symlinks", no_argument, NULL, 'I'},
		{"allow-symlinks", no_argument, NULL, 'l'},
		{"no-allow-symlinks", no_argument, NULL, 'L'},
		{"allow-directories", no_argument, NULL, 'd'},
		{"no-allow-directories", no_argument, NULL, 'D'},
		{"allow-all-names", no_argument, NULL, 'a'},
		{"no-allow-all-names", no_argument, NULL, 'A'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct tree t = {.no_links = true, .no_dirs = true};
	bool machine = false;
	int c, r = 0;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 'm')
			machine = true;
		else if (c == 'i' || c == 'I')
			t.ignore_links = c == 'i';
		else if (c == 'l' || c == 'L')
			t.no_links = c == 'L';
		else if (c == 'd' || c == 'D')
			t.no_dirs = c == 'D';
		else if (c == 'a' || c == 'A')
			t.any_chars = c == 'a';
		else
			return usage(c == 'h' ? stdout : stderr);
	}
	if (optind >= argc)
		return usage(stderr);
	t.tell = !machine;
	for (int i = optind; !r && i < argc; i++)
		r = tree_check(&t, "qubes-fs-tree-check", argv[i]);
	if (r)
		return 1;
	if (machine)
		printf("%llu\n", (unsigned long long)t.bytes);
	if (fflush(stdout))
		return 1;
	return t.odd_names ? EXIT_ODD_NAMES : 0;
}
