// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attaching a device to a running qube and detaching it: checks and events on the main
 * thread, the work off it. The device's own data was cleaned when it was read.
 */
#include "dom0/qubesd/core/device-private.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/property.h"
#include "dom0/qubesd/core/run.h"

#include <string.h>

void device_tell_attached(Domain *d, const Attachment *a)
{
	g_autofree char *event = g_strconcat("device-attach:", dev_class_name(a->dev->cls), NULL);
	g_autofree char *text = device_text(a->dev), *options = dev_pairs_repr(a->options);

	event_fire(d->h.app, d, event, "device", text, "options", options, NULL);
}

static char *port_text(const Device *dev)
{
	return g_strdup_printf("%s:%s", dev->backend, dev->port);
}

void device_tell_detached(Domain *d, const Device *dev)
{
	g_autofree char *event = g_strconcat("device-detach:", dev_class_name(dev->cls), NULL);
	g_autofree char *port = port_text(dev);

	event_fire(d->h.app, d, event, "port", port, NULL);
}

static Attachment *find(const Domain *d, const Device *dev)
{
	for (guint i = 0; i < d->attached->len; i++) {
		Attachment *a = g_ptr_array_index(d->attached, i);

		if (a->dev->cls == dev->cls && !strcmp(a->dev->backend, dev->backend) &&
		    !strcmp(a->dev->port, dev->port))
			return a;
	}
	return NULL;
}

/* --- attaching --- */

typedef struct {
	Domain *d;		/* borrowed */
	const AttachRequest *r; /* NULL: for an assignment */
	const GPtrArray *given; /* options; borrowed */
	Device *dev;		/* a reference */
	Domain *backend;	/* a reference: read anew first */
	DeviceJob *job;
	GError *error;
} Attach;

static void find_backend(gpointer p)
{
	Attach *a = p;
	Domain *backend = app_domain(a->d->h.app, a->r->arg.backend);

	if (backend)
		a->backend = domain_ref(backend);
}

static GPtrArray *candidates(const Attach *a)
{
	Assignment *meant = assignment_new(dev_class_name(a->r->cls), &a->r->arg);
	GPtrArray *list = assignment_devices(a->d->h.app, meant);

	assignment_free(meant);
	return list;
}

static bool not_denied(const Attach *a, const GPtrArray *list, GError **error)
{
	g_autofree char *denied = prop_str(&a->d->h, P_devices_denied), *code = NULL;

	if (!a->r->check_denied || !denied || !*denied)
		return true;
	if (list->len != 1)
		return fail(error, E_PERMISSION,
			    "Could not load interfaces to verify against denied list");
	code = device_denied(g_ptr_array_index(list, 0), denied);
	return !code || fail(error, E_PERMISSION,
			     "Device exposes a banned interface: %s (see qvm-prefs %s "
			     "devices_denied)",
			     code, a->d->name);
}

static bool is_up(Domain *d, GError **error)
{
	if (domain_is_qube(d) && domain_is_running(d) && d->run->phase == RUN_UP)
		return true;
	if (!domain_is_qube(d))
		return fail(error, E_QUBES, "Cannot attach a device to %s", d->name);
	return fail(error, E_VM_NOT_RUNNING,
		    "VM not running, cannot attach device, do you mean `assign`?");
}

static bool choose(Attach *a, GError **error)
{
	g_autoptr(GPtrArray) list = candidates(a);
	const char *cls = dev_class_name(a->r->cls);

	if (!not_denied(a, list, error) || !is_up(a->d, error))
		return false;
	if (!list->len)
		return fail(error, E_PROTOCOL,
			    "Cannot attach unknown %s device: there is none like %s:%s (see "
			    "qvm-device %s list)",
			    cls, a->r->arg.backend, a->r->arg.port, cls);
	if (list->len > 1)
		return fail(error, E_PROTOCOL, "Cannot attach ambiguous %s device: name its port",
			    cls);
	a->dev = device_ref(g_ptr_array_index(list, 0));
	return true;
}

