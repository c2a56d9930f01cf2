/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-console: the text console of a qube in this terminal, through admin.vm.Console. What the qube
 * writes reaches the terminal as it is, control sequences and all, which is what a console is for:
 * in dom0 that is said beforehand. The keys ^] leave.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/admin/service.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

#define LEAVE 0x1d /* ^] */
/* The service's exit status when another has the console. */
#define STATUS_BUSY 200

/* The service: its program in dom0, a call in a qube. */
static pid_t start(struct ctx *c, const char *qube, int fd, GError **err)
{
	g_autofree char *client = program_find("qrexec-client-vm", NULL);
	g_autofree char *program = service_program("admin.vm.Console");
	const char *const call[] = {client, qube, "admin.vm.Console", NULL};
	const char *const local[] = {program, NULL};

	g_setenv("QREXEC_REMOTE_DOMAIN", "dom0", TRUE);
	g_setenv("QREXEC_REQUESTED_TARGET", qube, TRUE);
	return program_spawn(admin_is_local(c->admin) ? local : call, fd, fd, -1, err);
}

enum keys { KEYS_PASSED, KEYS_END, KEYS_LEAVE };

/* From the keyboard to the console. */
static enum keys pass_keys(int console)
{
	char buf[4096], *leave;
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && errno == EINTR ? KEYS_PASSED : KEYS_END;
	leave = memchr(buf, LEAVE, (size_t)n);
	if (io_write_all(console, buf, leave ? (size_t)(leave - buf) : (size_t)n) < 0)
		return KEYS_END;
	return leave ? KEYS_LEAVE : KEYS_PASSED;
}

static bool pass_text(int console)
{
	char buf[4096];
	ssize_t n = read(console, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	return io_write_all(STDOUT_FILENO, buf, (size_t)n) == 0;
}

/* True when the user left, false when the console ended. */
static bool relay(int console)
{
	struct pollfd p[2] = {{STDIN_FILENO, POLLIN, 0}, {console, POLLIN, 0}};
	enum keys keys;

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return false;
		if (p[1].revents && !pass_text(console))
			return false;
		keys = p[0].revents ? pass_keys(console) : KEYS_PASSED;
		if (keys == KEYS_LEAVE)
			return true;
		if (keys == KEYS_END) {
			shutdown(console, SHUT_WR);
			p[0].fd = -1;
		}
	}
}

static int report(struct ctx *c, const char *qube, int code)
{
	if (code == STATUS_BUSY)
		return ctx_error(c, "somebody else has the console of %s", qube);
	if (code)
		return ctx_error(c, "the console of %s could not be reached (status %d)", qube,
				 code);
	return EXIT_OK;
}

static int run(struct ctx *c)
{
	const char *qube = ctx_vm(c)->name;
	bool terminal = isatty(STDIN_FILENO), left;
	struct termios before, raw;
	g_autofree char *state = NULL;
	GError *err = NULL;
	int fds[2], code;
	pid_t pid;

	state = admin_power_state(c->admin, qube, &err);
	if (!state)
		return ctx_fail(c, err);
	if (!admin_state_running(state))
		return ctx_error(c, "%s is not running: qvm-start %s", qube, qube);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return ctx_error(c, "no socket: %s", g_strerror(errno));
	pid = start(c, qube, fds[1], &err);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return ctx_fail(c, err);
	}
	terminal = terminal && tcgetattr(STDIN_FILENO, &before) == 0;
	if (terminal) {
		fprintf(stderr, "The console of %s. Press ^] to leave it.\n", qube);
		raw = before;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	left = relay(fds[0]);
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
		fputc('\n', stderr);
	}
	close(fds[0]);
	if (left)
		kill(pid, SIGTERM);
	code = program_wait(pid);
	return left ? EXIT_OK : report(c, qube, code);
}

const struct command qvm_console = {
	.name = "qvm-console",
	.summary = "The text console of a qube, in this terminal.",
	.flags = CMD_VM,
	.vms = COMPLETE_RUNNING,
	.run = run,
};
