/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where an include points: paths as Python's pathlib resolves them, which is what the policy
 * language means. Touches the file system only to read links.
 */
#ifndef QUBES_POLICY_PATH_H
#define QUBES_POLICY_PATH_H

#include <stddef.h>

#define POL_PATH_MAX 4096

/*
 * Joins path to the directory base (an absolute path in path wins) and resolves "..", "."
 * and symbolic links. Components that do not exist are kept, and ".." takes back
 * whatever was before it. 0, -ENAMETOOLONG, -ELOOP, or -errno.
 */
int pol_path_resolve(const char *base, const char *path, char ret[POL_PATH_MAX]);

/* The part of path below dir, or NULL when path is not below it. */
const char *pol_path_below(const char *path, const char *dir);

/* The last component. */
const char *pol_path_base(const char *path);

#endif
