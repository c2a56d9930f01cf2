/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec-policy-agent: asks the user of this session about service calls that the policy
 * wants confirmed, and tells about those that were refused.
 *
 * The peer is dom0's policy daemon, through a socket; the other peers are the user's X server
 * and notification service.
 */
#include "dom0/desktop/program.h"
#include "policy/agent/server.h"

static void *start(int fd, GApplication *app)
{
	return agent_server_new(fd, app);
}

static void stop(void *started)
{
	agent_server_free(started);
}

int main(int argc, char **argv)
{
	static const struct desktop_program program = {.name = "qrexec-policy-agent",
						       .app_id = "org.qubes.qrexec-policy-agent",
						       .socket = "/run/qubes/policy-agent.sock",
						       .mode = 0660,
						       .start = start,
						       .stop = stop};

	return desktop_program_main(&program, argc, argv);
}
