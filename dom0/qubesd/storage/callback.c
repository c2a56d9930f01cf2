// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The callback driver: another driver, with commands of dom0's administrator before and after
 * its operations. What must be done once before the first use (unlocking, mounting) is done
 * then, not at qubesd's start. Events and arguments are upstream's. Peers: those commands.
 */
#include "dom0/qubesd/storage/callback.h"

#include <string.h>

static const char *const params[] = {"conf_id", NULL};

typedef struct {
	CallbackConf *conf; /* owned */
	StoragePool *inner; /* owned; opened when `ready` */
	GMutex lock;	    /* of the first use */
	bool ready;
} State;

static State *state_of(const StoragePool *pool)
{
	return pool->state;
}

static void close_pool(StoragePool *pool)
{
	State *s = pool->state;

	if (!s)
		return;
	callback_conf_free(s->conf);
	storage_pool_free(s->inner);
	g_mutex_clear(&s->lock);
	g_free(s);
}

static void take_settings(StoragePool *pool, GHashTable *args)
{
	const char *keep = g_hash_table_lookup(args, "revisions_to_keep");
	const char *ephemeral = g_hash_table_lookup(args, "ephemeral_volatile");

	storage_param_default(pool, "revisions_to_keep", keep ? keep : "1");
	storage_param_default(pool, "ephemeral_volatile", ephemeral ? ephemeral : "False");
}

static gboolean open_pool(StoragePool *pool, GError **error)
{
	const char *conf_id = storage_param(pool, "conf_id");
	State *s;

	if (!conf_id || !*conf_id) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
			    "Pool '%s' needs conf_id: add -o conf_id=NAME", pool->name);
		return FALSE;
	}
	s = g_new0(State, 1);
	g_mutex_init(&s->lock);
	pool->state = s;
	s->conf = callback_conf_load(conf_id, error);
	if (!s->conf)
		return FALSE;
	if (!strcmp(s->conf->driver, "callback") || !storage_driver_params(s->conf->driver)) {
		g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_BAD_PARAMETER,
			    "The driver %s was not found on your system.", s->conf->driver);
		return FALSE;
	}
	s->inner = storage_pool_new(pool->name, s->conf->driver, s->conf->args, error);
	if (s->inner)
		take_settings(pool, s->conf->args);
	return s->inner != NULL;
}

/* --- events --- */

static gboolean call(StoragePool *pool, const char *event, const char *const *args, GError **error)
{
	State *s = state_of(pool);
	bool again = false;

	if (!callback_call(s->conf, pool->name, event, args, &again, error))
		return FALSE;
	return !again ||
	       (s->inner->driver->open(s->inner, error) && storage_pool_setup(s->inner, error));
}

/* What a command is told of a volume, and maybe one thing more. */
static gboolean call_volume(const VolumeSpec *v, const char *event, const char *more,
			    GError **error)
{
	const char *const args[] = {v->name, v->vid, v->source ? v->source->vid : "None", more,
				    NULL};

	return call(v->pool, event, args, error);
}

/* Before the first use. */
static gboolean begin(StoragePool *pool, bool announce, GError **error)
{
	State *s = state_of(pool);
	gboolean ok = TRUE;

	g_mutex_lock(&s->lock);
	if (!s->ready) {
		ok = (!announce || call(pool, "pre_sinit", NULL, error)) &&
		     s->inner->driver->open(s->inner, error);
		s->ready = ok;
	}
	g_mutex_unlock(&s->lock);
	return ok;
}

static bool is_ready(const StoragePool *pool)
{
	State *s = state_of(pool);
	bool unused = false, ready;

	g_mutex_lock(&s->lock);
	/* Without a command there is nothing to wait for. */
	if (!s->ready && !callback_command(s->conf, "pre_sinit", &unused))
		s->ready = s->inner->driver->open(s->inner, NULL);
	ready = s->ready;
	g_mutex_unlock(&s->lock);
	return ready;
}

/* --- the pool --- */

static gboolean setup_pool(StoragePool *pool, GError **error)
{
	State *s = state_of(pool);

	/* Setting up includes what the first use would need. */
	return call(pool, "pre_setup", NULL, error) && begin(pool, false, error) &&
	       storage_pool_setup(s->inner, error);
}

static gboolean destroy_pool(StoragePool *pool, GError **error)
{
	return begin(pool, true, error) && storage_pool_destroy(state_of(pool)->inner, error) &&
	       call(pool, "post_destroy", NULL, error);
}

static gboolean pool_usage(StoragePool *pool, PoolUsage *ret, GError **error)
{
	if (is_ready(pool))
		return storage_pool_usage(state_of(pool)->inner, ret, error);
	g_set_error(error, STORAGE_ERROR, STORAGE_ERROR_NOT_SUPPORTED, "Pool '%s' was not used yet",
		    pool->name);
	return FALSE;
}

static char *make_vid(StoragePool *pool, gboolean is_template, const char *qube, const char *volume)
{
	return storage_vid(state_of(pool)->inner, is_template, qube, volume);
}

static char **list_volumes(StoragePool *pool, GError **error)
{
	return is_ready(pool) ? storage_pool_list(state_of(pool)->inner, error) : g_new0(char *, 1);
}

/* --- volumes --- */

/* The same volume as the inner pool knows it. */
typedef struct {
	VolumeSpec spec;
	VolumeSource source;
} Inner;

static const VolumeSpec *inner_of(const VolumeSpec *v, Inner *ret)
{
	ret->spec = *v;
	ret->spec.encrypt = FALSE; /* done around us */
	ret->spec.pool = state_of(v->pool)->inner;
	if (v->source) {
		ret->source = *v->source;
		if (v->source->pool == v->pool)
			ret->source.pool = ret->spec.pool;
		ret->spec.source = &ret->source;
	}
	return &ret->spec;
}

