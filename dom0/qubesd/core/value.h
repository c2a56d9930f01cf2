/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The value of a property. References to qubes and labels are borrowed: what a value
 * points to can't be removed while a value points to it (domain removal checks).
 */
#ifndef QUBESD_CORE_VALUE_H
#define QUBESD_CORE_VALUE_H

#include <glib.h>
#include <stdbool.h>

typedef struct Domain Domain;
typedef struct Label Label;

typedef enum {
	V_UNSET, /* no value: the default applies, or there is none */
	V_NONE,	 /* explicitly nothing */
	V_BOOL,
	V_INT,
	V_STR,
	V_VM,
	V_LABEL,
} ValueKind;

typedef struct {
	ValueKind kind;
	union {
		bool b;
		gint64 i;
		char *s; /* owned */
		Domain *vm;
		Label *label;
	};
} Value;

static inline Value value_unset(void)
{
	return (Value){.kind = V_UNSET};
}

static inline Value value_none(void)
{
	return (Value){.kind = V_NONE};
}

static inline Value value_bool(bool b)
{
	return (Value){.kind = V_BOOL, .b = b};
}

static inline Value value_int(gint64 i)
{
	return (Value){.kind = V_INT, .i = i};
}

/* Copies s; NULL gives V_NONE. */
Value value_str(const char *s);
/* Takes s. */
Value value_take(char *s);
/* NULL gives V_NONE. */
Value value_vm(Domain *vm);
Value value_label(Label *label);

void value_clear(Value *v);
Value value_copy(const Value *v);
bool value_equal(const Value *a, const Value *b);
/* What a truth test of a script gives: not none, not "", not 0. */
bool value_truth(const Value *v);

/*
 * As text, g_free: booleans are True and False, qubes and labels their names. none is what
 * stands for nothing: "" in replies and in the store, "None" in events.
 */
char *value_text(const Value *v, const char *none);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Value, value_clear)

#endif
