/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dialogs, notifications and other programs that jobs start (jobs.h). No hostile peer. */
#include "guid/daemon/jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guid/daemon/log.h"
#include "guid/proto/session.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"
#include "qrexec/base/paths.h"
#include "qrexec/base/unixsock.h"

/* What could not be started, as shells report it. */
#define STATUS_NOT_STARTED 127
/* Of a qube whose color was given by name. */
#define NEUTRAL_COLOR 0x888888u

/* A sibling of this program if there is one of that name, else whatever PATH has. */
static void exec_program(const char *const *argv)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash && (size_t)(slash - path) + strlen(argv[0]) + 2 < sizeof(path)) {
		strcpy(slash + 1, argv[0]);
		execv(path, (char *const *)argv);
	}
	execvp(argv[0], (char *const *)argv);
}

int job_run(const char *const *argv, int in_fd, int out_fd, unsigned long max_file)
{
	struct rlimit rl = {max_file, max_file};
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return STATUS_NOT_STARTED;
	if (pid == 0) {
		if (in_fd >= 0)
			dup2(in_fd, STDIN_FILENO);
		if (out_fd >= 0)
			dup2(out_fd, STDOUT_FILENO);
		if (max_file)
			setrlimit(RLIMIT_FSIZE, &rl);
		signal(SIGPIPE, SIG_DFL);
		exec_program(argv);
		_exit(STATUS_NOT_STARTED);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_NOT_STARTED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool in_kde(void)
{
	return getenv("KDE_SESSION_UID") != NULL;
}

/* Asks the session service. 0 with its answer (NUL-terminated), else it is not there. */
static int ask_session(const struct guid_options *o, enum session_kind kind, const char *text,
		       char *answer, size_t n)
{
	struct session_request rq = {.kind = kind, .color = NEUTRAL_COLOR};
	char path[QUBES_PATH_MAX], request[SESSION_REQUEST_MAX + 1];
	_cleanup_close_ int fd = -1;
	size_t len, got = 0;
	ssize_t r = 1;

	snprintf(rq.qube, sizeof(rq.qube), "%s", o->name);
	snprintf(rq.text, sizeof(rq.text), "%s", text);
	if (o->color && strncmp(o->color, "0x", 2) == 0)
		rq.color = (uint32_t)strtoul(o->color, NULL, 16);
	len = session_request_format(&rq, request, sizeof(request));
	if (!len || !qubes_path(path, sizeof(path), SESSION_SOCKET))
		return -EMSGSIZE;
	fd = unix_connect(path, SOCK_STREAM);
	if (fd < 0)
		return fd;
	if (io_write_all(fd, request, len) < 0 || shutdown(fd, SHUT_WR) < 0)
		return -EPIPE;
	while (got < n - 1 && (r = read(fd, answer + got, n - 1 - got)) != 0) {
		if (r < 0 && errno != EINTR)
			return -errno;
		got += r > 0 ? (size_t)r : 0;
	}
	answer[got] = '\0';
	return 0;
}

void job_ask(const struct guid_options *o, const char *what)
{
	char text[IPC_TEXT_MAX + 512];
	const char *zenity[] = {"zenity", "--question", "--ok-label", "Terminate", "--cancel-label",
				"Ignore", "--text",	text,	      NULL};
	const char *kdialog[] = {"kdialog", "--warningyesno", text, NULL};
	const char *xmessage[] = {"xmessage", "-center", "-buttons", "Terminate:10,Ignore:11",
				  text,	      NULL};
	char answer[16];
	int status;

	snprintf(text, sizeof(text),
		 "The qube %s made a display request that no well-behaved program makes: %s.\n\n"
		 "It may be broken, or under an attacker's control. %s",
		 o->name, what,
		 in_kde() ? "Let it go on?"
			  : "Terminate the qube, or ignore this request and let it go on?");
	if (ask_session(o, SESSION_ASK, text, answer, sizeof(answer)) == 0) {
		if (strcmp(answer, SESSION_IGNORE) == 0)
			_exit(0);
		if (strcmp(answer, SESSION_TERMINATE) == 0)
			_exit(JOB_TERMINATE);
	}
	status = job_run(in_kde() ? kdialog : zenity, -1, -1, 0);
	if (status == STATUS_NOT_STARTED)
		status = job_run(xmessage, -1, -1, 0) - 10;
	else if (in_kde())
		status = status == 0 ? 1 : status == 1 ? 0 : status;
	_exit(status == 1 ? 0 : status == 0 ? JOB_TERMINATE : 1);
}

void job_error(const struct guid_options *o, const char *text)
{
	const char *zenity[] = {"zenity", "--error", "--text", text, NULL};
	const char *kdialog[] = {"kdialog", "--sorry", text, NULL};
	const char *xmessage[] = {"xmessage", "-center", text, NULL};
	char answer[16];

	if (ask_session(o, SESSION_ERROR, text, answer, sizeof(answer)) == 0)
		_exit(0);
	exec_program(in_kde() ? kdialog : zenity);
	exec_program(xmessage);
	_exit(STATUS_NOT_STARTED);
}

void job_show_notification(const struct guid_options *o, const char *text)
{
	char title[GUID_NAME_MAX + 16];
	const char *argv[] = {"notify-send", "--app-name=qubes-guid", title, text, NULL};

	char answer[16];

	log_info("%s", text);
	if (ask_session(o, SESSION_NOTIFY, text, answer, sizeof(answer)) == 0)
		return;
	if (!getenv("DBUS_SESSION_BUS_ADDRESS"))
		return;
	snprintf(title, sizeof(title), "[%s]", o->name);
	job_run(argv, -1, -1, 0);
}

void job_notify(const struct guid_options *o, const char *text)
{
	job_show_notification(o, text);
	_exit(0);
}

void job_kill(const struct guid_options *o)
{
	const char *argv[] = {"qvm-kill", o->name, NULL};

	exec_program(argv);
	log_error("cannot run qvm-kill: %s; kill the qube by hand", strerror(errno));
	_exit(STATUS_NOT_STARTED);
}
