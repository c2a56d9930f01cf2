// SPDX-License-Identifier: GPL-2.0-or-later
/* Making qubes: the object, its images, and back if that fails. */
#include "dom0/qubesd/core/create.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/journal.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/undo.h"
#include "dom0/qubesd/core/volume.h"
#include "qrexec/base/io.h"

#include <errno.h>
#include <string.h>

/* --- the object --- */

static bool set_template(Domain *d, const CreateSpec *spec, GError **error)
{
	PropId by_default = spec->cls == CLS_DISP ? P_default_dispvm : P_default_template;
	Domain *t = spec->template ? spec->template : prop_vm(&d->h.app->h, by_default);
	const PropDef *def = prop_def(&d->h, P_template);
	g_auto(Value) v = value_unset();

	if (!t)
		return fail(
			error, E_VALUE,
			"Template for the qube not specified, nor default template set: name one "
			"or set %s",
			prop_name(by_default));
	if (!prop_parse(&d->h, def, t->name, false, &v, error))
		return false;
	if (spec->cls == CLS_DISP && !prop_bool(&t->h, P_template_for_dispvms))
		return fail(error, E_VALUE,
			    "template for disposable (%s) needs to be an AppVM with "
			    "template_for_dispvms=True",
			    t->name);
	prop_put(&d->h, P_template, value_copy(&v));
	return true;
}

/* What was set on a disposable template applies to its disposables. */
static void take_after_template(Domain *d)
{
	Domain *t = prop_vm(&d->h, P_template);

	for (int id = 0; id < P_N; id++) {
		const PropDef *def = prop_def(&d->h, (PropId)id);

		if (!def || def->flags & (PF_NO_CLONE | PF_READONLY) || id == P_template ||
		    prop_is_default(&t->h, (PropId)id) || !prop_is_default(&d->h, (PropId)id))
			continue;
		prop_put(&d->h, (PropId)id, value_copy(&t->h.values[id]));
	}
	for (guint i = 0; i < t->features->len; i++) {
		const Feature *f = g_ptr_array_index(t->features, i);

		if (!g_str_has_prefix(f->name, "preload-dispvm"))
			feature_put(d, f->name, f->value);
	}
	for (guint i = 0; i < t->tags->len; i++)
		tag_put(d, g_ptr_array_index(t->tags, i));
}

static void tag_roles(Domain *d)
{
	Domain *gui = prop_vm(&d->h, P_guivm), *audio = prop_vm(&d->h, P_audiovm);

	if (gui)
		tag_exclusive(d, "guivm-", gui->name, false);
	if (audio)
		tag_exclusive(d, "audiovm-", audio->name, false);
}

/* Properties and volumes of a new qube. */
static bool furnish(Domain *d, const CreateSpec *spec, GError **error)
{
	Pool *choice[VOL_N] = {0};

	prop_put(&d->h, P_name, value_str(d->name));
	prop_put(&d->h, P_qid, value_int(d->qid));
	prop_put(&d->h, P_uuid, value_str(d->uuid));
	if (spec->label)
		prop_put(&d->h, P_label, value_label(spec->label));
	if (prop_def(&d->h, P_template) && !set_template(d, spec, error))
		return false;
	if (spec->cls == CLS_DISP)
		take_after_template(d);
	if (spec->auto_cleanup)
		prop_put(&d->h, P_auto_cleanup, value_bool(true));
	if (domain_is_qube(d) && !prop_bool(&d->h.app->h, P_check_updates_vm))
		feature_put(d, "check-updates", "");
	tag_roles(d);
	if (!domain_is_qube(d))
		return true;
	for (int id = 0; id < VOL_N; id++) {
		choice[id] = spec->pools[id];
		if (spec->pool && id != VOL_KERNEL)
			choice[id] = spec->pool;
	}
	return volumes_create(d, choice, error);
}

static bool check(App *app, const CreateSpec *spec, GError **error)
{
	static const VolumeId snapshots[] = {VOL_ROOT, VOL_PRIVATE};
	bool snapshot[VOL_N] = {[VOL_ROOT] = CLASS_BIT(spec->cls) & CLASSES_TEMPLATED,
				[VOL_PRIVATE] = spec->cls == CLS_DISP};

	if (spec->cls == CLS_ADMIN)
		return fail(error, E_PROPERTY_VALUE,
			    "There is one AdminVM, dom0: it is not created");
	if (spec->name && app_domain(app, spec->name))
		return fail(error, E_VM_EXISTS, "Qube already exists: %s", spec->name);
	for (size_t i = 0; i < G_N_ELEMENTS(snapshots); i++)
		if (snapshot[snapshots[i]] && spec->pools[snapshots[i]])
			return fail(error, E_QUBES,
				    "Snapshot volume %s must be in the same pool as its origin (%s "
				    "volume of template), cannot move to pool %s",
				    volume_id_name(snapshots[i]), volume_id_name(snapshots[i]),
				    spec->pools[snapshots[i]]->name);
	return true;
}

