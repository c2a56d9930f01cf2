/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of qubes and of the system: definitions (prop-table.c), reading with
 * defaults and inheritance, setting with checks and events. specs/admin-api.md section 3.
 */
#ifndef QUBESD_CORE_PROPERTY_H
#define QUBESD_CORE_PROPERTY_H

#include "dom0/qubesd/core/model.h"

typedef enum {
	PT_STR,
	PT_INT,
	PT_BOOL,
	PT_VM,
	PT_LABEL,
	PT_POOL,
	PT_UUID,
	PT_IP4,
	PT_IP6
} PropType;

typedef struct PropDef PropDef;

/* The default; false when there is none. */
typedef bool (*PropDefault)(const Holder *h, const PropDef *def, Value *ret);
/* Normalises or refuses a value of the right type (or V_NONE). */
typedef bool (*PropCheck)(const Holder *h, const PropDef *def, Value *v, GError **error);

enum {
	PF_READONLY = 1,   /* computed; never set, never saved */
	PF_ONCE = 2,	   /* can be set only while it has no value */
	PF_ALLOW_NONE = 4, /* of PT_VM: may be set to nothing */
	PF_NO_CLONE = 8,   /* not taken over by what is made from this qube */
};

struct PropDef {
	PropId id;
	PropType type;
	unsigned classes; /* CLASS_BIT()s */
	int stage;	  /* of loading: 2 plain, 3 global, 4 references */
	unsigned flags;
	PropDefault def;
	/* Arguments of def. */
	gint64 num;
	const char *text;
	PropId other; /* of PropDefaults that look at another property */
	PropCheck check;
	unsigned vm_classes; /* of PT_VM: what it may refer to; 0: any local qube */
	const char *help;
};

struct Catalog {
	const PropDef *defs[CLS_N][P_N]; /* NULL where a class does not have it */
	PropId order[CLS_N][P_N];	 /* by (stage, name) */
	size_t n[CLS_N];
};
const Catalog *catalog_new(void);
void catalog_free(const Catalog *c);

/* The definition, NULL if h's class does not have this property. */
const PropDef *prop_def(const Holder *h, PropId id);
/* By name, with E_NO_SUCH_PROPERTY. */
const PropDef *prop_find(const Holder *h, const char *untrusted_name, GError **error);
/* "str", "int", "bool", "vm", "label". */
const char *prop_wire_type(const PropDef *def);
/* How an error calls it: the qube's name or "Qubes". */
const char *holder_name(const Holder *h);

static inline bool prop_is_default(const Holder *h, PropId id)
{
	return h->values[id].kind == V_UNSET;
}

/* The value or the default. False, *ret V_UNSET: there is neither. Clear *ret. */
bool prop_get(const Holder *h, PropId id, Value *ret);
/* What reset would make it. */
bool prop_get_default(const Holder *h, PropId id, Value *ret);

/* Shorthands; NULL, 0, false where there is no value or no such property. */
Domain *prop_vm(const Holder *h, PropId id);
bool prop_bool(const Holder *h, PropId id);
gint64 prop_int(const Holder *h, PropId id);
char *prop_str(const Holder *h, PropId id); /* g_free; NULL for nothing */

/*
 * Parses what a client or the store says. from_store: references may be to what is not
 * loaded yet in its final form, and "label-7" is a label.
 */
bool prop_parse(const Holder *h, const PropDef *def, const char *untrusted_text, bool from_store,
		Value *ret, GError **error);

/* May a client set it at all? E_PROPERTY_VALUE. */
bool prop_settable(const Holder *h, const PropDef *def, GError **error);
/* Checks, fires events, stores. v is taken and cleared in any case. */
bool prop_set(Holder *h, const PropDef *def, Value *v, GError **error);
/* What is computed has nothing to reset: that succeeds, with the events. */
bool prop_reset(Holder *h, const PropDef *def, GError **error);
/* Without checks and events; takes *v. */
void prop_put(Holder *h, PropId id, Value v);
/* The default of a qube changed: fires property-reset:NAME; old may be NULL. */
void prop_fire_reset(Domain *d, PropId id, const Value *old);

#endif
