// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting a qube. One function per stage; the flow is at the end of the file. What is
 * read from the state is copied first: later stages run off the main thread.
 */
#include "dom0/qubesd/core/life.h"

#include "dom0/qubesd/core/attributes.h"
#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/memory.h"
#include "dom0/qubesd/core/netvm.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/qdb.h"
#include "dom0/qubesd/core/start.h"
#include "dom0/qubesd/core/sysinfo.h"
#include "dom0/qubesd/core/volume.h"
#include "dom0/qubesd/core/watch.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define HYPERVISOR_WAIT_MS 5000
#define HYPERVISOR_POLL_MS 50

typedef struct {
	Flow *f;
	Domain *d; /* borrowed: the caller's reference */
	Trace *trace;
	GError *error;
	bool remains; /* the last run is not cleaned up yet */
	bool hv_known;
	bool go;	    /* there is something to do */
	Domain *netvm;	    /* a reference; to be started first */
	GPtrArray *volumes; /* VolumeCopy* */
	StartImages images; /* paths of the started volumes */
	guint64 memory_mib; /* to be had before the domain is built; 0: nobody divides it */
	int memory_fd;	    /* holds it meanwhile; -1: nothing */
	GError *memory_error;
	StartSpec *spec;
	int xid;
	HelperSpec *helper[HELPERS];
	GPtrArray *keys;
	int pidfd[HELPERS];
} Start;

/* --- plan (main thread) --- */

static void begin(gpointer p)
{
	Start *s = p;
	Domain *d = s->d, *netvm;
	Run *run;

	if (d->run)
		return; /* it runs */
	if (!start_allowed(d, &s->error) ||
	    !event_ask(d->h.app, d, &s->error, "domain-pre-start", "start_guid", "True",
		       "mem_required", "None", NULL) ||
	    !device_required_present(d, &s->error))
		return;
	s->volumes = volume_copies(d, &s->error);
	if (!s->volumes)
		return;
	netvm = prop_vm(&d->h, P_netvm);
	if (netvm && domain_is_halted(netvm))
		s->netvm = domain_ref(netvm);
	run = run_new();
	run->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	run->qrexec = feature_true(feature_with_template(d, "qrexec"));
	d->run = run;
	volumes_forget_run(d);
	s->go = true;
	if (hypervisor_has_balloon(d->h.app->hv))
		s->memory_mib = (guint64)prop_int(&d->h, P_memory) +
				memory_overhead_mib((unsigned)prop_int(&d->h, P_vcpus),
						    (guint64)prop_int(&d->h, P_maxmem));
	g_message("qube %s: starting", d->name);
}

static void verified(gpointer p)
{
	Start *s = p;

	event_fire(s->d->h.app, s->d, "domain-verify-files", NULL);
}

/* --- the domain --- */

static void plan_domain(gpointer p)
{
	Start *s = p;

	if (!event_ask(s->d->h.app, s->d, &s->error, "domain-pre-spawn", "start_guid", "True",
		       NULL))
		return;
	if (device_take_required(s->d, &s->error))
		s->spec = start_spec_new(s->d, &s->images);
}

static void created(gpointer p)
{
	Start *s = p;
	App *app = s->d->h.app;
	Run *run = s->d->run;

	run->created = true;
	run->xid = s->xid;
	run->state = HV_PAUSED;
	run->start_time = g_get_real_time() / G_USEC_PER_SEC;
	prop_fire_reset(s->d, P_xid, NULL);
	prop_fire_reset(s->d, P_stubdom_xid, NULL);
	prop_fire_reset(s->d, P_start_time, NULL);
	event_fire(app, s->d, "domain-spawn", "start_guid", "True", NULL);
	if (helpers_wanted(app)) {
		s->helper[HELPER_QUBESDB] = helper_spec_new(s->d, HELPER_QUBESDB);
		s->helper[HELPER_QREXEC] = helper_spec_new(s->d, HELPER_QREXEC);
	}
	s->keys = qdb_keys(s->d);
}

/* It may have been killed, or have killed itself, while we were busy. */
static bool alive(Start *s)
{
	if (!s->d->run->died)
		return true;
	return fail(&s->error, E_VM, "%s stopped while it was starting: look at its console",
		    s->d->name);
}

