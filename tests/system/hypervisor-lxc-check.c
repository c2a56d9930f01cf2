// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The container driver with real containers. Started by hypervisor-lxc.sh as root, in
 * mount and pid namespaces that end with it:
 *
 *   hypervisor-lxc-check ROOT TREE        TAP without a plan
 *   hypervisor-lxc-check ROOT TREE boot   starts root.img, a real system with systemd
 *
 * ROOT holds root.img, a tiny system whose init is hypervisor-guest. TREE is the source
 * tree. The containers are played by a cooperative guest that tries hostile things.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/hypervisor-lxc-stage.h"

static void test_start(Test *t, Qube *q)
{
	g_autofree char *mnt = g_build_filename(t->root, "run/qubes/mnt", q->name, NULL);
	g_autofree char *vchan = g_build_filename(t->root, "run/qubes/vchan/1/report", NULL);
	HvInfo info;

	STEP(t, create(t, q, &error), "a container is created");
	info = info_of(t, q);
	check(t, info.state == HV_PAUSED && info.xid == q->xid && q->xid == 1,
	      "it is paused, as domain 1");
	check(t, gone(mnt, "root") && gone(mnt, "private"), "dom0 has let go of its file systems");
	g_usleep(100000);
	check(t, gone(vchan, ""), "its init does not run yet");
}

static void test_isolation(Test *t, Qube *q)
{
	g_autofree char *uid_line = NULL, *status = NULL, *text = NULL, *expect = NULL;
	g_autofree char *adj_file = NULL, *adj = NULL;
	g_autofree char *vchan = reported(t, q, "vchan"), *cgroup = reported(t, q, "cgroup");
	unsigned base = (unsigned)(q->xid + 16) * 65536;
	pid_t pid = first_process(t, q);

	says(t, q, "uid", "0", "it is root inside");
	status = g_strdup_printf("/proc/%d/status", pid);
	g_file_get_contents(status, &text, NULL, NULL);
	uid_line = g_strdup_printf("Uid:\t%u\t%u\t%u\t%u", base, base, base, base);
	check(t, text && strstr(text, uid_line), "it is user %u outside", base);
	says(t, q, "hostname", q->name, "its host name is the qube's name");
	expect = g_strdup_printf("%s/root.img quiet", t->root);
	says(t, q, "args", expect, "kernel options reach its init");
	check(t, g_str_has_suffix(cgroup, "0::/") && !strstr(cgroup, "lxc"),
	      "it sees no cgroup but its own (%s)", cgroup);
	says(t, q, "run", "vchan", "dom0's part of /run is the vchan folder");
	check(t, !strcmp(vchan, "report.new domid") || !strcmp(vchan, "domid report.new"),
	      "which holds nothing else (%s)", vchan);
	says(t, q, "net", "lo", "it has no network but lo");
	says(t, q, "host_file", "No such file or directory", "it cannot see a file of the host");
	says(t, q, "mknod", "Operation not permitted", "it cannot make block devices");
	says(t, q, "chown_out", "Invalid argument", "it cannot name users outside its range");
	says(t, q, "debugfs", "Operation not permitted", "it cannot mount debugfs");
	says(t, q, "limit", "Permission denied", "it cannot lift the limits of its cgroup");
	adj_file = g_strdup_printf("/proc/%d/oom_score_adj", pid);
	g_file_get_contents(adj_file, &adj, NULL, NULL);
	check(t, adj && atoi(adj) >= 499, "it is ended before dom0 when memory is short");
	/* Where we are confined ourselves, the number is no limit. */
	if (prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1)
		says(t, q, "oom", "Permission denied", "and cannot change that");
	says(t, q, "subgroup", "ok", "it can divide its cgroup");
	check(t, kill(pid, 0) == 0, "dom0 can reach it");
}

