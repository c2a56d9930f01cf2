// SPDX-License-Identifier: GPL-2.0-or-later
/* Volumes of a qube: what they are like, and changing that. */
#include "dom0/qubesd/api/handlers.h"
#include "dom0/qubesd/api/volume-call.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/pool.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/service.h"

#include <string.h>

SYNC(m_volume_list)
{
	GString *s = g_string_new(NULL);

	for (int i = 0; i < VOL_N; i++)
		if (c->dest->volumes[i])
			g_string_append_printf(s, "%s\n", volume_id_name((VolumeId)i));
	return g_string_free(s, FALSE);
}

/* --- looking at one --- */

static void look(gpointer p)
{
	VolumeCall *v = p;

	if (call_volume(v->c, &v->id, &v->error))
		v->copy = volume_copy(v->c->dest, v->id, &v->error);
}

bool volume_call_begin(Flow *f, VolumeCall *v, Call *c, GError **error)
{
	*v = (VolumeCall){.c = c};
	flow_main(f, look, v);
	if (v->copy)
		return true;
	g_propagate_error(error, v->error);
	return false;
}

static const char *truth(gboolean b)
{
	return b ? "True" : "False";
}

FLOW(m_volume_info)
{
	VolumeCall v;
	g_autofree char *path = NULL;
	const VolumeSpec *s;
	char *text;

	if (!volume_call_begin(f, &v, c, error))
		return NULL;
	s = &v.copy->spec;
	path = volume_path(s);
	text = g_strdup_printf(
		"pool=%s\nvid=%s\nsize=%" G_GUINT64_FORMAT "\nusage=%" G_GUINT64_FORMAT
		"\nrw=%s\nsource=%s\npath=%s\nsave_on_stop=%s\nsnap_on_start=%s\n"
		"revisions_to_keep=%d\nephemeral=%s\nis_outdated=%s\n",
		v.copy->pool->name, s->vid, s->size, volume_usage(s), truth(s->rw),
		s->source ? s->source->vid : "", path ? path : "", truth(s->save_on_stop),
		truth(s->snap_on_start), s->revisions_to_keep, truth(s->ephemeral),
		truth(s->snap_on_start && volume_is_outdated(s)));
	volume_copy_free(v.copy);
	return text;
}

FLOW(m_volume_snapshots)
{
	g_auto(GStrv) ids = NULL;
	GString *text = NULL;
	VolumeCall v;

	if (!volume_call_begin(f, &v, c, error))
		return NULL;
	ids = v.id == VOL_KERNEL ? g_new0(char *, 1) : volume_revisions(&v.copy->spec, error);
	if (ids) {
		text = g_string_new(NULL);
		for (char **id = ids; *id; id++)
			g_string_append_printf(text, "%s\n", *id);
	}
	volume_copy_free(v.copy);
	return text ? g_string_free(text, FALSE) : NULL;
}

/* --- changing the content --- */

static void check_halted(gpointer p)
{
	VolumeCall *v = p;

	if (v->c->dest->gone)
		fail(&v->error, E_VM_NOT_FOUND, "No such domain: '%s'", v->c->dest->name);
	else if (!domain_is_halted(v->c->dest))
		fail(&v->error, E_STORAGE,
		     "The %s volume of %s is in use: shut the qube down first",
		     volume_id_name(v->id), v->c->dest->name);
}

bool volume_call_halted(Flow *f, VolumeCall *v, GError **error)
{
	flow_main(f, check_halted, v);
	if (!v->error)
		return true;
	g_propagate_error(error, v->error);
	return false;
}

static bool has_revision(const VolumeSpec *s, const char *revision, GError **error)
{
	g_auto(GStrv) ids = volume_revisions(s, error);

	if (!ids)
		return false;
	return g_strv_contains((const char *const *)ids, revision) ||
	       fail(error, E_REVISION_NOT_FOUND,
		    "There is no revision '%s': see admin.vm.volume.ListSnapshots (qvm-volume "
		    "info)",
		    revision);
}

static void resized(gpointer p)
{
	VolumeCall *v = p;

	Volume *vol = v->c->dest->volumes[v->id];

	volume_remember(v->c->dest, v->id);
	*(vol->snap_on_start ? &vol->run_size : &vol->size) = (guint64)v->size;
}

/* The revision may be from before a resize. */
static void take_size(Flow *f, VolumeCall *v)
{
	guint64 size;

	if (!volume_real_size(&v->copy->spec, &size))
		return;
	v->size = (gint64)size;
	flow_main(f, resized, v);
}

FLOW(m_volume_revert)
{
	g_autofree char *revision = g_strstrip(g_strdup(c->payload));
	VolumeCall v;
	bool ok;

	if (!*revision || !name_all_in(revision, ":-_.")) {
		fail(error, E_PROTOCOL, "Revision name is not valid");
		return NULL;
	}
	if (!volume_call_begin(f, &v, c, error))
		return NULL;
	flow_lock(f, c->dest);
	ok = volume_call_halted(f, &v, error) && has_revision(&v.copy->spec, revision, error) &&
	     volume_revert(&v.copy->spec, revision, error);
	if (ok)
		take_size(f, &v);
	flow_unlock(f, c->dest);
	volume_copy_free(v.copy);
	return ok ? body("") : NULL;
}

