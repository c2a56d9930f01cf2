// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations on threads of their own. */
#include "dom0/qubesd/core/flow.h"

#include "dom0/qubesd/core/store.h"

/* Threads that are kept for the next flow. */
#define IDLE_THREADS 4

struct Flow {
	App *app;
	FlowFn run;
	gpointer data;
	MainFn done;
	GMutex lock;
	GCond cond;
};

/* One thing that a flow waits for; lives on the flow's stack. */
typedef struct {
	Flow *f;
	bool set; /* under f->lock */
} Ticket;

App *flow_app(const Flow *f)
{
	return f->app;
}

/* The ticket may be gone as soon as this returns. */
static void wake(Ticket *t)
{
	Flow *f = t->f;

	g_mutex_lock(&f->lock);
	t->set = true;
	g_cond_broadcast(&f->cond); /* jobs of the flow wait, too, each for its own */
	g_mutex_unlock(&f->lock);
}

/* False: not within timeout_ms (-1: for ever). */
static bool wait_for(Ticket *t, int timeout_ms)
{
	Flow *f = t->f;
	gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	bool in_time = true, set;

	g_mutex_lock(&f->lock);
	while (!t->set && in_time) {
		if (timeout_ms < 0)
			g_cond_wait(&f->cond, &f->lock);
		else
			in_time = g_cond_wait_until(&f->cond, &f->lock, end);
	}
	set = t->set;
	g_mutex_unlock(&f->lock);
	return set;
}

static void on_main(App *app, GSourceFunc fn, gpointer data)
{
	GSource *s = g_idle_source_new();

	g_source_set_priority(s, G_PRIORITY_DEFAULT);
	g_source_set_callback(s, fn, data, NULL);
	g_source_attach(s, app->context);
	g_source_unref(s);
}

typedef struct {
	Ticket ticket;
	MainFn fn;
	gpointer data;
} Hop;

static gboolean run_hop(gpointer p)
{
	Hop *hop = p;

	hop->fn(hop->data);
	wake(&hop->ticket);
	return G_SOURCE_REMOVE;
}

void flow_main(Flow *f, MainFn fn, gpointer data)
{
	Hop hop = {{f, false}, fn, data};

	on_main(f->app, run_hop, &hop);
	wait_for(&hop.ticket, -1);
}

static gboolean end_flow(gpointer p)
{
	Flow *f = p;

	f->app->flows--;
	if (f->done)
		f->done(f->data);
	g_mutex_clear(&f->lock);
	g_cond_clear(&f->cond);
	g_free(f);
	return G_SOURCE_REMOVE;
}

static gpointer flow_thread(gpointer p)
{
	Flow *f = p;

	f->run(f, f->data);
	on_main(f->app, end_flow, f);
	return NULL;
}

static void pool_thread(gpointer p, gpointer unused)
{
	flow_thread(p);
}

static GThreadPool *threads(App *app)
{
	if (!app->threads) {
		app->threads = g_thread_pool_new(pool_thread, NULL, -1, FALSE, NULL);
		g_thread_pool_set_max_unused_threads(IDLE_THREADS);
	}
	return app->threads;
}

void flow_start(App *app, FlowFn run, gpointer data, MainFn done)
{
	Flow *f = g_new0(Flow, 1);

	f->app = app;
	f->run = run;
	f->data = data;
	f->done = done;
	g_mutex_init(&f->lock);
	g_cond_init(&f->cond);
	app->flows++;
	g_thread_pool_push(threads(app), f, NULL);
}

/* --- the lock on a qube's life; all of it on the main thread --- */

typedef struct {
	Ticket ticket;
	Domain *d;
} DomainHop;

static gboolean take_lock(gpointer p)
{
	DomainHop *hop = p;

	if (hop->d->locked) {
		g_queue_push_tail(&hop->d->lock_queue, &hop->ticket);
		return G_SOURCE_REMOVE; /* woken by give_lock() */
	}
	hop->d->locked = true;
	wake(&hop->ticket);
	return G_SOURCE_REMOVE;
}

void flow_lock(Flow *f, Domain *d)
{
	DomainHop hop = {{f, false}, d};

	on_main(f->app, take_lock, &hop);
	wait_for(&hop.ticket, -1);
}

static void give_lock(gpointer p)
{
	Domain *d = p;
	Ticket *next = g_queue_pop_head(&d->lock_queue);

	d->locked = next != NULL;
	if (next)
		wake(next);
}

void flow_unlock(Flow *f, Domain *d)
{
	flow_main(f, give_lock, d);
}

