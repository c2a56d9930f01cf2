/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qfile-agent: sends files and directories in the format of qubes.Filecopy. The local
 * program of a call: standard output leads to the receiving qube, standard input carries its
 * verdict, which is hostile as far as it is shown to the user.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/sandbox.h"
#include "qrexec/filecopy/verdict.h"
#include "qrexec/proto/qfile.h"

#define BUFFER (256u * 1024)
#define PROGRESS_MS 200
#define EXIT_CANCELLED 32

/* The one table of privileges: it reads files of its user and a verdict, and starts nothing. */
static const char *const syscalls[] = {
	"read",		"write",      "close",	       "openat",
	"open",		"fstat",      "newfstatat",    "statx",
	"fstatat64",	"getdents64", "readlink",      "readlinkat",
	"fchdir",	"chdir",      "fstatfs",       "fcntl",
	"poll",		"ppoll",      "brk",	       "mmap",
	"munmap",	"mremap",     "futex",	       "madvise",
	"lseek",	"fadvise64",  "clock_gettime", "restart_syscall",
	"rt_sigreturn", "exit",	      "exit_group",    "getpid",
	NULL,
};

/* Root may send what others own. */
static const struct sandbox confinement = {
	.name = "qfile-agent",
	.syscalls = syscalls,
	.keep_caps = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH,
};

enum progress { PROGRESS_NONE, PROGRESS_CONSOLE, PROGRESS_NUMBERS };

struct sender {
	uint8_t buf[BUFFER];
	size_t len;
	uint32_t crc;
	uint64_t sent, total;
	int64_t shown_ms;
	enum progress progress;
	int numbers_fd; /* for PROGRESS_NUMBERS: a line with the bytes sent, again and again */
	bool ignore_links;
};

/* Names are our user's, and may have come from anywhere. */
static int complain(const char *what, const char *name, int err)
{
	char buf[VERDICT_NAME_MAX];

	fprintf(stderr, "qfile-agent: %s%s%s%s%s\n", what, name ? " " : "",
		name ? verdict_show_name(name, buf) : "", err ? ": " : "",
		err ? strerror(err) : "");
	return -1;
}

/* ---- the verdict ---- */

/* Reads the verdict. 0: all was sent and is well there, with the same checksum. -1: not, and
 * said so. */
static int read_verdict(const struct sender *s, bool finished)
{
	uint8_t bytes[QFILE_RESULT_LEN], len[4];
	char untrusted_name[QFILE_NAME_MAX + 1], shown[VERDICT_NAME_MAX];
	struct qfile_result r;
	size_t n = 0;

	if (io_read_all(STDIN_FILENO, bytes, sizeof(bytes)) || qfile_get_result(bytes, &r))
		return complain("the receiving qube broke off without saying why", NULL, 0);
	if (r.code == 0 && finished && r.crc == s->crc)
		return 0;
	if (r.code == 0)
		return complain(finished ? "the receiving qube got something else than was sent"
					 : "the receiving qube ended too early",
				NULL, 0);
	if (io_read_all(STDIN_FILENO, len, sizeof(len)) == 0)
		n = (size_t)len[0] | (size_t)len[1] << 8 | (size_t)len[2] << 16 |
		    (size_t)len[3] << 24;
	if (n > QFILE_NAME_MAX || io_read_all(STDIN_FILENO, untrusted_name, n))
		n = 0;
	untrusted_name[n] = '\0';
	fprintf(stderr, "qfile-agent: the receiving qube refuses%s%s: %s\n", n ? " " : "",
		verdict_show_name(untrusted_name, shown), verdict_meaning(r.code));
	return -1;
}

/* ---- the stream ---- */

static void show_progress(struct sender *s, bool last)
{
	int64_t now = s->progress ? io_now_ms() : 0;

	if (!s->progress || (!last && now < s->shown_ms + PROGRESS_MS))
		return;
	s->shown_ms = now;
	if (s->progress == PROGRESS_NUMBERS) {
		/* The user has closed what shows it, which means: no more. */
		if (dprintf(s->numbers_fd, "%llu\n", (unsigned long long)s->sent) < 0)
			exit(EXIT_CANCELLED);
		return;
	}
	/* The next line, or a message, is written over it. */
	fprintf(stderr, "sent %llu/%llu KiB%s", (unsigned long long)(s->sent / 1024),
		(unsigned long long)(s->total / 1024), last ? "\n" : "\r");
}

