// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices: lists, assignments, attaching. What a client says is decoded in devices/wire.h. */
#include "dom0/qubesd/api/handlers.h"

#include "dom0/qubesd/api/permission.h"
#include "dom0/qubesd/core/device.h"

#include <string.h>

static DevClass class_of(const Call *c)
{
	return (DevClass)c->method->variant;
}

static const char *class_text(const Call *c)
{
	return dev_class_name(class_of(c));
}

/* --- lists: "KEY LINE", sorted by key, each key once --- */

typedef struct {
	char *key, *line; /* owned */
} Row;

static void row_free(gpointer p)
{
	Row *r = p;

	g_free(r->key);
	g_free(r->line);
	g_free(r);
}

static void add_row(GPtrArray *rows, char *key, char *line)
{
	Row *r = g_new0(Row, 1);

	r->key = key;
	r->line = line;
	g_ptr_array_add(rows, r);
}

static gint row_order(gconstpointer a, gconstpointer b)
{
	return strcmp((*(Row *const *)a)->key, (*(Row *const *)b)->key);
}

static char *rows_text(GPtrArray *rows)
{
	GString *s = g_string_new(NULL);

	g_ptr_array_sort(rows, row_order);
	for (guint i = 0; i < rows->len; i++) {
		const Row *r = g_ptr_array_index(rows, i);

		g_string_append_printf(s, "%s %s\n", r->key, r->line);
	}
	return g_string_free(s, FALSE);
}

SYNC(m_deviceclass_list)
{
	GString *s = g_string_new(NULL);

	for (int i = 0; i < DEV_N; i++)
		g_string_append_printf(s, "%s\n", dev_class_name((DevClass)i));
	return g_string_free(s, FALSE);
}

typedef struct {
	Call *c;
	char *text;
} Listing;

static void list_exposed(gpointer p)
{
	Listing *l = p;
	Call *c = l->c;
	const GPtrArray *list = device_exposed(c->dest, class_of(c));
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);

	for (guint i = 0; i < list->len; i++) {
		const Device *d = g_ptr_array_index(list, i);
		Domain *user = device_user(c->app, d);

		if (*c->arg && strcmp(c->arg, d->port) != 0)
			continue;
		add_row(rows, g_strdup_printf("%s:%s", d->port, d->id),
			device_line(d, user ? user->name : NULL));
	}
	l->text = rows_text(rows);
}

FLOW(m_device_available)
{
	Listing l = {.c = c};

	device_refresh(f, c->dest);
	flow_main(f, list_exposed, &l);
	return l.text;
}

/* The argument of lists: BACKEND+PORT, or nothing. */
static bool filter_arg(const Call *c, DevArg *ret, GError **error)
{
	*ret = (DevArg){0};
	if (!*c->arg || dev_arg_parse(c->arg, ret))
		return true;
	return fail(error, E_PROTOCOL, "The argument must be BACKEND+PORT");
}

static bool wanted(const DevArg *filter, const char *backend, const char *port)
{
	return !filter->backend ||
	       (!strcmp(filter->backend, backend) && !strcmp(filter->port, port));
}

SYNC(m_device_assigned)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
	DevArg filter;

	if (!filter_arg(c, &filter, error))
		return NULL;
	for (guint i = 0; i < c->dest->devices->len; i++) {
		const Assignment *a = g_ptr_array_index(c->dest->devices, i);

		if (!strcmp(a->devclass, class_text(c)) && wanted(&filter, a->backend, a->port))
			add_row(rows, g_strdup_printf("%s+%s:%s", a->backend, a->port, a->id),
				assignment_line(a, c->dest->name));
	}
	dev_arg_clear(&filter);
	return rows_text(rows);
}

/* As it is in the store, if that names this very device; else as it was attached. */
static char *attached_line(const Call *c, const Attachment *a)
{
	DevArg arg = {.backend = a->dev->backend, .port = a->dev->port, .id = a->dev->id};
	const Assignment *stored = assignment_find(c->dest, class_text(c), &arg);
	Assignment *now;
	char *line;

	if (stored)
		return assignment_line(stored, c->dest->name);
	now = assignment_new(class_text(c), &arg);
	g_ptr_array_unref(now->options);
	now->options = g_ptr_array_ref(a->options);
	line = assignment_line(now, c->dest->name);
	assignment_free(now);
	return line;
}

SYNC(m_device_attached)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
	g_autoptr(GPtrArray) list = device_attached(c->dest, class_of(c));
	DevArg filter;

	if (!filter_arg(c, &filter, error))
		return NULL;
	for (guint i = 0; i < list->len; i++) {
		const Attachment *a = g_ptr_array_index(list, i);

		if (wanted(&filter, a->dev->backend, a->dev->port))
			add_row(rows,
				g_strdup_printf("%s+%s:%s", a->dev->backend, a->dev->port,
						a->dev->id),
				attached_line(c, a));
	}
	dev_arg_clear(&filter);
	return rows_text(rows);
}

/* --- what is meant --- */

static bool parse_arg(const Call *c, DevArg *ret, GError **error)
{
	if (dev_arg_parse(c->arg, ret))
		return true;
	return fail(error, E_PROTOCOL, "The argument must be BACKEND+PORT+DEVICE");
}

static bool has_devices(const Call *c, GError **error)
{
	return c->dest->h.cls != CLS_REMOTE ||
	       fail(error, E_QUBES, "This qube doesn't support devices");
}

static bool known_backend(App *app, const DevArg *arg, GError **error)
{
	return !strcmp(arg->backend, "*") || app_domain(app, arg->backend) ||
	       fail(error, E_VM_NOT_FOUND, "No such domain: '%s'", arg->backend);
}

