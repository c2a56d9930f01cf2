// SPDX-License-Identifier: GPL-2.0-or-later
/* Making qubes: what the client asks for, in words. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/create.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/store.h"
#include "dom0/qubesd/core/volume.h"

#include <string.h>

typedef struct {
	Call *c;
	Domain *made;		 /* a reference */
	Domain *template;	 /* of a disposable; a reference */
	const char *const *tags; /* of a disposable; NULL-terminated */
	GError *error;
} Create;

/* --- "name=work label=blue pool:private=big" --- */

typedef struct {
	CreateSpec spec;
	bool allow_pool, pools;
	char *label, *pool; /* unknown ones: complained of when all else is right */
	char **words;	    /* owned; the strings in spec */
} Wish;

static void wish_clear(Wish *w)
{
	g_free(w->label);
	g_free(w->pool);
	g_strfreev(w->words);
}

static Pool *wish_pool(Call *c, Wish *w, const char *name)
{
	Pool *p = app_pool(c->app, name);

	if (!p && !w->pool)
		w->pool = g_strdup(name);
	return p;
}

static bool wish_volume_pool(Call *c, Wish *w, const char *key, const char *value, GError **error)
{
	VolumeId id;

	if (!volume_id_from_name(key + strlen("pool:"), &id))
		return fail(error, E_PROTOCOL,
			    "Volume must be one of: root, private, volatile, kernel");
	if (w->spec.pools[id])
		return fail(error, E_PROTOCOL, "Option '%s' must be unique", key);
	w->spec.pools[id] = wish_pool(c, w, value);
	w->pools = true;
	return true;
}

static bool wish_word(Call *c, Wish *w, const char *key, const char *value, GError **error)
{
	if (!strcmp(key, "name")) {
		if (w->spec.name)
			return fail(error, E_PROTOCOL, "Options must be unique");
		w->spec.name = value;
		return name_check_qube(value, error);
	}
	if (!strcmp(key, "label")) {
		if (w->spec.label || w->label)
			return fail(error, E_PROTOCOL, "Options must be unique");
		if (!name_check_label(value, true, error))
			return false;
		w->spec.label = app_label(c->app, value);
		w->label = w->spec.label ? NULL : g_strdup(value);
		return true;
	}
	if (strcmp(key, "pool") && !g_str_has_prefix(key, "pool:"))
		return fail(error, E_PROTOCOL, "Options does not match: name, label, pool, pool:");
	if (!w->allow_pool)
		return fail(error, E_PROTOCOL, "Pool option specified: use admin.vm.CreateInPool");
	if (key[4])
		return wish_volume_pool(c, w, key, value, error);
	if (w->spec.pool)
		return fail(error, E_PROTOCOL, "Option 'pool' must be unique");
	w->spec.pool = wish_pool(c, w, value);
	return true;
}

static bool wish_parse(Call *c, Wish *w, GError **error)
{
	w->words = g_strsplit(c->payload, " ", -1);
	for (char **word = w->words; *word; word++) {
		char *eq = strchr(*word, '=');

		if (!eq)
			return fail(
				error, E_PROTOCOL,
				"Options must be of the form key=value, separated by one space");
		*eq = '\0';
		if (!wish_word(c, w, *word, eq + 1, error))
			return false;
	}
	return true;
}

/* Clients know an unknown label as a missing one. */
static bool unknown_label(App *app, const char *label, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (guint i = 0; i < app->labels->len; i++)
		g_string_append_printf(names, "%s%s", i ? ", " : "",
				       ((Label *)g_ptr_array_index(app->labels, i))->name);
	return fail(error, E_PROTOCOL,
		    "Creation requested without key: label: there is no label '%s', use one of %s",
		    label, names->str);
}

/* Nothing is missing, and what is named exists. */
static bool wish_check(Call *c, Wish *w, GError **error)
{
	bool templated = CLASS_BIT(w->spec.cls) & CLASSES_TEMPLATED;

	if (!w->spec.name)
		return fail(error, E_PROTOCOL, "Creation requested without key: name");
	if (w->label)
		return unknown_label(c->app, w->label, error);
	if (!w->spec.label)
		return fail(error, E_PROTOCOL, "Creation requested without key: label");
	if (w->spec.pool && w->pools)
		return fail(error, E_PROTOCOL,
			    "Conflicting options specified: 'pool=', 'pool:volume='");
	if (app_domain(c->app, w->spec.name))
		return fail(error, E_VM_EXISTS, "Qube already exists: %s", w->spec.name);
	if (templated && *c->arg && !w->spec.template)
		return fail(error, E_VM_NOT_FOUND, "No such domain: '%s'", c->arg);
	if (w->pool)
		return fail(error, E_QUBES, "Unknown storage pool %s (see qvm-pool list)", w->pool);
	return true;
}

