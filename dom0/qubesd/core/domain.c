// SPDX-License-Identifier: GPL-2.0-or-later
/* Domain and Pool objects: creation, references. */
#include "dom0/qubesd/core/model.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/run.h"
#include "dom0/qubesd/core/volume.h"

Domain *domain_new(App *app, VmClass cls, const char *name, const char *uuid, int qid)
{
	Domain *d = g_new0(Domain, 1);

	d->refs = 1;
	d->h.cls = cls;
	d->h.app = app;
	d->h.vm = d;
	d->name = g_strdup(name);
	d->uuid = g_strdup(uuid);
	d->qid = qid;
	d->features = g_ptr_array_new_with_free_func(feature_free);
	d->tags = g_ptr_array_new_with_free_func(g_free);
	d->devices = g_ptr_array_new_with_free_func(assignment_free);
	for (int i = 0; i < DEV_N; i++)
		d->exposed[i] = device_list_new();
	d->attached = g_ptr_array_new_with_free_func(attachment_free);
	d->halt_waiters = g_ptr_array_new();
	d->preload_fd = -1;
	g_queue_init(&d->lock_queue);
	return d;
}

Domain *domain_ref(Domain *d)
{
	g_atomic_int_inc(&d->refs);
	return d;
}

void domain_unref(Domain *d)
{
	if (!d || !g_atomic_int_dec_and_test(&d->refs))
		return;
	for (int i = 0; i < P_N; i++) {
		Domain *other = d->holds && d->h.values[i].kind == V_VM ? d->h.values[i].vm : NULL;

		if (other != d)
			domain_unref(other);
		value_clear(&d->h.values[i]);
	}
	for (int i = 0; i < VOL_N; i++)
		volume_free(d->volumes[i]);
	run_free(d->run);
	g_ptr_array_unref(d->features);
	g_ptr_array_unref(d->tags);
	g_ptr_array_unref(d->devices);
	for (int i = 0; i < DEV_N; i++)
		g_ptr_array_unref(d->exposed[i]);
	g_ptr_array_unref(d->attached);
	g_ptr_array_unref(d->halt_waiters);
	g_queue_clear(&d->lock_queue);
	g_free(d->preload_print);
	g_free(d->name);
	g_free(d->uuid);
	g_free(d);
}

char *domain_dir(const Domain *d)
{
	if (!domain_is_qube(d))
		return g_strdup("");
	return g_strdup_printf("%s/var/lib/qubes/%s/%s", d->h.app->opt.root,
			       d->h.cls == CLS_TEMPLATE ? "vm-templates" : "appvms", d->name);
}

Pool *pool_new(const char *name, const char *driver)
{
	Pool *p = g_new0(Pool, 1);

	p->refs = 1;
	p->name = g_strdup(name);
	p->driver = g_strdup(driver);
	p->params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	p->revisions_to_keep = 1;
	return p;
}

Pool *pool_ref(Pool *p)
{
	g_atomic_int_inc(&p->refs);
	return p;
}

void pool_unref(Pool *p)
{
	if (!p || !g_atomic_int_dec_and_test(&p->refs))
		return;
	storage_pool_free(p->storage);
	g_hash_table_unref(p->params);
	g_free(p->name);
	g_free(p->driver);
	g_free(p->offline);
	g_free(p);
}
