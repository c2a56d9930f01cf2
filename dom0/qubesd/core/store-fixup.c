// SPDX-License-Identifier: GPL-2.0-or-later
/* Volumes of the store, what older versions wrote, and repairs. */
#include "dom0/qubesd/core/store-load.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/network.h"
#include "dom0/qubesd/core/store.h"
#include "dom0/qubesd/core/volume.h"

#include <string.h>

Domain *store_new_domain(App *app, VmClass cls, const char *name, const char *uuid, int qid)
{
	Domain *d = domain_new(app, cls, name, uuid, qid);

	if (cls != CLS_ADMIN) {
		prop_put(&d->h, P_name, value_str(name));
		prop_put(&d->h, P_uuid, value_str(uuid));
		prop_put(&d->h, P_qid, value_int(qid));
	} else {
		prop_put(&d->h, P_label, value_label(app_label(app, "black")));
	}
	d->announced = true;
	d->from_store = true;
	app_add_domain(app, d);
	domain_unref(d);
	return d;
}

bool store_legacy_property(Holder *h, const char *name, const char *value)
{
	bool on = false;

	if (!strcmp(name, "default_fw_netvm") && !h->vm)
		return true;
	if (!strcmp(name, "hvm") && prop_def(h, P_virt_mode)) {
		name_parse_bool(value, &on);
		prop_put(h, P_virt_mode, value_str(on ? "hvm" : "pv"));
		return true;
	}
	if (!strcmp(name, "dispvm_allowed") && prop_def(h, P_template_for_dispvms)) {
		name_parse_bool(value, &on);
		prop_put(h, P_template_for_dispvms, value_bool(on));
		return true;
	}
	return false;
}

bool store_repair_property(Holder *h, const PropDef *def, const char *why)
{
	if (def->type != PT_VM && def->type != PT_POOL && def->type != PT_LABEL)
		return false;
	g_warning("qubes.xml: %s of %s was dropped: %s", prop_name(def->id), holder_name(h), why);
	/* Never connect by accident what was connected to something else. */
	if (def->type == PT_VM && def->flags & PF_ALLOW_NONE)
		prop_put(h, def->id, value_none());
	return true;
}

static bool as_bool(GHashTable *attrs, const char *name, bool otherwise)
{
	const char *text = g_hash_table_lookup(attrs, name);
	bool b = otherwise;

	if (text)
		name_parse_bool(text, &b);
	return b;
}

static gint64 as_int(GHashTable *attrs, const char *name, gint64 otherwise)
{
	const char *text = g_hash_table_lookup(attrs, name);
	gint64 v;

	return text && name_parse_number(text, name, true, &v, NULL) ? v : otherwise;
}

/* A vid is a path in the pool or a logical volume: never out of it. */
static bool vid_ok(const char *vid)
{
	return vid && name_all_in(vid, "/_.-+@:") && vid[0] != '/' && !strstr(vid, "..");
}

static bool load_volume(Domain *d, GHashTable *attrs, GError **error)
{
	const char *name = g_hash_table_lookup(attrs, "name");
	const char *vid = g_hash_table_lookup(attrs, "vid");
	const char *pool_name = g_hash_table_lookup(attrs, "pool");
	const char *source = g_hash_table_lookup(attrs, "source");
	Pool *pool = pool_name ? app_pool(d->h.app, pool_name) : NULL;
	VolumeId id;
	Volume *v;

	if (!name || !volume_id_from_name(name, &id) || d->volumes[id])
		return true; /* of a kind that we do not have */
	if (!pool || (id != VOL_KERNEL && !vid_ok(vid)) || (source && !vid_ok(source))) {
		g_set_error(error, STORE_DOC_ERROR, STORE_UNKNOWN,
			    "volume %s of %s is in the unknown pool '%s' or has an invalid name",
			    name, d->name, pool_name ? pool_name : "");
		return false;
	}
	v = g_new0(Volume, 1);
	v->id = id;
	v->pool = pool_ref(pool);
	v->vid = g_strdup(vid);
	v->size = (guint64)MAX(0, as_int(attrs, "size", 0));
	v->rw = id != VOL_KERNEL && as_bool(attrs, "rw", true);
	v->snap_on_start = id != VOL_KERNEL && as_bool(attrs, "snap_on_start", false);
	v->save_on_stop = id != VOL_KERNEL && as_bool(attrs, "save_on_stop", false);
	v->revisions_to_keep = (int)CLAMP(as_int(attrs, "revisions_to_keep", 0), -1, G_MAXINT);
	v->ephemeral =
		g_hash_table_contains(attrs, "ephemeral") ? as_bool(attrs, "ephemeral", false) : -1;
	v->source_vid = v->snap_on_start ? g_strdup(source) : NULL;
	d->volumes[id] = v;
	return true;
}

