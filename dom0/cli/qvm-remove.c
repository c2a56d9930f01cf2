/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-remove: removes qubes for ever, after asking. */
#include <string.h>

#include "dom0/cli/commands.h"
#include "dom0/cli/ctx.h"

#define ALL_PHRASE "IKNOWWHATIAMDOING"

static const char *const global_refs[] = {
	"default_dispvm",   "default_netvm", "default_guivm", "default_audiovm",
	"default_template", "clockvm",	     "updatevm",      "management_dispvm",
};

static const char *const vm_refs[] = {
	"template", "netvm", "guivm", "audiovm", "default_dispvm", "management_dispvm",
};

static void say_use(GString *s, const char *vm, const char *prop)
{
	if (vm)
		g_string_append_printf(s, " - %s for %s\n", prop, vm);
	else
		g_string_append_printf(s, " - global property %s\n", prop);
}

static void find_global_uses(struct ctx *c, const char *name, GString *s)
{
	for (guint i = 0; i < G_N_ELEMENTS(global_refs); i++) {
		g_autofree char *text = admin_call(c->admin, "dom0", "admin.property.Get",
						   global_refs[i], NULL, NULL);
		g_autoptr(AdminProp) p = text ? admin_prop_parse(global_refs[i], text, NULL) : NULL;

		if (p && !strcmp(p->value, name))
			say_use(s, NULL, global_refs[i]);
	}
}

/* Whether the use goes away by itself: preloaded disposables go with their template. */
static bool is_transient(struct ctx *c, struct admin_vm *vm, const char *prop, const char *name)
{
	const char *preload = admin_vm_show(c->admin, vm, "is_preload"), *template;

	if (!preload || strcmp(preload, "True") != 0)
		return false;
	template = admin_vm_show(c->admin, vm, "template");
	return !strcmp(prop, "template") ||
	       (!strcmp(prop, "default_dispvm") && template && !strcmp(template, name));
}

/* Who uses the qube, one line each. */
static char *find_uses(struct ctx *c, const char *name)
{
	g_autoptr(GString) s = g_string_new(NULL);
	g_autoptr(AdminVms) vms = admin_vms_list(c->admin, NULL);

	find_global_uses(c, name, s);
	if (vms && admin_vms_fetch(c->admin, vms->list, NULL, NULL)) {
		for (guint i = 0; i < vms->list->len; i++) {
			struct admin_vm *vm = g_ptr_array_index(vms->list, i);

			for (guint j = 0; j < G_N_ELEMENTS(vm_refs); j++) {
				const struct admin_prop *p =
					admin_vm_prop(c->admin, vm, vm_refs[j], NULL);

				if (p && !p->is_default && !strcmp(p->value, name) &&
				    strcmp(vm->name, name) != 0 &&
				    !is_transient(c, vm, vm_refs[j], name))
					say_use(s, vm->name, vm_refs[j]);
			}
		}
	}
	return g_string_free(g_steal_pointer(&s), FALSE);
}

static int remove_one(struct ctx *c, const char *name)
{
	GError *err = NULL;

	if (admin_do(c->admin, name, "admin.vm.Remove", NULL, NULL, &err))
		return EXIT_OK;
	if (admin_error_is(err, ADMIN_ERROR_VM_IN_USE)) {
		g_autofree char *uses = find_uses(c, name);

		if (*uses)
			fprintf(stderr, "VM %s cannot be removed. It is in use as:\n%s", name,
				uses);
	}
	return ctx_fail(c, err);
}

static bool confirmed(struct ctx *c)
{
	g_autofree char *answer = NULL;

	if (args_has(c->args, "no_confirm"))
		return true;
	if (args_has(c->args, "all_domains") && !args_has(c->args, "exclude")) {
		fputs("WARNING: removing every qube may leave a system that cannot be used.\n",
		      stderr);
		answer = ctx_ask("Are you certain? [N/" ALL_PHRASE "]");
		if (g_strcmp0(answer, ALL_PHRASE) != 0)
			return false;
	}
	fputs("This will completely remove the selected VM(s)...\n", stderr);
	for (guint i = 0; i < c->targets->len; i++)
		printf("  %s\n", ((struct admin_vm *)g_ptr_array_index(c->targets, i))->name);
	return ctx_confirm("Are you sure? [y/N] ");
}

static int run(struct ctx *c)
{
	int r = EXIT_OK;

	for (guint i = 0; i < c->targets->len; i++)
		if (!strcmp(((struct admin_vm *)g_ptr_array_index(c->targets, i))->name, "dom0"))
			return ctx_error(c, "dom0 cannot be removed");
	if (!confirmed(c)) {
		fputs("Remove cancelled.\n", stderr);
		return EXIT_FAILED;
	}
	for (guint i = 0; i < c->targets->len && !r; i++)
		r = remove_one(c, ((struct admin_vm *)g_ptr_array_index(c->targets, i))->name);
	return r;
}

static const struct opt opts[] = {
	{"--force -f", OPT_FLAG, "no_confirm", NULL, "do not ask"},
	{0},
};

const struct command qvm_remove = {
	.name = "qvm-remove",
	.summary = "Remove qubes and their disks.",
	.flags = CMD_VMS,
	.vms = COMPLETE_HALTED,
	.opts = opts,
	.run = run,
};
