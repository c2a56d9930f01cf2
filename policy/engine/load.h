/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a policy from its folders. specs: policy language, "Files" and "Lines". The only part
 * of the engine that touches the file system.
 */
#ifndef QUBES_POLICY_LOAD_H
#define QUBES_POLICY_LOAD_H

#include "policy/engine/policy.h"

#define POL_INCLUDE_DEPTH 128	  /* upstream: until its stack is full */
#define POL_FILE_MAX (4u << 20)	  /* bytes of one file */
#define POL_LOADS_MAX 20000u	  /* files read for one policy, includes counted each time */
#define POL_TOTAL_MAX (64u << 20) /* bytes read for one policy */

enum pol_error_kind {
	POL_ERROR_NONE,
	POL_ERROR_SYNTAX,   /* a line that is wrong: file and line are set */
	POL_ERROR_FILE,	    /* a file or folder that cannot be used */
	POL_ERROR_ENCODING, /* not UTF-8: file and line are set */
	POL_ERROR_LIMIT,    /* includes itself, or is out of all proportion */
	POL_ERROR_MEMORY,
};

struct pol_error {
	enum pol_error_kind kind;
	char *file;    /* owned; absolute, or NULL */
	char *shown;   /* owned; as pol_file.shown, or NULL */
	unsigned line; /* 0 = none */
	char *message; /* owned; one line of text */
};

void pol_error_clear(struct pol_error *e);

/* "FILE:LINE: MESSAGE", as much of it as there is, into buf. */
void pol_error_text(const struct pol_error *e, struct pol_buf *buf);

/* A change that is not written yet, to see what the policy would become. */
struct pol_override {
	const char *path;    /* absolute, links resolved */
	struct pol_str text; /* p == NULL: the file is gone */
};

struct pol_load {
	const char *const *dirs; /* earlier ones shadow later ones */
	size_t n_dirs;
	const char *compat_dir; /* what !compat-4.0 reads */
	const struct pol_override *overrides;
	size_t n_overrides;
	/* May be NULL: told of every file that is read and every folder that is listed. */
	void (*note)(void *ctx, const char *path);
	void *note_ctx;
};

/*
 * Loads the whole policy or nothing of it. 0 with one reference in *ret, or -1 with *ret_error
 * filled (the caller clears it).
 */
int pol_load(const struct pol_load *options, struct pol_policy **ret, struct pol_error *ret_error);

/*
 * Calls fn for every line of text that is neither empty nor a comment, stripped, and for every
 * line that is not UTF-8, as it is; stops at the first non-zero result and returns that.
 * no counts from 1.
 */
int pol_each_line(struct pol_str text, int (*fn)(void *ctx, struct pol_str line, unsigned no),
		  void *ctx);

#endif