/* --- jobs side by side --- */

typedef struct {
	JobFn job;
	gpointer item;
	GError *error;
	bool ok;
} Job;

static gpointer job_thread(gpointer p)
{
	Job *j = p;

	j->ok = j->job(j->item, &j->error);
	return NULL;
}

bool flow_parallel(JobFn job, gpointer *items, size_t n, GError **error)
{
	g_autofree Job *jobs = g_new0(Job, n);
	g_autofree GThread **thread = g_new0(GThread *, n);
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		jobs[i].job = job;
		jobs[i].item = items[i];
		/* The last one needs no thread: this one waits anyhow. */
		if (i + 1 < n)
			thread[i] = g_thread_try_new("job", job_thread, &jobs[i], NULL);
		if (!thread[i])
			job_thread(&jobs[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (thread[i])
			g_thread_join(thread[i]);
		if (!jobs[i].ok && ok) {
			ok = false;
			g_propagate_error(error, g_steal_pointer(&jobs[i].error));
		}
		g_clear_error(&jobs[i].error);
	}
	return ok;
}

/* --- waiting for a save --- */

typedef struct {
	Ticket ticket;
	GError *error;
} SaveHop;

static void saved(gpointer p, const GError *error)
{
	SaveHop *hop = p;

	hop->error = error ? g_error_copy(error) : NULL;
	wake(&hop->ticket);
}

static gboolean begin_save(gpointer p)
{
	SaveHop *hop = p;

	store_save(hop->ticket.f->app, saved, hop);
	return G_SOURCE_REMOVE;
}

bool flow_save(Flow *f, GError **error)
{
	SaveHop hop = {{f, false}, NULL};

	on_main(f->app, begin_save, &hop);
	wait_for(&hop.ticket, -1);
	if (!hop.error)
		return true;
	g_propagate_error(error, hop.error);
	return false;
}

/* --- waiting for the end of a run --- */

static gboolean begin_wait(gpointer p)
{
	DomainHop *hop = p;

	if (hop->d->run)
		g_ptr_array_add(hop->d->halt_waiters, &hop->ticket);
	else
		wake(&hop->ticket);
	return G_SOURCE_REMOVE;
}

static void end_wait(gpointer p)
{
	DomainHop *hop = p;

	g_ptr_array_remove(hop->d->halt_waiters, &hop->ticket);
}

bool flow_wait_halted(Flow *f, Domain *d, int timeout_ms)
{
	DomainHop hop = {{f, false}, d};

	on_main(f->app, begin_wait, &hop);
	if (wait_for(&hop.ticket, timeout_ms))
		return true;
	flow_main(f, end_wait, &hop);
	return hop.ticket.set; /* it may have come just now */
}

void flow_wake_halted(Domain *d)
{
	g_autoptr(GPtrArray) waiters = d->halt_waiters;

	d->halt_waiters = g_ptr_array_new();
	for (guint i = 0; i < waiters->len; i++)
		wake(g_ptr_array_index(waiters, i));
}

/* --- waiting for anything --- */

typedef struct {
	Ticket ticket;
	bool (*test)(gpointer data);
	gpointer data;
} TestHop;

static gboolean begin_test(gpointer p)
{
	TestHop *hop = p;
	App *app = hop->ticket.f->app;

	if (!app->flow_waiters)
		app->flow_waiters = g_ptr_array_new();
	if (hop->test(hop->data))
		wake(&hop->ticket);
	else
		g_ptr_array_add(app->flow_waiters, hop);
	return G_SOURCE_REMOVE;
}

static void end_test(gpointer p)
{
	TestHop *hop = p;

	g_ptr_array_remove(hop->ticket.f->app->flow_waiters, hop);
}

bool flow_wait_until(Flow *f, bool (*test)(gpointer data), gpointer data, int timeout_ms)
{
	TestHop hop = {{f, false}, test, data};

	on_main(f->app, begin_test, &hop);
	if (wait_for(&hop.ticket, timeout_ms))
		return true;
	flow_main(f, end_test, &hop);
	return hop.ticket.set; /* it may have come just now */
}

void flow_recheck(App *app)
{
	for (guint i = 0; app->flow_waiters && i < app->flow_waiters->len;) {
		TestHop *hop = g_ptr_array_index(app->flow_waiters, i);

		if (!hop->test(hop->data)) {
			i++;
			continue;
		}
		g_ptr_array_remove_index(app->flow_waiters, i);
		wake(&hop->ticket);
	}
}