/* A property of the payload must not contradict the argument. */
static bool agrees(const GPtrArray *props, const char *key, const char *want, const char *what,
		   GError **error)
{
	const char *got = dev_pair_get(props, key);

	return !got || !strcmp(got, want) ||
	       fail(error, E_PROTOCOL, "Got %s '%s' when expected '%s'.", what, got, want);
}

static bool only_known(const GPtrArray *props, GError **error)
{
	static const char *const known[] = {
		"device_id", "port_id",		"devclass", "backend_domain",
		"mode",	     "frontend_domain", NULL};

	for (guint i = 0; i < props->len; i++) {
		const DevPair *p = g_ptr_array_index(props, i);

		if (!g_strv_contains(known, p->key))
			return fail(error, E_PROTOCOL, "unexpected property '%.64s'", p->key);
	}
	return true;
}

static bool check_props(const Call *c, DevArg *arg, const GPtrArray *props, GError **error)
{
	const char *id = dev_pair_get(props, "device_id");
	const char *frontend = dev_pair_get(props, "frontend_domain");

	if (!agrees(props, "backend_domain", arg->backend, "backend domain", error) ||
	    !agrees(props, "port_id", arg->port, "port", error) ||
	    !agrees(props, "devclass", class_text(c), "device class", error) ||
	    (strcmp(arg->id, "*") != 0 &&
	     !agrees(props, "device_id", arg->id, "device identity", error)) ||
	    !only_known(props, error))
		return false;
	if (frontend && !app_domain(c->app, frontend))
		return fail(error, E_PROTOCOL, "No such domain: '%.64s'", frontend);
	if (id) {
		g_free(arg->id);
		arg->id = g_strdup(id);
	}
	return true;
}

/* Without one, it is an attachment of this run. */
static bool check_mode(const char *mode, DeviceMode *ret, GError **error)
{
	return !mode || device_mode_from_name(mode, ret) ||
	       fail(error, E_PROTOCOL, "'%.64s' is not a valid AssignmentMode", mode);
}

/* Argument and payload as one. On success the caller clears arg and frees a. */
static Assignment *parse_assignment(const Call *c, DevArg *arg, GError **error)
{
	Assignment *a = NULL;
	const char *mode, *why;
	DevPairs pairs;
	DeviceMode m = MODE_MANUAL;

	if (!parse_arg(c, arg, error))
		return NULL;
	if (!dev_pairs_parse(c->payload, &pairs, &why)) {
		fail(error, E_PROTOCOL, "%s", why);
		dev_arg_clear(arg);
		return NULL;
	}
	mode = dev_pair_get(pairs.props, "mode");
	if (check_props(c, arg, pairs.props, error) && check_mode(mode, &m, error)) {
		a = assignment_new(class_text(c), arg);
		a->mode = m;
		g_ptr_array_unref(a->options);
		a->options = g_ptr_array_ref(pairs.options);
	}
	dev_pairs_clear(&pairs);
	if (!a)
		dev_arg_clear(arg);
	return a;
}

/* --- assignments --- */

SYNC(m_device_assign)
{
	DevArg arg;
	Assignment *a = parse_assignment(c, &arg, error);
	bool ok;

	if (!a)
		return NULL;
	ok = known_backend(c->app, &arg, error) && has_devices(c, error);
	dev_arg_clear(&arg);
	if (!ok) {
		assignment_free(a);
		return NULL;
	}
	return assignment_add(c->dest, a, error) ? body("") : NULL;
}

SYNC(m_device_unassign)
{
	DevArg arg;
	bool ok;

	if (!parse_arg(c, &arg, error))
		return NULL;
	ok = has_devices(c, error) && assignment_remove(c->dest, class_text(c), &arg, error);
	dev_arg_clear(&arg);
	return ok ? body("") : NULL;
}

SYNC(m_device_set_assignment)
{
	DeviceMode mode;
	DevArg arg;
	bool ok;

	if (!device_mode_from_name(c->payload, &mode) || mode == MODE_MANUAL) {
		fail(error, E_DEVICE_MODE,
		     "Invalid assignment mode: use required, ask-to-attach or auto-attach");
		return NULL;
	}
	if (!parse_arg(c, &arg, error))
		return NULL;
	ok = has_devices(c, error) &&
	     assignment_set_mode(c->dest, class_text(c), &arg, mode, error);
	dev_arg_clear(&arg);
	return ok ? body("") : NULL;
}

/* --- attaching --- */

typedef struct {
	Call *c;
	DevArg arg;
	Assignment *a; /* owned */
	GError *error;
	bool ok;
} Parse;

static void parse_on_main(gpointer p)
{
	Parse *parse = p;

	parse->a = parse_assignment(parse->c, &parse->arg, &parse->error);
	parse->ok = parse->a && known_backend(parse->c->app, &parse->arg, &parse->error) &&
		    has_devices(parse->c, &parse->error);
}

static void parse_clear(Parse *p)
{
	if (p->a)
		dev_arg_clear(&p->arg);
	assignment_free(p->a);
}

FLOW(m_device_attach)
{
	Parse p = {.c = c};
	bool ok = false;

	flow_main(f, parse_on_main, &p);
	if (p.ok) {
		AttachRequest r = {.cls = class_of(c),
				   .arg = p.arg,
				   .options = p.a->options,
				   .check_denied = true};

		ok = device_attach(f, c->dest, &r, error);
	} else {
		g_propagate_error(error, p.error);
	}
	parse_clear(&p);
	return ok ? body("") : NULL;
}

FLOW(m_device_detach)
{
	DevArg arg;
	bool ok;

	if (!parse_arg(c, &arg, error))
		return NULL;
	ok = has_devices(c, error) && device_detach(f, c->dest, class_of(c), &arg, error);
	dev_arg_clear(&arg);
	return ok ? body("") : NULL;
}
