// SPDX-License-Identifier: GPL-2.0-or-later
/* Volumes of qubes: which ones, where, of what. */
#include "dom0/qubesd/core/volume.h"

#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/undo.h"

#include <string.h>

static const char *const id_names[VOL_N] = {"root", "private", "volatile", "kernel"};

/* What a class's volumes are like. The kernel is read-only for all. */
typedef struct {
	bool snap, save;
	guint64 size;
} Shape;

static const Shape shapes[CLS_N][VOL_KERNEL] = {
	[CLS_APP] = {{true, false, 0}, {false, true, PRIVATE_SIZE}, {false, false, ROOT_SIZE}},
	[CLS_TEMPLATE] = {{false, true, ROOT_SIZE},
			  {false, true, PRIVATE_SIZE},
			  {false, false, ROOT_SIZE}},
	[CLS_STANDALONE] = {{false, true, ROOT_SIZE},
			    {false, true, PRIVATE_SIZE},
			    {false, false, ROOT_SIZE}},
	[CLS_DISP] = {{true, false, 0}, {true, false, 0}, {false, false, ROOT_SIZE + PRIVATE_SIZE}},
};

static const PropId pool_props[VOL_N] = {P_default_pool_root, P_default_pool_private,
					 P_default_pool_volatile, P_default_pool_kernel};

const char *volume_id_name(VolumeId id)
{
	return id_names[id];
}

bool volume_id_from_name(const char *name, VolumeId *ret)
{
	for (int i = 0; i < VOL_N; i++) {
		if (!strcmp(name, id_names[i])) {
			*ret = (VolumeId)i;
			return true;
		}
	}
	return false;
}

void volume_free(Volume *v)
{
	if (!v)
		return;
	g_free(v->vid);
	g_free(v->source_vid);
	pool_unref(v->pool);
	g_free(v);
}

Volume *volume_source(Domain *d, VolumeId id, Domain **ret_owner)
{
	Volume *v = d->volumes[id];

	if (!v || !v->snap_on_start)
		return NULL;
	/* A disposable's root is the template's, not its template's snapshot of it. */
	for (Domain *t = prop_vm(&d->h, P_template); t; t = prop_vm(&t->h, P_template)) {
		if (t->volumes[id] && !t->volumes[id]->snap_on_start) {
			if (ret_owner)
				*ret_owner = t;
			return t->volumes[id];
		}
	}
	return NULL;
}

guint64 volume_size(Domain *d, VolumeId id)
{
	Volume *source = volume_source(d, id, NULL);

	if (!source)
		return d->volumes[id]->size;
	return d->volumes[id]->run_size ? d->volumes[id]->run_size : source->size;
}

void volumes_forget_run(Domain *d)
{
	for (int id = 0; id < VOL_N; id++)
		if (d->volumes[id])
			d->volumes[id]->run_size = 0;
}

bool volume_ephemeral(const Volume *v)
{
	if (v->id == VOL_KERNEL || v->snap_on_start || v->save_on_stop || !v->rw)
		return false;
	return v->ephemeral < 0 ? v->pool->ephemeral_volatile : v->ephemeral;
}

bool volume_in_place(const Volume *v)
{
	return v->revisions_to_keep == -1 && !v->snap_on_start && v->save_on_stop;
}

char *volume_vid(Domain *d, VolumeId id)
{
	char *kernel;

	if (id != VOL_KERNEL)
		return g_strdup(d->volumes[id]->vid);
	kernel = prop_str(&d->h, P_kernel);
	return kernel ? kernel : g_strdup("");
}

void volumes_follow_template(Domain *d)
{
	for (int id = 0; id < VOL_KERNEL; id++) {
		Volume *v = d->volumes[id], *source = volume_source(d, (VolumeId)id, NULL);

		if (!source)
			continue;
		pool_unref(v->pool);
		v->pool = pool_ref(source->pool);
		g_free(v->source_vid);
		v->source_vid = g_strdup(source->vid);
		v->size = source->size;
	}
}