/* Waits until there is room or a verdict. An early one is never good news: -1, and said so. */
static int wait_for_room(const struct sender *s)
{
	struct pollfd p[] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
			     {.fd = STDIN_FILENO, .events = POLLIN}};

	if (poll(p, 2, -1) < 0)
		return errno == EINTR ? 0 : complain("cannot wait", NULL, errno);
	return p[1].revents ? read_verdict(s, false) : 0;
}

static int flush(struct sender *s)
{
	size_t at = 0;

	s->crc = qfile_crc(s->crc, s->buf, s->len);
	while (at < s->len) {
		ssize_t n;

		if (wait_for_room(s))
			return -1;
		n = write(STDOUT_FILENO, s->buf + at, s->len - at);
		if (n < 0 && errno == EPIPE)
			return read_verdict(s, false);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return complain("cannot send", NULL, errno);
		at += n > 0 ? (size_t)n : 0;
	}
	s->sent += s->len;
	s->len = 0;
	show_progress(s, false);
	return 0;
}

static int put(struct sender *s, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n) {
		size_t room = BUFFER - s->len, step = n < room ? n : room;

		memcpy(s->buf + s->len, p, step);
		s->len += step;
		p += step;
		n -= step;
		if (s->len == BUFFER && flush(s))
			return -1;
	}
	return 0;
}

