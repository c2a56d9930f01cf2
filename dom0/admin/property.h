/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties as qubesd writes them (admin-api.md, section 2): "default=D type=T VALUE",
 * one per line in GetAll with \\ and \n escaped. Pure.
 */
#ifndef QUBES_ADMIN_PROPERTY_H
#define QUBES_ADMIN_PROPERTY_H

#include <glib.h>
#include <stdbool.h>

enum admin_type { ADMIN_STR, ADMIN_INT, ADMIN_BOOL, ADMIN_VM, ADMIN_LABEL };

struct admin_prop {
	char *name; /* owned */
	enum admin_type type;
	bool is_default;
	char *value; /* owned; as received, "" when empty */
};

void admin_prop_free(struct admin_prop *p);
typedef struct admin_prop AdminProp;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdminProp, admin_prop_free)

/* Decodes the answer of property.Get. NULL with err set. */
struct admin_prop *admin_prop_parse(const char *name, const char *text, GError **err);

/* Decodes GetAll into an array of struct admin_prop, in the order received. */
GPtrArray *admin_props_parse(const char *text, GError **err);

/*
 * The value as shown to people: "True" or "False" for a bool. NULL when there is none: an
 * empty bool or int (not available here), an empty vm or label (none).
 */
const char *admin_prop_show(const struct admin_prop *p);

/* False when an empty value means that the property is not available. */
bool admin_prop_available(const struct admin_prop *p);

bool admin_prop_true(const struct admin_prop *p);

#endif
