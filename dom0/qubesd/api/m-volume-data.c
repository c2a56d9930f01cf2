// SPDX-License-Identifier: GPL-2.0-or-later
/* Content of volumes: clone by token, import, clear. */
#include "dom0/qubesd/api/handlers.h"
#include "dom0/qubesd/api/volume-call.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/run.h"

#include <string.h>
#include <sys/random.h>

#define TOKEN_LEN 32
/* Tokens that were given and not used. */
#define TOKENS_MAX 1024

/* --- clone: a token for the source, then the copy --- */

static bool random_token(char token[TOKEN_LEN + 1])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	guint8 raw[TOKEN_LEN];

	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		return false;
	for (size_t i = 0; i < TOKEN_LEN; i++)
		token[i] = letters[raw[i] % 64];
	token[TOKEN_LEN] = '\0';
	return true;
}

SYNC(m_volume_clone_from)
{
	char token[TOKEN_LEN + 1];
	VolumeId id;

	if (!call_volume(c, &id, error))
		return NULL;
	if (g_hash_table_size(c->app->copy_tokens) >= TOKENS_MAX || !random_token(token)) {
		fail(error, E_QUBES, "Too many copies were begun and not made: restart qubesd");
		return NULL;
	}
	g_hash_table_insert(c->app->copy_tokens, g_strdup(token),
			    g_strdup_printf("%s %s", c->dest->uuid, volume_id_name(id)));
	return body(token);
}

static void redeem_token(gpointer p)
{
	VolumeCall *v = p;
	App *app = v->c->app;
	g_autofree char *token = g_strstrip(g_strdup(v->c->payload));
	g_autofree char *key = NULL, *what = NULL;
	g_auto(GStrv) part = NULL;
	Domain *from;

	if (!g_hash_table_steal_extended(app->copy_tokens, token, (gpointer *)&key,
					 (gpointer *)&what)) {
		fail(&v->error, E_COPY_TOKEN_NOT_FOUND,
		     "Token to clone volume of qube was not found");
		return;
	}
	part = g_strsplit(what, " ", 2);
	from = app_domain_by_uuid(app, part[0]);
	if (!from || !volume_id_from_name(part[1], &v->from_id) || !from->volumes[v->from_id]) {
		fail(&v->error, E_VOLUME_NOT_FOUND, "The volume to clone from is gone");
		return;
	}
	if (volume_in_place(from->volumes[v->from_id]) && from->run) {
		fail(&v->error, E_STORAGE,
		     "Volume %s of %s is written in place: shut the qube down "
		     "before cloning it",
		     part[1], from->name);
		return;
	}
	v->from = domain_ref(from);
	v->from_copy = volume_copy(from, v->from_id, &v->error);
}

static void cloned(gpointer p)
{
	VolumeCall *v = p;
	Volume *to = v->c->dest->volumes[v->id];

	volume_remember(v->c->dest, v->id);
	if (!to->snap_on_start)
		to->size = v->from_copy->spec.size;
	event_fire(v->c->app, v->c->dest, "domain-import-volume", "name", v->copy->spec.name,
		   "source", v->from_copy->spec.vid, NULL);
}

/* --- progress, from time to time: the client may have left --- */

typedef struct {
	Flow *f;
	VolumeCall *v;
	double percent;
	bool gone;
} Copying;

static void tell_progress(gpointer p)
{
	Copying *c = p;
	g_autofree char *text = g_strdup_printf("%.1f", c->percent);
	Call *call = c->v->c;

	c->gone = !call->conn;
	event_fire(call->app, call->dest, "domain-volume-copy-progress", "volume",
		   c->v->copy->spec.name, "progress", text, NULL);
}

static gboolean progress(guint64 done, guint64 total, gpointer p)
{
	Copying *c = p;

	c->percent = total ? 100.0 * (double)done / (double)total : 0;
	flow_main(c->f, tell_progress, c);
	return !c->gone;
}

static void drop_from(gpointer p)
{
	VolumeCall *v = p;

	domain_unref(v->from);
	volume_copy_free(v->from_copy);
}

/* Kernels are dom0's: there is nothing to copy. */
static bool copy_data(Flow *f, VolumeCall *v, GError **error)
{
	Copying c = {.f = f, .v = v};
	bool ok;

	if (v->id != VOL_KERNEL) {
		storage_set_progress(progress, &c);
		ok = volume_import_volume(&v->copy->spec, &v->from_copy->spec, error);
		storage_set_progress(NULL, NULL);
		return ok;
	}
	return v->from_id == VOL_KERNEL ||
	       fail(error, E_STORAGE, "A kernel volume can only be cloned from a kernel volume");
}

FLOW(m_volume_clone_to)
{
	VolumeCall v;
	bool ok = false;

	if (!volume_call_begin(f, &v, c, error))
		return NULL;
	flow_main(f, redeem_token, &v);
	if (v.error) {
		g_propagate_error(error, v.error);
	} else {
		flow_lock(f, c->dest);
		ok = volume_call_halted(f, &v, error) && copy_data(f, &v, error);
		if (ok)
			flow_main(f, cloned, &v);
		flow_unlock(f, c->dest);
	}
	flow_main(f, drop_from, &v);
	volume_copy_free(v.copy);
	return ok ? body("") : NULL;
}