static gboolean create(const VolumeSpec *v, GError **error)
{
	Inner in;

	return begin(v->pool, true, error) && call_volume(v, "pre_volume_create", NULL, error) &&
	       volume_create(inner_of(v, &in), error) &&
	       call_volume(v, "post_volume_create", NULL, error);
}

static gboolean remove_it(const VolumeSpec *v, GError **error)
{
	Inner in;

	return begin(v->pool, true, error) && volume_remove(inner_of(v, &in), error) &&
	       call_volume(v, "post_volume_remove", NULL, error);
}

static gboolean verify(const VolumeSpec *v, GError **error)
{
	Inner in;

	return begin(v->pool, true, error) && volume_verify(inner_of(v, &in), error);
}

static gboolean start(const VolumeSpec *v, char **ret_path, GError **error)
{
	g_autofree char *path = NULL;
	Inner in;

	if (!begin(v->pool, true, error) || !call_volume(v, "pre_volume_start", NULL, error) ||
	    !volume_start(inner_of(v, &in), &path, error) ||
	    !call_volume(v, "post_volume_start", NULL, error))
		return FALSE;
	*ret_path = g_steal_pointer(&path);
	return TRUE;
}

/* At qubesd's start all volumes are stopped: that is no use of the pool. */
static gboolean stop(const VolumeSpec *v, GError **error)
{
	Inner in;

	return !is_ready(v->pool) || (volume_stop(inner_of(v, &in), error) &&
				      call_volume(v, "post_volume_stop", NULL, error));
}

static char *path_of(const VolumeSpec *v)
{
	Inner in;

	return volume_path(inner_of(v, &in));
}

static char *export_path(const VolumeSpec *v, GError **error)
{
	Inner in;

	if (!begin(v->pool, true, error) || !call_volume(v, "pre_volume_export", NULL, error))
		return NULL;
	return storage_export(inner_of(v, &in), error);
}

static gboolean export_end(const VolumeSpec *v, const char *path, GError **error)
{
	Inner in;

	return storage_export_end(inner_of(v, &in), path, error) &&
	       call_volume(v, "post_volume_export_end", path, error);
}

static gboolean import_volume(const VolumeSpec *dst, const VolumeSpec *src, GError **error)
{
	Inner in;

	return begin(dst->pool, true, error) &&
	       call_volume(dst, "pre_volume_import", src->vid, error) &&
	       volume_import_volume(inner_of(dst, &in), src, error) &&
	       call_volume(dst, "post_volume_import", src->vid, error);
}

static gboolean import_begin(const VolumeSpec *v, guint64 size, char **ret_path, GError **error)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, size);
	Inner in;

	return begin(v->pool, true, error) &&
	       call_volume(v, "pre_volume_import_data", text, error) &&
	       volume_import_begin(inner_of(v, &in), size, ret_path, error);
}

static gboolean import_end(const VolumeSpec *v, gboolean success, GError **error)
{
	Inner in;

	return begin(v->pool, true, error) && volume_import_end(inner_of(v, &in), success, error) &&
	       call_volume(v, "post_volume_import_data_end", success ? "True" : "False", error);
}

static gboolean import_busy(const VolumeSpec *v)
{
	Inner in;

	return is_ready(v->pool) && volume_import_busy(inner_of(v, &in));
}

static gboolean resize(const VolumeSpec *v, guint64 size, GError **error)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, size);
	Inner in;

	return begin(v->pool, true, error) && call_volume(v, "pre_volume_resize", text, error) &&
	       volume_resize(inner_of(v, &in), size, error);
}

static gboolean clear(const VolumeSpec *v, GError **error)
{
	g_autofree char *path = NULL;

	return import_begin(v, v->size, &path, error) && import_end(v, TRUE, error);
}

static char **revisions(const VolumeSpec *v, GError **error)
{
	Inner in;

	return is_ready(v->pool) ? volume_revisions(inner_of(v, &in), error) : g_new0(char *, 1);
}

static gboolean revert(const VolumeSpec *v, const char *revision, GError **error)
{
	Inner in;

	return begin(v->pool, true, error) && volume_revert(inner_of(v, &in), revision, error);
}

static guint64 used(const VolumeSpec *v)
{
	Inner in;

	return is_ready(v->pool) ? volume_usage(inner_of(v, &in)) : 0;
}

static gboolean real_size(const VolumeSpec *v, guint64 *ret)
{
	Inner in;

	return is_ready(v->pool) && volume_real_size(inner_of(v, &in), ret);
}

static gboolean is_outdated(const VolumeSpec *v)
{
	Inner in;

	return is_ready(v->pool) && volume_is_outdated(inner_of(v, &in));
}

static gboolean is_dirty(const VolumeSpec *v)
{
	Inner in;

	return is_ready(v->pool) && volume_is_dirty(inner_of(v, &in));
}

const StorageDriver storage_callback_driver = {
	.name = "callback",
	.params = params,
	.required = 1,
	.open = open_pool,
	.setup = setup_pool,
	.destroy = destroy_pool,
	.close = close_pool,
	.usage = pool_usage,
	.vid = make_vid,
	.list = list_volumes,
	.create = create,
	.remove = remove_it,
	.verify = verify,
	.start = start,
	.stop = stop,
	.path = path_of,
	.export_path = export_path,
	.export_end = export_end,
	.import_volume = import_volume,
	.import_begin = import_begin,
	.import_end = import_end,
	.import_busy = import_busy,
	.resize = resize,
	.clear = clear,
	.revisions = revisions,
	.revert = revert,
	.used = used,
	.size = real_size,
	.is_outdated = is_outdated,
	.is_dirty = is_dirty,
};
