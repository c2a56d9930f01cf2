/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-create: makes a new qube, sets its properties, and fills its root volume from a file
 * when asked to. What cannot be set leaves the qube in place and says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dom0/cli/clone.h"
#include "dom0/cli/commands.h"
#include "dom0/cli/table.h"
#include "dom0/cli/ctx.h"
#include "qrexec/base/cleanup.h"

/* The qube is there, but a property could not be set; its root could not be filled. */
#define EXIT_PROPERTY 2
#define EXIT_ROOT 3

struct request {
	const char *name, *klass, *label, *template, *root;
	GPtrArray *props; /* "NAME=VALUE" to set after creation, owned */
	bool clone;	  /* a StandaloneVM is made as a clone of its template */
};

/* Of an option and a --property of that name (token, with its value), the later one counts. */
static void later(struct ctx *c, const char **value, const char *token, const char *of_token)
{
	if (args_place(c->args, *value) < args_place(c->args, token))
		*value = of_token;
}

/* Sorts NAME=VALUE of --property into the request: some names have fields of their own. */
static int read_properties(struct ctx *c, struct request *r)
{
	for (const char *const *p = args_all(c->args, "property"); *p; p++) {
		const char *eq = strchr(*p, '=');

		if (!eq)
			return ctx_usage_error(c, "Invalid property token: '%s'", *p);
		if (word_in("label", *p, (size_t)(eq - *p)))
			later(c, &r->label, *p, eq + 1);
		else if (word_in("template", *p, (size_t)(eq - *p)))
			later(c, &r->template, *p, eq + 1);
		else if (word_in("name", *p, (size_t)(eq - *p)))
			later(c, &r->name, *p, eq + 1);
		else
			g_ptr_array_add(r->props, g_strdup(*p));
	}
	return EXIT_OK;
}

static int check_label(struct ctx *c, const char *label)
{
	GError *err = NULL;
	g_auto(GStrv) labels = admin_list(c->admin, "dom0", "admin.label.List", &err);
	g_autofree char *known = NULL;

	if (!labels)
		return ctx_fail(c, err);
	/* A number may be meant as a label's index: qubesd knows. */
	if (g_strv_contains((const char *const *)labels, label) ||
	    !label[strspn(label, "0123456789")])
		return EXIT_OK;
	known = g_strjoinv(", ", labels);
	return ctx_usage_error(c, "no such label: '%s'; available: %s", label, known);
}

static int read_request(struct ctx *c, struct request *r)
{
	int status;

	r->name = args_get(c->args, "name");
	r->label = args_get(c->args, "label");
	r->template = args_get(c->args, "template");
	r->klass = args_has(c->args, "standalone") ? "StandaloneVM"
		   : args_has(c->args, "disp")	   ? "DispVM"
		   : args_has(c->args, "cls")	   ? args_get(c->args, "cls")
						   : "AppVM";
	r->root = args_get(c->args, "root_copy_from");
	if (!r->root)
		r->root = args_get(c->args, "root_move_from");
	status = read_properties(c, r);
	if (status)
		return status;
	r->clone = r->template && !strcmp(r->klass, "StandaloneVM");
	if (!r->label && args_has(c->args, "disp"))
		r->label = "red";
	if (!r->label)
		return ctx_usage_error(c, "--label option is mandatory");
	if (!r->name)
		return ctx_usage_error(c, "VMNAME is mandatory");
	if (r->root && access(r->root, F_OK) < 0)
		return ctx_usage_error(c, "root image '%s' does not exist", r->root);
	if (r->root && word_in("AppVM DispVM", r->klass, strlen(r->klass)))
		return ctx_usage_error(c, "a root image makes no sense here: the root volume of "
					  "this qube is its template's");
	/* A clone has the label of its template. */
	if (r->clone)
		g_ptr_array_insert(r->props, 0, g_strconcat("label=", r->label, NULL));
	return check_label(c, r->label);
}

static bool create(struct ctx *c, const struct request *r, struct clone_pools *pools, GError **err)
{
	struct clone_request clone = {.source = r->template,
				      .name = r->name,
				      .klass = r->klass,
				      .skip_volume = "private"};

	if (r->clone) {
		clone.pools = *pools;
		return clone_vm(c, &clone, err);
	}
	return clone_create(c, r->klass, r->template, r->name, r->label, pools, err);
}