static void create_on_main(gpointer p)
{
	Create *cr = p;
	Call *c = cr->c;
	Wish w = {.allow_pool = c->method->variant & CREATE_IN_POOL};

	w.spec.cls = (VmClass)(c->method->variant & ~CREATE_IN_POOL);
	w.spec.creator = c->src->name;
	if (*c->arg && !(CLASS_BIT(w.spec.cls) & CLASSES_TEMPLATED))
		fail(&cr->error, E_PROTOCOL, "%s cannot be based on template",
		     class_name(w.spec.cls));
	else
		w.spec.template = *c->arg ? app_domain(c->app, c->arg) : NULL;
	if (!cr->error && wish_parse(c, &w, &cr->error) && wish_check(c, &w, &cr->error))
		cr->made = create_begin(c->app, &w.spec, &cr->error);
	wish_clear(&w);
}

static void forget(gpointer p)
{
	domain_unref(p);
}

FLOW(m_create)
{
	Create cr = {.c = c};
	bool ok;

	flow_main(f, create_on_main, &cr);
	if (!cr.made) {
		g_propagate_error(error, cr.error);
		return NULL;
	}
	ok = create_finish(f, cr.made, NULL, error);
	flow_main(f, forget, cr.made);
	return ok ? body("") : NULL;
}

/* --- disposables --- */

/* What the client means: a disposable template, or its own default. A reference. */
static void find_template(gpointer p)
{
	Create *cr = p;
	Call *c = cr->c;
	Domain *t = c->dest->h.cls == CLS_ADMIN ? prop_vm(&c->src->h, P_default_dispvm) : c->dest;

	if (!t)
		fail(&cr->error, E_QUBES,
		     "%s has no default_dispvm: set one, or name a disposable template",
		     c->src->name);
	else if (!prop_bool(&t->h, P_template_for_dispvms))
		fail(&cr->error, E_QUBES,
		     "Refusing to create disposable out of app qube which has "
		     "template_for_dispvms=False: %s",
		     t->name);
	else
		cr->template = domain_ref(t);
}

static void create_disposable_on_main(gpointer p)
{
	Create *cr = p;
	CreateSpec spec = {.cls = CLS_DISP, .template = cr->template, .auto_cleanup = true};

	cr->made = create_begin(cr->c->app, &spec, &cr->error);
}

static void tag_preloaded(gpointer p)
{
	Create *cr = p;

	for (const char *const *t = cr->tags; *t; t++)
		tag_add(cr->made, *t, NULL);
	/* Its user is waiting; that it runs survives a crash anyhow. */
	store_save(cr->c->app, NULL, NULL);
}

/* One that waits for this, or a new one. */
static bool get_disposable(Flow *f, Create *cr)
{
	cr->made = preload_obtain(f, cr->template);
	if (cr->made) {
		flow_main(f, tag_preloaded, cr);
		return true;
	}
	flow_main(f, create_disposable_on_main, cr);
	return cr->made && create_finish(f, cr->made, cr->tags, &cr->error);
}

static void forget_both(gpointer p)
{
	Create *cr = p;

	domain_unref(cr->made);
	domain_unref(cr->template);
}

static char *disposable(Flow *f, Call *c, GError **error)
{
	g_autofree char *by = g_strconcat("created-by-", c->src->name, NULL);
	g_autofree char *disp_by = g_strconcat("disp-created-by-", c->src->name, NULL);
	const char *const tags[] = {by, disp_by, NULL};
	Create cr = {.c = c, .tags = tags};
	char *answer = NULL;

	flow_main(f, find_template, &cr);
	if (cr.template && *c->arg) {
		if (preload_fill(f, cr.template, "autostart was requested", &cr.error))
			answer = body("");
	} else if (cr.template && get_disposable(f, &cr)) {
		answer = *c->payload ? g_strconcat("uuid:", cr.made->uuid, NULL)
				     : g_strdup(cr.made->name);
	}
	flow_main(f, forget_both, &cr);
	if (cr.error)
		g_propagate_error(error, cr.error);
	return answer;
}

FLOW(m_create_disposable)
{
	if (*c->arg && strcmp(c->arg, "preload")) {
		fail(error, E_PERMISSION, "Argument must be empty or 'preload'");
		return NULL;
	}
	if (*c->payload && strcmp(c->payload, "uuid")) {
		fail(error, E_PROTOCOL, "Invalid payload, expected empty string or 'uuid'");
		return NULL;
	}
	return disposable(f, c, error);
}
