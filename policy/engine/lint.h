/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges policy text line by line, without opening what it includes. Pure. Contract of
 * qubes-policy-lint.
 */
#ifndef QUBES_POLICY_LINT_H
#define QUBES_POLICY_LINT_H

#include "policy/engine/text.h"

/*
 * Judges one stripped line that is neither empty nor a comment. service: the line is of the
 * three-column format. True when it is right; otherwise why says what is wrong.
 */
bool pol_lint_line(struct pol_str line, bool service, struct pol_buf *why);

#endif
