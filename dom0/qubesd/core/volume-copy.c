// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptions of volumes for worker threads. */
#include "dom0/qubesd/core/volume.h"

#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/spawn.h"

void volume_copy_free(VolumeCopy *c)
{
	if (!c)
		return;
	g_free(c->spec.name);
	g_free(c->spec.vid);
	g_free(c->spec.qube);
	g_free(c->source.vid);
	pool_unref(c->pool);
	g_free(c);
}

VolumeCopy *volume_copy(Domain *d, VolumeId id, GError **error)
{
	Volume *v = d->volumes[id], *source = volume_source(d, id, NULL);
	VolumeCopy *c;

	if (v->pool->offline) {
		fail(error, E_STORAGE, "Pool %s is not available: %s", v->pool->name,
		     v->pool->offline);
		return NULL;
	}
	if (v->snap_on_start && (!source || source->pool != v->pool)) {
		fail(error, E_NO_TEMPLATE,
		     "The %s volume of %s has no template to be taken of: set its template",
		     volume_id_name(id), d->name);
		return NULL;
	}
	c = g_new0(VolumeCopy, 1);
	c->id = id;
	c->pool = pool_ref(v->pool);
	c->spec = (VolumeSpec){
		.name = g_strdup(volume_id_name(id)),
		.vid = volume_vid(d, id),
		.qube = g_strdup(d->name),
		.pool = v->pool->storage,
		.size = volume_size(d, id),
		.rw = v->rw,
		.snap_on_start = v->snap_on_start,
		.save_on_stop = v->save_on_stop,
		.ephemeral = volume_ephemeral(v),
		.revisions_to_keep = v->revisions_to_keep,
	};
	/* The in-memory hypervisor runs nothing that could write: it works without, too. */
	c->spec.encrypt =
		c->spec.ephemeral && (helpers_wanted(d->h.app) ||
				      g_file_test("/dev/mapper/control", G_FILE_TEST_EXISTS));
	if (source) {
		c->source.vid = g_strdup(source->vid);
		c->source.pool = source->pool->storage; /* the same pool */
		c->spec.source = &c->source;
	}
	return c;
}

static void measure(Domain *d, VolumeId id)
{
	Volume *v = d->volumes[id];
	g_autoptr(VolumeCopy) c = v && v->save_on_stop ? volume_copy(d, id, NULL) : NULL;
	guint64 size;

	if (!c || !volume_real_size(&c->spec, &size) || size == v->size)
		return;
	g_message("volume %s has %" G_GUINT64_FORMAT " bytes, not %" G_GUINT64_FORMAT, v->vid, size,
		  v->size);
	v->size = size;
}

void volumes_measure(App *app)
{
	for (guint i = 0; i < app->domains->len; i++)
		for (int id = 0; id < VOL_KERNEL; id++)
			measure(g_ptr_array_index(app->domains, i), (VolumeId)id);
}

/* Modules are attached where the kernel comes from dom0 and has any. */
static bool has_kernel_image(Domain *d)
{
	Hypervisor *hv = d->h.app->hv;
	g_autofree char *dir = NULL, *modules = NULL;

	if (!hv || !hypervisor_uses_kernel(hv))
		return false;
	dir = volume_kernel_dir(d);
	modules = dir ? g_build_filename(dir, "modules.img", NULL) : NULL;
	return modules && g_file_test(modules, G_FILE_TEST_EXISTS);
}

GPtrArray *volume_copies(Domain *d, GError **error)
{
	g_autoptr(GPtrArray) copies =
		g_ptr_array_new_with_free_func((GDestroyNotify)volume_copy_free);

	for (int id = 0; id < VOL_N; id++) {
		VolumeCopy *c;

		if (!d->volumes[id] || (id == VOL_KERNEL && !has_kernel_image(d)))
			continue;
		c = volume_copy(d, (VolumeId)id, error);
		if (!c)
			return NULL;
		g_ptr_array_add(copies, c);
	}
	return g_steal_pointer(&copies);
}
