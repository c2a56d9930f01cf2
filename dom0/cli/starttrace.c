/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting with a stopwatch (starttrace.h). qubesd times what it does itself (an argument of
 * admin.vm.Start that is ours: a qubesd without it just starts the qube); the qube's own system
 * tells how it divided the rest. What a qube says is not to be trusted: here it can only make its
 * own numbers wrong.
 */
#include "dom0/cli/starttrace.h"

#include <string.h>
#include <unistd.h>

#include "dom0/admin/service.h"
#include "dom0/cli/power.h"
#include "dom0/cli/table.h"

/* A qube whose session does not come up is not waited for any longer. */
#define SESSION_SECONDS "30"

/* systemd is what all templates have; the unit's name is the same in all. As root: without a
 * message bus nobody else may ask. */
#define ASK_TIMES                                                                                  \
	"systemctl show -p UserspaceTimestampMonotonic; "                                          \
	"systemctl show -p ExecMainStartTimestampMonotonic qubes-qrexec-agent.service; "           \
	"systemd-detect-virt -c -q && echo Container=1; exit\n"
#define ASK_SESSION                                                                                \
	"timeout " SESSION_SECONDS                                                                 \
	" /etc/qubes-rpc/qubes.WaitForSession </dev/null >/dev/null 2>&1 "                         \
	"&& echo Session=1; exit\n"

static guint64 time_field(const char *untrusted_text, const char *key)
{
	const char *at = strstr(untrusted_text, key);
	char *end;
	guint64 n = at ? g_ascii_strtoull(at + strlen(key), &end, 10) : 0;

	/* A hundred years, in microseconds. */
	return n < G_GUINT64_CONSTANT(3155760000000000) ? n : 0;
}

bool trace_parse_times(const char *untrusted_text, struct trace_times *ret)
{
	struct trace_times t = {
		time_field(untrusted_text, "UserspaceTimestampMonotonic="),
		time_field(untrusted_text, "ExecMainStartTimestampMonotonic="),
		strstr(untrusted_text, "Container=1") != NULL,
	};

	if (!t.agent || t.agent < t.init)
		return false;
	*ret = t;
	return true;
}

struct trace {
	struct table *t; /* owned */
	double all;	 /* milliseconds */
};

static void add_stage(struct trace *k, const char *name, double ms)
{
	g_autofree char *text = g_strdup_printf("%.1f", ms);

	table_row(k->t);
	table_cell(k->t, name);
	table_cell_bare(k->t, text);
	k->all += ms;
}

/* Runs a command in the qube as a user (NULL: its default); its output, or NULL. g_free(). */
static char *ask(struct ctx *c, const char *vm, const char *user, const char *command)
{
	struct service s = {.dest = vm, .name = "qubes.VMShell", .user = user, .err = -1};
	int code = 0;

	return service_run(c->admin, &s, command, &code, NULL);
}

/* The wait for the agent, divided as far as the qube can tell. */
static void add_boot(struct ctx *c, struct trace *k, const char *vm, double ms)
{
	g_autofree char *untrusted_text = ask(c, vm, "root", ASK_TIMES);
	struct trace_times t;
	double kernel, init;

	if (!untrusted_text || !trace_parse_times(untrusted_text, &t)) {
		add_stage(k, "agent", ms);
		return;
	}
	kernel = t.container ? 0 : MIN((double)t.init / 1000, ms);
	init = MIN((double)(t.agent - t.init) / 1000, ms - kernel);
	add_stage(k, "kernel", kernel);
	add_stage(k, "init", init);
	add_stage(k, "agent", ms - kernel - init);
}

/* How long the session of a qube that has one takes from now on. */
static void add_session(struct ctx *c, struct trace *k, const char *vm)
{
	g_autofree char *gui = admin_feature(c->admin, vm, "gui", true, NULL);
	g_autofree char *untrusted_text = NULL;
	gint64 begin = g_get_monotonic_time();

	if (!gui || !*gui)
		return;
	untrusted_text = ask(c, vm, NULL, ASK_SESSION);
	if (untrusted_text && strstr(untrusted_text, "Session=1"))
		add_stage(k, "session", (double)(g_get_monotonic_time() - begin) / 1000);
	else
		fprintf(stderr, "%s: its session did not come up within %s seconds\n", vm,
			SESSION_SECONDS);
}

static void add_stages(struct ctx *c, struct trace *k, const char *vm, const char *text)
{
	g_auto(GStrv) lines = admin_lines(text);
	bool agent = false;

	for (char **l = lines; *l; l++) {
		char *eq = strchr(*l, '=');

		if (!eq || g_str_has_prefix(*l, "total="))
			continue;
		*eq = 0;
		if (strcmp(*l, "agent") != 0) {
			add_stage(k, *l, g_ascii_strtod(eq + 1, NULL));
			continue;
		}
		agent = true;
		add_boot(c, k, vm, g_ascii_strtod(eq + 1, NULL));
	}
	if (agent)
		add_session(c, k, vm);
}

/* The rows get the share that each stage has. */
static void finish(struct trace *k)
{
	double all = k->all;

	add_stage(k, "total", all);
	for (guint i = 0; i < k->t->rows->len; i++) {
		double ms = g_ascii_strtod(table_text(k->t, i, 1), NULL);
		struct cell cell = {g_strdup_printf("%.0f", all > 0 ? 100 * ms / all : 0), true};

		g_array_append_val((GArray *)g_ptr_array_index(k->t->rows, i), cell);
	}
}

/* Starts one qube; the stages, or NULL with err set. */
static struct table *start_one(struct ctx *c, const char *vm, GError **err)
{
	static const char *const columns[] = {"STAGE", "MS", "%", NULL};
	struct trace k = {.t = table_new(true, columns)};
	gint64 begin = g_get_monotonic_time();
	GError *e = NULL;
	g_autofree char *text = admin_call(c->admin, vm, "admin.vm.Start", "trace", NULL, &e);

	if (!text && admin_error_is(e, ADMIN_ERROR_PROTOCOL)) {
		g_clear_error(&e);
		if (admin_do(c->admin, vm, "admin.vm.Start", NULL, NULL, &e))
			add_stage(&k, "start", (double)(g_get_monotonic_time() - begin) / 1000);
	}
	if (e) {
		table_free(k.t);
		g_propagate_error(err, e);
		return NULL;
	}
	if (text)
		add_stages(c, &k, vm, text);
	finish(&k);
	return k.t;
}

static void print_json(const char *vm, const struct table *t, bool first)
{
	g_autoptr(GString) out = g_string_new(first ? "{\n " : ",\n ");

	json_string(out, vm);
	g_string_append(out, ": {");
	for (guint i = 0; i < t->rows->len; i++) {
		g_string_append(out, i ? ", " : "");
		json_string(out, table_text(t, i, 0));
		g_string_append_printf(out, ": %s", table_text(t, i, 1));
	}
	g_string_append_c(out, '}');
	fputs(out->str, stdout);
}

void trace_start(struct ctx *c, GPtrArray *vms, GPtrArray *failed)
{
	bool json = args_has(c->args, "format"), first = true;

	for (guint i = 0; i < vms->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(vms, i);
		GError *err = NULL;
		g_autoptr(Table) t = start_one(c, vm->name, &err);

		if (!t) {
			power_failure_add(failed, vm, err);
			continue;
		}
		if (json)
			print_json(vm->name, t, first);
		else {
			printf("%s:\n", vm->name);
			table_print(t, stdout);
		}
		first = false;
	}
	if (json)
		puts(first ? "{}" : "\n}");
}
