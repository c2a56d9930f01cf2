/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the policy whether a paste is allowed (jobs.h; specs/gui.md section 8). The peer is
 * the policy daemon, in a GUI domain by way of dom0: trusted; anything but a clear yes is no.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guid/daemon/jobs.h"
#include "guid/daemon/log.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"
#include "qrexec/vchan/vchan.h"

#define SOCKET "/etc/qubes-rpc/policy.EvalSimple"
#define PRELUDE "policy.EvalSimple+qubes.ClipboardPaste dom0 keyword adminvm"
#define ANSWER_TIMEOUT_S 30

bool job_in_dom0(void)
{
	char path[QUBES_PATH_MAX];

	if (qubes_path(path, sizeof(path), "/etc/qubes-release") && !access(path, F_OK))
		return true;
	if (vchan_own_domid() != 0)
		return false;
	return qubes_path(path, sizeof(path), SOCKET) && !access(path, F_OK);
}

/* Sends SRC NUL DST and reads the verdict. */
static bool converse(int fd, const char *source, const char *target)
{
	static const char yes[] = "result=allow\n";
	struct timeval tv = {.tv_sec = ANSWER_TIMEOUT_S};
	char answer[64];
	size_t n = 0;
	ssize_t r;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (io_write_all(fd, source, strlen(source) + 1) ||
	    io_write_all(fd, target, strlen(target)) || shutdown(fd, SHUT_WR) < 0)
		return false;
	while (n < sizeof(answer)) {
		r = read(fd, answer + n, sizeof(answer) - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	return n >= strlen(yes) && !memcmp(answer, yes, strlen(yes));
}

static bool ask_dom0(const char *source, const char *target)
{
	char path[QUBES_PATH_MAX];
	_cleanup_close_ int fd = -1;

	if (!qubes_path(path, sizeof(path), SOCKET))
		return false;
	fd = unix_connect(path, SOCK_STREAM);
	if (fd < 0) {
		log_error("cannot ask the policy at %s: %s; is qrexec-policy-daemon running?", path,
			  strerror(-fd));
		return false;
	}
	return !io_write_all(fd, PRELUDE, sizeof(PRELUDE)) && converse(fd, source, target);
}

static bool ask_from_gui_domain(const char *source, const char *target)
{
	const char *argv[] = {"qrexec-client-vm", "--", "@adminvm",
			      "policy.EvalGUI+qubes.ClipboardPaste", NULL};
	int fds[2], status;
	bool yes;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		_exit(job_run(argv, fds[1], fds[1], 0));
	}
	close(fds[1]);
	yes = pid > 0 && converse(fds[0], source, target);
	close(fds[0]);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return yes && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool job_paste_allowed(const struct guid_options *o, const char *source)
{
	if (job_in_dom0())
		return ask_dom0(source, o->name);
	return ask_from_gui_domain(source, o->name);
}