/* The format knows seconds since 1970 in 32 bits. */
static uint32_t seconds(time_t t)
{
	return t < 0 ? 0 : t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

static int put_header(struct sender *s, const char *name, const struct stat *st,
		      enum qfile_kind kind, uint64_t size)
{
	struct qfile_header h = {.kind = kind,
				 .name_len = (uint32_t)strlen(name) + 1,
				 .mode = st->st_mode & 07777,
				 .size = size,
				 .atime = seconds(st->st_atim.tv_sec),
				 .atime_nsec = (uint32_t)st->st_atim.tv_nsec,
				 .mtime = seconds(st->st_mtim.tv_sec),
				 .mtime_nsec = (uint32_t)st->st_mtim.tv_nsec};
	uint8_t bytes[QFILE_HEADER_LEN];

	if (h.name_len > QFILE_NAME_MAX + 1)
		return complain("the path is too long:", name, 0);
	qfile_put_header(bytes, &h);
	return put(s, bytes, sizeof(bytes)) ? -1 : put(s, name, h.name_len);
}

/* ---- what is sent ---- */

static int put_content(struct sender *s, int fd, const char *name, uint64_t size)
{
	while (size) {
		size_t room = BUFFER - s->len;
		ssize_t n = read(fd, s->buf + s->len, size < room ? (size_t)size : room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return complain("cannot read", name, errno);
		if (n == 0)
			return complain("became shorter while it was sent:", name, 0);
		s->len += (size_t)n;
		size -= (uint64_t)n;
		if (s->len == BUFFER && flush(s))
			return -1;
	}
	return 0;
}

static int put_file(struct sender *s, const char *name, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return complain("cannot open", name, errno);
	if (!S_ISREG(st.st_mode))
		return complain("is not a file any more:", name, 0);
	if (put_header(s, name, &st, QFILE_REGULAR, (uint64_t)st.st_size))
		return -1;
	return put_content(s, fd, name, (uint64_t)st.st_size);
}

static int put_link(struct sender *s, const char *name, const char *path, const struct stat *st)
{
	char target[QFILE_TARGET_MAX + 1];
	ssize_t n;

	if (s->ignore_links)
		return 0;
	n = readlink(path, target, sizeof(target));
	if (n <= 0 || (size_t)n == sizeof(target))
		return complain("cannot read the link", name, n < 0 ? errno : ENAMETOOLONG);
	return put_header(s, name, st, QFILE_LINK, (uint64_t)n) ? -1 : put(s, target, (size_t)n);
}

static int put_entry(struct sender *s, const FTSENT *e)
{
	switch (e->fts_info) {
	case FTS_D:
	case FTS_DP:
		return put_header(s, e->fts_path, e->fts_statp, QFILE_DIRECTORY, 0);
	case FTS_F:
		return put_file(s, e->fts_path, e->fts_accpath);
	case FTS_SL:
	case FTS_SLNONE:
		return put_link(s, e->fts_path, e->fts_accpath, e->fts_statp);
	case FTS_DEFAULT:
		complain("left out, neither file, directory nor link:", e->fts_path, 0);
		return 0;
	default:
		return complain("cannot read", e->fts_path, e->fts_errno);
	}
}

/* Walks the tree at `name` in the current directory. */
static int walk(struct sender *s, char *name)
{
	char *roots[] = {name, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL, NULL);
	FTSENT *e;
	int r = 0;

	if (!fts)
		return complain("cannot read", name, errno);
	while (!r && (errno = 0, e = fts_read(fts)))
		r = put_entry(s, e);
	if (!r && errno)
		r = complain("cannot read", name, errno);
	fts_close(fts);
	return r;
}

/* Goes to the directory that path lies in; *ret_name is its last component. */
static int enter_parent(char *path, char **ret_name)
{
	size_t n = strlen(path);
	char *slash;

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = strrchr(path, '/');
	*ret_name = slash ? slash + 1 : path;
	if (!**ret_name || !strcmp(*ret_name, ".") || !strcmp(*ret_name, ".."))
		return complain("cannot copy a directory under that name:", path, 0);
	if (!slash)
		return 0;
	*slash = '\0';
	if (chdir(slash == path ? "/" : path) < 0)
		return complain("cannot enter", path, errno);
	return 0;
}

static int each(struct sender *s, char **paths)
{
	_cleanup_close_ int start = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = start < 0 ? complain("cannot open the current directory", NULL, errno) : 0;

	for (; !r && *paths; paths++) {
		_cleanup_free_ char *copy = strdup(*paths);
		char *name;

		r = copy ? enter_parent(copy, &name) : -1;
		if (!r)
			r = walk(s, name);
		if (fchdir(start) < 0)
			r = -1;
	}
	return r;
}

static int send_all(struct sender *s, char **paths)
{
	static const uint8_t end[QFILE_HEADER_LEN];

	show_progress(s, false);
	if (each(s, paths) || put(s, end, sizeof(end)) || flush(s) || read_verdict(s, true))
		return -1;
	show_progress(s, true);
	return 0;
}

/* What the caller wants to be shown: qvm-copy, or a file manager. */
static void find_progress(struct sender *s)
{
	const char *type = getenv("PROGRESS_TYPE"), *total = getenv("FILECOPY_TOTAL_BYTES");
	const char *fd = getenv("SAVED_FD_1");
	unsigned long n;

	if (type && !strcmp(type, "console") && total && !io_parse_uint(total, 0, INT64_MAX, &n)) {
		s->progress = PROGRESS_CONSOLE;
		s->total = n;
	} else if (type && !strcmp(type, "gui") && fd && !io_parse_uint(fd, 3, 1024, &n)) {
		s->progress = PROGRESS_NUMBERS;
		s->numbers_fd = (int)n;
	}
}

int main(int argc, char **argv)
{
	static struct sender s;
	int i = 1, r;

	signal(SIGPIPE, SIG_IGN);
	find_progress(&s);
	for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (strcmp(argv[i], "--ignore-symlinks") != 0) {
			fprintf(stderr, "usage: qfile-agent [--ignore-symlinks] [--] FILE...\n");
			return !strcmp(argv[i], "--help") ? 0 : 2;
		}
		s.ignore_links = true;
	}
	if (i == argc) {
		complain("no file was named", NULL, 0);
		return 2;
	}
	r = sandbox_enter(&confinement);
	if (r)
		complain("cannot confine itself", NULL, -r);
	/* So that a verdict is seen even when nobody reads what is sent. */
	else if (io_set_nonblock(STDOUT_FILENO, true))
		r = complain("cannot use standard output", NULL, 0);
	else
		r = send_all(&s, argv + i);
	return r ? 1 : 0;
}
