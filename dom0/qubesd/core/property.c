// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and setting of properties. The definitions are in prop-table.c. */
#include "dom0/qubesd/core/property.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/undo.h"

const PropDef *prop_def(const Holder *h, PropId id)
{
	return h->app->catalog->defs[h->cls][id];
}

const char *holder_name(const Holder *h)
{
	return h->vm ? h->vm->name : "Qubes";
}

const PropDef *prop_find(const Holder *h, const char *untrusted_name, GError **error)
{
	PropId id = prop_id(untrusted_name);
	const PropDef *def = id < P_N ? prop_def(h, id) : NULL;

	if (!def)
		fail(error, E_NO_SUCH_PROPERTY, "Invalid property '%s' of %s", untrusted_name,
		     holder_name(h));
	return def;
}

const char *prop_wire_type(const PropDef *def)
{
	switch (def->type) {
	case PT_INT:
		return "int";
	case PT_BOOL:
		return "bool";
	case PT_VM:
		return "vm";
	case PT_LABEL:
		return "label";
	default:
		return "str";
	}
}

bool prop_get_default(const Holder *h, PropId id, Value *ret)
{
	const PropDef *def = prop_def(h, id);

	*ret = value_unset();
	return def && def->def(h, def, ret);
}

bool prop_get(const Holder *h, PropId id, Value *ret)
{
	if (prop_is_default(h, id))
		return prop_get_default(h, id, ret);
	*ret = value_copy(&h->values[id]);
	return true;
}

Domain *prop_vm(const Holder *h, PropId id)
{
	g_auto(Value) v = value_unset();

	return prop_get(h, id, &v) && v.kind == V_VM ? v.vm : NULL;
}

bool prop_bool(const Holder *h, PropId id)
{
	g_auto(Value) v = value_unset();

	return prop_get(h, id, &v) && v.kind == V_BOOL && v.b;
}

gint64 prop_int(const Holder *h, PropId id)
{
	g_auto(Value) v = value_unset();

	return prop_get(h, id, &v) && v.kind == V_INT ? v.i : 0;
}

char *prop_str(const Holder *h, PropId id)
{
	g_auto(Value) v = value_unset();

	return prop_get(h, id, &v) && v.kind != V_NONE ? value_text(&v, NULL) : NULL;
}

typedef struct {
	Domain *vm; /* a reference; NULL: the system */
	PropId id;
	Value old;
} PropUndo;

static void prop_undo_free(gpointer p)
{
	PropUndo *u = p;

	value_clear(&u->old);
	domain_unref(u->vm);
	g_free(u);
}

static void prop_undo(App *app, gpointer p)
{
	PropUndo *u = p;
	Holder *h = u->vm ? &u->vm->h : &app->h;
	g_autofree char *name = g_strconcat("property-reset:", prop_name(u->id), NULL);
	Event ev = {.name = name, .subject = u->vm, .args = {"name", prop_name(u->id)}};

	prop_put(h, u->id, value_copy(&u->old));
	event_tell(app, &ev);
}

void prop_put(Holder *h, PropId id, Value v)
{
	PropUndo *u = g_new0(PropUndo, 1);

	u->vm = h->vm ? domain_ref(h->vm) : NULL;
	u->id = id;
	u->old = h->values[id];
	h->values[id] = v;
	undo_push(h->app, prop_undo, u, prop_undo_free);
}

/* One property event; newv and oldv may be NULL. */
static bool emit(Holder *h, const char *what, bool pre, PropId id, const Value *newv,
		 const Value *oldv, GError **error)
{
	g_autofree char *name = g_strconcat(what, prop_name(id), NULL);
	g_autofree char *new_text = newv ? value_text(newv, "None") : NULL;
	g_autofree char *old_text = oldv ? value_text(oldv, "None") : NULL;
	Event ev = {
		.name = name,
		.subject = h->vm,
		.pre = pre,
		.prop = id,
		.newv = newv,
		.oldv = oldv,
		.args = {"name", prop_name(id)},
	};
	size_t n = 2;

	if (newv) {
		ev.args[n++] = "newvalue";
		ev.args[n++] = new_text;
	}
	if (oldv) {
		ev.args[n++] = "oldvalue";
		ev.args[n++] = old_text;
	}
	return event_emit(h->app, &ev, error);
}

void prop_fire_reset(Domain *d, PropId id, const Value *old)
{
	emit(&d->h, "property-reset:", false, id, NULL, old, NULL);
}

static bool set_before(const Holder *h, const PropDef *def, GError **error)
{
	if (def->flags & PF_ONCE && !prop_is_default(h, def->id))
		return fail(
			error, E_PROPERTY_ACCESS,
			"property '%s' of %s is set once, at creation; to change it, make a new "
			"qube",
			prop_name(def->id), holder_name(h));
	return true;
}

bool prop_settable(const Holder *h, const PropDef *def, GError **error)
{
	if (def->flags & PF_READONLY)
		return fail(error, E_PROPERTY_VALUE, "property '%s' on %s instance cannot be set",
			    prop_name(def->id), h->vm ? class_name(h->cls) : "Qubes");
	return set_before(h, def, error);
}

bool prop_set(Holder *h, const PropDef *def, Value *v, GError **error)
{
	g_auto(Value) newv = *v, oldv = value_unset();
	const Value *old = NULL;

	*v = value_unset();
	if (!prop_settable(h, def, error))
		return false;
	if (!h->app->loading && prop_get(h, def->id, &oldv))
		old = &oldv;
	if (def->check && !def->check(h, def, &newv, error))
		return false;
	if (!emit(h, "property-pre-set:", true, def->id, &newv, old, error))
		return false;
	prop_put(h, def->id, value_copy(&newv));
	return emit(h, "property-set:", false, def->id, &newv, old, error);
}

bool prop_reset(Holder *h, const PropDef *def, GError **error)
{
	g_auto(Value) oldv = value_unset();
	const Value *old;

	if (!set_before(h, def, error))
		return false;
	old = prop_get(h, def->id, &oldv) ? &oldv : NULL;
	if (!emit(h, "property-pre-reset:", true, def->id, NULL, old, error) ||
	    !emit(h, "property-pre-del:", true, def->id, NULL, old, error))
		return false;
	prop_put(h, def->id, value_unset());
	return emit(h, "property-reset:", false, def->id, NULL, old, error) &&
	       emit(h, "property-del:", false, def->id, NULL, old, error);
}
