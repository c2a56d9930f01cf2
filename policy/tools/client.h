/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls the policy.* services: of this dom0, or, from an admin qube, of its dom0. */
#ifndef QUBES_POLICY_CLIENT_H
#define QUBES_POLICY_CLIENT_H

#include "policy/engine/text.h"

/* What came back. Zeroed: nothing. */
struct client_reply {
	char *out; /* owned; standard output */
	size_t out_len;
	char *err;	/* owned; standard error, without the name of the exception */
	bool not_found; /* PolicyAdminFileNotFoundException */
};

/*
 * Calls policy.METHOD or policy.include.METHOD with an argument (NULL: none) and a payload.
 * 0, 1 when the service refused or failed (why is in err), or -errno.
 */
int client_call(const char *method, bool include, const char *arg, struct pol_str payload,
		struct client_reply *ret);
void client_reply_clear(struct client_reply *r);

/*
 * Splits "[include/]NAME": *ret_name points into text. False when the name has characters
 * that no service argument may have.
 */
bool client_split_name(const char *text, bool *ret_include, const char **ret_name);

#endif
