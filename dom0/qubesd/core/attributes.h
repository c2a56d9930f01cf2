/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Features and tags of a qube. */
#ifndef QUBESD_CORE_ATTRIBUTES_H
#define QUBESD_CORE_ATTRIBUTES_H

#include "dom0/qubesd/core/model.h"

void feature_free(gpointer feature);

/* The value, NULL when it is not set. "" is a value (and means false). */
const char *feature_get(const Domain *d, const char *name);
/* Along the chain: the first that has it, even if empty. */
const char *feature_with_template(const Domain *d, const char *name);
const char *feature_with_netvm(const Domain *d, const char *name);
const char *feature_with_adminvm(const Domain *d, const char *name);
const char *feature_with_template_and_adminvm(const Domain *d, const char *name);
/* Is it there and not empty? */
static inline bool feature_true(const char *value)
{
	return value && *value;
}

/* With events; the reactions may refuse. */
bool feature_set(Domain *d, const char *name, const char *value, GError **error);
/* False with E_FEATURE_NOT_FOUND when it is not set. */
bool feature_remove(Domain *d, const char *name, GError **error);
/* Without events. */
void feature_put(Domain *d, const char *name, const char *value);

bool tag_has(const Domain *d, const char *tag);
/* With events. Adding a tag that is there does nothing. */
bool tag_add(Domain *d, const char *tag, GError **error);
bool tag_remove(Domain *d, const char *tag, GError **error);
/* Without events. */
void tag_put(Domain *d, const char *tag);
/*
 * Keeps exactly one tag that starts with prefix: prefix + name; none when name is NULL.
 * anew: also one that is there already is taken away and put back, as clients see it.
 */
void tag_exclusive(Domain *d, const char *prefix, const char *name, bool anew);

#endif
