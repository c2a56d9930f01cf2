# SPDX-License-Identifier: GPL-2.0-or-later
PROGS += qrexec-policy-eval qubes-policy-lint
qrexec-policy-eval_SRCS := policy/tools/eval.c
qrexec-policy-eval_DEPS := policy-engine
qubes-policy-lint_SRCS := policy/tools/lint.c
qubes-policy-lint_DEPS := policy-engine
SYSTEM_TESTS += tests/vectors/policy/check.sh
