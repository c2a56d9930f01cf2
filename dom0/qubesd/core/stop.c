// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a run: cleaning up after it, and the removal of a qube. */
#include "dom0/qubesd/core/life.h"

#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/journal.h"
#include "dom0/qubesd/core/preload.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/sysinfo.h"
#include "dom0/qubesd/core/undo.h"
#include "dom0/qubesd/core/volume.h"
#include "dom0/qubesd/core/watch.h"

#include <string.h>
#include <sys/eventfd.h>

void life_gone(Domain *d)
{
	Run *run = d->run;

	run->phase = RUN_STOPPING;
	run->died = true;
	if (run->cancel_fd >= 0)
		eventfd_write(run->cancel_fd, 1);
	sysinfo_invalidate(d->h.app);
}

/* --- cleaning up --- */

typedef struct {
	Domain *d; /* borrowed */
	HelperSpec *helper[HELPERS];
	int pidfd[HELPERS];
	GPtrArray *volumes;
	bool auto_remove;
} CleanUp;

static void plan(gpointer p)
{
	CleanUp *c = p;
	g_autoptr(GError) why = NULL;

	for (int i = 0; i < HELPERS; i++) {
		c->pidfd[i] = watch_take(c->d->run, (Helper)i);
		c->helper[i] = helper_spec_new(c->d, (Helper)i);
	}
	c->volumes = volume_copies(c->d, &why);
	if (!c->volumes)
		g_warning("qube %s: its volumes stay as they are: %s", c->d->name, why->message);
}

static bool stop_one(gpointer item, GError **error)
{
	return volume_stop(&((VolumeCopy *)item)->spec, error);
}

/* Where the disk is full, what is thrown away makes room for keeping the rest. */
static bool stop_volumes(GPtrArray *volumes, GError **error)
{
	g_autoptr(GPtrArray) lost = g_ptr_array_new(), kept = g_ptr_array_new();
	bool ok;

	for (guint i = 0; i < volumes->len; i++) {
		VolumeCopy *c = g_ptr_array_index(volumes, i);

		g_ptr_array_add(c->spec.save_on_stop ? kept : lost, c);
	}
	ok = flow_parallel(stop_one, lost->pdata, lost->len, error);
	return flow_parallel(stop_one, kept->pdata, kept->len, ok ? error : NULL) && ok;
}

static void kill_helpers(CleanUp *c)
{
	for (int i = 0; i < HELPERS; i++) {
		helper_kill(c->pidfd[i]);
		/* And one that was just being started. */
		helper_kill(helper_find(c->helper[i], (Helper)i));
	}
}

static void over(gpointer p)
{
	CleanUp *c = p;
	Domain *d = c->d;
	App *app = d->h.app;
	bool ran = d->run->created;

	for (int i = 0; i < HELPERS; i++)
		helper_spec_free(c->helper[i]);
	if (c->volumes)
		g_ptr_array_unref(c->volumes);
	g_clear_pointer(&d->run, run_free);
	volumes_forget_run(d);
	sysinfo_invalidate(app);
	if (ran) {
		g_message("qube %s: stopped", d->name);
		event_fire(app, d, "domain-stopped", NULL);
		prop_fire_reset(d, P_xid, NULL);
		prop_fire_reset(d, P_stubdom_xid, NULL);
		prop_fire_reset(d, P_start_time, NULL);
		device_lender_halted(d);
		event_fire(app, d, "domain-shutdown", NULL);
		preload_forget(d, "it stopped");
	}
	device_halted(d, ran);
	flow_wake_halted(d);
}

void life_clean_up(Flow *f, Domain *d)
{
	App *app = flow_app(f);
	CleanUp c = {.d = d};
	g_autoptr(GError) why = NULL;

	flow_main(f, plan, &c);
	kill_helpers(&c);
	/* First the mounts, then the images below them. */
	if (!hypervisor_cleanup(app->hv, d->uuid, &why))
		g_warning("qube %s: %s", d->name, why->message);
	g_clear_error(&why);
	if (c.volumes && !stop_volumes(c.volumes, &why))
		g_warning("qube %s: %s", d->name, why->message);
	flow_main(f, over, &c);
	life_auto_remove(f, d);
}

/* --- removal --- */

typedef struct {
	Domain *d; /* borrowed */
	GError *error;
	bool wanted;
	bool ahead; /* only look */
	bool preloads;
	GPtrArray *volumes;
	char *dir;
} Removal;

