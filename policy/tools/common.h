/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the policy tools share: where the policy is, and what qubesd says of the qubes. */
#ifndef QUBES_POLICY_TOOLS_COMMON_H
#define QUBES_POLICY_TOOLS_COMMON_H

#include "policy/engine/eval.h"
#include "policy/engine/load.h"
#include "qrexec/base/paths.h"

#define TOOL_DIRS_MAX 16

/* The folders a policy is read from. Zeroed: none yet. */
struct tool_dirs {
	const char *dirs[TOOL_DIRS_MAX + 1]; /* NULL behind the last one */
	size_t n;
	char run[QUBES_PATH_MAX], etc[QUBES_PATH_MAX], compat[QUBES_PATH_MAX];
};

/* False when there are too many. */
bool tool_dirs_add(struct tool_dirs *d, const char *dir);

/* Where none was added: the runtime folder and the one in /etc. */
void tool_dirs_default(struct tool_dirs *d);

/* Loads the policy. NULL after a complaint on standard error. */
struct pol_policy *tool_load(const char *program, const struct tool_dirs *d);

/* System info from a file, or, where file is NULL, from qubesd. NULL after a complaint. */
struct pol_sysinfo *tool_info(const char *program, const char *file);

/*
 * Calls qubesd: "METHOD+ARG dom0 name DEST". *ret: the data of a success, owned. 0, or
 * -errno; -EREMOTEIO: qubesd refused, *ret is the exception's name.
 */
int tool_qubesd(const char *call, const char *dest, const char *payload, char **ret,
		size_t *ret_len);

/* The program called name beside this one, or in /usr/lib/qubes, or its bare name. Owned. */
char *tool_find(const char *name);

#endif
