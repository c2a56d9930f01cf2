# SPDX-License-Identifier: GPL-2.0-or-later
LIBS += policy-agent-params
policy-agent-params_SRCS := policy/agent/params.c
policy-agent-params_DEPS := policy-engine

PROGS += qrexec-policy-agent
qrexec-policy-agent_SRCS := $(addprefix policy/agent/,main.c server.c prompt.c targets.c swatch.c notice.c)
qrexec-policy-agent_PKGS := gtk+-3.0
qrexec-policy-agent_DEPS := desktop policy-agent-params base
qrexec-policy-agent_LDLIBS := -lm

SYSTEM_TESTS += tests/system/policy-prompt.sh