static bool not_yet_here(const Attach *a, GError **error)
{
	g_autofree char *text = device_text(a->dev);

	if (!find(a->d, a->dev) && device_user(a->d->h.app, a->dev) != a->d)
		return true;
	return fail(error, E_DEVICE_ALREADY_ATTACHED,
		    "device %s of class %s already attached to %s", text,
		    dev_class_name(a->dev->cls), a->d->name);
}

static bool announce(const Attach *a, GError **error)
{
	g_autofree char *event =
		g_strconcat("device-pre-attach:", dev_class_name(a->dev->cls), NULL);
	g_autofree char *text = device_text(a->dev), *options = dev_pairs_repr(a->given);

	return event_ask(a->d->h.app, a->d, error, event, "device", text, "options", options, NULL);
}

/* From here on nobody else can have the device. */
static void reserve(Attach *a, GPtrArray *options)
{
	Attachment *at = g_new0(Attachment, 1);

	at->dev = device_ref(a->dev);
	at->options = g_ptr_array_ref(options);
	at->busy = true;
	g_ptr_array_add(a->d->attached, at);
	a->job = device_job_new(a->d, at);
}

static void begin(gpointer p)
{
	Attach *a = p;
	g_autoptr(GPtrArray) options = dev_pairs_copy(a->given);

	if (a->r && !choose(a, &a->error))
		return;
	if (!is_up(a->d, &a->error) || !not_yet_here(a, &a->error) ||
	    (a->r && !announce(a, &a->error)) || !device_check(a->d, a->dev, options, &a->error))
		return;
	reserve(a, options);
}

/* Until its qube says so itself. */
static void note_connected(const Attach *a)
{
	Domain *backend = app_domain(a->d->h.app, a->dev->backend);
	Device *now = backend ? device_list_find(backend->exposed[DEV_USB], a->dev->port) : NULL;

	if (now) {
		g_free(now->connected);
		now->connected = g_strdup(a->d->name);
	}
}

static void end(gpointer p)
{
	Attach *a = p;
	Attachment *at = find(a->d, a->dev);

	if (!at)
		return; /* the qube is gone meanwhile, and with it all it had */
	if (a->error) {
		g_ptr_array_remove(a->d->attached, at);
		return;
	}
	at->busy = false;
	device_tell_attached(a->d, at);
	if (a->dev->cls == DEV_USB) {
		note_connected(a);
		g_ptr_array_remove(a->d->attached, at);
	}
	device_record_save(a->d);
}

static void clear(gpointer p)
{
	Attach *a = p;

	g_clear_pointer(&a->job, device_job_free);
	g_clear_pointer(&a->dev, device_unref);
	g_clear_pointer(&a->backend, domain_unref);
}

static bool attach(Flow *f, Attach *a, GError **error)
{
	flow_main(f, begin, a);
	if (a->job) {
		device_job_attach(f, a->job, &a->error);
		flow_main(f, end, a);
	}
	flow_main(f, clear, a);
	if (!a->error)
		return true;
	g_propagate_error(error, a->error);
	return false;
}

bool device_attach(Flow *f, Domain *d, const AttachRequest *r, GError **error)
{
	Attach a = {.d = d, .r = r, .given = r->options};
	bool ok;

	flow_main(f, find_backend, &a);
	if (a.backend)
		device_refresh(f, a.backend);
	flow_lock(f, d);
	ok = attach(f, &a, error);
	flow_unlock(f, d);
	return ok;
}

bool device_attach_assigned(Flow *f, Domain *d, Device *dev, const Assignment *as, GError **error)
{
	Attach a = {.d = d, .given = as->options, .dev = device_ref(dev)};

	return attach(f, &a, error);
}

/* --- detaching --- */

typedef struct {
	Domain *d; /* borrowed */
	DevClass cls;
	const DevArg *arg; /* NULL: the device is gone, nobody asked */
	Device *dev;	   /* a reference */
	DeviceJob *job;
	GError *error;
} Detach;

static bool required(const Domain *d, const Device *dev)
{
	for (guint i = 0; i < d->devices->len; i++) {
		const Assignment *a = g_ptr_array_index(d->devices, i);

		if (a->mode == MODE_REQUIRED && assignment_matches(a, dev))
			return true;
	}
	return false;
}