/* "@GLOBAL:default_template, work:template": who refers to d. */
static char *references(Domain *d)
{
	App *app = d->h.app;
	GString *s = g_string_new(NULL);

	for (guint i = 0; i <= app->domains->len; i++) {
		Domain *by = i < app->domains->len ? g_ptr_array_index(app->domains, i) : NULL;
		const Holder *h = by ? &by->h : &app->h;

		if (by && by != d && preload_is(by) && prop_vm(&by->h, P_template) == d)
			continue; /* it goes, too */
		for (int id = 0; id < P_N && by != d; id++)
			if (h->values[id].kind == V_VM && h->values[id].vm == d)
				g_string_append_printf(s, "%s%s:%s", s->len ? ", " : "",
						       by ? by->name : "@GLOBAL",
						       prop_name((PropId)id));
	}
	return g_string_free(s, FALSE);
}

static bool device_backend(Domain *d, GError **error)
{
	App *app = d->h.app;
	g_autoptr(GString) ports = g_string_new(NULL);

	for (guint i = 0; i < app->domains->len; i++) {
		Domain *other = g_ptr_array_index(app->domains, i);

		for (guint k = 0; k < other->devices->len && other != d; k++) {
			const Assignment *a = g_ptr_array_index(other->devices, k);

			if (!strcmp(a->backend, d->name))
				g_string_append_printf(ports, "%s%s", ports->len ? ", " : "",
						       a->port);
		}
	}
	return !ports->len ||
	       fail(error, E_VM_IN_USE, "VM has devices assigned to other VMs: %s", ports->str);
}

static bool may_remove(const Removal *r, GError **error)
{
	Domain *d = r->d;
	g_autofree char *by = NULL;

	if (d->gone)
		return fail(error, E_VM_NOT_FOUND, "No such domain: '%s'", d->name);
	if (prop_bool(&d->h, P_installed_by_rpm))
		return fail(error, E_VM_IN_USE,
			    "VM installed by package manager: %s: remove its package, or set "
			    "installed_by_rpm to False",
			    d->name);
	if (domain_is_qube(d) && !domain_is_halted(d))
		return fail(error, E_VM_NOT_HALTED, "Domain is not powered off: '%s'", d->name);
	if (!r->ahead && !event_ask_about(d->h.app, d, error, "domain-pre-delete"))
		return false;
	by = references(d);
	if (*by)
		return fail(error, E_VM_IN_USE,
			    "Domain is in use: '%s': %s refers to it; change that first", d->name,
			    by);
	return device_backend(d, error);
}

static void add_again(App *app, gpointer p)
{
	Domain *d = p;

	d->gone = false;
	app_add_domain(app, d);
	event_fire_about(app, d, "domain-add");
	d->announced = true;
}

static void take_out(gpointer p)
{
	Removal *r = p;
	Domain *d = r->d;
	App *app = d->h.app;

	if (!may_remove(r, &r->error))
		return;
	preload_forget(d, "it is removed");
	if (domain_is_qube(d))
		r->volumes = volume_copies(d, NULL);
	r->dir = domain_dir(d);
	app_drop_domain(app, d);
	event_fire_about(app, d, "domain-delete");
	d->announced = false;
	if (!prop_is_default(&d->h, P_dispid))
		app_retire_dispid(app, (int)d->h.values[P_dispid].i);
	undo_push(app, add_again, domain_ref(d), (GDestroyNotify)domain_unref);
}

/* Before its preloaded disposables go: could it be removed without them? */
static void look_ahead(gpointer p)
{
	Removal *r = p;
	g_auto(GStrv) list = preload_list(r->d);

	r->preloads = *list && may_remove(r, NULL);
}

bool life_remove(Flow *f, Domain *d, GError **error)
{
	App *app = flow_app(f);
	Removal r = {.d = d, .ahead = true};
	Journal *j = NULL;
	bool ok;

	flow_main(f, look_ahead, &r);
	if (r.preloads)
		preload_clear(f, d);
	r.ahead = false;
	flow_main(f, take_out, &r);
	if (!r.error) {
		/* From here to the end of the journal, a crash is finished at the next start. */
		j = journal_begin(app->opt.root, d->uuid, d->name, r.dir, r.volumes);
		flow_save(f, &r.error);
	}
	ok = !r.error;
	if (ok)
		journal_remove_images(j, r.volumes);
	else
		g_propagate_error(error, r.error);
	journal_end(j);
	if (r.volumes)
		g_ptr_array_unref(r.volumes);
	g_free(r.dir);
	return ok;
}

static void wants_removal(gpointer p)
{
	Removal *r = p;

	r->wanted = r->d->h.cls == CLS_DISP && !r->d->gone && !r->d->run &&
		    prop_bool(&r->d->h, P_auto_cleanup);
}

void life_auto_remove(Flow *f, Domain *d)
{
	Removal r = {.d = d};
	g_autoptr(GError) why = NULL;

	flow_main(f, wants_removal, &r);
	if (r.wanted && !life_remove(f, d, &why))
		g_warning("disposable %s: %s", d->name, why->message);
}
