/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qfile-unpacker: the service qubes.Filecopy, and the receiving end of a restored backup.
 * Standard input comes from another qube, hostile; the verdict goes to standard output. Runs as
 * a user, with no privileges, confined, and only touches ~/QubesIncoming/CALLER, or the
 * directory it was given.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
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
#include "qrexec/base/sandbox.h"
#include "qrexec/filecopy/unpack.h"
#include "qrexec/filecopy/verdict.h"

/* The one table of privileges: the directory is opened, then this is entered, then a byte is read.
 */
static const char *const syscalls[] = {
	"read",	     "write",	  "writev",	"pwrite64",	   "openat",
	"close",     "mkdirat",	  "linkat",	"symlinkat",	   "unlinkat",
	"fchmod",    "utimensat", "newfstatat", "fstat",	   "statx",
	"fstatat64", "ftruncate", "fstatfs",	"syncfs",	   "poll",
	"ppoll",     "brk",	  "mmap",	"munmap",	   "mremap",
	"futex",     "nanosleep", "madvise",	"clock_nanosleep", "restart_syscall",
	"exit",	     "getpid",	  "exit_group", "rt_sigreturn",	   NULL,
};

static const struct sandbox confinement = {
	.name = "qfile-unpacker",
	.syscalls = syscalls,
	.max_memory = 64u << 20,
	.max_files = 32,
};

struct options {
	struct unpack *u;
	const char *user; /* number, NULL: whoever we are */
	const char *dir;  /* NULL: ~/QubesIncoming/CALLER */
	const char *caller;
};