static const Attachment *attached_at(const GPtrArray *list, const DevArg *arg)
{
	for (guint i = 0; i < list->len; i++) {
		const Attachment *a = g_ptr_array_index(list, i);

		if (!strcmp(a->dev->backend, arg->backend) && !strcmp(a->dev->port, arg->port))
			return a;
	}
	return NULL;
}

static bool may_detach(Detach *t, GError **error)
{
	g_autoptr(GPtrArray) list = device_attached(t->d, t->cls);
	const Attachment *a = attached_at(list, t->arg);
	g_autofree char *event = g_strconcat("device-pre-detach:", dev_class_name(t->cls), NULL);
	g_autofree char *port = NULL;

	if (!a)
		return fail(error, E_DEVICE_NOT_ASSIGNED, "%s device %s not attached to %s",
			    dev_class_name(t->cls), t->arg->port, t->d->name);
	if (required(t->d, a->dev))
		return fail(error, E_VM_NOT_HALTED,
			    "Can not detach a required device from a non halted qube. You need to "
			    "unassign device first.");
	port = port_text(a->dev);
	if (!event_ask(t->d->h.app, t->d, error, event, "port", port, NULL))
		return false;
	t->dev = device_ref(a->dev);
	t->job = device_job_new(t->d, a);
	return true;
}

static void detach_begin(gpointer p)
{
	Detach *t = p;
	Attachment *a;

	if (t->arg && !may_detach(t, &t->error))
		return;
	a = find(t->d, t->dev);
	if (a && !t->job)
		t->job = device_job_new(t->d, a);
	if (a)
		a->busy = true;
	if (t->job)
		t->job->force = !t->arg;
}

static void detach_end(gpointer p)
{
	Detach *t = p;
	Attachment *a = find(t->d, t->dev);

	if (a && t->error && t->arg) {
		a->busy = false;
	} else if (a || (!t->error && t->dev->cls == DEV_USB)) {
		if (a)
			g_ptr_array_remove(t->d->attached, a);
		device_record_save(t->d);
		device_tell_detached(t->d, t->dev);
	}
}

static void detach_clear(gpointer p)
{
	Detach *t = p;

	g_clear_pointer(&t->job, device_job_free);
	g_clear_pointer(&t->dev, device_unref);
}

static bool detach(Flow *f, Detach *t, GError **error)
{
	flow_lock(f, t->d);
	flow_main(f, detach_begin, t);
	if (t->job) {
		device_job_detach(f, t->job, &t->error);
		flow_main(f, detach_end, t);
	}
	flow_main(f, detach_clear, t);
	flow_unlock(f, t->d);
	if (!t->error)
		return true;
	g_propagate_error(error, t->error);
	return false;
}

bool device_detach(Flow *f, Domain *d, DevClass cls, const DevArg *arg, GError **error)
{
	Detach t = {.d = d, .cls = cls, .arg = arg};

	return detach(f, &t, error);
}

/* --- the device itself went away --- */

typedef struct {
	Domain *d;   /* a reference */
	Device *dev; /* a reference */
} Withdrawal;

static void withdraw_run(Flow *f, gpointer p)
{
	Withdrawal *w = p;
	Detach t = {.d = w->d, .cls = w->dev->cls, .dev = device_ref(w->dev)};
	g_autoptr(GError) why = NULL;

	if (!detach(f, &t, &why))
		g_warning("qube %s: %s", w->d->name, why->message);
}

static void withdraw_done(gpointer p)
{
	Withdrawal *w = p;

	domain_unref(w->d);
	device_unref(w->dev);
	g_free(w);
}

void device_withdrawn(App *app, Device *dev)
{
	Domain *user = dev->cls == DEV_USB ? NULL : device_user(app, dev);
	Withdrawal *w;

	if (!user)
		return;
	w = g_new0(Withdrawal, 1);
	w->d = domain_ref(user);
	w->dev = device_ref(dev);
	flow_start(app, withdraw_run, w, withdraw_done);
}