static void qdb_ready(gpointer p)
{
	Start *s = p;

	event_fire(s->d->h.app, s->d, "domain-qdb-create", NULL);
	if (alive(s))
		event_ask(s->d->h.app, s->d, &s->error, "domain-pre-unpaused", NULL);
}

static void unpaused(gpointer p)
{
	Start *s = p;

	s->d->run->state = HV_RUNNING;
	s->d->run->op++; /* who looked before saw it paused */
	event_fire(s->d->h.app, s->d, "domain-unpaused", NULL);
	alive(s);
}

static void up(gpointer p)
{
	Start *s = p;
	Run *run = s->d->run;

	if (!alive(s))
		return;
	run->phase = RUN_UP;
	run->qrexec_up = true;
	for (int i = 0; i < HELPERS; i++) {
		if (s->pidfd[i] >= 0)
			watch_set(s->d, (Helper)i, s->pidfd[i]);
		s->pidfd[i] = -1;
	}
	sysinfo_invalidate(s->d->h.app);
	event_fire(s->d->h.app, s->d, "domain-start", "start_guid", "True", NULL);
	netvm_clients_apply(s->d);
	s->d->exposed_known = true; /* it has none yet: all that come are news */
	device_watch(s->d);
}

/* --- stages on the flow's thread --- */

static bool verify_one(gpointer item, GError **error)
{
	return volume_verify(&((VolumeCopy *)item)->spec, error);
}

/* Others may have to give it back first: that takes as long as it takes. */
static gpointer get_memory(gpointer p)
{
	Start *s = p;

	memory_request(flow_app(s->f)->opt.root, s->d->name, s->memory_mib, s->d->run->cancel_fd,
		       &s->memory_fd, &s->memory_error);
	return NULL;
}

/* Memory and volumes, side by side. */
static bool get_ready(Start *s)
{
	GThread *memory = s->memory_mib ? g_thread_new("memory", get_memory, s) : NULL;
	bool ok = start_images(&s->images, s->volumes, &s->error);

	trace_mark(s->trace, "volumes");
	if (!memory)
		return ok;
	g_thread_join(memory);
	trace_mark(s->trace, "memory");
	if (ok && s->memory_error)
		g_propagate_error(&s->error, g_steal_pointer(&s->memory_error));
	return !s->error;
}

static void let_memory_go(Start *s)
{
	if (s->memory_fd >= 0)
		close(s->memory_fd);
	s->memory_fd = -1;
	g_clear_error(&s->memory_error);
}

static bool stage_storage(Start *s, App *app)
{
	if (!flow_parallel(verify_one, s->volumes->pdata, s->volumes->len, &s->error))
		return false;
	flow_main(s->f, verified, s);
	if (s->netvm) {
		if (!life_start(s->f, s->netvm, NULL, &s->error)) {
			g_prefix_error(&s->error, "Its netvm %s did not start: ", s->netvm->name);
			return false;
		}
		trace_mark(s->trace, "netvm");
	}
	return get_ready(s);
}

static bool stage_domain(Start *s, App *app)
{
	flow_main(s->f, plan_domain, s);
	start_mark(app->opt.root, s->d->uuid, true);
	if (s->error || !hypervisor_create_paused(app->hv, &s->spec->hv, &s->xid, &s->error))
		return false;
	let_memory_go(s);
	flow_main(s->f, created, s);
	trace_mark(s->trace, "domain");
	return true;
}

static bool stage_qubesdb(Start *s, App *app)
{
	if (s->helper[HELPER_QUBESDB]) {
		if (!helper_start(s->helper[HELPER_QUBESDB], HELPER_QUBESDB,
				  &s->pidfd[HELPER_QUBESDB], &s->error) ||
		    !qdb_write_keys(s->d->name, s->keys, &s->error))
			return false;
		trace_mark(s->trace, "qubesdb");
	}
	flow_main(s->f, qdb_ready, s);
	return !s->error;
}

