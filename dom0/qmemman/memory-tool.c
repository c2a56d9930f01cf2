// SPDX-License-Identifier: GPL-2.0-or-later
/* qvm-memory: asks qmemman who has what memory. Its peer is qmemman, trusted. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dom0/qmemman/qmemman.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

static const char usage[] =
	"usage: qvm-memory [--why]\n"
	"\n"
	"  --why    every figure with its reason (the default shows the figures)\n"
	"  --help   this text\n";

int main(int argc, char **argv)
{
	char path[QUBES_PATH_MAX], text[262144];
	_cleanup_close_ int fd = -1;
	size_t len = 0;
	ssize_t n;
	bool why = argc == 2 && !strcmp(argv[1], "--why");

	if (argc > 1 && !why) {
		fputs(usage, strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	if (qubes_path(path, sizeof(path), QMEMMAN_SOCKET))
		fd = unix_connect(path, SOCK_STREAM);
	if (fd < 0 || io_write_all(fd, "why\n", 4)) {
		fprintf(stderr,
			"qvm-memory: qmemman does not answer (%s): memory is balanced on Xen only. "
			"Is qmemman.service running?\n",
			path);
		return 1;
	}
	while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	if (why)
		fputs(text, stdout);
	else
		mem_why_figures(text, stdout);
	return 0;
}
