# SPDX-License-Identifier: GPL-2.0-or-later
# The transport: codecs, the shared engine of a call, and the programs.

LIBS += qrexec-proto qrexec-call qrexec-dom0
qrexec-proto_SRCS := $(addprefix qrexec/proto/,wire.c trigger.c command.c rpcconf.c answer.c \
	dataphase.c)
qrexec-call_SRCS := $(addprefix qrexec/call/,stdio.c relay.c relay-parts.c lookup.c spawn.c \
	serve.c)
qrexec-call_DEPS := qrexec-proto vchan base
qrexec-dom0_SRCS := $(addprefix qrexec/call/,dom0.c dom0-qubes.c)
qrexec-dom0_DEPS := qrexec-call

# In a qube: nothing but libc, and libpam for the agent.
PROGS += qrexec-agent qrexec-fork-server qrexec-client-vm
qrexec-agent_SRCS := $(addprefix qrexec/agent/,main.c control.c requests.c calls.c session.c \
	login.c journal.c)
qrexec-agent_DEPS := qrexec-call
qrexec-agent_LDLIBS := -lpam
qrexec-fork-server_SRCS := qrexec/agent/fork-server.c qrexec/agent/journal.c
qrexec-fork-server_DEPS := qrexec-call
qrexec-client-vm_SRCS := qrexec/client/client-vm.c
qrexec-client-vm_DEPS := qrexec-call

# In dom0.
LIBS += qrexec-confine
qrexec-confine_SRCS := qrexec/call/confine.c
qrexec-confine_DEPS := sandbox vchan
PROGS += qrexec-client
qrexec-client_SRCS := qrexec/client/client.c
qrexec-client_DEPS := qrexec-dom0 qrexec-confine
PROGS += qrexec-daemon
qrexec-daemon_SRCS := $(addprefix qrexec/daemon/,main.c agent.c clients.c pending.c ports.c \
	sockets.c spawner.c policy.c job.c confine.c)
qrexec-daemon_DEPS := qrexec-dom0 qrexec-confine

# Services of a qube.
PROGS += qubes-vmexec
qubes-vmexec_SRCS := qrexec/agent/vmexec.c
qubes-vmexec_DEPS := qrexec-proto