bool store_load_volumes(Domain *d, const DocDomain *dd, GError **error)
{
	if (!domain_is_qube(d))
		return true;
	for (guint i = 0; i < dd->volumes->len; i++)
		if (!load_volume(d, g_ptr_array_index(dd->volumes, i), error))
			return false;
	return true;
}

/* Templates first: what others are made of. */
void store_fill_volumes(App *app)
{
	static const VmClass order[] = {CLS_TEMPLATE, CLS_STANDALONE, CLS_APP, CLS_DISP};

	for (size_t k = 0; k < G_N_ELEMENTS(order); k++) {
		for (guint i = 0; i < app->domains->len; i++) {
			Domain *d = g_ptr_array_index(app->domains, i);
			g_autoptr(GError) why = NULL;

			if (d->h.cls == order[k] && !volumes_fill(d, &why))
				g_warning("qube %s: %s", d->name, why->message);
		}
	}
}

/* The flag that a disposable template needs may have been taken away. */
static void fix_disposable_reference(Holder *h, PropId id)
{
	Value *v = &h->values[id];

	if (v->kind != V_VM || prop_bool(&v->vm->h, P_template_for_dispvms))
		return;
	g_warning("qubes.xml: %s of %s is no template for disposables, it is now empty",
		  prop_name(id), holder_name(h));
	prop_put(h, id, value_none());
}

/* A feature of old that is now said by maxmem. */
static void fix_meminfo_writer(Domain *d)
{
	const char *value = feature_get(d, "service.meminfo-writer");

	if (!value)
		return;
	if (!*value && domain_is_qube(d))
		prop_put(&d->h, P_maxmem, value_int(0));
	feature_remove(d, "service.meminfo-writer", NULL);
}

void store_fix_up(App *app)
{
	static const PropId dispvm[] = {P_default_dispvm, P_management_dispvm};

	network_break_loops(app);
	for (size_t k = 0; k < G_N_ELEMENTS(dispvm); k++)
		fix_disposable_reference(&app->h, dispvm[k]);
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);
		Domain *gui = prop_vm(&d->h, P_guivm), *audio = prop_vm(&d->h, P_audiovm);
		Domain *relay = prop_vm(&d->h, P_relayvm);

		for (size_t k = 0; k < G_N_ELEMENTS(dispvm); k++)
			fix_disposable_reference(&d->h, dispvm[k]);
		fix_meminfo_writer(d);
		if (gui)
			tag_exclusive(d, "guivm-", gui->name, false);
		if (audio)
			tag_exclusive(d, "audiovm-", audio->name, false);
		if (relay)
			tag_exclusive(d, "relayvm-", relay->name, false);
	}
}

static void add_initial_pool(App *app, const char *name, const char *driver, const char *dir)
{
	Pool *p = pool_new(name, driver);

	g_hash_table_insert(p->params, g_strdup("dir_path"), g_strconcat(app->opt.root, dir, NULL));
	g_ptr_array_add(app->pools, p);
}

void store_make_initial(App *app)
{
	app_add_builtin_labels(app);
	add_initial_pool(app, "varlibqubes", "file-reflink", "/var/lib/qubes");
	add_initial_pool(app, "linux-kernel", "linux-kernel", "/var/lib/qubes/vm-kernels");
	prop_put(&app->h, P_default_pool_kernel, value_str("linux-kernel"));
	store_new_domain(app, CLS_ADMIN, "dom0", UUID_DOM0, 0);
}
