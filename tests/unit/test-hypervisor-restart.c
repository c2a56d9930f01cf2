// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A libvirtd that ends and comes back, as the hypervisor layer sees it: a real one, of our own,
 * with no driver but libvirt's in-memory one.
 */
#include "dom0/qubesd/hypervisor/private.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 150000
#define NOBODY 65534

typedef struct {
	char *program; /* NULL: not installed */
	char *dir, *uri;
	pid_t pid;
	bool lost; /* what events said last */
} Libvirtd;

static void on_event(HvEvent event, const char *uuid, gpointer data)
{
	Libvirtd *l = data;

	if (event == HV_EVENT_DISCONNECTED)
		l->lost = true;
	if (event == HV_EVENT_CONNECTED)
		l->lost = false;
}

/* Not as root: what it keeps is in our folder then. Other threads run: the child makes nothing. */
static void start(Libvirtd *l)
{
	g_autofree char *config = g_build_filename(l->dir, "libvirtd.conf", NULL);
	g_autofree char *pidfile = g_build_filename(l->dir, "pid", NULL);
	g_autofree char *none = g_build_filename(l->dir, "none", NULL);
	g_auto(GStrv) env = g_environ_setenv(g_get_environ(), "HOME", l->dir, TRUE);

	env = g_environ_setenv(env, "XDG_RUNTIME_DIR", l->dir, TRUE);
	env = g_environ_setenv(env, "LIBVIRT_DRIVER_DIR", none, TRUE);
	l->pid = fork();
	if (l->pid)
		return;
	if (getuid() == 0 && (setgid(NOBODY) || setuid(NOBODY)))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execle(l->program, l->program, "--config", config, "--pid-file", pidfile, (char *)NULL,
	       env);
	_exit(127);
}

static void stop(Libvirtd *l, int sig)
{
	if (l->pid <= 0)
		return;
	kill(l->pid, sig);
	g_assert_cmpint(waitpid(l->pid, NULL, 0), ==, l->pid);
	l->pid = 0;
}

static void setup(Libvirtd *l, gconstpointer data)
{
	g_autofree char *config = NULL, *text = NULL;

	l->program = g_find_program_in_path("libvirtd");
	if (!l->program && access("/usr/sbin/libvirtd", X_OK) == 0)
		l->program = g_strdup("/usr/sbin/libvirtd");
	l->dir = g_dir_make_tmp("libvirtd-XXXXXX", NULL);
	l->uri = g_strdup_printf("test+unix:///default?socket=%s/libvirt-sock", l->dir);
	config = g_build_filename(l->dir, "libvirtd.conf", NULL);
	text = g_strdup_printf("unix_sock_dir = \"%s\"\nauth_unix_ro = \"none\"\n"
			       "auth_unix_rw = \"none\"\nlog_outputs = \"3:file:%s/log\"\n",
			       l->dir, l->dir);
	g_assert_true(g_file_set_contents_full(config, text, -1, 0, 0644, NULL));
	if (getuid() == 0)
		g_assert_cmpint(chown(l->dir, NOBODY, NOBODY), ==, 0);
}

static void teardown(Libvirtd *l, gconstpointer data)
{
	g_autofree char *remove = g_strdup_printf("rm -rf '%s'", l->dir);

	stop(l, SIGKILL);
	g_assert_cmpint(system(remove), ==, 0);
	g_free(l->program);
	g_free(l->dir);
	g_free(l->uri);
}

static bool answers(Hypervisor *hv, GError **error)
{
	GHashTable *all = hypervisor_list(hv, error);

	if (all)
		g_hash_table_unref(all);
	return all;
}

static void await_answer(Hypervisor *hv)
{
	gint64 end = g_get_monotonic_time() + WAIT_MS * G_TIME_SPAN_MILLISECOND;

	while (!answers(hv, NULL) && g_get_monotonic_time() < end)
		g_usleep(10000);
}

static void await_loss(const Libvirtd *l)
{
	gint64 end = g_get_monotonic_time() + WAIT_MS * G_TIME_SPAN_MILLISECOND;

	while (!l->lost && g_get_monotonic_time() < end) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	g_assert_true(l->lost);
}

/* Who wants something just now is served by the next libvirtd. */
static void test_back(Libvirtd *l, gconstpointer data)
{
	Hypervisor *hv = hypervisor_new(l->uri, "", 0, 0);
	g_autoptr(GError) error = NULL;

	if (!l->program) {
		g_test_skip("there is no libvirtd");
		hypervisor_free(hv);
		return;
	}
	hypervisor_set_callback(hv, on_event, l);
	start(l);
	await_answer(hv);
	g_assert_true(answers(hv, &error));
	hv_link_await(hv->link, WAIT_MS); /* nothing to wait for */
	stop(l, SIGKILL);
	await_loss(l);
	start(l);
	hv_link_await(hv->link, WAIT_MS);
	g_assert_true(answers(hv, &error));
	g_assert_no_error(error);
	hypervisor_free(hv);
}

/* One that does not return is given up, and said to be gone. */
static void test_gone(Libvirtd *l, gconstpointer data)
{
	Hypervisor *hv = hypervisor_new(l->uri, "", 0, 0);
	gint64 before = g_get_monotonic_time();
	g_autoptr(GError) never = NULL, gone = NULL;

	hypervisor_set_callback(hv, on_event, l);
	g_assert_false(answers(hv, &never));
	g_assert_error(never, HYPERVISOR_ERROR, HYPERVISOR_ERROR_UNREACHABLE);
	hv_link_await(hv->link, WAIT_MS); /* it was never there */
	if (l->program) {
		start(l);
		await_answer(hv);
		while (g_main_context_iteration(NULL, FALSE)) /* CONNECTED comes before the loss */
			;
		stop(l, SIGKILL);
		await_loss(l);
		before = g_get_monotonic_time();
		hv_link_await(hv->link, 100);
		g_assert_false(answers(hv, &gone));
		g_assert_error(gone, HYPERVISOR_ERROR, HYPERVISOR_ERROR_UNREACHABLE);
		g_assert_nonnull(strstr(gone->message, "Is libvirtd running?"));
	}
	g_assert_cmpint(g_get_monotonic_time() - before, <, WAIT_MS * G_TIME_SPAN_MILLISECOND / 2);
	hypervisor_free(hv);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/hypervisor-restart/back", Libvirtd, NULL, setup, test_back, teardown);
	g_test_add("/hypervisor-restart/gone", Libvirtd, NULL, setup, test_gone, teardown);
	return g_test_run();
}
