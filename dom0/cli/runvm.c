/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting qvm-run's command in a qube or a disposable (runvm.h). Peers: qubesd, qrexec. */
#include "dom0/cli/runvm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dom0/admin/program.h"
#include "dom0/admin/service.h"
#include "qrexec/base/cleanup.h"

/* How often, and how far apart, to try to remove a disposable that is just starting. */
#define REMOVE_TRIES 100
#define REMOVE_PAUSE_US 100000

void run_say(const struct run *r, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	if (r->color_err)
		fprintf(stderr, "\033[0m%s\033[0;%sm\n", text, r->color_err);
	else
		fprintf(stderr, "%s\n", text);
}

int run_wait(struct run *r, pid_t pid)
{
	sigset_t set;
	int status, sig;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* The signals are blocked, so none is missed between looking and waiting. */
	while (waitpid(pid, &status, WNOHANG) == 0) {
		sig = sigwaitinfo(&set, NULL);
		if (sig <= 0 || sig == SIGCHLD)
			continue;
		r->interrupted = true;
		kill(pid, sig);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A feature of the qube or its template; of an unknown template those of a current one. */
static bool feature(struct run *r, const char *ask, const char *name, bool dflt, bool unknown)
{
	return ask ? admin_feature_bool(r->c->admin, ask, name, dflt) : unknown;
}

static bool can_gui(struct run *r, const char *ask)
{
	g_autofree char *guivm = NULL;

	if (!getenv("DISPLAY"))
		return false;
	if (!ask)
		return true;
	guivm = admin_get_prop(r->c->admin, ask, "guivm");
	return guivm && feature(r, ask, "gui", true, true);
}

bool run_find_all(struct run *r, GError **err)
{
	struct ctx *c = r->c;
	struct admin_vms *vms = ctx_vms(c, err);
	const char *const *exclude = args_all(c->args, "exclude");

	for (guint i = 0; vms && i < vms->list->len; i++) {
		struct admin_vm *vm = g_ptr_array_index(vms->list, i);
		g_autofree char *state = NULL;
		g_autofree char *internal = NULL;

		if (!strcmp(vm->klass, "AdminVM") || g_strv_contains(exclude, vm->name))
			continue;
		state = admin_power_state(c->admin, vm->name, NULL);
		if (!state || !admin_state_running(state) || !strcmp(state, "Paused"))
			continue;
		internal = admin_feature(c->admin, vm->name, "internal", false, NULL);
		if (!internal || !*internal)
			g_ptr_array_add(c->targets, vm);
	}
	return vms != NULL;
}

/* What goes to the shell's input: the command line and the way out. */
static char *shell_input(struct run *r, const char *ask, const char *command)
{
	g_autofree char *os = ask ? admin_feature(r->c->admin, ask, "os", true, NULL) : NULL;
	g_autofree char *line = g_strdup(command);
	size_t n = strlen(line);

	while (n && line[n - 1] == '\n')
		line[--n] = 0;
	return g_strconcat(line, g_strcmp0(os, "Windows") ? "; exit\n" : "& exit\n", NULL);
}

static bool root_service(struct run *r, const char *ask)
{
	return g_strcmp0(r->user, "root") == 0 &&
	       feature(r, ask, "supported-rpc.qubes.VMRootExec", false, true);
}

/* Fills in service and input for the command; both are returned for g_free(). */
static void choose_service(struct run *r, const char *ask, bool gui, struct service *s,
			   char **ret_name, char **ret_prefix)
{
	const char *const *argv = (const char *const *)r->argv->pdata;
	g_autoptr(GString) line = g_string_new(NULL);

	*ret_prefix = NULL;
	if (r->service) {
		*ret_name = g_strdup(r->command);
		return;
	}
	if (r->use_exec && feature(r, ask, "vmexec", false, true)) {
		g_autofree char *arg = service_encode_args(argv);
		bool root = !(gui && r->dispvm) && root_service(r, ask);

		s->user = root ? NULL : r->user;
		*ret_name = g_strconcat(gui && r->dispvm ? "qubes.VMExecGUI+"
					: root		 ? "qubes.VMRootExec+"
							 : "qubes.VMExec+",
					arg, NULL);
		return;
	}
	for (guint i = 0; r->use_exec && argv[i]; i++) {
		g_autofree char *word = service_shell_quote(argv[i]);

		g_string_append_printf(line, "%s%s", i ? " " : "", word);
	}
	*ret_name = g_strdup("qubes.VMShell");
	if (gui && r->dispvm) {
		g_free(*ret_name);
		*ret_name = g_strdup("qubes.VMShell+WaitForSession");
	} else if (!r->use_exec && root_service(r, ask)) {
		s->user = NULL;
		g_free(*ret_name);
		*ret_name = g_strdup("qubes.VMRootShell");
	}
	*ret_prefix = shell_input(r, ask, r->use_exec ? line->str : r->command);
}

static void add_child(struct run *r, const char *vm, pid_t pid)
{
	struct run_child child = {vm, pid};

	g_array_append_val(r->children, child);
}

/* Starts the service with its input and output connected to the local program. */
static bool spawn_with_local(struct run *r, struct service *s, GError **err)
{
	const char *argv[] = {"/bin/sh", "-c", r->local_command, NULL};
	int to[2], from[2];
	pid_t pid, local = -1;

	if (pipe2(to, O_CLOEXEC) < 0)
		return false;
	if (pipe2(from, O_CLOEXEC) < 0) {
		close(to[0]);
		close(to[1]);
		return false;
	}
	s->in = to[0];
	s->out = from[1];
	pid = service_spawn(r->c->admin, s, err);
	if (pid > 0) {
		add_child(r, s->dest, pid);
		local = program_spawn(argv, from[0], to[1], STDERR_FILENO, err);
	}
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
	if (local > 0)
		add_child(r, s->dest, local);
	return local > 0;
}

/* ask is whom to ask about features, NULL when unknown. */
static bool spawn(struct run *r, const char *dest, const char *ask, bool gui, unsigned timeout,
		  GError **err)
{
	struct service s = {
		.dest = dest, .user = r->user, .timeout = timeout, .in = -1, .out = -1, .err = -1};
	g_autofree char *name = NULL;
	g_autofree char *prefix = NULL;
	pid_t pid;

	choose_service(r, ask, gui, &s, &name, &prefix);
	s.name = name;
	s.prefix = prefix;
	if (r->pass_io)
		s.err = STDERR_FILENO;
	if (r->local_command)
		return spawn_with_local(r, &s, err);
	if (r->pass_io) {
		s.in = STDIN_FILENO;
		s.out = STDOUT_FILENO;
		s.filter_escapes = r->filter_escapes;
	}
	/* Nobody stays for a service whose output nobody wants. */
	s.no_wait = admin_is_local(r->c->admin) && !r->pass_io && r->service && !r->dispvm;
	pid = service_spawn(r->c->admin, &s, err);
	if (pid > 0)
		add_child(r, dest, pid);
	return pid > 0;
}

/* True when the qube is up, or was brought up. Says why not. */
static bool bring_up(struct run *r, const char *vm, GError **err)
{
	struct admin *a = r->c->admin;
	g_autofree char *state = admin_power_state(a, vm, err);
	g_autoptr(GError) e = NULL;
	const char *problem = NULL;

	if (!state)
		return false;
	if (!strcmp(state, "Running"))
		return true;
	if (!r->autostart && !admin_state_running(state))
		problem = "not started";
	else if (strcmp(state, "Paused") != 0)
		return admin_do(a, vm, "admin.vm.Start", NULL, NULL, &e) ||
		       admin_error_is(e, ADMIN_ERROR_VM_NOT_HALTED) ||
		       (g_propagate_error(err, g_steal_pointer(&e)), false);
	else if (!r->autostart)
		problem = "is paused";
	else if (!admin_do(a, vm, "admin.vm.Unpause", NULL, NULL, NULL))
		problem = "cannot be unpaused";
	if (problem && r->verbose > 0)
		run_say(r, "Qube '%s' %s", vm, problem);
	return !problem;
}

static void wait_for_session(struct run *r, const char *vm)
{
	g_autofree char *user = admin_get_prop(r->c->admin, vm, "default_user");
	_cleanup_close_ int in = service_input(user ? user : "", NULL);
	struct service s = {
		.dest = vm, .name = "qubes.WaitForSession", .in = in, .out = -1, .err = -1};
	pid_t pid = service_spawn(r->c->admin, &s, NULL);

	if (pid > 0)
		run_wait(r, pid);
}

bool run_in_qube(struct run *r, struct admin_vm *vm, GError **err)
{
	bool gui = r->gui < 0 ? can_gui(r, vm->name) : r->gui;

	if (!bring_up(r, vm->name, err))
		return false;
	if (r->verbose > 0)
		run_say(r, "Running '%s' on %s", r->command, vm->name);
	if (gui)
		wait_for_session(r, vm->name);
	if (r->interrupted)
		return false;
	return spawn(r, vm->name, vm->name, gui, 0, err);
}

/* The template of a disposable that was not named: the caller's default. NULL: unknown. */
static char *default_template(struct run *r)
{
	struct utsname u;
	char *t = admin_get_prop(r->c->admin, admin_local_name(r->c->admin), "default_dispvm");

	/* A dom0 may also be known by its host's name. */
	if (!t && admin_is_local(r->c->admin) && uname(&u) == 0 && strchr(u.nodename, ' ') == NULL)
		t = admin_get_prop(r->c->admin, u.nodename, "default_dispvm");
	return t;
}

bool run_in_disposable(struct run *r, GError **err)
{
	struct admin *a = r->c->admin;
	g_autofree char *template = *r->dispvm ? g_strdup(r->dispvm) : default_template(r);
	g_autofree char *remote = g_strconcat("@dispvm", *r->dispvm ? ":" : "", r->dispvm, NULL);
	g_autofree char *timeout = NULL;
	g_autoptr(GError) e = NULL;
	bool gui = r->gui < 0 ? can_gui(r, template) : r->gui;

	if (!admin_is_local(a)) {
		if (r->verbose > 0)
			run_say(r, "Running '%s' on %s", r->command, remote);
		r->disposable = g_steal_pointer(&remote);
		return spawn(r, r->disposable, template, gui, 0, err);
	}
	/* Not to be given up: nobody would know the name of what was made. */
	admin_set_cancel(a, -1);
	r->disposable = admin_call(a, *r->dispvm ? r->dispvm : "dom0", "admin.vm.CreateDisposable",
				   NULL, NULL, err);
	admin_set_cancel(a, r->signals);
	if (!r->disposable)
		return false;
	if (r->verbose > 0)
		run_say(r, "Running '%s' on %s", r->command, r->disposable);
	if (!admin_do(a, r->disposable, "admin.vm.Start", NULL, NULL, &e) &&
	    !admin_error_is(e, ADMIN_ERROR_VM_NOT_HALTED)) {
		g_propagate_error(err, g_steal_pointer(&e));
		return false;
	}
	/* The session may still be starting; give the call as long as the qube has. */
	timeout = admin_get_prop(a, r->disposable, "qrexec_timeout");
	return spawn(r, r->disposable, template, gui,
		     timeout ? (unsigned)g_ascii_strtoull(timeout, NULL, 10) : 0, err);
}

/*
 * Ends and removes the disposable, in whatever state it is: one that never ran is not
 * removed by ending, and one that is just starting can be neither killed nor removed yet.
 */
static bool remove_disposable(struct admin *a, const char *name, GError **err)
{
	g_autoptr(GError) e = NULL;

	for (int tries = 0; tries < REMOVE_TRIES; tries++) {
		g_clear_error(&e);
		if (admin_do(a, name, "admin.vm.Kill", NULL, NULL, &e) ||
		    admin_error_is(e, ADMIN_ERROR_KEY))
			return true;
		if (!admin_error_is(e, ADMIN_ERROR_VM_NOT_STARTED))
			break;
		g_clear_error(&e);
		if (admin_do(a, name, "admin.vm.Remove", NULL, NULL, &e) ||
		    admin_error_is(e, ADMIN_ERROR_KEY))
			return true;
		if (!admin_error_is(e, ADMIN_ERROR_VM_NOT_HALTED))
			break;
		g_usleep(REMOVE_PAUSE_US);
	}
	g_propagate_error(err, g_steal_pointer(&e));
	return false;
}

void run_cleanup(struct run *r)
{
	g_autoptr(GError) err = NULL;

	/* This is done even when a signal ends us. */
	admin_set_cancel(r->c->admin, -1);
	/* Through qrexec it is the other side that removes it. */
	if (r->disposable && admin_is_local(r->c->admin) &&
	    !remove_disposable(r->c->admin, r->disposable, &err))
		ctx_error(r->c, "cannot remove disposable '%s': %s", r->disposable, err->message);
	g_clear_pointer(&r->disposable, g_free);
}