static void test_two(Test *t, Qube *a, Qube *b)
{
	g_autofree char *vchan = NULL, *domid = NULL, *expect = NULL, *console = NULL;
	struct stat st;
	g_autoptr(GHashTable) all = NULL;
	g_autoptr(GError) again = NULL;

	up(t, b);
	check(t, b->xid != a->xid && b->xid > a->xid, "the next container has a higher number");
	vchan = reported(t, b, "vchan");
	check(t, !strstr(vchan, "beat"), "it does not see the other's vchan folder");
	domid = reported(t, b, "domid");
	expect = g_strdup_printf("%d", b->xid);
	check(t, !strcmp(domid, expect), "it finds its own number there");
	all = hypervisor_list(t->hv, NULL);
	check(t, all && g_hash_table_size(all) == 2, "both are listed");
	check(t, !create(t, b, &again), "a running one is not created again");
	check(t, info_of(t, b).state == HV_RUNNING, "and runs on");
	console = hypervisor_console(t->hv, b->uuid, NULL);
	check(t, console && stat(console, &st) == 0 && S_ISCHR(st.st_mode),
	      "its console is a terminal (%s)", console);
}

static char *beat(Test *t, const Qube *q)
{
	g_autofree char *path = vchan_file(t, q, "beat");
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static void test_pause(Test *t, Qube *q)
{
	g_autofree char *first = NULL, *second = NULL, *third = NULL;
	gint64 start;

	STEP(t, hypervisor_pause(t->hv, q->uuid, &error), "it is paused");
	check(t, info_of(t, q).state == HV_PAUSED, "and says so");
	first = beat(t, q);
	g_usleep(100000);
	second = beat(t, q);
	check(t, !g_strcmp0(first, second), "it stands still");
	STEP(t, hypervisor_unpause(t->hv, q->uuid, &error), "it is unpaused");
	start = now_ms();
	do {
		pump();
		g_free(third);
		third = beat(t, q);
	} while (!g_strcmp0(second, third) && now_ms() - start < WAIT_MS);
	check(t, info_of(t, q).state == HV_RUNNING && g_strcmp0(second, third) != 0, "and goes on");
	STEP(t, hypervisor_suspend(t->hv, q->uuid, &error), "it is suspended");
	check(t, info_of(t, q).state == HV_SUSPENDED, "and says so");
	STEP(t, hypervisor_resume(t->hv, q->uuid, &error), "it is resumed");
	check(t, wait_event(t, "paused:1") >= 0 && wait_event(t, "resumed:1") >= 0,
	      "events tell of it");
}

/* Restarting qubesd is making a new Hypervisor. */
static void test_restart(Test *t, Qube *a, Qube *b)
{
	int xid_a = a->xid, xid_b = b->xid;

	hypervisor_free(t->hv);
	t->hv = connect_to(t);
	check(t, info_of(t, a).xid == xid_a && info_of(t, b).xid == xid_b,
	      "a restarted qubesd finds the numbers");
}

static void test_dead_libvirtd(Test *t, Qube *a)
{
	gint64 start;
	gboolean answered;
	int ms;
	HvInfo info;
	g_autoptr(GError) dead = NULL, stopped = NULL;

	wait_libvirtd(t);
	forget_events(t);
	kill(t->libvirtd, SIGKILL);
	waitpid(t->libvirtd, NULL, 0);
	check(t, wait_event(t, "disconnected") >= 0, "libvirtd's death is told");
	start = now_ms();
	answered = hypervisor_info(t->hv, a->uuid, &info, &dead);
	ms = (int)(now_ms() - start);
	check(t, !answered && ms < at_most(2500), "and calls fail within 2 s (%d ms)", ms);
	check(t, g_error_matches(dead, HYPERVISOR_ERROR, HYPERVISOR_ERROR_UNREACHABLE),
	      "with one clear error: %s", dead ? dead->message : "");
	start_libvirtd(t);
	hypervisor_await(t->hv);
	check(t, wait_event(t, "connected:-") >= 0 && wait_libvirtd(t),
	      "its return is told without a call");
	check(t, info_of(t, a).state == HV_RUNNING, "it finds the containers");

	kill(t->libvirtd, SIGSTOP);
	start = now_ms();
	answered = hypervisor_info(t->hv, a->uuid, &info, &stopped);
	ms = (int)(now_ms() - start);
	check(t, !answered && ms < at_most(9000),
	      "a libvirtd that hangs does not hang us (%d ms): %s", ms,
	      stopped ? stopped->message : "");
	kill(t->libvirtd, SIGCONT);
	check(t, wait_libvirtd(t) && info_of(t, a).state == HV_RUNNING, "and may go on");
}

static void test_stop(Test *t, Qube *q)
{
	int ms;

	forget_events(t);
	STEP(t, hypervisor_shutdown(t->hv, q->uuid, &error), "it is asked to power off");
	ms = wait_event(t, "stopped:1");
	check(t, ms >= 0 && ms < at_most(1000), "it is off within a second (%d ms)", ms);
	clean(t, q);
	up(t, q);
	says(t, q, "boots", "2", "what it wrote to private.img is there after the next start");
	check(t, q->xid == 3, "its number is a new one");
}

static void test_reboot(Test *t, Qube *q)
{
	forget_events(t);
	command(t, q, "reboot");
	check(t, wait_event(t, "stopped:1") >= 0 && info_of(t, q).state == HV_HALTED,
	      "a reboot from inside ends it");
	clean(t, q);
}

static void test_destroy(Test *t, Qube *q)
{
	gint64 start;

	up(t, q);
	STEP(t, hypervisor_pause(t->hv, q->uuid, &error), "a paused one");
	start = now_ms();
	STEP(t, hypervisor_destroy(t->hv, q->uuid, &error), "is killed");
	check(t, now_ms() - start < at_most(1000), "at once (%d ms)", (int)(now_ms() - start));
	clean(t, q);
	STEP(t, create(t, q, &error), "one that was never let run");
	STEP(t, hypervisor_destroy(t->hv, q->uuid, &error), "is killed");
	clean(t, q);
}

static void test_lost_controller(Test *t, Qube *q)
{
	pid_t pid, parent = 0;
	g_autofree char *path = NULL, *text = NULL;

	up(t, q);
	forget_events(t);
	pid = first_process(t, q);
	path = g_strdup_printf("/proc/%d/stat", pid);
	if (g_file_get_contents(path, &text, NULL, NULL) && strrchr(text, ')'))
		parent = atoi(strrchr(text, ')') + 4);
	kill(parent, SIGKILL);
	check(t, wait_event(t, "stopped:1") >= 0, "libvirt's controller killed: it is off");
	clean(t, q);
	for (gint64 start = now_ms(); first_process(t, q) && now_ms() - start < WAIT_MS;)
		pump();
	check(t, first_process(t, q) == 0, "and none of its processes is left");
}

static void test_mess(Test *t, Qube *q)
{
	up(t, q);
	command(t, q, "mess");
	check(t, wait_file(t, q, "messed"), "one that makes a mess of its vchan folder");
	STEP(t, hypervisor_destroy(t->hv, q->uuid, &error), "is killed");
	clean(t, q);
}

static void test_grown(Test *t, Qube *q)
{
	struct statvfs st = {0};
	g_autofree char *inside = NULL;

	if (truncate(q->private_img, 256 * MIB) < 0)
		g_error("truncate");
	up(t, q);
	inside = g_strdup_printf("/proc/%d/root/rw", first_process(t, q));
	statvfs(inside, &st);
	check(t, (guint64)st.f_blocks * st.f_frsize > 200ull * MIB,
	      "an enlarged private.img gives more room (%d MiB)",
	      (int)((guint64)st.f_blocks * st.f_frsize / MIB));
	STEP(t, hypervisor_destroy(t->hv, q->uuid, &error), "it is killed");
	clean(t, q);
}

static void test_bad_images(Test *t, Qube *q)
{
	g_autoptr(GError) blank = NULL, garbage = NULL;
	gboolean made;
	int fd;

	make_sparse(q->root_img, MIB);
	made = create(t, q, &blank);
	check(t, !made && blank && strstr(blank->message, "is empty"),
	      "an empty root image is refused: %s", blank ? blank->message : "");
	fd = open(q->root_img, O_WRONLY);
	if (write(fd, "garbage", 7) != 7)
		g_error("write");
	close(fd);
	made = create(t, q, &garbage);
	check(t, !made && garbage && strstr(garbage->message, "ext4"),
	      "one without a file system too: %s", garbage ? garbage->message : "");
	check(t, !loop_of(t, q) && info_of(t, q).state == HV_HALTED, "and nothing is left");
}

typedef struct {
	Test *t;
	Qube *q;
	gboolean ok;
} Parallel;

static gpointer create_thread(gpointer data)
{
	Parallel *p = data;

	p->ok = create(p->t, p->q, NULL) && hypervisor_unpause(p->t->hv, p->q->uuid, NULL);
	return NULL;
}

/* Namespaces copied at the same moment must not keep each other's images in use. */
static void test_parallel(Test *t, const char *image)
{
	enum { N = 4 };
	Parallel p[N];
	GThread *threads[N];
	bool ok = true;
	gint64 start = now_ms();

	for (int i = 0; i < N; i++)
		p[i] = (Parallel){.t = t, .q = qube_new(t, 5 + i, image)};
	for (int i = 0; i < N; i++)
		threads[i] = g_thread_new("create", create_thread, &p[i]);
	for (int i = 0; i < N; i++) {
		g_thread_join(threads[i]);
		ok = ok && p[i].ok;
	}
	check(t, ok, "%d are started at once (%d ms)", N, (int)(now_ms() - start));
	for (int i = 0; i < N; i++) {
		hypervisor_destroy(t->hv, p[i].q->uuid, NULL);
		clean(t, p[i].q);
		qube_free(p[i].q);
	}
}

static int all_tests(Test *t)
{
	g_autofree char *image = g_build_filename(t->root, "root.img", NULL);
	Qube *a = qube_new(t, 1, image), *b = qube_new(t, 2, image);

	test_start(t, a);
	STEP(t, hypervisor_unpause(t->hv, a->uuid, &error), "it is let run");
	check(t, wait_file(t, a, "report"), "it runs its init");
	test_isolation(t, a);
	test_two(t, a, b);
	test_pause(t, a);
	test_restart(t, a, b);
	test_dead_libvirtd(t, a);
	test_stop(t, a);
	test_reboot(t, a);
	test_destroy(t, a);
	test_lost_controller(t, a);
	test_mess(t, a);
	test_grown(t, a);
	test_bad_images(t, a);
	test_parallel(t, image);
	STEP(t, hypervisor_shutdown(t->hv, b->uuid, &error), "the other ran all the time");
	check(t, wait_event(t, "stopped:2") >= 0, "and is off");
	clean(t, b);
	qube_free(a);
	qube_free(b);
	return t->failed != 0;
}

/* For people: does a real image boot, and how fast? */
static int boot(Test *t)
{
	g_autofree char *image = g_build_filename(t->root, "root.img", NULL), *pid = NULL,
			*bus = NULL;
	Qube *q = qube_new(t, 1, image);
	const char *argv[] = {"nsenter",	   "-t",     NULL, "-a", "systemctl",
			      "is-system-running", "--wait", NULL};
	const char *failed[] = {"nsenter", "-t", NULL, "-a", "systemctl", "--failed", NULL};
	gint64 start = now_ms(), created;

	STEP(t, create(t, q, &error), "it is created");
	created = now_ms();
	STEP(t, hypervisor_unpause(t->hv, q->uuid, &error), "it is let run");
	pid = g_strdup_printf("%d", first_process(t, q));
	argv[2] = failed[2] = pid;
	bus = g_strdup_printf("/proc/%s/root/run/dbus/system_bus_socket", pid);
	while (!g_file_test(bus, G_FILE_TEST_EXISTS) && now_ms() - created < WAIT_MS)
		pump();
	check(t, run(argv), "systemd runs, nothing failed: create %d ms, boot %d ms",
	      (int)(created - start), (int)(now_ms() - created));
	run(failed);
	start = now_ms();
	STEP(t, hypervisor_shutdown(t->hv, q->uuid, &error), "it is asked to power off");
	check(t, wait_event(t, "stopped:1") >= 0, "it is off");
	g_print("# after %d ms\n", (int)(now_ms() - start));
	clean(t, q);
	qube_free(q);
	return t->failed != 0;
}

int main(int argc, char **argv)
{
	Test t = {.events = g_string_new(NULL)};
	int r;

	if (argc < 3)
		return 2;
	t.root = argv[1];
	t.tree = argv[2];
	setlinebuf(stdout);
	start_libvirtd(&t);
	t.hv = connect_to(&t);
	check(&t, wait_libvirtd(&t), "libvirtd starts");
	r = argc > 3 && !strcmp(argv[3], "boot") ? boot(&t) : all_tests(&t);
	hypervisor_free(t.hv);
	kill(t.libvirtd, SIGTERM);
	waitpid(t.libvirtd, NULL, 0);
	g_string_free(t.events, TRUE);
	return r;
}