static bool stage_boot(Start *s, App *app)
{
	if (!hypervisor_unpause(app->hv, s->d->uuid, &s->error))
		return false;
	start_mark(app->opt.root, s->d->uuid, false);
	flow_main(s->f, unpaused, s);
	trace_mark(s->trace, "unpause");
	if (s->error)
		return false;
	if (s->helper[HELPER_QREXEC]) {
		if (!helper_start(s->helper[HELPER_QREXEC], HELPER_QREXEC, &s->pidfd[HELPER_QREXEC],
				  &s->error))
			return false;
		trace_mark(s->trace, "agent");
	}
	flow_main(s->f, up, s);
	return !s->error;
}

/* --- undoing --- */

static void failed(gpointer p)
{
	Start *s = p;

	g_warning("qube %s: start failed: %s", s->d->name, s->error->message);
	event_fire(s->d->h.app, s->d, "domain-start-failed", "reason", s->error->message, NULL);
	if (s->d->run)
		life_gone(s->d);
}

/* Why a qube did not come up, in its own words: the last lines on its console. */
static void add_console(Start *s, App *app)
{
	g_autofree char *end = s->xid >= 0 ? hypervisor_console_end(app->hv, s->d->name) : NULL;
	g_autofree char *message = NULL;

	if (!end || !*end)
		return;
	message = g_strdup_printf("%s. The end of its console: %s", s->error->message, end);
	g_free(s->error->message);
	s->error->message = g_steal_pointer(&message);
}

static void undo(Start *s, App *app)
{
	g_autoptr(GError) why = NULL;

	let_memory_go(s);
	add_console(s, app);
	for (int i = 0; i < HELPERS; i++) {
		helper_kill(s->pidfd[i]);
		s->pidfd[i] = -1;
	}
	if (s->xid >= 0 && !hypervisor_destroy(app->hv, s->d->uuid, &why))
		g_warning("qube %s: %s", s->d->name, why->message);
	start_mark(app->opt.root, s->d->uuid, false);
	flow_main(s->f, failed, s);
	if (s->go)
		life_clean_up(s->f, s->d);
	else
		life_auto_remove(s->f, s->d);
}

static void clear(gpointer p)
{
	Start *s = p;

	domain_unref(s->netvm);
	if (s->volumes)
		g_ptr_array_unref(s->volumes);
	if (s->keys)
		g_ptr_array_unref(s->keys);
	start_images_clear(&s->images);
	start_spec_free(s->spec);
	for (int i = 0; i < HELPERS; i++)
		helper_spec_free(s->helper[i]);
}

/* A run that just ended, whose clean-up waits for the lock that this flow has. */
static void look_for_remains(gpointer p)
{
	Start *s = p;

	s->remains = s->d->run && s->d->run->phase == RUN_STOPPING;
}

/* Right after the computer started, libvirtd may take a moment longer than we do. */
static void look_for_hypervisor(gpointer p)
{
	Start *s = p;

	s->hv_known = s->d->h.app->hv_known;
}

static void wait_for_hypervisor(Start *s)
{
	for (int i = 0; i < HYPERVISOR_WAIT_MS / HYPERVISOR_POLL_MS; i++) {
		flow_main(s->f, look_for_hypervisor, s);
		if (s->hv_known)
			break;
		g_usleep(HYPERVISOR_POLL_MS * 1000);
	}
	if (s->hv_known)
		hypervisor_await(flow_app(s->f)->hv);
}

bool life_start(Flow *f, Domain *d, Trace *trace, GError **error)
{
	static bool (*const stages[])(Start *, App *) = {stage_storage, stage_domain, stage_qubesdb,
							 stage_boot};
	Start s = {.f = f, .d = d, .xid = -1, .pidfd = {-1, -1}, .memory_fd = -1};
	Trace unused;
	bool ok;

	s.trace = trace ? trace : &unused;
	trace_begin(s.trace);
	wait_for_hypervisor(&s);
	flow_lock(f, d);
	flow_main(f, look_for_remains, &s);
	if (s.remains)
		life_clean_up(f, d);
	device_refresh_assigned(f, d);
	flow_main(f, begin, &s);
	ok = !s.error;
	for (size_t i = 0; ok && s.go && i < G_N_ELEMENTS(stages); i++)
		ok = stages[i](&s, flow_app(f));
	if (!ok)
		undo(&s, flow_app(f));
	else if (s.go)
		device_auto_attach(f, d);
	flow_main(f, clear, &s);
	flow_unlock(f, d);
	if (s.error)
		g_propagate_error(error, s.error);
	return ok;
}
