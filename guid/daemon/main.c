/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-guid: shows the windows of one qube on dom0's X display. This file: options, log,
 * pid file, going to the background. specs: docs/wire-gui.md, docs/man/qubes-guid.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guid/daemon/log.h"
#include "guid/daemon/options.h"
#include "guid/daemon/supervisor.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/pidfile.h"

/* The starting process: returns when the agent has connected, or not in time. */
static int wait_for_connection(const struct guid_options *o, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char c;
	int r;

	if (!o->startup_timeout)
		return 0;
	do {
		r = poll(&p, 1, o->startup_timeout * 1000);
	} while (r < 0 && errno == EINTR);
	if (r == 0) {
		log_error("no GUI agent in the qube after %d s; still waiting in the background",
			  o->startup_timeout);
		return 1;
	}
	if (read(fd, &c, 1) == 1)
		return 0;
	log_error("could not be started; see the log in %s/var/log/qubes", qubes_root());
	return 1;
}

static int redirect_output(const struct guid_options *o)
{
	char path[QUBES_PATH_MAX], old[QUBES_PATH_MAX + 8];
	_cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC), log = -1;

	if (!qubes_path(path, sizeof(path), "/var/log/qubes/guid.%s.log", o->name))
		return -ENAMETOOLONG;
	snprintf(old, sizeof(old), "%s.old", path);
	rename(path, old);
	umask(0007);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0660);
	umask(0077);
	if (log < 0 || null < 0) {
		log_error("cannot open the log %s: %s", path, strerror(errno));
		return -EIO;
	}
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	return 0;
}

/* -1 in a background process that is to go on, else an exit status of the starter. */
static int go_to_background(const struct guid_options *o, int *ret_notify)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		log_error("cannot fork: %s", strerror(errno));
		return 1;
	}
	if (pid > 0) {
		close(fds[1]);
		return wait_for_connection(o, fds[0]);
	}
	close(fds[0]);
	*ret_notify = fds[1];
	setsid();
	return redirect_output(o) ? 1 : -1;
}

static int lock_pid_file(const struct guid_options *o, char *path, size_t n)
{
	int fd;

	if (!qubes_path(path, n, "/run/qubes/guid-running.%u", o->domid))
		return -ENAMETOOLONG;
	fd = pidfile_lock(path);
	if (fd == -EALREADY)
		log_info("already running for domain %u", o->domid);
	else if (fd < 0)
		log_error("cannot create %s: %s; is dom0's stack running?", path, strerror(-fd));
	return fd;
}

int main(int argc, char **argv)
{
	struct guid_options o;
	char path[QUBES_PATH_MAX];
	int notify = -1, signals, lock, r;

	options_init(&o);
	r = options_parse(&o, argc, argv);
	if (r)
		return r > 0 ? 0 : 1;
	log_set(o.name, o.log_level);
	if (!o.foreground) {
		r = go_to_background(&o, &notify);
		if (r >= 0)
			return r;
	}
	/* A signal that comes before the loop waits: the pid file is removed then, too. */
	signals = supervisor_signals();
	lock = lock_pid_file(&o, path, sizeof(path));
	if (lock == -EALREADY) {
		if (notify >= 0 && write(notify, "c", 1) < 0)
			log_debug("the starter is gone");
		return 0;
	}
	if (lock < 0)
		return 1;
	r = supervisor_run(&o, notify, signals);
	unlink(path);
	close(lock);
	return r;
}
