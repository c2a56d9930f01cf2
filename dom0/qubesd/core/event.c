// SPDX-License-Identifier: GPL-2.0-or-later
/* Delivery of events. */
#include "dom0/qubesd/core/event.h"

#include "dom0/qubesd/core/reactions.h"
#include "dom0/qubesd/core/sysinfo.h"

void event_tell(App *app, const Event *ev)
{
	sysinfo_invalidate(app);
	if (ev->subject && !ev->subject->announced)
		return;
	for (guint i = 0; i < app->subscribers->len; i++) {
		Subscription *s = g_ptr_array_index(app->subscribers, i);

		if (!s->only || s->only == ev->subject)
			s->cb(ev, s->data);
	}
}

bool event_emit(App *app, Event *ev, GError **error)
{
	bool ok;

	if (app->loading)
		return true;
	sysinfo_invalidate(app);
	if (ev->pre) {
		event_tell(app, ev);
		return reactions_run(app, ev, error);
	}
	ok = reactions_run(app, ev, error);
	event_tell(app, ev);
	return ok;
}

static bool emit_list(App *app, Domain *subject, const char *name, bool pre, va_list ap,
		      GError **error)
{
	Event ev = {.name = name, .subject = subject, .pre = pre, .prop = P_N};
	const char *arg;
	size_t n = 0;

	while ((arg = va_arg(ap, const char *)) && n < 2 * EVENT_ARGS_MAX)
		ev.args[n++] = arg;
	return event_emit(app, &ev, error);
}

void event_fire(App *app, Domain *subject, const char *name, ...)
{
	g_autoptr(GError) error = NULL;
	va_list ap;

	va_start(ap, name);
	if (!emit_list(app, subject, name, false, ap, &error))
		g_warning("event %s: %s", name, error->message);
	va_end(ap);
}

void event_fire_about(App *app, Domain *about, const char *name)
{
	Event ev = {.name = name, .prop = P_N, .about = about, .args = {"vm", about->name}};

	event_emit(app, &ev, NULL);
}

bool event_ask_about(App *app, Domain *about, GError **error, const char *name)
{
	Event ev = {.name = name,
		    .pre = true,
		    .prop = P_N,
		    .about = about,
		    .args = {"vm", about->name}};

	return event_emit(app, &ev, error);
}

bool event_ask(App *app, Domain *subject, GError **error, const char *name, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, name);
	ok = emit_list(app, subject, name, true, ap, error);
	va_end(ap);
	return ok;
}

Subscription *event_subscribe(App *app, Domain *only, EventCallback cb, gpointer data)
{
	Subscription *s = g_new0(Subscription, 1);

	s->only = only;
	s->cb = cb;
	s->data = data;
	g_ptr_array_add(app->subscribers, s);
	return s;
}

void event_unsubscribe(App *app, Subscription *s)
{
	g_ptr_array_remove(app->subscribers, s);
}
