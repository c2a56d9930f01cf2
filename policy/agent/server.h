/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy agent's connections: reads a question or a notice, shows it, answers. Of one
 * qube's questions only one is shown at a time; the others wait.
 */
#ifndef QUBES_POLICY_AGENT_SERVER_H
#define QUBES_POLICY_AGENT_SERVER_H

#include <gio/gio.h>

#define AGENT_CONNECTIONS_MAX 512
#define AGENT_READ_TIMEOUT_S 30

struct agent_server;

/* Serves the listening socket fd. notify: where notices are shown. */
struct agent_server *agent_server_new(int fd, GApplication *notify);
void agent_server_free(struct agent_server *s);

#endif