static Domain *new_object(App *app, const CreateSpec *spec, GError **error)
{
	g_autofree char *uuid = g_uuid_string_random(), *name = g_strdup(spec->name);
	int qid = app_free_qid(app), dispid = -1;
	Domain *d;

	if (spec->cls == CLS_DISP)
		dispid = app_free_dispid(app);
	if (qid < 0 || (spec->cls == CLS_DISP && dispid < 0)) {
		fail(error, E_QUBES, "There are too many qubes: remove some");
		return NULL;
	}
	if (!name)
		name = g_strdup_printf("disp%d", dispid);
	d = domain_new(app, spec->cls, name, uuid, qid);
	if (dispid >= 0)
		prop_put(&d->h, P_dispid, value_int(dispid));
	return d;
}

Domain *create_begin(App *app, const CreateSpec *spec, GError **error)
{
	g_autoptr(Domain) d = NULL;
	GPtrArray *record = app->undo;

	if (!check(app, spec, error) || !(d = new_object(app, spec, error)))
		return NULL;
	app->undo = NULL; /* taking the qube away is the one step back, see complete() */
	if (!furnish(d, spec, error)) {
		app->undo = record;
		return NULL;
	}
	d->incomplete = true;
	d->locked = true;
	app_add_domain(app, d);
	event_fire_about(app, d, "domain-add");
	d->announced = true;
	if (spec->creator) {
		g_autofree char *tag = g_strconcat("created-by-", spec->creator, NULL);

		tag_add(d, tag, NULL);
	}
	app->undo = record;
	return g_steal_pointer(&d);
}

/* --- the images --- */

typedef struct {
	Domain *d; /* borrowed */
	GPtrArray *volumes;
	char *dir, *firewall_of;
	const char *const *tags;
	GError *error;
} Finish;

static void plan(gpointer p)
{
	Finish *c = p;
	Domain *t = prop_vm(&c->d->h, P_template);

	c->dir = domain_dir(c->d);
	if (domain_is_qube(c->d))
		c->volumes = volume_copies(c->d, &c->error);
	if (c->d->h.cls == CLS_DISP && t) {
		g_autofree char *dir = domain_dir(t);

		c->firewall_of = g_build_filename(dir, "firewall.xml", NULL);
	}
}

static bool create_one(gpointer item, GError **error)
{
	const VolumeCopy *c = item;

	return c->id == VOL_KERNEL || volume_create(&c->spec, error);
}

static void copy_firewall(Finish *c)
{
	g_autofree char *text = NULL, *to = NULL;
	gsize len;

	if (!c->firewall_of || !g_file_get_contents(c->firewall_of, &text, &len, NULL))
		return;
	to = g_build_filename(c->dir, "firewall.xml", NULL);
	if (!g_file_set_contents(to, text, (gssize)len, NULL))
		g_warning("%s cannot be written", to);
}

static bool make_images(Finish *c)
{
	int r = *c->dir ? io_mkdir_p(c->dir, 0770) : 0;

	if (r)
		return fail(&c->error, E_QUBES, "Folder %s cannot be made: %s", c->dir,
			    g_strerror(-r));
	if (c->volumes && !flow_parallel(create_one, c->volumes->pdata, c->volumes->len, &c->error))
		return false;
	copy_firewall(c);
	return true;
}

static void take_away(App *app, gpointer p)
{
	Domain *d = p;

	event_fire_about(app, d, "domain-pre-delete");
	app_drop_domain(app, d);
	event_fire_about(app, d, "domain-delete");
	d->announced = false;
}

static void complete(gpointer p)
{
	Finish *c = p;
	Domain *d = c->d;
	App *app = d->h.app;

	undo_push(app, take_away, domain_ref(d), (GDestroyNotify)domain_unref);
	d->incomplete = false;
	if (domain_is_qube(d))
		event_fire(app, d, "domain-create-on-disk", NULL);
	for (const char *const *t = c->tags; t && *t; t++)
		tag_add(d, *t, NULL);
}

static void give_up(gpointer p)
{
	Finish *c = p;

	if (!c->d->gone)
		take_away(c->d->h.app, c->d);
}

bool create_finish(Flow *f, Domain *d, const char *const *tags, GError **error)
{
	Finish c = {.d = d, .tags = tags};
	Journal *j;

	flow_main(f, plan, &c);
	j = journal_begin(flow_app(f)->opt.root, d->uuid, d->name, c.dir, c.volumes);
	if (!c.error && make_images(&c)) {
		flow_main(f, complete, &c);
		flow_save(f, &c.error);
	}
	if (c.error) {
		journal_remove_images(j, c.volumes);
		flow_main(f, give_up, &c);
	}
	journal_end(j);
	flow_unlock(f, d);
	if (c.volumes)
		g_ptr_array_unref(c.volumes);
	g_free(c.dir);
	g_free(c.firewall_of);
	if (!c.error)
		return true;
	g_propagate_error(error, c.error);
	return false;
}