static int complain(const char *what, const char *detail)
{
	fprintf(stderr, "qubes.Filecopy: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	return 1;
}

/* ---- where to ---- */

/* Enters or makes a directory of our own. The user may have put QubesIncoming elsewhere by a link.
 */
static int enter(int dir, const char *name, int flags)
{
	struct stat st;
	int fd;

	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
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
	if (!*caller || *caller == '.' || strchr(caller, '/') || !path)
		return -EINVAL;
	home = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (home < 0)
		return -errno;
	incoming = enter(home, "QubesIncoming", 0);
	return incoming < 0 ? incoming : enter(incoming, caller, O_NOFOLLOW);
}

static int open_root(const struct options *o)
{
	char text[VERDICT_NAME_MAX + 64];
	int fd;

	if (o->dir) {
		fd = open(o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			fprintf(stderr, "qubes.Filecopy: cannot open %s: %s\n", o->dir,
				strerror(errno));
		return fd;
	}
	fd = open_incoming(o->caller);
	if (fd < 0) {
		snprintf(text, sizeof(text), "cannot use ~/QubesIncoming/%.*s", VERDICT_NAME_MAX,
			 o->caller);
		complain(text, strerror(-fd));
	}
	return fd;
}

/* ---- who ---- */

/* Becomes the user with that number, for which we must be root or that user. */
static int become(const char *number)
{
	const struct passwd *pw;
	unsigned long uid;

	if (io_parse_uint(number, 0, 0xfffffffe, &uid))
		return complain("not the number of a user", number);
	if (geteuid() != 0 || uid == 0)
		return geteuid() == uid ? 0
					: complain("only root can receive for another user", NULL);
	pw = getpwuid((uid_t)uid);
	if (!pw)
		return complain("there is no user with number", number);
	if (initgroups(pw->pw_name, pw->pw_gid) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0 || setenv("HOME", pw->pw_dir, 1) < 0)
		return complain("cannot become the user", strerror(errno));
	return 0;
}

/* ---- options ---- */

static void show_name(const char *untrusted_name)
{
	char buf[VERDICT_NAME_MAX];

	fprintf(stderr, "%s\n",
		qfile_text_ok(untrusted_name) ? untrusted_name
					      : verdict_show_name(untrusted_name, buf));
}

static int usage(void)
{
	fprintf(stderr,
		"usage: qfile-unpacker [--allow-all-names] [--allow-unsafe-symlinks] [-v] [-w "
		"BYTES]\n"
		"                      [--max-bytes N] [--max-files N] [UID [DIRECTORY]]\n");
	return 1;
}

static int parse_amount(const char *text, uint64_t *ret)
{
	unsigned long n;

	if (io_parse_uint(text, 0, INT64_MAX, &n))
		return complain("not a number", text);
	*ret = n;
	return 0;
}

/* UID DIRECTORY [-v] [-w [BYTES]], as older callers have it. */
static int parse_old(struct options *o, char **arg)
{
	o->user = arg[0];
	o->dir = arg[1];
	for (arg += 2; *arg; arg++) {
		if (!strcmp(*arg, "-v")) {
			o->u->done = show_name;
		} else if (!strcmp(*arg, "-w")) {
			o->u->keep_free = 1;
			if (arg[1] && arg[1][0] != '-' && parse_amount(*++arg, &o->u->keep_free))
				return 1;
		} else {
			return usage();
		}
	}
	return 0;
}

static int parse(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{"allow-all-names", no_argument, NULL, 'a'},
		{"no-allow-all-names", no_argument, NULL, 'A'},
		{"allow-unsafe-symlinks", no_argument, NULL, 'l'},
		{"no-allow-unsafe-symlinks", no_argument, NULL, 'L'},
		{"verbose", no_argument, NULL, 'v'},
		{"wait-for-space", required_argument, NULL, 'w'},
		{"max-bytes", required_argument, NULL, 'b'},
		{"max-files", required_argument, NULL, 'f'},
		{0},
	};
	int c;

	/* As a service it has the service's argument. */
	if (argc == 2 && !strcmp(argv[1], "allow-all-names")) {
		o->u->any_chars = true;
		return 0;
	}
	if (argc > 2 && argv[1][0] >= '0' && argv[1][0] <= '9')
		return parse_old(o, argv + 1);
	while ((c = getopt_long(argc, argv, "+vw:", options, NULL)) != -1) {
		if (c == 'a' || c == 'A')
			o->u->any_chars = c == 'a';
		else if (c == 'l' || c == 'L')
			o->u->any_links = c == 'l';
		else if (c == 'v')
			o->u->done = show_name;
		else if (c != 'w' && c != 'b' && c != 'f')
			return usage();
		else if (parse_amount(optarg, c == 'w'	 ? &o->u->keep_free
					      : c == 'b' ? &o->u->max_bytes
							 : &o->u->max_files))
			return 1;
	}
	if (argc - optind > 2)
		return usage();
	o->user = optind < argc && *argv[optind] ? argv[optind] : NULL;
	o->dir = optind + 1 < argc ? argv[optind + 1] : NULL;
	if (o->user && (o->user[0] < '0' || o->user[0] > '9'))
		return complain("the argument must be empty or allow-all-names, not", o->user);
	return 0;
}

/* ---- the verdict ---- */

/* The code, and the name it is about. */
static int send_result(int code, const struct unpack *u)
{
	size_t n = strlen(u->untrusted_name);
	uint8_t result[QFILE_RESULT_LEN + 4];
	struct wcur w = wcur_init(result + QFILE_RESULT_LEN, 4);

	qfile_put_result(result, &(struct qfile_result){.code = (uint32_t)code, .crc = u->crc});
	wcur_u32(&w, (uint32_t)n);
	if (io_write_all(STDOUT_FILENO, result, sizeof(result)) ||
	    io_write_all(STDOUT_FILENO, u->untrusted_name, n))
		return 1;
	return code ? 1 : 0;
}

static void report(const struct options *o, int code)
{
	char name[VERDICT_NAME_MAX];

	fprintf(stderr, "qubes.Filecopy: refused %s%s%s from %s: %s\n",
		*o->u->untrusted_name ? "\"" : "a file",
		verdict_show_name(o->u->untrusted_name, name), *o->u->untrusted_name ? "\"" : "",
		*o->caller ? o->caller : "the sender", verdict_meaning((uint32_t)code));
}

int main(int argc, char **argv)
{
	static struct unpack u = {.in = STDIN_FILENO};
	const char *caller = getenv("QREXEC_REMOTE_DOMAIN");
	struct options o = {.u = &u, .caller = caller ? caller : ""};
	int r;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	umask(0);
	r = parse(&o, argc, argv);
	if (!r && o.user)
		r = become(o.user);
	if (r)
		return r;
	u.root = open_root(&o);
	if (u.root < 0)
		return 1;
	r = sandbox_enter(&confinement);
	if (r)
		return complain("cannot confine itself", strerror(-r));
	r = unpack_all(&u);
	if (r)
		report(&o, r);
	return send_result(r, &u);
}
