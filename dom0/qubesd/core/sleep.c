// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The computer goes to sleep and wakes up: all running qubes are told, suspended and
 * resumed; those that were paused before stay so.
 */
#include "dom0/qubesd/core/service.h"

#include "dom0/qubesd/core/life.h"
#include "dom0/qubesd/core/preload.h"

#include <unistd.h>

typedef struct {
	Flow *f;
	Domain *d;     /* a reference */
	bool wake;     /* after the sleep */
	GError *error; /* owned */
} Sleeper;

typedef struct {
	App *app;
	GPtrArray *sleepers; /* Sleeper* */
	Flow *f;
	bool wake;
	char *list; /* names of what was paused before; owned */
} Sleep;

static char *list_path(const App *app)
{
	return g_strconcat(app->opt.root, "/run/qubes/previously-paused.list", NULL);
}

static bool listed(const char *list, const char *name)
{
	g_auto(GStrv) names = g_strsplit(list ? list : "", "\n", -1);

	return g_strv_contains((const char *const *)names, name);
}

static bool is_down(const Domain *d)
{
	return d->run->state == HV_PAUSED || d->run->state == HV_SUSPENDED;
}

/* Before: all that run and are not paused. After: all that are paused and were not before. */
static void find(gpointer p)
{
	Sleep *s = p;
	GString *paused = g_string_new(NULL);

	for (guint i = 0; i < s->app->domains->len; i++) {
		Domain *d = g_ptr_array_index(s->app->domains, i);
		Sleeper *sl;

		if (!domain_is_qube(d) || !d->run || d->run->phase != RUN_UP)
			continue;
		if (is_down(d))
			g_string_append_printf(paused, "%s\n", d->name);
		if (is_down(d) != s->wake || listed(s->list, d->name))
			continue;
		sl = g_new0(Sleeper, 1);
		sl->f = s->f;
		sl->d = domain_ref(d);
		sl->wake = s->wake;
		g_ptr_array_add(s->sleepers, sl);
	}
	if (s->wake) {
		g_string_free(paused, TRUE);
		return;
	}
	g_free(s->list);
	s->list = g_string_free(paused, FALSE);
}

static void drop(gpointer p)
{
	Sleep *s = p;

	for (guint i = 0; i < s->sleepers->len; i++) {
		Sleeper *sl = g_ptr_array_index(s->sleepers, i);

		domain_unref(sl->d);
		g_clear_error(&sl->error);
		g_free(sl);
	}
	g_ptr_array_unref(s->sleepers);
	g_free(s->list);
}

static bool tell_one(gpointer item, GError **error)
{
	Sleeper *sl = item;
	g_autoptr(GError) why = NULL;
	const char *service = sl->wake ? "qubes.SuspendPostAll" : "qubes.SuspendPreAll";

	/* One that does not follow is no reason to stay awake. */
	if (!service_run(sl->f, sl->d, service, NULL, SUSPEND_TIMEOUT_MS, &why))
		g_warning("qube %s: %s", sl->d->name, why->message);
	return true;
}

static bool change_one(gpointer item, GError **error)
{
	Sleeper *sl = item;

	if (!(sl->wake ? life_resume(sl->f, sl->d, &sl->error)
		       : life_suspend(sl->f, sl->d, &sl->error)))
		g_warning("qube %s: %s", sl->d->name, sl->error->message);
	return true;
}

static void all(Sleep *s, JobFn job)
{
	flow_parallel(job, s->sleepers->pdata, s->sleepers->len, NULL);
}

static bool result(const Sleep *s, GError **error)
{
	g_autoptr(GString) failed = g_string_new(NULL);

	for (guint i = 0; i < s->sleepers->len; i++) {
		const Sleeper *sl = g_ptr_array_index(s->sleepers, i);

		if (sl->error)
			g_string_append_printf(failed, "%s%s: %s", failed->len ? "; " : "",
					       sl->d->name, sl->error->message);
	}
	return !failed->len || fail(error, E_QUBES, "Failed to %s some qubes: %s",
				    s->wake ? "resume" : "suspend", failed->str);
}

/* What nobody uses is not worth being put to sleep. */
static void no_preloads(gpointer p)
{
	App *app = p;

	for (guint i = 0; i < app->domains->len; i++)
		preload_trim(g_ptr_array_index(app->domains, i), 0, "the computer goes to sleep");
}

static void preloads_again(gpointer p)
{
	App *app = p;

	for (guint i = 0; i < app->domains->len; i++) {
		Domain *t = g_ptr_array_index(app->domains, i);

		if (preload_is_template(t) && preload_max(t))
			preload_start(t, "system resumed", 0);
	}
}

bool sleep_begin(Flow *f, GError **error)
{
	Sleep s = {.app = flow_app(f), .f = f, .sleepers = g_ptr_array_new()};
	g_autofree char *path = list_path(s.app);
	bool ok;

	flow_main(f, no_preloads, s.app);
	flow_main(f, find, &s);
	if (!g_file_set_contents(path, s.list, -1, NULL))
		g_warning("%s cannot be written: all qubes will run after the sleep", path);
	all(&s, tell_one);
	all(&s, change_one);
	ok = result(&s, error);
	flow_main(f, drop, &s);
	return ok;
}

bool sleep_end(Flow *f, GError **error)
{
	Sleep s = {.app = flow_app(f), .f = f, .wake = true, .sleepers = g_ptr_array_new()};
	g_autofree char *path = list_path(s.app);
	bool ok;

	g_file_get_contents(path, &s.list, NULL, NULL);
	unlink(path);
	flow_main(f, find, &s);
	all(&s, change_one);
	all(&s, tell_one);
	ok = result(&s, error);
	flow_main(f, drop, &s);
	flow_main(f, preloads_again, s.app);
	return ok;
}
