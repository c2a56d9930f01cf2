/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qrexec-policy-eval prints: members of a JSON object that is begun in b and not ended. */
#ifndef QUBES_POLICY_TOOLS_VERDICT_H
#define QUBES_POLICY_TOOLS_VERDICT_H

#include "policy/engine/eval.h"
#include "policy/engine/load.h"

void put_string(struct pol_buf *b, const char *key, struct pol_str value);
/* null for line 0. */
void put_line(struct pol_buf *b, const char *key, unsigned line);

/* Why the policy cannot be used. */
void put_error(struct pol_buf *b, const struct pol_error *e);
/* response: what the caller's qrexec would be told; for a decision to allow. */
void put_decision(struct pol_buf *b, const struct pol_decision *d, const struct pol_buf *response);

#endif