#define RESIZE_TIMEOUT_MS 300000

/* The filesystem in a running qube follows; if it does not, the volume has its size all the same.
 */
static void grow_inside(Flow *f, VolumeCall *v)
{
	g_autofree char *input = g_strdup_printf("%s\n", v->copy->spec.name);
	g_autoptr(GError) why = NULL;

	if (!service_run(f, v->c->dest, "qubes.ResizeDisk", input, RESIZE_TIMEOUT_MS, &why))
		g_warning("volume %s of %s: resize its filesystem by hand: %s", v->copy->spec.name,
			  v->c->dest->name, why->message);
}

/* Not while the images are being made ready for a start. */
static bool resize_locked(Flow *f, VolumeCall *v, GError **error)
{
	bool ok;

	flow_lock(f, v->c->dest);
	ok = volume_resize(&v->copy->spec, (guint64)v->size, error);
	if (ok) {
		flow_main(f, resized, v);
		take_size(f, v); /* lvm makes whole extents */
	}
	flow_unlock(f, v->c->dest);
	return ok;
}

FLOW(m_volume_resize)
{
	g_autofree char *text = g_strstrip(g_strdup(c->payload));
	VolumeCall v;
	gint64 size;
	bool ok;

	if (!volume_call_begin(f, &v, c, error))
		return NULL;
	if (!name_parse_number(text, "Volume size", false, &size, error)) {
		volume_copy_free(v.copy);
		return NULL;
	}
	v.size = size;
	/* Of other drivers' snapshots that of the present run, if there is one, gets the size. */
	if (v.copy->spec.snap_on_start && !strcmp(v.copy->pool->driver, "file"))
		ok = fail(error, E_STORAGE,
			  "Cannot resize volume based on a template - resize the template instead: "
			  "%s of %s",
			  v.copy->spec.name, c->dest->name);
	else
		ok = resize_locked(f, &v, error);
	if (ok)
		grow_inside(f, &v);
	volume_copy_free(v.copy);
	return ok ? body("") : NULL;
}

/* --- changing the settings --- */

SYNC(m_volume_set_revisions)
{
	VolumeId id;
	Volume *v;
	gint64 n;

	if (!call_volume(c, &id, error) ||
	    !name_parse_number(c->payload, "Revisions to keep", true, &n, error))
		return NULL;
	v = c->dest->volumes[id];
	if (n < -1 || n > 10000 || (id == VOL_KERNEL && n)) {
		fail(error, E_VALUE,
		     id == VOL_KERNEL ? "Kernels have no revisions: only 0 is possible"
				      : "Invalid value for revisions_to_keep: -1 or more");
		return NULL;
	}
	if (n != v->revisions_to_keep && (n == -1 || v->revisions_to_keep == -1) &&
	    domain_is_running(c->dest)) {
		fail(error, E_VM_NOT_HALTED, "Domain is not powered off: '%s'", c->dest->name);
		return NULL;
	}
	if (!pool_check_revisions(v->pool, n, error))
		return NULL;
	volume_remember(c->dest, id);
	v->revisions_to_keep = (int)n;
	return body("");
}

static bool boolean_payload(const Call *c, bool *ret, GError **error)
{
	return name_parse_bool(c->payload, ret) ||
	       fail(error, E_PROTOCOL, "Payload is not boolean ASCII");
}

SYNC(m_volume_set_rw)
{
	VolumeId id;
	bool rw;

	if (!call_volume(c, &id, error) || !boolean_payload(c, &rw, error))
		return NULL;
	if (!domain_is_halted(c->dest)) {
		fail(error, E_VM_NOT_HALTED, "Domain is not powered off: '%s'", c->dest->name);
		return NULL;
	}
	if (id == VOL_KERNEL && rw) {
		fail(error, E_VALUE, "LinuxModules supports only read-only volumes");
		return NULL;
	}
	volume_remember(c->dest, id);
	c->dest->volumes[id]->rw = rw;
	return body("");
}

SYNC(m_volume_set_ephemeral)
{
	VolumeId id;
	Volume *v;
	bool on;

	if (!call_volume(c, &id, error) || !boolean_payload(c, &on, error))
		return NULL;
	v = c->dest->volumes[id];
	if (id == VOL_KERNEL) {
		fail(error, E_VALUE, "LinuxModules does not support setting ephemeral value");
		return NULL;
	}
	if (on && (v->snap_on_start || v->save_on_stop || !v->rw)) {
		fail(error, E_VALUE,
		     "Cannot enable ephemeral on a volume that is a snapshot, that "
		     "is kept, or that is read-only");
		return NULL;
	}
	volume_remember(c->dest, id);
	v->ephemeral = on;
	return body("");
}