/* --- import: a file to write to, then the swap --- */

static void tell_begin(gpointer p)
{
	VolumeCall *v = p;
	g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, v->size);

	v->c->dest->volumes[v->id]->import_size = (guint64)v->size;
	v->c->dest->volumes[v->id]->import_us = g_get_monotonic_time();
	event_fire(v->c->app, v->c->dest, "domain-volume-import-begin", "volume",
		   v->copy->spec.name, "size", size, NULL);
}

static void tell_end(gpointer p)
{
	VolumeCall *v = p;
	Volume *vol = v->c->dest->volumes[v->id];

	if (v->success && vol->import_size) {
		volume_remember(v->c->dest, v->id);
		vol->size = v->real_size ? v->real_size : vol->import_size;
	}
	vol->import_size = 0;
	event_fire(v->c->app, v->c->dest, "domain-volume-import-end", "volume", v->copy->spec.name,
		   "success", v->success ? "True" : "False", NULL);
}

/* How long the one who was told where to write has to begin. */
#define IMPORT_GRACE_US (10 * G_USEC_PER_SEC)

static void check_import(gpointer p)
{
	VolumeCall *v = p;
	const Volume *vol = v->c->dest->volumes[v->id];
	bool fresh = g_get_monotonic_time() - vol->import_us < IMPORT_GRACE_US;

	if (!domain_is_halted(v->c->dest))
		fail(&v->error, E_VM_NOT_HALTED, "Domain is not powered off: '%s'",
		     v->c->dest->name);
	else if (v->id == VOL_KERNEL || v->copy->spec.snap_on_start)
		fail(&v->error, E_STORAGE,
		     "The %s volume of %s cannot be imported to: it is not its "
		     "own data",
		     v->copy->spec.name, v->c->dest->name);
	else if (vol->import_size && (v->busy || fresh))
		fail(&v->error, E_STORAGE, "Import operation in progress on %s: wait for its end",
		     v->copy->spec.vid);
}

static bool begin_import(Flow *f, VolumeCall *v, gint64 size, char **ret_path, GError **error)
{
	v->size = size ? size : (gint64)v->copy->spec.size;
	v->busy = volume_import_busy(&v->copy->spec);
	flow_main(f, check_import, v);
	if (v->error) {
		g_propagate_error(error, v->error);
		return false;
	}
	if (!volume_import_begin(&v->copy->spec, (guint64)v->size, ret_path, error))
		return false;
	flow_main(f, tell_begin, v);
	return true;
}

FLOW(m_volume_import_begin)
{
	g_autofree char *path = NULL;
	VolumeCall v;
	gint64 size = 0;
	char *answer = NULL;

	if (*c->payload && !name_parse_number(c->payload, "Size of new data", false, &size, error))
		return NULL;
	if (*c->payload && !size) {
		fail(error, E_VALUE, "A volume cannot have the size 0");
		return NULL;
	}
	if (!volume_call_begin(f, &v, c, error))
		return NULL;
	flow_lock(f, c->dest);
	if (begin_import(f, &v, size, &path, error))
		answer = g_strdup_printf("%" G_GINT64_FORMAT " %s", v.size, path);
	flow_unlock(f, c->dest);
	volume_copy_free(v.copy);
	return answer;
}

FLOW(m_volume_import_end)
{
	const char *why = strchr(c->payload, '\n');
	VolumeCall v;
	bool ok;

	if (!volume_call_begin(f, &v, c, error))
		return NULL;
	v.success = !strcmp(c->payload, "ok");
	flow_lock(f, c->dest);
	ok = volume_import_end(&v.copy->spec, v.success, error);
	if (ok && !v.success)
		ok = fail(error, E_QUBES, "Data import failed: %s",
			  why && g_utf8_validate(why, -1, NULL) ? why + 1 : "no reason given");
	else
		v.success = v.success && ok;
	if (v.success && !volume_real_size(&v.copy->spec, &v.real_size))
		v.real_size = 0;
	flow_main(f, tell_end, &v);
	flow_unlock(f, c->dest);
	volume_copy_free(v.copy);
	return ok ? body("") : NULL;
}

static bool clearable(const VolumeCall *v, GError **error)
{
	if (v->id != VOL_KERNEL && v->copy->spec.save_on_stop)
		return true;
	return fail(error, E_STORAGE,
		    "The %s volume of %s keeps nothing of its own: there is nothing to clear",
		    v->copy->spec.name, v->c->dest->name);
}

FLOW(m_volume_clear)
{
	VolumeCall v;
	bool ok;

	if (!volume_call_begin(f, &v, c, error))
		return NULL;
	flow_lock(f, c->dest);
	v.size = (gint64)v.copy->spec.size;
	ok = volume_call_halted(f, &v, error) && clearable(&v, error);
	if (ok) {
		flow_main(f, tell_begin, &v);
		ok = v.success = volume_clear(&v.copy->spec, error);
		flow_main(f, tell_end, &v);
	}
	flow_unlock(f, c->dest);
	volume_copy_free(v.copy);
	return ok ? body("") : NULL;
}
