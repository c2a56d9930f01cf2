// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy decisions about parts of answers. */
#include "dom0/qubesd/api/filter.h"

#include "dom0/qubesd/core/sysinfo.h"
#include "policy/engine/eval.h"
#include "policy/engine/load.h"

#include <sys/stat.h>

/* Changes of the policy are noticed within this time. */
#define FRESH_US G_USEC_PER_SEC

struct Filter {
	App *app;
	char *dirs[2], *compat;	   /* owned */
	struct pol_policy *policy; /* NULL: it could not be read */
	GPtrArray *files;	   /* char*: what it was read from */
	guint64 print;		   /* of these, when it was read */
	gint64 checked_us;
	struct pol_sysinfo *info;
	unsigned info_serial; /* of the system info that it was made of */
};

static guint64 fingerprint(const GPtrArray *files)
{
	guint64 h = 14695981039346656037u;

	for (guint i = 0; i < files->len; i++) {
		struct stat st = {0};

		if (stat(g_ptr_array_index(files, i), &st) < 0)
			st.st_size = -1;
		h = (h ^ (guint64)st.st_ino) * 1099511628211u;
		h = (h ^ (guint64)st.st_size) * 1099511628211u;
		h = (h ^ (guint64)st.st_mtim.tv_sec) * 1099511628211u;
		h = (h ^ (guint64)st.st_mtim.tv_nsec) * 1099511628211u;
	}
	return h;
}

static void note(void *ctx, const char *path)
{
	Filter *f = ctx;

	g_ptr_array_add(f->files, g_strdup(path));
}

static void load(Filter *f)
{
	struct pol_load options = {.dirs = (const char *const *)f->dirs,
				   .n_dirs = G_N_ELEMENTS(f->dirs),
				   .compat_dir = f->compat,
				   .note = note,
				   .note_ctx = f};
	struct pol_error error = {0};
	struct pol_buf text = {0};

	pol_policy_unref(f->policy);
	f->policy = NULL;
	g_ptr_array_set_size(f->files, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(f->dirs); i++)
		note(f, f->dirs[i]);
	if (pol_load(&options, &f->policy, &error)) {
		f->policy = NULL;
		pol_error_text(&error, &text);
		g_warning("policy: %s: other qubes see no lists",
			  text.p ? text.p : "out of memory");
	}
	pol_buf_clear(&text);
	pol_error_clear(&error);
	f->print = fingerprint(f->files);
}

static void refresh(Filter *f)
{
	gint64 now = g_get_monotonic_time();
	const char *text = sysinfo_get(f->app);

	if (!f->checked_us || (now - f->checked_us > FRESH_US && fingerprint(f->files) != f->print))
		load(f);
	if (!f->checked_us || now - f->checked_us > FRESH_US)
		f->checked_us = now;
	if (f->info && f->app->system_info_serial == f->info_serial)
		return;
	pol_sysinfo_unref(f->info);
	f->info = NULL;
	if (pol_sysinfo_parse(pol_str(text), &f->info))
		f->info = NULL;
	f->info_serial = f->app->system_info_serial;
}

bool filter_allows(Filter *f, const char *service, const char *arg, const char *src,
		   const char *dest)
{
	g_autofree char *plus = g_strconcat("+", arg, NULL);
	struct pol_request rq = {.service = pol_str(service),
				 .argument = pol_str(plus),
				 .source = pol_str(src),
				 .target = pol_str(dest)};
	struct pol_decision d = {0};
	bool allowed;

	refresh(f);
	if (!f->policy || !f->info)
		return false;
	pol_decide(f->policy, f->info, &rq, &d);
	allowed = d.outcome == POL_ALLOW;
	pol_decision_clear(&d);
	return allowed;
}

Filter *filter_new(App *app)
{
	Filter *f = g_new0(Filter, 1);

	f->app = app;
	f->dirs[0] = g_strconcat(app->opt.root, "/run/qubes/policy.d", NULL);
	f->dirs[1] = g_strconcat(app->opt.root, "/etc/qubes/policy.d", NULL);
	f->compat = g_strconcat(app->opt.root, "/etc/qubes-rpc/policy", NULL);
	f->files = g_ptr_array_new_with_free_func(g_free);
	return f;
}

void filter_free(Filter *f)
{
	if (!f)
		return;
	pol_policy_unref(f->policy);
	pol_sysinfo_unref(f->info);
	g_ptr_array_unref(f->files);
	g_free(f->dirs[0]);
	g_free(f->dirs[1]);
	g_free(f->compat);
	g_free(f);
}
