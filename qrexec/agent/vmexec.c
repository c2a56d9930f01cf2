/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-vmexec: the services qubes.VMExec, qubes.VMExecGUI and qubes.VMRootExec. Runs the
 * command that is encoded in the service's argument. Whoever may call the service may
 * run anything here: the encoding is only there to carry every byte.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qrexec/proto/command.h"
#include "qrexec/proto/wire.h"

#define MAX_WORDS 32768

int main(int argc, char **argv)
{
	size_t cap = argc == 2 ? strlen(argv[1]) + 2 : 0;
	char *buf = cap ? malloc(cap) : NULL, **words = calloc(MAX_WORDS + 1, sizeof(*words));
	int n;

	if (argc != 2) {
		fprintf(stderr, "qubes-vmexec: one argument expected: the encoded command\n");
		return QRX_EXIT_PROBLEM;
	}
	n = buf && words ? qrx_vmexec_decode(argv[1], buf, cap, words, MAX_WORDS) : -ENOMEM;
	if (n < 0 || !words[0][0]) {
		fprintf(stderr, "qubes-vmexec: the argument is not an encoded command\n");
		return QRX_EXIT_PROBLEM;
	}
	execvp(words[0], words);
	fprintf(stderr, "%s: %s\n", words[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
