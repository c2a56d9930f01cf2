// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Qubes that outlived the last qubesd: those that run are taken over, with the helpers
 * that they have; those that do not are cleaned up. A qube that runs notices nothing.
 */
#include "dom0/qubesd/core/monitor.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/life.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/start.h"
#include "dom0/qubesd/core/volume.h"
#include "dom0/qubesd/core/watch.h"

#include <sys/eventfd.h>

/* --- running --- */

static void adopt_helper(Domain *d, Helper which)
{
	g_autoptr(HelperSpec) spec = helper_spec_new(d, which);
	int pidfd = helper_find(spec, which);

	if (pidfd >= 0)
		watch_set(d, which, pidfd);
	else
		watch_restart(d, which);
}

/* Built for a start that never came to its end: nobody was told that it runs. */
static void abandon_run(Flow *f, gpointer p)
{
	Domain *d = p;
	g_autoptr(GError) why = NULL;

	if (!life_kill(f, d, &why))
		g_warning("qube %s: %s", d->name, why->message);
	start_mark(flow_app(f)->opt.root, d->uuid, false);
}

static void abandon_done(gpointer p)
{
	domain_unref(p);
}

void adopt_running(Domain *d, const HvInfo *info)
{
	App *app = d->h.app;
	Run *run = run_new();

	run->phase = RUN_UP;
	run->created = run->adopted = true;
	run->state = info->state;
	run->xid = info->xid;
	run->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	run->qrexec = feature_true(feature_with_template(d, "qrexec"));
	run->qrexec_up = !helpers_wanted(app);
	run->start_time =
		g_get_real_time() / G_USEC_PER_SEC - (gint64)(info->cpu_time_ns / 1000000000);
	d->run = run;
	if (info->state == HV_PAUSED && start_is_marked(app->opt.root, d->uuid)) {
		g_message("qube %s: its start was cut off, it is ended", d->name);
		flow_start(app, abandon_run, domain_ref(d), abandon_done);
		return;
	}
	start_mark(app->opt.root, d->uuid, false);
	device_record_load(d);
	device_watch(d);
	g_message("qube %s: runs already, taken over", d->name);
	for (int i = 0; i < HELPERS && helpers_wanted(app); i++)
		adopt_helper(d, (Helper)i);
	prop_fire_reset(d, P_xid, NULL);
}

/* --- not running --- */

typedef struct {
	GPtrArray *domains; /* Domain*, a reference each */
	Domain *d;	    /* the one at hand */
	GPtrArray *volumes; /* of it; NULL: nothing to do */
	HelperSpec *helper[HELPERS];
} Remains;

static void remains_plan(gpointer p)
{
	Remains *r = p;

	/* Started meanwhile: that start took care of it. Made meanwhile: nothing to do. */
	r->volumes = NULL;
	if (!r->d->run && !r->d->gone && r->d->from_store)
		r->volumes = volume_copies(r->d, NULL);
	for (int i = 0; i < HELPERS && r->volumes; i++)
		r->helper[i] = helper_spec_new(r->d, (Helper)i);
}

/* Those that are kept, or the others. */
static void stop_volumes(const Remains *r, bool kept)
{
	for (guint i = 0; i < r->volumes->len; i++) {
		const VolumeCopy *c = g_ptr_array_index(r->volumes, i);
		g_autoptr(GError) why = NULL;

		if (c->id != VOL_KERNEL && !!c->spec.save_on_stop == kept &&
		    !volume_stop(&c->spec, &why))
			g_warning("qube %s: %s", r->d->name, why->message);
	}
}

static void clean_one(Flow *f, Remains *r)
{
	g_autoptr(GError) why = NULL;

	start_mark(flow_app(f)->opt.root, r->d->uuid, false);
	for (int i = 0; i < HELPERS; i++) {
		helper_kill(helper_find(r->helper[i], (Helper)i));
		g_clear_pointer(&r->helper[i], helper_spec_free);
	}
	if (!hypervisor_cleanup(flow_app(f)->hv, r->d->uuid, &why))
		g_warning("qube %s: %s", r->d->name, why->message);
	/* Where the disk is full, what is thrown away makes room for keeping the rest. */
	stop_volumes(r, false);
	stop_volumes(r, true);
	g_ptr_array_unref(r->volumes);
	life_auto_remove(f, r->d);
}

static void remains_run(Flow *f, gpointer p)
{
	Remains *r = p;

	for (guint i = 0; i < r->domains->len; i++) {
		r->d = g_ptr_array_index(r->domains, i);
		flow_lock(f, r->d);
		flow_main(f, remains_plan, r);
		if (r->volumes)
			clean_one(f, r);
		flow_unlock(f, r->d);
	}
}

static void remains_done(gpointer p)
{
	Remains *r = p;

	g_ptr_array_unref(r->domains);
	g_free(r);
}

void adopt_remains(App *app, GPtrArray *halted)
{
	Remains *r = g_new0(Remains, 1);

	r->domains = halted;
	flow_start(app, remains_run, r, remains_done);
}
