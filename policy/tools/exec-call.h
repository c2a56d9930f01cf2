/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The old way of qrexec-policy-exec: making the call that was allowed. */
#ifndef QUBES_POLICY_EXEC_CALL_H
#define QUBES_POLICY_EXEC_CALL_H

/*
 * args: DOMAIN-ID SOURCE TARGET SERVICE[+ARG] IDENT. answer: the daemon's, which allows.
 * Starts what must run and becomes qrexec-client; returns only when that failed.
 */
int exec_call(char **args, const char *answer);

#endif
