// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices and the life of qubes: what a start needs and brings, what new devices are for,
 * what an end means for who lent and who used. specs/admin-api.md section 5.
 */
#include "dom0/qubesd/core/device-private.h"

#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/run.h"

#include <string.h>

/* --- before a start --- */

bool device_required_present(Domain *d, GError **error)
{
	for (guint i = 0; i < d->devices->len; i++) {
		const Assignment *a = g_ptr_array_index(d->devices, i);
		g_autoptr(GPtrArray) list = NULL;
		g_autofree char *text = NULL;
		DevClass cls;

		if (a->mode != MODE_REQUIRED)
			continue;
		list = assignment_devices(d->h.app, a);
		if (list->len)
			continue;
		text = assignment_text(a);
		return fail(error, E_QUBES, "%s device %s not available",
			    dev_class_from_name(a->devclass, &cls) ? dev_class_title(cls)
								   : a->devclass,
			    text);
	}
	return true;
}

static bool has_it(const Domain *d, const Device *dev)
{
	for (guint i = 0; i < d->attached->len; i++) {
		const Attachment *a = g_ptr_array_index(d->attached, i);

		if (a->dev == dev ||
		    (a->dev->cls == dev->cls && !strcmp(a->dev->backend, dev->backend) &&
		     !strcmp(a->dev->port, dev->port)))
			return true;
	}
	return false;
}

static bool take_one(Domain *d, Device *dev, const Assignment *a, GError **error)
{
	g_autoptr(GPtrArray) options = dev_pairs_copy(a->options);
	Attachment *at;

	if (has_it(d, dev))
		return true; /* another assignment means it, too */
	if (dev->cls == DEV_BLOCK && !device_check(d, dev, options, error))
		return false;
	at = g_new0(Attachment, 1);
	at->dev = device_ref(dev);
	at->options = g_ptr_array_ref(options);
	g_ptr_array_add(d->attached, at);
	return true;
}

bool device_take_required(Domain *d, GError **error)
{
	for (guint i = 0; i < d->devices->len; i++) {
		const Assignment *a = g_ptr_array_index(d->devices, i);
		g_autoptr(GPtrArray) list = NULL;

		if (a->mode != MODE_REQUIRED ||
		    (strcmp(a->devclass, "block") != 0 && strcmp(a->devclass, "pci") != 0))
			continue;
		list = assignment_devices(d->h.app, a);
		for (guint k = 0; k < list->len; k++)
			if (!take_one(d, g_ptr_array_index(list, k), a, error))
				return false;
	}
	device_record_save(d);
	return true;
}

/* --- attaching what is assigned --- */

typedef struct {
	Domain *d;     /* a reference */
	Device *dev;   /* a reference */
	Assignment *a; /* owned */
} Wish;

static void wish_free(gpointer p)
{
	Wish *w = p;

	domain_unref(w->d);
	device_unref(w->dev);
	assignment_free(w->a);
	g_free(w);
}

static Wish *wish_new(Domain *d, Device *dev, const Assignment *a)
{
	DevArg arg = {.backend = a->backend, .port = a->port, .id = a->id};
	Wish *w = g_new0(Wish, 1);

	w->d = domain_ref(d);
	w->dev = device_ref(dev);
	w->a = assignment_new(a->devclass, &arg);
	w->a->mode = a->mode;
	g_ptr_array_unref(w->a->options);
	w->a->options = dev_pairs_copy(a->options);
	return w;
}

static bool wished(const GPtrArray *wishes, const Device *dev)
{
	for (guint i = 0; i < wishes->len; i++)
		if (((Wish *)g_ptr_array_index(wishes, i))->dev == dev)
			return true;
	return false;
}

static GPtrArray *sorted(const Domain *d)
{
	GPtrArray *list = g_ptr_array_copy(d->devices, NULL, NULL);

	g_ptr_array_set_free_func(list, NULL);
	g_ptr_array_sort(list, assignment_order);
	return list;
}

typedef struct {
	Domain *d;
	GPtrArray *wishes; /* Wish* */
} Plan;

/* The most specific assignment of each device that is free. */
static void plan_wishes(gpointer p)
{
	Plan *plan = p;
	Domain *d = plan->d;
	g_autoptr(GPtrArray) assigned = sorted(d);

	plan->wishes = g_ptr_array_new_with_free_func(wish_free);
	for (guint i = 0; i < assigned->len; i++) {
		const Assignment *a = g_ptr_array_index(assigned, i);
		g_autoptr(GPtrArray) list = NULL;

		if (a->mode == MODE_REQUIRED && strcmp(a->devclass, "mic") != 0 &&
		    strcmp(a->devclass, "usb") != 0)
			continue; /* it has it already */
		if (!strcmp(a->devclass, "pci"))
			continue;
		list = assignment_devices(d->h.app, a);
		for (guint k = 0; k < list->len; k++) {
			Device *dev = g_ptr_array_index(list, k);

			if (!device_user(d->h.app, dev) && !has_it(d, dev) &&
			    !wished(plan->wishes, dev))
				g_ptr_array_add(plan->wishes, wish_new(d, dev, a));
		}
	}
}

