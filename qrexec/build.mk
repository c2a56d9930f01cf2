# SPDX-License-Identifier: GPL-2.0-or-later
# The transport: codecs, the shared engine of a call, and the programs.

LIBS += qrexec-proto qrexec-call qrexec-dom0
qrexec-proto_SRCS := $(addprefix qrexec/proto/,wire.c trigger.c command.c rpcconf.c answer.c \
	dataphase.c qfile.c qfile-chars.c)
qrexec-call_SRCS := $(addprefix qrexec/call/,stdio.c relay.c relay-in.c relay-out.c relay-parts.c lookup.c spawn.c \
	serve.c spare.c tcp.c meet.c)
qrexec-call_DEPS := qrexec-proto vchan base
qrexec-dom0_SRCS := $(addprefix qrexec/call/,dom0.c dom0-qubes.c)
qrexec-dom0_DEPS := qrexec-call

# In a qube: nothing but libc. The agent loads libpam when it needs it.
PROGS += qrexec-agent qrexec-fork-server qrexec-client-vm
qrexec-agent_SRCS := $(addprefix qrexec/agent/,main.c control.c requests.c calls.c session.c \
	login.c journal.c)
qrexec-agent_DEPS := qrexec-call
qrexec-fork-server_SRCS := qrexec/agent/fork-server.c qrexec/agent/journal.c
qrexec-fork-server_DEPS := qrexec-call
qrexec-client-vm_SRCS := qrexec/client/client-vm.c
qrexec-client-vm_DEPS := qrexec-call
qrexec-client-vm_STATIC := yes

# In dom0.
LIBS += qrexec-confine
qrexec-confine_SRCS := qrexec/call/confine.c
qrexec-confine_DEPS := vchan base
PROGS += qrexec-client
qrexec-client_SRCS := qrexec/client/client.c qrexec/client/options.c
qrexec-client_DEPS := qrexec-dom0 qrexec-confine
qrexec-client_STATIC := yes
PROGS += qrexec-daemon
qrexec-daemon_SRCS := $(addprefix qrexec/daemon/,main.c options.c agent.c clients.c pending.c ports.c \
	sockets.c spawner.c policy.c job.c confine.c)
qrexec-daemon_DEPS := qrexec-dom0 qrexec-confine sandbox

# Services of a qube.
PROGS += qubes-vmexec
qubes-vmexec_SRCS := qrexec/agent/vmexec.c
qubes-vmexec_DEPS := qrexec-proto

# Files from qube to qube: filecopy/build.mk.

TESTS += test-qrexec-proto test-qrexec-command test-qrexec-answer test-qrexec-dataphase
test-qrexec-proto_SRCS := tests/unit/test-qrexec-proto.c
test-qrexec-command_SRCS := tests/unit/test-qrexec-command.c
test-qrexec-answer_SRCS := tests/unit/test-qrexec-answer.c qrexec/daemon/ports.c
test-qrexec-dataphase_SRCS := tests/unit/test-qrexec-dataphase.c
$(foreach t,proto command answer dataphase,$(eval test-qrexec-$(t)_PKGS := glib-2.0) \
	$(eval test-qrexec-$(t)_DEPS := qrexec-proto))
TESTS += test-qrexec-confine test-qrexec-lookup test-qrexec-relay test-qrexec-spare
test-qrexec-spare_SRCS := tests/unit/test-qrexec-spare.c
test-qrexec-spare_PKGS := glib-2.0
test-qrexec-spare_DEPS := qrexec-call
PLAIN_TESTS += test-qrexec-confine
test-qrexec-confine_SRCS := tests/unit/test-qrexec-confine.c tests/unit/test-confine.c qrexec/daemon/confine.c
test-qrexec-confine_PKGS := glib-2.0
test-qrexec-confine_DEPS := qrexec-confine sandbox
test-qrexec-lookup_SRCS := tests/unit/test-qrexec-lookup.c
test-qrexec-lookup_PKGS := glib-2.0
test-qrexec-lookup_DEPS := qrexec-call
test-qrexec-relay_SRCS := tests/unit/test-qrexec-relay.c
test-qrexec-relay_PKGS := glib-2.0
test-qrexec-relay_DEPS := qrexec-call
TESTS += test-restart
test-restart_SRCS := tests/unit/test-restart.c
test-restart_PKGS := glib-2.0
test-restart_DEPS := qrexec-dom0
SYSTEM_TESTS += tests/system/qrexec.sh tests/system/qrexec-calls.sh tests/system/qrexec-kill.sh

FUZZERS += fuzz-qrexec-daemon fuzz-qrexec-agent fuzz-qrexec-data fuzz-qrexec-text fuzz-qrexec-local
fuzz-qrexec-local_SRCS := tests/fuzz/fuzz-qrexec-local.c qrexec/daemon/clients.c qrexec/daemon/ports.c \
	qrexec/agent/requests.c
fuzz-qrexec-local_DEPS := qrexec-proto base
fuzz-qrexec-daemon_SRCS := tests/fuzz/fuzz-qrexec-daemon.c qrexec/daemon/agent.c \
	qrexec/daemon/ports.c
fuzz-qrexec-daemon_DEPS := qrexec-proto base
fuzz-qrexec-agent_SRCS := tests/fuzz/fuzz-qrexec-agent.c qrexec/agent/control.c
fuzz-qrexec-agent_DEPS := qrexec-proto base
fuzz-qrexec-data_SRCS := tests/fuzz/fuzz-qrexec-data.c
fuzz-qrexec-data_DEPS := qrexec-proto
fuzz-qrexec-text_SRCS := tests/fuzz/fuzz-qrexec-text.c
fuzz-qrexec-text_DEPS := qrexec-proto

MANPAGES += $(addprefix docs/man/,qrexec-client.1 qrexec-client-vm.1 qrexec-agent.8 \
	qrexec-fork-server.1 qrexec-daemon.8 qubes-vmexec.1 qvm-run-vm.1)

TEST_PROGS += qrexec-probe
qrexec-probe_SRCS := tests/bench/qrexec-probe.c
qrexec-probe_DEPS := base
