// SPDX-License-Identifier: GPL-2.0-or-later
/* Assignments of devices: objects, text, changes. What clients say was checked in devices/. */
#include "dom0/qubesd/core/assignment.h"

#include "dom0/qubesd/core/device.h"
#include "dom0/qubesd/core/event.h"
#include "dom0/qubesd/core/names.h"
#include "dom0/qubesd/core/undo.h"
#include "dom0/qubesd/devices/sysfs.h"

#include <string.h>

static const char *const modes[] = {"manual", "auto-attach", "ask-to-attach", "required"};

const char *device_mode_name(DeviceMode mode)
{
	return modes[mode];
}

bool device_mode_from_name(const char *name, DeviceMode *ret)
{
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		if (!strcmp(modes[i], name)) {
			*ret = (DeviceMode)i;
			return true;
		}
	}
	return false;
}

/* --- objects --- */

Assignment *assignment_new(const char *devclass, const DevArg *arg)
{
	Assignment *a = g_new0(Assignment, 1);

	a->devclass = g_strdup(devclass);
	a->backend = g_strdup(arg->backend);
	a->port = g_strdup(arg->port);
	a->id = g_strdup(arg->id);
	a->options = dev_pairs_new();
	return a;
}

void assignment_free(gpointer p)
{
	Assignment *a = p;

	if (!a)
		return;
	g_free(a->devclass);
	g_free(a->backend);
	g_free(a->port);
	g_free(a->id);
	g_ptr_array_unref(a->options);
	g_free(a);
}

static gpointer copy(gconstpointer p, gpointer unused)
{
	const Assignment *a = p;
	DevArg arg = {.backend = a->backend, .port = a->port, .id = a->id};
	Assignment *c = assignment_new(a->devclass, &arg);

	c->mode = a->mode;
	g_ptr_array_unref(c->options);
	c->options = dev_pairs_copy(a->options);
	return c;
}

static const char *attr(const DocDevice *doc, const char *name, const char *otherwise)
{
	const char *v = g_hash_table_lookup(doc->attrs, name);

	return v && *v ? v : otherwise;
}

/* "required" is how the third and the first fourth releases said it. */
static bool doc_mode(const DocDevice *doc, DeviceMode *ret)
{
	const char *old = g_hash_table_lookup(doc->attrs, "required");
	bool required;

	if (!old)
		return device_mode_from_name(attr(doc, "mode", "required"), ret) &&
		       *ret != MODE_MANUAL;
	if (!name_parse_bool(old, &required))
		return false;
	*ret = required ? MODE_REQUIRED : MODE_AUTO;
	return true;
}

Assignment *assignment_from_doc(const DocDevice *doc, const char *sysfs)
{
	DevArg arg = {.backend = (char *)attr(doc, "backend-domain", "*"),
		      .port = (char *)attr(doc, "id", "*"),
		      .id = (char *)attr(doc, "identity", "*")};
	g_autofree char *path = NULL;
	Assignment *a;
	DeviceMode mode;

	if (!doc_mode(doc, &mode))
		return NULL;
	if (!strcmp(doc->devclass, "pci") && strcmp(arg.port, "*") != 0)
		path = sysfs_pci_path(sysfs, arg.port);
	if (path)
		arg.port = path;
	a = assignment_new(doc->devclass, &arg);
	a->mode = mode;
	for (guint i = 0; i < doc->options->len && i < DEV_PAIRS_MAX; i++) {
		const DocPair *o = g_ptr_array_index(doc->options, i);

		if (!strcmp(o->name, "identity")) {
			g_free(a->id);
			a->id = g_strdup(o->value);
		} else {
			dev_pair_set(a->options, o->name, o->value);
		}
	}
	return a;
}

char *assignment_text(const Assignment *a)
{
	return g_strdup_printf("%s:%s:%s", a->backend, a->port, a->id);
}

char *assignment_line(const Assignment *a, const char *frontend)
{
	GString *s = g_string_new(NULL);

	dev_add_pair(s, "", "device_id", a->id);
	dev_add_pair(s, "", "port_id", a->port);
	dev_add_pair(s, "", "devclass", a->devclass);
	dev_add_pair(s, "", "backend_domain", a->backend);
	dev_add_pair(s, "", "mode", modes[a->mode]);
	dev_add_pair(s, "", "frontend_domain", frontend);
	for (guint i = 0; i < a->options->len; i++) {
		const DevPair *o = g_ptr_array_index(a->options, i);

		dev_add_pair(s, "_", o->key, o->value);
	}
	return g_string_free(s, FALSE);
}

/* --- what it means --- */

bool assignment_matches(const Assignment *a, const Device *dev)
{
	return !strcmp(a->devclass, dev_class_name(dev->cls)) &&
	       !strcmp(a->backend, dev->backend) &&
	       (!strcmp(a->port, "*") || !strcmp(a->port, dev->port)) &&
	       (!strcmp(a->id, "*") || !strcmp(a->id, dev->id));
}

GPtrArray *assignment_devices(App *app, const Assignment *a)
{
	GPtrArray *out = device_list_new();
	Domain *backend = app_domain(app, a->backend);
	const GPtrArray *list;
	DevClass cls;

	/* Devices that say nothing of themselves are all alike: only a port tells them apart. */
	if (!backend || !dev_class_from_name(a->devclass, &cls) ||
	    (!strcmp(a->port, "*") && !strcmp(a->id, DEV_UNKNOWN_ID)))
		return out;
	list = device_exposed(backend, cls);
	for (guint i = 0; i < list->len; i++) {
		Device *dev = g_ptr_array_index(list, i);

		if (assignment_matches(a, dev))
			g_ptr_array_add(out, device_ref(dev));
	}
	return out;
}