static void grant(Flow *f, const Wish *w)
{
	g_autoptr(GError) why = NULL;

	if (!device_attach_assigned(f, w->d, w->dev, w->a, &why))
		g_warning("qube %s: %s:%s is assigned to it and was not attached: %s", w->d->name,
			  w->dev->backend, w->dev->port, why->message);
}

static void ask_run(Flow *f, gpointer p)
{
	Wish *w = p;
	g_autofree char *chosen = device_ask(f, w->dev, &w->d->name, 1);

	if (g_strcmp0(chosen, w->d->name) != 0)
		return;
	flow_lock(f, w->d);
	grant(f, w);
	flow_unlock(f, w->d);
}

static void ask_later(Wish *w)
{
	flow_start(w->d->h.app, ask_run, w, wish_free);
}

static void ask_those(gpointer p)
{
	Plan *plan = p;

	for (guint i = plan->wishes->len; i-- > 0;) {
		Wish *w = g_ptr_array_index(plan->wishes, i);

		if (w->a->mode == MODE_ASK)
			ask_later(g_ptr_array_steal_index(plan->wishes, i));
	}
}

static void plan_clear(gpointer p)
{
	g_ptr_array_unref(((Plan *)p)->wishes);
}

void device_auto_attach(Flow *f, Domain *d)
{
	Plan plan = {.d = d};

	flow_main(f, plan_wishes, &plan);
	flow_main(f, ask_those, &plan);
	for (guint i = 0; i < plan.wishes->len; i++)
		grant(f, g_ptr_array_index(plan.wishes, i));
	flow_main(f, plan_clear, &plan);
}

/* --- a device appeared --- */

/* Several qubes may want it: then the user says who. */
typedef struct {
	GPtrArray *wishes; /* Wish* of one device */
} Offer;

static void offer_run(Flow *f, gpointer p)
{
	Offer *o = p;
	Wish *only = o->wishes->len == 1 ? g_ptr_array_index(o->wishes, 0) : NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *chosen = NULL;

	for (guint i = 0; i < o->wishes->len; i++)
		g_ptr_array_add(names, ((Wish *)g_ptr_array_index(o->wishes, i))->d->name);
	if (!only || only->a->mode == MODE_ASK)
		chosen = device_ask(f, ((Wish *)g_ptr_array_index(o->wishes, 0))->dev,
				    (char **)names->pdata, names->len);
	else
		chosen = g_strdup(only->d->name);
	for (guint i = 0; i < o->wishes->len; i++) {
		Wish *w = g_ptr_array_index(o->wishes, i);

		if (g_strcmp0(chosen, w->d->name) != 0)
			continue;
		flow_lock(f, w->d);
		grant(f, w);
		flow_unlock(f, w->d);
	}
}

static void offer_done(gpointer p)
{
	Offer *o = p;

	g_ptr_array_unref(o->wishes);
	g_free(o);
}

static Wish *wish_of(Domain *d, Device *dev)
{
	g_autoptr(GPtrArray) assigned = sorted(d);

	for (guint i = 0; i < assigned->len; i++) {
		const Assignment *a = g_ptr_array_index(assigned, i);

		if (assignment_matches(a, dev))
			return wish_new(d, dev, a);
	}
	return NULL;
}

static void offer_one(App *app, Device *dev)
{
	Offer *o = g_new0(Offer, 1);

	o->wishes = g_ptr_array_new_with_free_func(wish_free);
	for (guint i = 0; i < app->domains->len; i++) {
		Domain *d = g_ptr_array_index(app->domains, i);
		Wish *w = NULL;

		if (domain_is_qube(d) && d->run && d->run->phase == RUN_UP)
			w = wish_of(d, dev);
		if (w)
			g_ptr_array_add(o->wishes, w);
	}
	if (o->wishes->len)
		flow_start(app, offer_run, o, offer_done);
	else
		offer_done(o);
}

void device_offer(Domain *backend, GPtrArray *added)
{
	for (guint i = 0; i < added->len; i++) {
		Device *dev = g_ptr_array_index(added, i);

		if (!device_user(backend->h.app, dev) && dev->cls != DEV_PCI)
			offer_one(backend->h.app, dev);
	}
}

/* --- the end --- */

/* What it lent goes first, then what it had. */
void device_lender_halted(Domain *d)
{
	App *app = d->h.app;

	for (int c = 0; c < DEV_N; c++) {
		g_autoptr(GPtrArray) was = d->exposed[c];

		d->exposed[c] = device_list_new();
		for (guint i = 0; i < was->len; i++) {
			Device *dev = g_ptr_array_index(was, i);
			g_autofree char *event =
				g_strconcat("device-removed:", dev_class_name(dev->cls), NULL);
			g_autofree char *port = g_strdup_printf("%s:%s", dev->backend, dev->port);

			event_fire(app, d, event, "port", port, NULL);
			device_withdrawn(app, dev);
		}
	}
	device_unwatch(d);
}

void device_halted(Domain *d, bool ran)
{
	g_autoptr(GPtrArray) had = d->attached;

	d->attached = g_ptr_array_new_with_free_func(attachment_free);
	for (guint i = 0; i < had->len; i++) {
		const Attachment *a = g_ptr_array_index(had, i);

		if (a->dev->cls == DEV_MIC)
			mic_allow(d, false);
		if (ran && !a->busy)
			device_tell_detached(d, a->dev);
	}
	device_record_drop(d);
}
