# SPDX-License-Identifier: GPL-2.0-or-later
MANPAGES += $(addprefix docs/man/,qrexec-policy.5 qrexec-policy-agent.1 qrexec-policy-daemon.8 \
	qrexec-policy-eval.1 qrexec-policy-exec.1 qrexec-policy-graph.1 qubes-policy.1 \
	qubes-policy-admin.8 qubes-policy-editor.1 qubes-policy-lint.1)