static int set_properties(struct ctx *c, const struct request *r)
{
	int status = EXIT_OK;

	for (guint i = 0; i < r->props->len; i++) {
		const char *text = g_ptr_array_index(r->props, i), *eq = strchr(text, '=');
		g_autofree char *name = g_strndup(text, (gsize)(eq - text));
		g_autoptr(GError) err = NULL;

		if (admin_do(c->admin, r->name, "admin.vm.property.Set", name, eq + 1, &err))
			continue;
		ctx_error(c, "property '%s' was not set (but the qube was created): %s", name,
			  err->message);
		status = EXIT_PROPERTY;
	}
	return status;
}

static int import_root(struct ctx *c, const struct request *r)
{
	_cleanup_close_ int fd = open(r->root, O_RDONLY | O_CLOEXEC);
	g_autofree char *size = NULL;
	GError *err = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		ctx_error(c, "cannot read '%s' (but the qube was created): %s", r->root,
			  g_strerror(errno));
		return EXIT_ROOT;
	}
	size = g_strdup_printf("%" G_GINT64_FORMAT "\n", (gint64)st.st_size);
	if (!admin_call_stream(c->admin, r->name, "admin.vm.volume.ImportWithSize", "root", size,
			       fd, &err)) {
		ctx_error(c, "the root volume was not filled (but the qube was created): %s",
			  err->message);
		g_error_free(err);
		return EXIT_ROOT;
	}
	if (args_has(c->args, "root_move_from") && unlink(r->root) < 0)
		return ctx_error(c, "cannot remove '%s': %s", r->root, g_strerror(errno));
	return EXIT_OK;
}

static int help_classes(struct ctx *c)
{
	GError *err = NULL;
	g_auto(GStrv) classes = admin_list(c->admin, "dom0", "admin.vmclass.List", &err);

	if (!classes)
		return ctx_fail(c, err);
	clone_sort(classes);
	texts_print(classes, args_has(c->args, "format"));
	return EXIT_OK;
}

static int run(struct ctx *c)
{
	g_autoptr(GPtrArray) props = g_ptr_array_new_with_free_func(g_free);
	struct request r = {.props = props};
	struct clone_pools pools = {0};
	GError *err = NULL;
	int status;

	if (args_has(c->args, "help_classes"))
		return help_classes(c);
	status = clone_pools_read(c, &pools);
	if (!status)
		status = read_request(c, &r);
	if (!status && !create(c, &r, &pools, &err)) {
		status = ctx_error(c, "cannot create qube '%s': %s", r.name, err->message);
		g_error_free(err);
	}
	clone_pools_clear(&pools);
	if (status)
		return status;
	status = set_properties(c, &r);
	if (r.root) {
		int s = import_root(c, &r);

		status = s ? s : status;
	}
	return status;
}

static const struct opt opts[] = {
	{"--class -C", OPT_VALUE, "cls", "CLASS", "class of the new qube (AppVM if not given)",
	 .complete = COMPLETE_CLASS},
	{"--standalone", OPT_FLAG, NULL, NULL, "the same as --class StandaloneVM"},
	{"--disp", OPT_FLAG, NULL, NULL, "the same as --class DispVM --label red"},
	{"--property --prop", OPT_LIST, NULL, "NAME=VALUE", "set a property of the new qube"},
	{"--pool -p", OPT_LIST, NULL, "VOLUME=POOL", "storage pool of a volume"},
	{"-P", OPT_VALUE, "one_pool", "POOL", "storage pool of all volumes",
	 .complete = COMPLETE_POOL},
	{"--template -t", OPT_VALUE, NULL, "VMNAME", "template to base the qube on",
	 .complete = COMPLETE_TEMPLATE},
	{"--label -l", OPT_VALUE, NULL, "LABEL", "label (color) of the qube",
	 .complete = COMPLETE_LABEL},
	{"--help-classes", OPT_FLAG, NULL, NULL, "list the classes and exit"},
	{"--root-copy-from -r", OPT_VALUE, NULL, "FILE", "fill the root volume from this file",
	 .group = 1, .complete = COMPLETE_FILE},
	{"--root-move-from -R", OPT_VALUE, NULL, "FILE", "the same, then remove the file",
	 .group = 1, .complete = COMPLETE_FILE},
	{"--no-root", OPT_FLAG, NULL, NULL, NULL, .group = 1},
	OPT_FORMAT,
	{0},
};

static const struct pos pos[] = {
	{"name", POS_OPTIONAL, "VMNAME", "name of the new qube", 0, COMPLETE_NONE},
	{0},
};

const struct command qvm_create = {
	.name = "qvm-create",
	.summary = "Create a qube.",
	.opts = opts,
	.pos = pos,
	.run = run,
};
