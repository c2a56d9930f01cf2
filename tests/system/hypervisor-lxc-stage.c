/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stage of hypervisor-lxc-check (hypervisor-lxc-stage.h). Its guests are ours, and cooperate.
 */
#include "tests/system/hypervisor-lxc-stage.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

void check(Test *t, bool ok, const char *format, ...)
{
	va_list args;
	g_autofree char *text = NULL;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_print("%sok %d - %s\n", ok ? "" : "not ", ++t->n, text);
	t->failed += !ok;
}

/* QUBES_TEST_SLOW: how many times slower than usual this machine is (an emulator, say). */
gint64 now_ms(void)
{
	static gint64 slow;
	const char *text = g_getenv("QUBES_TEST_SLOW");

	if (!slow)
		slow = text ? MAX(1, g_ascii_strtoll(text, NULL, 10)) : 1;
	return g_get_monotonic_time() / 1000 / slow;
}

void pump(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_usleep(2000);
}

static void on_event(HvEvent event, const char *uuid, gpointer data)
{
	static const char *const names[] = {"started", "paused",    "resumed",	   "stopped",
					    "crashed", "connected", "disconnected"};
	Test *t = data;

	g_string_append_printf(t->events, "%s:%c ", names[event], uuid ? uuid[35] : '-');
}

int at_most(int ms)
{
	double load = 0;

	getloadavg(&load, 1);
	return (int)(5 * ms * (1 + load / get_nprocs()));
}

int wait_event(Test *t, const char *event)
{
	gint64 start = now_ms();

	while (!strstr(t->events->str, event)) {
		if (now_ms() - start > WAIT_MS)
			return -1;
		pump();
	}
	return (int)(now_ms() - start);
}

void forget_events(Test *t)
{
	pump();
	g_string_truncate(t->events, 0);
}

/* --- libvirtd ---------------------------------------------------------------- */

void start_libvirtd(Test *t)
{
	g_autofree char *script =
		g_build_filename(t->tree, "dom0/embedded/libvirtd-private.sh", NULL);
	char *argv[] = {script, (char *)t->root, NULL};

	if (!g_spawn_async(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &t->libvirtd,
			   NULL))
		g_error("cannot run %s", script);
}

Hypervisor *connect_to(Test *t)
{
	Hypervisor *hv = hypervisor_new("lxc:///system", t->root, getuid(), getgid());

	hypervisor_set_callback(hv, on_event, t);
	return hv;
}

bool wait_libvirtd(Test *t)
{
	gint64 start = now_ms();

	while (now_ms() - start < WAIT_MS) {
		g_autoptr(GHashTable) all = hypervisor_list(t->hv, NULL);

		if (all)
			return true;
		pump();
	}
	return false;
}

/* --- qubes --------------------------------------------------------------------- */

bool run(const char *const *argv)
{
	int status = -1;

	return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
			    &status, NULL) &&
	       status == 0;
}

void make_sparse(const char *path, off_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	if (fd < 0 || ftruncate(fd, size) < 0)
		g_error("cannot make %s", path);
	close(fd);
}

Qube *qube_new(Test *t, int i, const char *image)
{
	Qube *q = g_new0(Qube, 1);
	const char *cp[] = {"cp", "--sparse=always", "--reflink=auto", image, NULL, NULL};
	const char *sync_argv[] = {"sync", NULL, NULL};

	q->i = i;
	q->name = g_strdup_printf("qube%d", i);
	q->uuid = g_strdup_printf("0a1b2c3d-0000-4000-8000-00000000000%d", i);
	q->root_img = g_strdup_printf("%s/%s-root.img", t->root, q->name);
	q->private_img = g_strdup_printf("%s/%s-private.img", t->root, q->name);
	cp[4] = sync_argv[1] = q->root_img;
	/* What is not written yet would be when a loop device is attached. */
	if (!run(cp) || !run(sync_argv))
		g_error("cannot copy %s", image);
	make_sparse(q->private_img, 64 * MIB);
	return q;
}

void qube_free(Qube *q)
{
	g_unlink(q->root_img);
	g_unlink(q->private_img);
	g_free(q->name);
	g_free(q->uuid);
	g_free(q->root_img);
	g_free(q->private_img);
	g_free(q);
}

gboolean create(Test *t, Qube *q, GError **error)
{
	g_autofree char *opts = g_strdup_printf("%s/root.img quiet", t->root);
	const HvDisk disks[] = {{.volume = "root", .path = q->root_img, .rw = TRUE},
				{.volume = "private", .path = q->private_img, .rw = TRUE},
				{.volume = "volatile", .path = "/nonexistent", .rw = TRUE}};
	HvDomainSpec spec = {.name = q->name,
			     .uuid = q->uuid,
			     .memory_kib = 200 * 1024,
			     .max_memory_kib = 400 * 1024,
			     .vcpus = 2,
			     .kernelopts = opts,
			     .disks = disks,
			     .n_disks = G_N_ELEMENTS(disks)};

	return hypervisor_create_paused(t->hv, &spec, &q->xid, error);
}

