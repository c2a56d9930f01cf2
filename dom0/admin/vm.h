/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Qubes as a client sees them: the list with class and state from admin.vm.List, and a
 * cache of properties.
 */
#ifndef QUBES_ADMIN_VM_H
#define QUBES_ADMIN_VM_H

#include <glib.h>
#include <stdbool.h>

#include "dom0/admin/conn.h"
#include "dom0/admin/property.h"

struct admin_vm {
	char *name;	  /* owned */
	char *klass;	  /* owned; "AppVM", … */
	char *state;	  /* owned; power state when listed, "NA" when not told */
	char *uuid;	  /* owned; "" when not told */
	GString *text;	  /* owned; lines of property.GetAll; NULL until fetched */
	char *asked;	  /* owned; names that text is about, NULL: all there are */
	GPtrArray *props; /* owned; struct admin_prop asked for so far; may be NULL */
	bool gone;	  /* vanished between listing and fetching */
};

struct admin_vms {
	GPtrArray *list;    /* struct admin_vm, sorted by name */
	GHashTable *byname; /* name → struct admin_vm, not owned */
};

/* Decodes an answer of admin.vm.List. Pure. */
struct admin_vms *admin_vms_parse(const char *text);

/* Lists all qubes. NULL with err set. */
struct admin_vms *admin_vms_list(struct admin *a, GError **err);
void admin_vms_free(struct admin_vms *vms);
typedef struct admin_vms AdminVms;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdminVms, admin_vms_free)

struct admin_vm *admin_vms_find(const struct admin_vms *vms, const char *name);

/* The name most like a mistyped one, or NULL when none is close. */
const char *admin_vms_suggest(const struct admin_vms *vms, const char *name);

/*
 * Fetches properties of every qube of the array (struct admin_vm) into the cache: those
 * named in names, separated by spaces, or all of them (NULL). Names go in one call where
 * qubesd has a method for that (admin.vms.property.Get, ours); else, and for all, it is one
 * GetAll per qube, many under way at once. A qube that is gone by now is marked; one that
 * refuses stays without cache and is asked one by one.
 */
bool admin_vms_fetch(struct admin *a, GPtrArray *vms, const char *names, GError **err);

/*
 * A property, from the cache if there is one. NULL with err set; a qube's unknown property
 * is ADMIN_ERROR_NO_SUCH_PROPERTY. The pointer lives as long as the qube.
 */
const struct admin_prop *admin_vm_prop(struct admin *a, struct admin_vm *vm, const char *name,
				       GError **err);

/* The value as shown (property.h), or NULL also when it cannot be read. */
const char *admin_vm_show(struct admin *a, struct admin_vm *vm, const char *name);

/*
 * All properties of dest (struct admin_prop) by the methods that start with prefix,
 * "admin.vm.property." or "admin.property.". A caller that may not use GetAll gets those
 * it may read. NULL with err set.
 */
GPtrArray *admin_all_props(struct admin *a, const char *dest, const char *prefix, GError **err);

/* One property of a qube by name, not cached: value as shown, to g_free(), or NULL. */
char *admin_get_prop(struct admin *a, const char *vm, const char *name);

/* Asks for the present power state; "NA" when the qube is gone or refused. To g_free(). */
char *admin_power_state(struct admin *a, const char *vm, GError **err);

/* A value of admin.vm.CurrentState's answer, e.g. "mem"; to g_free(), or NULL. Pure. */
char *admin_state_field(const char *answer, const char *key);

/* True in every state but Halted and NA. */
bool admin_state_running(const char *state);

/*
 * A feature, of the qube or (with_template) else of what it is based on. The value to
 * g_free(); NULL without err when it is not set; NULL with err on failure.
 */
char *admin_feature(struct admin *a, const char *vm, const char *feature, bool with_template,
		    GError **err);

/* The same as a yes or no: unset gives dflt, empty gives false; failures give dflt. */
bool admin_feature_bool(struct admin *a, const char *vm, const char *feature, bool dflt);

/* Splits an answer of one item per line. */
GStrv admin_lines(const char *text);

/* Calls a method that lists one item per line. NULL with err set. */
GStrv admin_list(struct admin *a, const char *dest, const char *method, GError **err);

#endif