static Pool *pool_for(Domain *d, VolumeId id, Volume *v, Pool *wanted, GError **error)
{
	Domain *t = prop_vm(&d->h, P_template);
	g_autofree char *name = NULL;
	Volume *source;
	Pool *p;

	if (v->snap_on_start) {
		d->volumes[id] = v; /* volume_source() looks at it */
		source = volume_source(d, id, NULL);
		d->volumes[id] = NULL;
		return source ? source->pool : NULL;
	}
	if (wanted)
		return wanted;
	if (d->h.cls == CLS_DISP && t && t->volumes[id])
		return t->volumes[id]->pool;
	name = prop_str(&d->h.app->h, pool_props[id]);
	p = name ? app_pool(d->h.app, name) : NULL;
	if (!p)
		fail(error, E_STORAGE,
		     "No pool for the %s volume of %s: set %s (see qvm-pool list)", id_names[id],
		     d->name, prop_name(pool_props[id]));
	return p;
}

/* A disposable takes what its template was changed to. */
static void like_template(Domain *d, Volume *v)
{
	Domain *t = d->h.cls == CLS_DISP ? prop_vm(&d->h, P_template) : NULL;
	Volume *of = t ? t->volumes[v->id] : NULL;

	if (!of || v->id == VOL_KERNEL)
		return;
	v->rw = of->rw;
	if (v->id == VOL_VOLATILE)
		v->ephemeral = of->ephemeral;
}

static bool create_one(Domain *d, VolumeId id, Pool *wanted, GError **error)
{
	const Shape *shape = id == VOL_KERNEL ? NULL : &shapes[d->h.cls][id];
	Volume *v = g_new0(Volume, 1);
	Pool *pool;

	v->id = id;
	v->ephemeral = -1;
	if (shape) {
		v->snap_on_start = shape->snap;
		v->save_on_stop = shape->save;
		v->size = shape->size;
		v->rw = true;
	}
	pool = pool_for(d, id, v, wanted, error);
	if (!pool) {
		volume_free(v);
		return *error ? false
			      : fail(error, E_NO_TEMPLATE,
				     "Template of %s has no %s volume: set its template", d->name,
				     id_names[id]);
	}
	v->pool = pool_ref(pool);
	v->revisions_to_keep = id == VOL_KERNEL ? 0 : pool->revisions_to_keep;
	/* As upstream's driver "file" has it. */
	if (pool->storage && storage_pool_max_revisions(pool->storage) == 1 && !v->save_on_stop)
		v->revisions_to_keep = MIN(v->revisions_to_keep, 0);
	like_template(d, v);
	if (id != VOL_KERNEL && pool->storage)
		v->vid =
			storage_vid(pool->storage, d->h.cls == CLS_TEMPLATE, d->name, id_names[id]);
	d->volumes[id] = v;
	return true;
}

static bool create_missing(Domain *d, Pool *const choice[VOL_N], GError **error)
{
	g_autoptr(GError) local = NULL;

	for (int id = 0; id < VOL_N; id++) {
		Pool *wanted = choice ? choice[id] : NULL;

		if (d->volumes[id])
			continue;
		if (wanted && wanted->offline)
			return fail(error, E_STORAGE, "Pool %s is not available: %s", wanted->name,
				    wanted->offline);
		if (!create_one(d, (VolumeId)id, wanted, &local)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
	}
	volumes_follow_template(d);
	return true;
}

bool volumes_create(Domain *d, Pool *const choice[VOL_N], GError **error)
{
	return create_missing(d, choice, error);
}

bool volumes_fill(Domain *d, GError **error)
{
	return create_missing(d, NULL, error);
}

typedef struct {
	Domain *d;  /* a reference */
	Volume was; /* only the plain fields */
} VolumeUndo;

static void volume_undo(App *app, gpointer p)
{
	const VolumeUndo *u = p;
	Volume *v = u->d->volumes[u->was.id];

	v->size = u->was.size;
	v->rw = u->was.rw;
	v->revisions_to_keep = u->was.revisions_to_keep;
	v->ephemeral = u->was.ephemeral;
}

static void volume_undo_free(gpointer p)
{
	VolumeUndo *u = p;

	domain_unref(u->d);
	g_free(u);
}

void volume_remember(Domain *d, VolumeId id)
{
	VolumeUndo *u = g_new0(VolumeUndo, 1);

	u->d = domain_ref(d);
	u->was = *d->volumes[id];
	undo_push(d->h.app, volume_undo, u, volume_undo_free);
}

char *volume_kernel_dir(Domain *d)
{
	Volume *v = d->volumes[VOL_KERNEL];
	g_autofree char *kernel = v ? prop_str(&d->h, P_kernel) : NULL;
	const char *dir = v ? g_hash_table_lookup(v->pool->params, "dir_path") : NULL;

	return kernel && *kernel && dir ? g_build_filename(dir, kernel, NULL) : NULL;
}
