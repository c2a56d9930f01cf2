# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qrexec-policy-eval qubes-policy-lint
qrexec-policy-eval_SRCS := policy/tools/eval.c policy/tools/verdict.c
qrexec-policy-eval_DEPS := policy-engine
qubes-policy-lint_SRCS := policy/tools/lint.c
qubes-policy-lint_DEPS := policy-engine
SYSTEM_TESTS += tests/vectors/policy/check.sh tests/system/policy-exec.sh

LIBS += policy-tools policy-admin
policy-tools_SRCS := policy/tools/common.c
policy-tools_DEPS := policy-engine base
policy-admin_SRCS := policy/tools/admin.c policy/tools/admin-files.c
policy-admin_PKGS := glib-2.0
policy-admin_DEPS := policy-engine base

PROGS += qubes-policy-admin
qubes-policy-admin_SRCS := policy/tools/admin-main.c
qubes-policy-admin_DEPS := policy-admin

PROGS += qubes-policy
qubes-policy_SRCS := $(addprefix policy/tools/,policy-main.c client.c query.c explain.c reach.c)
qubes-policy_DEPS := policy-tools policy-engine base

PROGS += qrexec-policy-exec qrexec-policy-graph qubes-policy-editor
qrexec-policy-exec_SRCS := policy/tools/exec.c policy/tools/exec-call.c
qrexec-policy-exec_DEPS := policy-daemon policy-tools
qrexec-policy-graph_SRCS := policy/tools/graph.c
qrexec-policy-graph_PKGS := glib-2.0
qrexec-policy-graph_DEPS := policy-tools
qubes-policy-editor_SRCS := policy/tools/editor.c policy/tools/client.c
qubes-policy-editor_DEPS := policy-tools policy-engine base

TESTS += test-policy-admin
test-policy-admin_SRCS := tests/unit/test-policy-admin.c
test-policy-admin_DEPS := policy-admin policy-engine

# What tests/bench/bench-policy.sh measures with.
TEST_PROGS += policy-probe
policy-probe_SRCS := tests/bench/policy-probe.c tests/bench/samples.c
policy-probe_DEPS := policy-engine base