HvInfo info_of(Test *t, const Qube *q)
{
	HvInfo info = {.state = HV_CRASHED, .xid = -2};

	hypervisor_info(t->hv, q->uuid, &info, NULL);
	return info;
}

char *vchan_file(Test *t, const Qube *q, const char *name)
{
	return g_strdup_printf("%s/run/qubes/vchan/%d/%s", t->root, q->xid, name);
}

bool wait_file(Test *t, const Qube *q, const char *name)
{
	g_autofree char *path = vchan_file(t, q, name);
	gint64 start = now_ms();

	while (now_ms() - start < WAIT_MS) {
		if (g_file_test(path, G_FILE_TEST_EXISTS))
			return true;
		pump();
	}
	return false;
}

void command(Test *t, const Qube *q, const char *text)
{
	g_autofree char *path = vchan_file(t, q, "cmd");
	g_autofree char *tmp = vchan_file(t, q, "cmd.new");

	g_file_set_contents(tmp, text, -1, NULL);
	chmod(tmp, 0644);
	rename(tmp, path);
}

char *reported(Test *t, const Qube *q, const char *key)
{
	g_autofree char *path = vchan_file(t, q, "report");
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("(no report)");
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		if (g_str_has_prefix(*l, key) && (*l)[strlen(key)] == '=')
			return g_strchomp(g_strdup(*l + strlen(key) + 1));
	}
	return g_strdup("(not reported)");
}

void says(Test *t, const Qube *q, const char *key, const char *expect, const char *what)
{
	g_autofree char *value = reported(t, q, key);

	if (strcmp(value, expect) != 0)
		g_print("# %s is '%s', not '%s'\n", key, value, expect);
	check(t, !strcmp(value, expect), "%s", what);
}

void up(Test *t, Qube *q)
{
	STEP(t, create(t, q, &error), "%s is created", q->name);
	STEP(t, hypervisor_unpause(t->hv, q->uuid, &error), "%s is let run", q->name);
	check(t, wait_file(t, q, "report"), "%s runs its init", q->name);
}

bool gone(const char *dir, const char *sub)
{
	g_autofree char *path = g_build_filename(dir, sub, NULL);

	return !g_file_test(path, G_FILE_TEST_EXISTS);
}

bool text_mentions(const char *file, const char *needle)
{
	g_autofree char *text = NULL;

	return g_file_get_contents(file, &text, NULL, NULL) && strstr(text, needle);
}

bool loop_of(Test *t, const Qube *q)
{
	g_autoptr(GDir) dir = g_dir_open("/sys/block", 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file =
			g_build_filename("/sys/block", name, "loop/backing_file", NULL);

		if (text_mentions(file, q->root_img) || text_mentions(file, q->private_img))
			return true;
	}
	return false;
}

void clean(Test *t, const Qube *q)
{
	g_autofree char *mnt = g_build_filename(t->root, "run/qubes/mnt", NULL);
	g_autofree char *vchan = vchan_file(t, q, "..");

	STEP(t, hypervisor_cleanup(t->hv, q->uuid, &error), "%s is cleaned up", q->name);
	STEP(t, hypervisor_cleanup(t->hv, q->uuid, &error), "and again");
	vchan[strlen(vchan) - 3] = '\0';
	check(t,
	      gone(mnt, q->name) && gone(vchan, "") && !loop_of(t, q) &&
		      !text_mentions("/proc/self/mountinfo", q->name),
	      "no folder, mount or loop device of %s is left", q->name);
	check(t, info_of(t, q).state == HV_HALTED, "%s is halted", q->name);
}

static bool is_zombie(const char *pid)
{
	g_autofree char *path = g_build_filename("/proc", pid, "stat", NULL);

	return text_mentions(path, ") Z ");
}

pid_t first_process(Test *t, const Qube *q)
{
	g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename("/proc", name, "uid_map", NULL);
		g_autofree char *text = NULL;
		unsigned in = 1, out = 0;

		if (g_ascii_isdigit(*name) && g_file_get_contents(path, &text, NULL, NULL) &&
		    sscanf(text, "%u %u", &in, &out) == 2 && in == 0 &&
		    out == (unsigned)(q->xid + 16) * 65536 && !is_zombie(name))
			return atoi(name);
	}
	return 0;
}
