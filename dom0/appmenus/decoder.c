/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that decodes what a qube sent, and its parent (decoder.h). The child's peer is the
 * qube, hostile; the parent's is the child, which may be the qube's by then.
 */
#include "dom0/appmenus/decoder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/sandbox.h"

/* Of the child's answer: this, and when it is good (result 0) count records or one picture. */
struct head {
	gint32 result;
	guint32 count;
};

struct small_picture {
	guint32 width, height; /* 1 … PICTURE_SIDE_KEPT */
	guint8 rgba[PICTURE_SIDE_KEPT * PICTURE_SIDE_KEPT * 4];
};

/* --- the child: it has its input as 0 and its output as 1 --- */

static const char *const calls[] = {
	"read",	   "write", "poll",	 "brk",	 "mmap",       "munmap",	  "mremap",
	"madvise", "futex", "getrandom", "exit", "exit_group", "restart_syscall", "rt_sigreturn",
	NULL};

static const struct sandbox confinement = {
	.name = "decoder of menus",
	.syscalls = calls,
	.max_memory = 512u << 20,
};

static int answer(int result, guint32 count)
{
	struct head h = {.result = result, .count = count};

	return io_write_all(STDOUT_FILENO, &h, sizeof(h));
}

static int answer_list(void)
{
	g_autoptr(Received) list = received_new();
	static struct received_record record;
	char untrusted[16384];
	const GPtrArray *apps;
	ssize_t n;
	int r = 0;

	while (!r && (n = read(STDIN_FILENO, untrusted, sizeof(untrusted))) != 0)
		r = n > 0 ? received_feed(list, untrusted, (gsize)n) : errno == EINTR ? 0 : -errno;
	apps = received_end(list);
	if (r)
		return answer(r, 0);
	r = answer(0, apps->len);
	for (guint i = 0; i < apps->len && !r; i++) {
		received_pack(apps->pdata[i], &record);
		r = io_write_all(STDOUT_FILENO, &record, sizeof(record));
	}
	return r;
}

static int answer_icon(void)
{
	g_autofree char *untrusted = NULL;
	static struct small_picture small;
	struct picture p, kept;
	size_t n;
	int r = io_read_to_end(STDIN_FILENO, PICTURE_BYTES_MAX, &untrusted, &n);

	if (!r)
		r = picture_parse(untrusted, n, &p);
	if (r)
		return answer(r == -EMSGSIZE ? -E2BIG : r, 0);
	picture_shrink(&p, &kept);
	small.width = kept.width;
	small.height = kept.height;
	memcpy(small.rgba, kept.rgba, (gsize)kept.width * kept.height * 4);
	r = answer(0, 1);
	return r ? r : io_write_all(STDOUT_FILENO, &small, sizeof(small));
}

static _Noreturn void run_child(int in, int out, int (*job)(void))
{
	/* Neither may be where the other is to go. */
	int high_in = fcntl(in, F_DUPFD, 3), high_out = fcntl(out, F_DUPFD, 3);

	if (high_in < 0 || high_out < 0 || dup2(high_in, STDIN_FILENO) < 0 ||
	    dup2(high_out, STDOUT_FILENO) < 0 || syscall(SYS_close_range, 2, ~0u, 0) < 0 ||
	    sandbox_enter(&confinement))
		_exit(1);
	_exit(job() ? 1 : 0);
}

/* --- the parent --- */

struct decoder {
	pid_t pid;
	int out; /* what it answers */
	int64_t deadline;
};

static int start(struct decoder *ret, int in, int64_t deadline, int (*job)(void))
{
	int out[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	*ret = (struct decoder){.pid = io_fork(), .out = out[0], .deadline = deadline};
	if (ret->pid == 0)
		run_child(in, out[1], job);
	close(out[1]);
	if (ret->pid > 0)
		return 0;
	close(out[0]);
	return -EAGAIN;
}

static void end(struct decoder *d)
{
	close(d->out);
	kill(d->pid, SIGKILL);
	while (waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Exactly n bytes of the answer. 0 or -errno. */
static int take(const struct decoder *d, void *ret, size_t n)
{
	char *at = ret;

	while (n > 0) {
		struct pollfd p = {.fd = d->out, .events = POLLIN};
		int64_t left = d->deadline - io_now_ms();
		int ready = left > 0 ? poll(&p, 1, (int)MIN(left, G_MAXINT)) : 0;
		ssize_t got = ready > 0 ? read(d->out, at, n) : -1;

		if (ready == 0)
			return -ETIMEDOUT;
		if (got == 0)
			return -EPROTO;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
	return 0;
}

/* How many things follow, at most most; or -errno. */
static int take_head(const struct decoder *d, guint32 most)
{
	struct head untrusted;
	int r = take(d, &untrusted, sizeof(untrusted));

	if (r)
		return r;
	if (untrusted.result == -E2BIG || untrusted.result == -EINVAL)
		return untrusted.result;
	return untrusted.result == 0 && untrusted.count <= most ? (int)untrusted.count : -EPROTO;
}

static int take_list(const struct decoder *d, GPtrArray *ret)
{
	g_autofree struct received_record *untrusted = g_new(struct received_record, 1);
	const char *before = "";
	int left = take_head(d, RECEIVED_APPS_MAX), r;

	for (; left > 0; left--) {
		struct received_app *app;

		r = take(d, untrusted, sizeof(*untrusted));
		if (r)
			return r;
		app = received_unpack(untrusted);
		if (!app)
			return -EPROTO;
		g_ptr_array_add(ret, app);
		if (strcmp(before, app->id) >= 0)
			return -EPROTO;
		before = app->id;
	}
	return left;
}

int decoder_list(int in, int64_t deadline, GPtrArray **ret)
{
	g_autoptr(GPtrArray) apps =
		g_ptr_array_new_with_free_func((GDestroyNotify)received_app_free);
	struct decoder d;
	int r = start(&d, in, deadline, answer_list);

	if (r)
		return r;
	r = take_list(&d, apps);
	end(&d);
	if (!r)
		*ret = g_steal_pointer(&apps);
	return r;
}

int decoder_icon(int in, int64_t deadline, struct picture *ret)
{
	g_autofree struct small_picture *untrusted = g_new(struct small_picture, 1);
	struct decoder d;
	int r = start(&d, in, deadline, answer_icon);

	if (r)
		return r;
	r = take_head(&d, 1);
	r = r == 1 ? take(&d, untrusted, sizeof(*untrusted)) : r < 0 ? r : -EPROTO;
	end(&d);
	if (r)
		return r;
	if (untrusted->width - 1 >= PICTURE_SIDE_KEPT || untrusted->height - 1 >= PICTURE_SIDE_KEPT)
		return -EPROTO;
	ret->width = untrusted->width;
	ret->height = untrusted->height;
	ret->rgba = g_memdup2(untrusted->rgba, (gsize)ret->width * ret->height * 4);
	return 0;
}
