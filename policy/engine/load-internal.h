/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the loader share. Not for others. */
#ifndef QUBES_POLICY_LOAD_INTERNAL_H
#define QUBES_POLICY_LOAD_INTERNAL_H

#include "policy/engine/load.h"
#include "policy/engine/path.h"

/* One run of the loader. */
struct loader {
	const struct pol_load *options;
	struct pol_policy *policy;
	struct pol_error *error;
	const char *base; /* what includes are relative to */
	unsigned depth;
	unsigned loads;
	size_t bytes;
};

/* A place in a file, for messages. file may be NULL. */
struct place {
	const struct pol_file *file;
	unsigned line;
};

/* Records an error and returns -1. */
int load_fail(struct loader *l, enum pol_error_kind kind, struct place at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What the policy's rules say of a file; NULL when out of memory. */
const struct pol_file *load_file_entry(struct loader *l, const char *path);

/* Whether path is a plain file (or a link to one), overrides considered. */
bool load_is_file(struct loader *l, const char *path, bool *ret_removed);

/* Reads path into *ret (owned by the caller). 0 or -1 with the error recorded. */
int load_read(struct loader *l, const char *path, char **ret, size_t *ret_len);

/*
 * The *.policy files of dir, sorted, as full paths. 0 or -1 with the error recorded; the
 * caller frees with load_names_free.
 */
struct names {
	char **v;
	size_t n, cap;
};

int load_policy_files(struct loader *l, const char *dir, struct names *ret);
int load_plain_files(struct loader *l, const char *dir, struct names *ret);
int load_names_add(struct names *names, const char *text);
void load_names_free(struct names *names);

/* The two formats. path is a file known to exist. */
int load_policy_file(struct loader *l, const char *path);
int load_service_file(struct loader *l, const struct pol_service *service, const char *path);
int load_compat(struct loader *l, struct place at);

/* !include-service, and the files of !compat-4.0. */
int load_include_service(struct loader *l, struct pol_str service, struct pol_str argument,
			 const char *path, struct place at);

int load_add_rule(struct loader *l, struct pol_rule *rule, struct place at);

#endif
