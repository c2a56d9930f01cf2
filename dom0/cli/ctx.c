/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command's context (ctx.h): its qubes, and messages to the user. */
#include "dom0/cli/ctx.h"

#include <string.h>

static void message(const char *prefix, const char *kind, const char *format, va_list ap)
{
	g_autofree char *text = g_strdup_vprintf(format, ap);

	g_strchomp(text);
	fflush(stdout);
	fprintf(stderr, "%s%s%s\n", prefix, kind, text);
}

int ctx_usage_error(struct ctx *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	message(c->prog, ": error: ", format, ap);
	va_end(ap);
	return EXIT_USAGE;
}

int ctx_error(struct ctx *c, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	message(c->prog, ": error: ", format, ap);
	va_end(ap);
	return EXIT_FAILED;
}

int ctx_fail(struct ctx *c, GError *err)
{
	int r = ctx_error(c, "%s", err ? err->message : "unknown error");

	g_clear_error(&err);
	return r;
}

void ctx_report(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	message("", "Error: ", format, ap);
	va_end(ap);
}

char *ctx_ask(const char *question)
{
	g_autofree char *line = NULL;
	char *buf = NULL;
	size_t cap = 0;
	ssize_t n;

	fputs(question, stdout);
	fflush(stdout);
	n = getline(&buf, &cap, stdin);
	if (n >= 0)
		line = g_strchomp(g_strdup(buf));
	free(buf);
	return g_steal_pointer(&line);
}

bool ctx_confirm(const char *question)
{
	g_autofree char *answer = ctx_ask(question);

	return answer && !g_ascii_strcasecmp(answer, "y");
}

struct admin_vms *ctx_vms(struct ctx *c, GError **err)
{
	if (!c->vms)
		c->vms = admin_vms_list(c->admin, err);
	return c->vms;
}

struct admin_vm *ctx_vm(struct ctx *c)
{
	return g_ptr_array_index(c->targets, 0);
}

static int no_such_domain(struct ctx *c, const char *name)
{
	const char *close = admin_vms_suggest(c->vms, name);

	return ctx_usage_error(c, "no such domain: '%s'%s%s%s", name,
			       close ? "; did you mean '" : "", close ? close : "",
			       close ? "'?" : "");
}

struct admin_vm *ctx_find(struct ctx *c, const char *name, int *ret_status)
{
	GError *err = NULL;
	struct admin_vms *vms = ctx_vms(c, &err);
	struct admin_vm *vm = vms ? admin_vms_find(vms, name) : NULL;

	if (!vms)
		*ret_status = ctx_fail(c, err);
	else if (!vm)
		*ret_status = no_such_domain(c, name);
	return vm;
}

static void add_target(struct ctx *c, struct admin_vm *vm)
{
	if (!g_ptr_array_find(c->targets, vm, NULL))
		g_ptr_array_add(c->targets, vm);
}

static void add_all(struct ctx *c)
{
	const char *const *exclude = args_all(c->args, "exclude");

	for (guint i = 0; i < c->vms->list->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(c->vms->list, i);

		if (strcmp(vm->klass, "AdminVM") != 0 && !g_strv_contains(exclude, vm->name))
			add_target(c, vm);
	}
}

/* Shell patterns; "[!…]" excludes. fnmatch() would treat a backslash specially. */
static bool glob_match(const char *p, const char *s)
{
	for (; *p; p++, s++) {
		if (*p == '*') {
			for (; *s; s++)
				if (glob_match(p + 1, s))
					return true;
			return glob_match(p + 1, s);
		}
		if (!*s)
			return false;
		if (*p == '[') {
			const char *q = p + 1 + (p[1] == '!');
			const char *end = *q ? strchr(q + 1, ']') : NULL;
			bool hit = false, invert = p[1] == '!';

			if (!end) {
				if (*s != '[')
					return false;
				continue;
			}
			for (; q < end; q++) {
				if (q[1] == '-' && q + 2 < end) {
					hit |= *s >= q[0] && *s <= q[2];
					q += 2;
				} else {
					hit |= *s == *q;
				}
			}
			if (hit == invert)
				return false;
			p = end;
		} else if (*p != '?' && *p != *s) {
			return false;
		}
	}
	return !*s;
}

static void add_matching(struct ctx *c, const char *pattern)
{
	for (guint i = 0; i < c->vms->list->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(c->vms->list, i);

		if (glob_match(pattern, vm->name))
			add_target(c, vm);
	}
}

static int add_names(struct ctx *c, const char *const *names)
{
	for (; *names; names++) {
		struct admin_vm *vm = admin_vms_find(c->vms, *names);

		if (vm)
			add_target(c, vm);
		else if (c->cmd->flags & CMD_UNKNOWN_OK)
			g_ptr_array_add(c->unknown, g_strdup(*names));
		else if (strpbrk(*names, "*?["))
			add_matching(c, *names);
		else
			return no_such_domain(c, *names);
	}
	return EXIT_OK;
}

int ctx_resolve(struct ctx *c)
{
	unsigned flags = c->cmd->flags | (c->sub ? c->sub->flags : 0);
	GError *err = NULL;
	int r = EXIT_OK;

	if (!(flags & (CMD_VM | CMD_VMS | CMD_VMS_OPTIONAL)))
		return EXIT_OK;
	if (args_has(c->args, "exclude") && !args_has(c->args, "all_domains"))
		return ctx_usage_error(c, "--exclude can only be used with --all");
	if (flags & CMD_VMS_OPTIONAL && !args_has(c->args, "all_domains") &&
	    !args_has(c->args, "vmnames"))
		return EXIT_OK;
	if (!ctx_vms(c, &err))
		return ctx_fail(c, err);
	if (flags & CMD_VM)
		r = add_names(c, args_all(c->args, "vmname"));
	if (!r && args_has(c->args, "all_domains"))
		add_all(c);
	return r ? r : add_names(c, args_all(c->args, "vmnames"));
}
