/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-check: tells scripts whether qubes exist and are in a state. Everything is said on
 * stderr; the exit status is the answer (cli.md): without a filter 0 when all exist, else
 * 1; with filters 0 when all match, 3 when some do, 1 when none does.
 */
#include <string.h>

#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"
#include "dom0/cli/table.h"

#define EXIT_SOME 3

struct filter {
	const char *name;
	/* 1 matches, 0 does not, -1 with err set. */
	int (*check)(struct ctx *c, const struct admin_vm *vm, GError **err);
};

static int check_running(struct ctx *c, const struct admin_vm *vm, GError **err)
{
	g_autofree char *s = admin_power_state(c->admin, vm->name, err);

	return s ? admin_state_running(s) : -1;
}

static int check_paused(struct ctx *c, const struct admin_vm *vm, GError **err)
{
	g_autofree char *s = admin_power_state(c->admin, vm->name, err);

	return s ? !strcmp(s, "Paused") : -1;
}

static int check_template(struct ctx *c, const struct admin_vm *vm, GError **err)
{
	return !strcmp(vm->klass, "TemplateVM");
}

static int check_networked(struct ctx *c, const struct admin_vm *vm, GError **err)
{
	g_autofree char *provides = admin_get_prop(c->admin, vm->name, "provides_network");
	g_autofree char *netvm = NULL;

	if (provides && !strcmp(provides, "True"))
		return 1;
	netvm = admin_get_prop(c->admin, vm->name, "netvm");
	return netvm != NULL;
}

static const struct filter filters[] = {
	{"running", check_running},
	{"paused", check_paused},
	{"template", check_template},
	{"networked", check_networked},
};

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct admin_vm *const *)a)->name, (*(struct admin_vm *const *)b)->name);
}

static void say(struct ctx *c, GPtrArray *vms, const char *status)
{
	if (c->verbose < 1)
		return;
	if (!vms->len)
		fprintf(stderr, "%s: None of qubes: %s\n", c->prog, status);
	g_ptr_array_sort(vms, by_name);
	for (guint i = 0; i < vms->len; i++)
		fprintf(stderr, "%s: %s: %s\n", c->prog,
			((struct admin_vm *)g_ptr_array_index(vms, i))->name, status);
}

/* Keeps the qubes that match every filter asked for. False with err set. */
static bool apply(struct ctx *c, GPtrArray *vms, GString *status, GError **err)
{
	for (guint f = 0; f < G_N_ELEMENTS(filters); f++) {
		if (!args_has(c->args, filters[f].name))
			continue;
		g_string_append_printf(status, "%s%s", status->len ? ", " : "", filters[f].name);
		for (guint i = vms->len; i-- > 0;) {
			int m = filters[f].check(c, g_ptr_array_index(vms, i), err);

			if (m < 0)
				return false;
			if (!m)
				g_ptr_array_remove_index(vms, i);
		}
	}
	return true;
}

static void add_names(GString *out, const char *key, const GPtrArray *vms)
{
	g_string_append_printf(out, "\"%s\": [", key);
	for (guint i = 0; i < vms->len; i++) {
		g_string_append(out, i ? ", " : "");
		json_string(out, ((struct admin_vm *)g_ptr_array_index(vms, i))->name);
	}
	g_string_append_c(out, ']');
}

/* For --format json: what was asked, who matches, who does not, who is missing. */
static void print_json(struct ctx *c, const GPtrArray *vms, const char *status)
{
	g_autoptr(GString) out = g_string_new("{\"asked\": ");
	g_autoptr(GPtrArray) others = g_ptr_array_new();

	for (guint i = 0; i < c->targets->len; i++)
		if (!g_ptr_array_find((GPtrArray *)vms, g_ptr_array_index(c->targets, i), NULL))
			g_ptr_array_add(others, g_ptr_array_index(c->targets, i));
	json_string(out, *status ? status : "exists");
	add_names(g_string_append(out, ", "), "matching", vms);
	add_names(g_string_append(out, ", "), "others", others);
	g_string_append(out, ", \"missing\": [");
	for (guint i = 0; i < c->unknown->len; i++) {
		g_string_append(out, i ? ", " : "");
		json_string(out, g_ptr_array_index(c->unknown, i));
	}
	printf("%s]}\n", out->str);
}

static int run(struct ctx *c)
{
	g_autoptr(GPtrArray) vms = g_ptr_array_copy(c->targets, NULL, NULL);
	g_autoptr(GString) status = g_string_new(NULL);
	GError *err = NULL;
	int r = EXIT_OK;

	if (!apply(c, vms, status, &err))
		return ctx_fail(c, err);
	if (args_has(c->args, "format")) {
		print_json(c, vms, status->str);
		c->verbose = 0;
	}
	if (status->len) {
		if (vms->len != c->targets->len)
			r = vms->len ? EXIT_SOME : EXIT_FAILED;
		say(c, vms, status->str);
	} else if (!vms->len) {
		r = EXIT_FAILED;
	} else {
		say(c, vms, "exists");
	}
	for (guint i = 0; i < c->unknown->len; i++) {
		r = EXIT_FAILED;
		if (c->verbose >= 1)
			fprintf(stderr, "%s: %s: non-existent!\n", c->prog,
				(const char *)g_ptr_array_index(c->unknown, i));
	}
	return r;
}

static const struct opt opts[] = {
	{"--running", OPT_FLAG, NULL, NULL, "is it running"},
	{"--paused", OPT_FLAG, NULL, NULL, "is it paused"},
	{"--template", OPT_FLAG, NULL, NULL, "is it a template"},
	{"--networked", OPT_FLAG, NULL, NULL, "can it reach the network"},
	OPT_FORMAT,
	{0},
};

const struct command qvm_check = {
	.name = "qvm-check",
	.summary = "Tell whether qubes exist, or are in a state.",
	.epilog = "Exit status: 0 all qubes match, 1 none does or one is missing, 3 some do.",
	.flags = CMD_VMS | CMD_UNKNOWN_OK,
	.opts = opts,
	.run = run,
};
