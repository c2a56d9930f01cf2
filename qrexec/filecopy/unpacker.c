/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qfile-unpacker: the service qubes.Filecopy. Standard input comes from another qube,
 * hostile; the verdict goes to standard output. Runs as the qube's user, with no
 * privileges, and only touches ~/QubesIncoming/CALLER.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/cursor.h"
#include "qrexec/base/io.h"
#include "qrexec/filecopy/unpack.h"

/* Enters or makes a directory of our own. */
static int enter(int dir, const char *name)
{
	struct stat st;
	int fd;

	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid()) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int open_incoming(const char *caller)
{
	const char *path = getenv("HOME");
	const struct passwd *pw = path && *path == '/' ? NULL : getpwuid(geteuid());
	_cleanup_close_ int home = -1, incoming = -1;

	if (pw)
		path = pw->pw_dir;
	if (!caller || !*caller || *caller == '.' || strchr(caller, '/') || !path)
		return -EINVAL;
	home = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	incoming = enter(home, "QubesIncoming");
	return incoming < 0 ? incoming : enter(incoming, caller);
}

/* The verdict, and the name it is about. */
static int send_result(int code, const struct unpack *u)
{
	size_t n = strlen(u->last_name);
	uint8_t result[QFILE_RESULT_LEN + 4];
	struct wcur w = wcur_init(result + QFILE_RESULT_LEN, 4);

	qfile_put_result(result, &(struct qfile_result){.code = (uint32_t)code, .crc = u->crc});
	wcur_u32(&w, (uint32_t)n);
	if (io_write_all(STDOUT_FILENO, result, sizeof(result)) ||
	    io_write_all(STDOUT_FILENO, u->last_name, n))
		return 1;
	return code ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct unpack u;
	const char *caller = getenv("QREXEC_REMOTE_DOMAIN");
	int code;

	signal(SIGPIPE, SIG_IGN);
	umask(0);
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "allow-all-names") != 0)) {
		fprintf(stderr, "qubes.Filecopy: the argument must be empty or allow-all-names\n");
		return 1;
	}
	u.in = STDIN_FILENO;
	u.any_chars = argc == 2;
	u.root = open_incoming(caller);
	if (u.root < 0) {
		fprintf(stderr, "qubes.Filecopy: cannot use ~/QubesIncoming/%s: %s\n",
			caller ? caller : "", strerror(-u.root));
		return 1;
	}
	code = unpack_all(&u);
	if (code)
		fprintf(stderr, "qubes.Filecopy: refused after '%s': %s\n", u.last_name,
			code == QFILE_EARLY_EOF ? "the sender stopped early" : strerror(code));
	return send_result(code, &u);
}
