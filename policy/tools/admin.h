/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy.* services: reading and changing policy files safely. A change is tried on the
 * whole policy before it is written. specs: policy language, "Admin RPCs".
 */
#ifndef QUBES_POLICY_ADMIN_H
#define QUBES_POLICY_ADMIN_H

#include "policy/engine/load.h"

#define ADMIN_PAYLOAD_MAX (POL_FILE_MAX + 128)

/* How a request failed, in the names that clients know. */
enum admin_error {
	ADMIN_OK,
	ADMIN_INTERNAL, /* not the caller's fault */
	ADMIN_TOKEN,
	ADMIN_NOT_FOUND,
	ADMIN_PROTOCOL,
	ADMIN_SYNTAX,
	ADMIN_FILE_NAME,
	ADMIN_FILE_PATH,
};

const char *admin_error_name(enum admin_error e); /* "PolicyAdmin…Exception" */

/* What a method gets to work with. */
struct admin_request {
	const char *dir;	/* policy.d, links resolved */
	const char *compat_dir; /* for checking a change */
	const char *service;	/* "policy.List" */
	struct pol_str arg, payload;
	const char *caller, *requested_target; /* policy.RegisterArgument; may be NULL */
};

/*
 * Handles a request under an exclusive lock of the policy folder. out: what goes to standard
 * output, or, when an error is returned, its message.
 */
enum admin_error admin_handle(const struct admin_request *rq, struct pol_buf *out);

#endif
