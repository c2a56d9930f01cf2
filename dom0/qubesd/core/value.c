// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of properties. */
#include "dom0/qubesd/core/value.h"

#include "dom0/qubesd/core/model.h"

Value value_str(const char *s)
{
	return s ? (Value){.kind = V_STR, .s = g_strdup(s)} : value_none();
}

Value value_take(char *s)
{
	return s ? (Value){.kind = V_STR, .s = s} : value_none();
}

Value value_vm(Domain *vm)
{
	return vm ? (Value){.kind = V_VM, .vm = vm} : value_none();
}

Value value_label(Label *label)
{
	return label ? (Value){.kind = V_LABEL, .label = label} : value_none();
}

void value_clear(Value *v)
{
	if (v->kind == V_STR)
		g_free(v->s);
	*v = value_unset();
}

Value value_copy(const Value *v)
{
	return v->kind == V_STR ? value_str(v->s) : *v;
}

bool value_equal(const Value *a, const Value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case V_BOOL:
		return a->b == b->b;
	case V_INT:
		return a->i == b->i;
	case V_STR:
		return g_str_equal(a->s, b->s);
	case V_VM:
		return a->vm == b->vm;
	case V_LABEL:
		return a->label == b->label;
	default:
		return true;
	}
}

bool value_truth(const Value *v)
{
	switch (v->kind) {
	case V_BOOL:
		return v->b;
	case V_INT:
		return v->i != 0;
	case V_STR:
		return v->s[0];
	case V_VM:
	case V_LABEL:
		return true;
	default:
		return false;
	}
}

char *value_text(const Value *v, const char *none)
{
	switch (v->kind) {
	case V_BOOL:
		return g_strdup(v->b ? "True" : "False");
	case V_INT:
		return g_strdup_printf("%" G_GINT64_FORMAT, v->i);
	case V_STR:
		return g_strdup(v->s);
	case V_VM:
		return g_strdup(v->vm->name);
	case V_LABEL:
		return g_strdup(v->label->name);
	default:
		return g_strdup(none);
	}
}
