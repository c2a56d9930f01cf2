/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking the policy, from a job. Blocks as long as the user needs to answer. */
#ifndef QUBES_QREXEC_DAEMON_POLICY_H
#define QUBES_QREXEC_DAEMON_POLICY_H

#include "qrexec/daemon/daemon.h"
#include "qrexec/proto/answer.h"

struct policy_answer {
	char text[QRX_ANSWER_MAX + 1]; /* what a's fields point into */
	struct qrx_answer a;
};

/*
 * Asks qrexec-policy-daemon; when it cannot be reached or talks nonsense, the policy
 * program. 0 with *ret, or -errno: then the call is refused.
 */
int policy_ask(const struct config *cfg, const struct spawn_request *r, struct policy_answer *ret);

#endif
