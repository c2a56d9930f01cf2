/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the policy.* services share. Not for others. */
#ifndef QUBES_POLICY_ADMIN_INTERNAL_H
#define QUBES_POLICY_ADMIN_INTERNAL_H

#include "policy/engine/path.h"
#include "policy/tools/admin.h"

/* Replaces the message in out. Returns e. */
enum admin_error admin_fail(struct pol_buf *out, enum admin_error e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether the policy still loads with path changed to text (p == NULL: removed). */
enum admin_error admin_validate(const struct admin_request *rq, const char *path,
				struct pol_str text, struct pol_buf *out);

/* Writes text to path through a temporary file, as root:qubes 0664. */
enum admin_error admin_write(const char *path, struct pol_str text, struct pol_buf *out);

/* Loads the policy of the folder. NULL with the message in out. */
struct pol_policy *admin_load(const struct admin_request *rq, struct pol_buf *out);

/* Methods on files. include: those of the include folder. */
enum admin_error admin_list(const struct admin_request *rq, bool include, struct pol_buf *out);
enum admin_error admin_get(const struct admin_request *rq, bool include, struct pol_buf *out);
enum admin_error admin_replace(const struct admin_request *rq, bool include, struct pol_buf *out);
enum admin_error admin_remove(const struct admin_request *rq, bool include, struct pol_buf *out);

/* Methods on rules. */
enum admin_error admin_get_files(const struct admin_request *rq, bool unused, struct pol_buf *out);
enum admin_error admin_register(const struct admin_request *rq, bool unused, struct pol_buf *out);

#endif
