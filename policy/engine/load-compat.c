/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * !compat-4.0: the folder of per-service files that older systems had (load.h). The files
 * are dom0's own.
 */
#include "policy/engine/load-internal.h"

#include <stdlib.h>

/* A legacy file: the service and argument in its name. */
struct legacy {
	struct pol_str service, argument; /* argument "*" when the name has no + */
	const char *path;
};

static bool ignored(const char *name)
{
	static const char *const suffixes[] = {".rpmsave", ".rpmnew", ".swp"};
	const char *dot = strrchr(name, '.');

	if (name[0] == '.' || !pol_rpc_name_ok(pol_str(name)))
		return true;
	for (size_t i = 0; dot && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(dot, suffixes[i]) == 0)
			return true;
	return false;
}

static int compare_str(struct pol_str a, struct pol_str b)
{
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r ? r : a.n < b.n ? -1 : a.n > b.n;
}

/* By service, then by argument, the file for all arguments last. */
static int compare(const void *a, const void *b)
{
	const struct legacy *x = a, *y = b;
	int r = compare_str(x->service, y->service);
	bool x_all = pol_eq(x->argument, POL_STR("*")), y_all = pol_eq(y->argument, POL_STR("*"));

	if (r)
		return r;
	return x_all || y_all ? x_all - y_all : compare_str(x->argument, y->argument);
}

static struct legacy legacy_of(const char *path)
{
	const char *name = pol_path_base(path), *plus = strchr(name, '+');

	if (!plus)
		return (struct legacy){pol_str(name), POL_STR("*"), path};
	return (struct legacy){{name, (size_t)(plus - name)}, pol_str(plus), path};
}

/* What a file for one argument implied: everything else about that argument is refused. */
static int add_implied(struct loader *l, const struct legacy *f)
{
	static const char *const lines[] = {"@anyvm @anyvm deny", "@anyvm @adminvm deny"};
	struct place at = {load_file_entry(l, f->path), 0};
	struct pol_service service = {f->service, f->argument};
	int r = 0;

	if (!at.file)
		return load_fail(l, POL_ERROR_MEMORY, at, "out of memory");
	for (size_t i = 0; !r && i < 2; i++) {
		struct pol_buf why = {0};
		struct pol_rule rule;

		if (!pol_rule_parse_old(pol_str(lines[i]), &service, &rule, &why))
			r = load_fail(l, POL_ERROR_SYNTAX, at, "%s", why.p);
		else
			r = load_add_rule(l, &rule, at);
		pol_buf_clear(&why);
	}
	return r;
}

static int load_sorted(struct loader *l, struct legacy *files, size_t n, struct place at)
{
	int r = 0;

	if (n)
		qsort(files, n, sizeof(*files), compare);
	for (size_t i = 0; !r && i < n; i++) {
		r = load_include_service(l, files[i].service, files[i].argument, files[i].path, at);
		if (!r && !pol_eq(files[i].argument, POL_STR("*")))
			r = add_implied(l, &files[i]);
	}
	return r;
}

int load_compat(struct loader *l, struct place at)
{
	const char *outer = l->base, *dir = l->options->compat_dir;
	struct names names = {0};
	struct legacy *files;
	size_t n = 0;
	int r;

	if (!dir)
		return load_fail(l, POL_ERROR_FILE, (struct place){NULL, 0},
				 "!compat-4.0: no folder to read");
	r = load_plain_files(l, dir, &names);
	files = calloc(names.n + 1, sizeof(*files));
	if (!r && !files)
		r = load_fail(l, POL_ERROR_MEMORY, at, "out of memory");
	for (size_t i = 0; !r && i < names.n; i++)
		if (!ignored(pol_path_base(names.v[i])))
			files[n++] = legacy_of(names.v[i]);
	l->base = dir;
	if (!r)
		r = load_sorted(l, files, n, at);
	l->base = outer;
	free(files);
	load_names_free(&names);
	return r;
}