bool assignment_any(const Domain *d, DevClass cls, DeviceMode mode)
{
	for (guint i = 0; i < d->devices->len; i++) {
		const Assignment *a = g_ptr_array_index(d->devices, i);

		if (!strcmp(a->devclass, dev_class_name(cls)) &&
		    (mode == MODE_MANUAL || a->mode == mode))
			return true;
	}
	return false;
}

Assignment *assignment_find(const Domain *d, const char *devclass, const DevArg *arg)
{
	for (guint i = 0; i < d->devices->len; i++) {
		Assignment *a = g_ptr_array_index(d->devices, i);

		if (!strcmp(a->devclass, devclass) && !strcmp(a->backend, arg->backend) &&
		    !strcmp(a->port, arg->port) && !strcmp(a->id, arg->id))
			return a;
	}
	return NULL;
}

gint assignment_order(gconstpointer pa, gconstpointer pb)
{
	const Assignment *a = *(Assignment *const *)pa, *b = *(Assignment *const *)pb;
	bool any_a = !strcmp(a->port, "*"), any_b = !strcmp(b->port, "*");

	if (any_a != any_b)
		return any_a ? 1 : -1;
	any_a = !strcmp(a->id, "*");
	any_b = !strcmp(b->id, "*");
	return any_a == any_b ? 0 : any_a ? 1 : -1;
}

/* --- changes --- */

typedef struct {
	Domain *d;	/* a reference */
	GPtrArray *old; /* Assignment* */
} Undo;

static void undo_free(gpointer p)
{
	Undo *u = p;

	domain_unref(u->d);
	g_ptr_array_unref(u->old);
	g_free(u);
}

static void undo(App *app, gpointer p)
{
	Undo *u = p;
	GPtrArray *now = u->d->devices;

	u->d->devices = u->old;
	u->old = now;
}

static void remember(Domain *d)
{
	Undo *u;

	if (!d->h.app->undo)
		return;
	u = g_new0(Undo, 1);
	u->d = domain_ref(d);
	u->old = g_ptr_array_copy(d->devices, copy, NULL);
	g_ptr_array_set_free_func(u->old, assignment_free);
	undo_push(d->h.app, undo, u, undo_free);
}

static bool ask(Domain *d, const Assignment *a, GError **error)
{
	g_autofree char *event = g_strconcat("device-pre-assign:", a->devclass, NULL);
	g_autofree char *text = assignment_text(a), *options = dev_pairs_repr(a->options);

	return event_ask(d->h.app, d, error, event, "device", text, "options", options, NULL);
}

bool assignment_add(Domain *d, Assignment *a, GError **error)
{
	DevArg arg = {.backend = a->backend, .port = a->port, .id = a->id};
	g_autofree char *event = g_strconcat("device-assign:", a->devclass, NULL);
	g_autofree char *text = assignment_text(a), *options = dev_pairs_repr(a->options);
	bool ok = false;

	if (assignment_find(d, a->devclass, &arg))
		fail(error, E_DEVICE_ALREADY_ASSIGNED, "%s device %s already assigned to %s",
		     a->devclass, text, d->name);
	else if (a->mode == MODE_MANUAL)
		fail(error, E_VALUE,
		     "Only auto-attachable devices can be assigned: choose mode auto-attach, "
		     "ask-to-attach or required");
	else if (a->options->len && (!strcmp(a->devclass, "usb") || !strcmp(a->devclass, "mic")))
		fail(error, E_QUBES, "Assignments of class %s have no options", a->devclass);
	else
		ok = ask(d, a, error);
	if (!ok) {
		assignment_free(a);
		return false;
	}
	remember(d);
	g_ptr_array_add(d->devices, a);
	event_fire(d->h.app, d, event, "device", text, "options", options, NULL);
	return true;
}

bool assignment_remove(Domain *d, const char *devclass, const DevArg *arg, GError **error)
{
	Assignment *a = assignment_find(d, devclass, arg);
	g_autofree char *event = g_strconcat("device-unassign:", devclass, NULL), *text = NULL;

	if (!a)
		return fail(error, E_DEVICE_NOT_ASSIGNED, "%s device %s:%s:%s not assigned to %s",
			    devclass, arg->backend, arg->port, arg->id, d->name);
	text = assignment_text(a);
	remember(d);
	g_ptr_array_remove(d->devices, a);
	event_fire(d->h.app, d, event, "device", text, NULL);
	return true;
}

bool assignment_set_mode(Domain *d, const char *devclass, const DevArg *arg, DeviceMode mode,
			 GError **error)
{
	Assignment *a = assignment_find(d, devclass, arg);
	g_autofree char *event = g_strconcat("device-assignment-changed:", devclass, NULL);
	g_autofree char *text = NULL;

	if (!a)
		return fail(error, E_VALUE, "Device %s:%s:%s not assigned to %s", arg->backend,
			    arg->port, arg->id, d->name);
	if (a->mode == mode)
		return true;
	text = assignment_text(a);
	if (!ask(d, a, error))
		return false;
	remember(d);
	a->mode = mode;
	event_fire(d->h.app, d, event, "device", text, NULL);
	return true;
}
