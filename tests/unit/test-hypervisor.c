// SPDX-License-Identifier: GPL-2.0-or-later
/* The hypervisor layer on libvirt's in-memory hypervisor, its XML, and its decoders. */
#include "dom0/qubesd/hypervisor/gpt.h"
#include "dom0/qubesd/hypervisor/private.h"
#include "dom0/qubesd/hypervisor/xml.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define UUID "0a1b2c3d-0000-4000-8000-00000000000a"

typedef struct {
	GString *seen;
} Events;

static const char *const names[] = {"started", "paused",    "resumed",	   "stopped",
				    "crashed", "connected", "disconnected"};

static void on_event(HvEvent event, const char *uuid, gpointer data)
{
	Events *e = data;

	if (!uuid || !strcmp(uuid, UUID))
		g_string_append_printf(e->seen, "%s ", names[event]);
}

static void settle(Events *e, const char *until)
{
	gint64 deadline = g_get_monotonic_time() + 150 * G_TIME_SPAN_SECOND;

	while (!strstr(e->seen->str, until) && g_get_monotonic_time() < deadline) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
}

static HvDomainSpec spec(void)
{
	return (HvDomainSpec){.name = "work",
			      .uuid = UUID,
			      .virt_mode = "pvh",
			      .memory_kib = 400 << 10,
			      .max_memory_kib = 4000 << 10,
			      .vcpus = 2,
			      .qid = 7};
}

#define OK(call)                                                                                   \
	do {                                                                                       \
		g_autoptr(GError) error = NULL;                                                    \
		gboolean ok_ = (call);                                                             \
		g_assert_no_error(error);                                                          \
		g_assert_true(ok_);                                                                \
	} while (0)

static HvInfo info_of(Hypervisor *hv)
{
	HvInfo info;

	OK(hypervisor_info(hv, UUID, &info, &error));
	return info;
}

static void test_life(void)
{
	Hypervisor *hv = hypervisor_new("test:///default", "", 0, 0);
	Events e = {.seen = g_string_new(NULL)};
	HvDomainSpec s = spec();
	GHashTable *all;
	guint64 mib;
	unsigned cpus;
	int xid = -1;

	g_assert_cmpstr(hypervisor_kind(hv), ==, "Test");
	g_assert_false(hypervisor_uses_kernel(hv));
	hypervisor_set_callback(hv, on_event, &e);
	g_assert_cmpint(info_of(hv).state, ==, HV_HALTED);
	g_assert_cmpint(info_of(hv).xid, ==, -1);
	OK(hypervisor_host_info(hv, &mib, &cpus, &error));
	g_assert_cmpuint(mib, >, 0);
	OK(hypervisor_create_paused(hv, &s, &xid, &error));
	g_assert_cmpint(xid, >, 0);
	g_assert_cmpint(info_of(hv).state, ==, HV_PAUSED);
	g_assert_cmpint(info_of(hv).xid, ==, xid);
	OK(hypervisor_unpause(hv, UUID, &error));
	g_assert_cmpint(info_of(hv).state, ==, HV_RUNNING);
	all = hypervisor_list(hv, NULL);
	g_assert_true(g_hash_table_contains(all, UUID));
	g_hash_table_unref(all);
	OK(hypervisor_pause(hv, UUID, &error));
	OK(hypervisor_resume(hv, UUID, &error));
	OK(hypervisor_suspend(hv, UUID, &error));
	OK(hypervisor_resume(hv, UUID, &error));
	OK(hypervisor_shutdown(hv, UUID, &error));
	/* A domain's events and the connection's come by different ways: in any order. */
	settle(&e, "stopped");
	settle(&e, "connected");
	g_assert_nonnull(strstr(e.seen->str, "connected"));
	g_assert_nonnull(strstr(e.seen->str, "started"));
	g_assert_nonnull(strstr(e.seen->str, "stopped"));
	OK(hypervisor_cleanup(hv, UUID, &error));
	OK(hypervisor_cleanup(hv, UUID, &error));
	g_assert_cmpint(info_of(hv).state, ==, HV_HALTED);
	OK(hypervisor_destroy(hv, UUID, &error));
	hypervisor_free(hv);
	g_string_free(e.seen, TRUE);
}

static void test_errors(void)
{
	Hypervisor *hv = hypervisor_new("test:///default", "", 0, 0);
	HvDomainSpec s = spec();
	g_autoptr(GError) not_running = NULL, twice = NULL, bad = NULL, busy = NULL;
	int xid = -1;

	g_assert_false(hypervisor_pause(hv, UUID, &not_running));
	g_assert_error(not_running, HYPERVISOR_ERROR, HYPERVISOR_ERROR_NO_DOMAIN);
	OK(hypervisor_create_paused(hv, &s, &xid, &error));
	g_assert_false(hypervisor_create_paused(hv, &s, &xid, &twice));
	g_assert_error(twice, HYPERVISOR_ERROR, HYPERVISOR_ERROR_FAILED);
	g_assert_false(hypervisor_cleanup(hv, UUID, &busy));
	g_assert_error(busy, HYPERVISOR_ERROR, HYPERVISOR_ERROR_FAILED);
	OK(hypervisor_destroy(hv, UUID, &error));
	OK(hypervisor_cleanup(hv, UUID, &error));
	s.name = "../x";
	g_assert_false(hypervisor_create_paused(hv, &s, &xid, &bad));
	g_assert_nonnull(bad);
	hypervisor_free(hv);
}

/* A libvirtd that is not there: an error at once. */
static void test_unreachable(void)
{
	Hypervisor *hv = hypervisor_new("lxc:///system?socket=/nonexistent/sock", "", 0, 0);
	gint64 before = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(hypervisor_kind(hv), ==, "LXC");
	g_assert_null(hypervisor_list(hv, &error));
	g_assert_error(error, HYPERVISOR_ERROR, HYPERVISOR_ERROR_UNREACHABLE);
	g_assert_nonnull(strstr(error->message, "/nonexistent/sock"));
	g_assert_cmpint(g_get_monotonic_time() - before, <, 25 * G_TIME_SPAN_SECOND);
	hypervisor_free(hv);
}

static void test_container_xml(void)
{
	HvDomainSpec s = spec();
	HvBind binds[] = {{.source = "/a&b", .target = "/run/vchan", .readonly = TRUE}};
	HvContainer c = {.spec = &s,
			 .xid = 3,
			 .uid_base = 19 * 65536,
			 .root = "/r<o>t",
			 .partition = "/qubes-1",
			 .init = "/run/i",
			 .binds = binds,
			 .n_binds = 1};
	g_autofree char *xml = NULL;

	s.kernelopts = " quiet  --unit=evil x='<&>'";
	xml = hv_xml_container(&c);
	g_assert_nonnull(strstr(xml, "<source dir=\"/r&lt;o&gt;t\"/>"));
	g_assert_nonnull(strstr(xml, "<source dir=\"/a&amp;b\"/>"));
	g_assert_nonnull(strstr(xml, "<partition>/qubes-1</partition>"));
	g_assert_nonnull(strstr(xml, "target=\"1245184\" count=\"65536\""));
	g_assert_nonnull(strstr(xml, "<initarg>quiet</initarg>"));
	g_assert_nonnull(strstr(xml, "x='&lt;&amp;&gt;'</initarg>"));
	g_assert_null(strstr(xml, "--unit"));
	g_assert_nonnull(strstr(xml, "<privnet/>"));
	g_assert_nonnull(strstr(xml, "<q:domain xmlns:q=\"urn:qubes-c:domain\" xid=\"3\"/>"));
	g_assert_nonnull(strstr(xml, "<memory unit=\"KiB\">4096000</memory>"));
}

static void test_xen_xml(void)
{
	const HvDisk disks[] = {{.volume = "root", .path = "/nonexistent/root.img", .rw = TRUE},
				{.volume = "kernel", .path = "/nonexistent/m&m.img"},
				{.volume = "other", .path = "/x"}};
	HvDomainSpec s = spec();
	g_autofree char *xml = NULL;

	s.disks = disks;
	s.n_disks = G_N_ELEMENTS(disks);
	s.kernel_dir = "/var/lib/qubes/vm-kernels/6.1";
	s.kernelopts = "quiet";
	xml = hv_xml_machine(&s, "xen");
	g_assert_nonnull(strstr(xml, "<domain type=\"xen\">"));
	g_assert_nonnull(strstr(xml, "<type arch=\"x86_64\" machine=\"xenpvh\">xenpvh</type>"));
	g_assert_nonnull(strstr(xml, "<cmdline>quiet</cmdline>"));
	g_assert_nonnull(strstr(xml, "dev=\"xvda\""));
	g_assert_nonnull(strstr(xml, "dev=\"xvdd\""));
	g_assert_nonnull(strstr(xml, "m&amp;m.img"));
	g_assert_null(strstr(xml, "\"/x\""));
	g_assert_nonnull(strstr(xml, "<kernel>/var/lib/qubes/vm-kernels/6.1/vmlinuz</kernel>"));
}

static char *first_after(const char *xml, const char *what)
{
	const char *p = strstr(xml, what);

	return p ? g_strndup(p, 60) : NULL;
}

/* HVM: with a kernel of dom0, and from its own disk or a CD. */
static void test_hvm_xml(void)
{
	const HvBlock cd = {.node = "/dev/loop3", .target = "xvdd", .cdrom = TRUE},
		      lent = {.backend = "sys-usb", .node = "/dev/sda", .target = "xvdi"};
	const HvBlock blocks[] = {cd, lent};
	const HvDisk kernel = {.volume = "kernel", .path = "/nonexistent/modules.img"};
	g_autofree char *dir = g_dir_make_tmp("test-kernel-XXXXXX", NULL);
	g_autofree char *initrd = g_build_filename(dir, "initramfs", NULL);
	g_autofree char *direct = NULL, *loader = NULL, *own = NULL, *boot = NULL, *one = NULL,
			*ro = NULL;
	HvDomainSpec s = spec();

	s.virt_mode = "hvm";
	s.kernel_dir = dir;
	s.disks = &kernel;
	s.n_disks = 1;
	s.blocks = blocks;
	s.n_blocks = G_N_ELEMENTS(blocks);
	loader = hv_xml_machine(&s, "xen");
	g_assert_null(strstr(loader, "<initrd>"));
	g_assert_true(g_file_set_contents(initrd, "x", 1, NULL));
	direct = hv_xml_machine(&s, "xen");
	g_assert_nonnull(strstr(direct, "machine=\"xenfv\">hvm</type>"));
	g_assert_nonnull(strstr(direct, "/vmlinuz</kernel>"));
	g_assert_nonnull(strstr(direct, "/initramfs</initrd>"));
	/* libxl refuses read-only IDE disks; those of another domain are no IDE disks. */
	ro = first_after(direct, "<readonly/>");
	g_assert_nonnull(ro);
	g_assert_nonnull(strstr(ro, "<backenddomain name=\"0\"/>"));
	s.kernel_dir = NULL;
	own = hv_xml_machine(&s, "xen");
	g_assert_null(strstr(own, "<kernel>"));
	boot = first_after(own, "<boot dev=\"cdrom\"/>");
	g_assert_nonnull(boot);
	g_assert_nonnull(strstr(boot, "<boot dev=\"hd\"/>"));
	g_assert_nonnull(strstr(own, "device=\"cdrom\""));
	/* What libvirt passes on to libxl; it knows no script for disks. */
	one = hv_xml_block(&lent, TRUE);
	g_assert_nonnull(strstr(one, "<backenddomain name=\"sys-usb\"/>"));
	g_assert_null(strstr(one, "script"));
	unlink(initrd);
	rmdir(dir);
}

static void test_console(void)
{
	static const char hostile[] =
		"one\n\033[31mtwo\033[0m\r\n\n\x80\x9b three\x07\t3\nfour\nfive";
	static const char panic[] = "cannot run it\n[1] Kernel panic - not syncing: init\n"
				    "RAX: 0\nRBX: 0\nRCX: 0\nRDX: 0\nRSI: 0\n";
	g_autofree char *end = xen_console_lines(hostile, sizeof(hostile) - 1);
	g_autofree char *none = xen_console_lines("", 0);
	g_autofree char *cause = xen_console_lines(panic, sizeof(panic) - 1);
	g_autofree char *flood = g_malloc(100000), *last = NULL;

	g_assert_cmpstr(end, ==, "two | three 3 | four | five");
	g_assert_cmpstr(none, ==, "");
	g_assert_cmpstr(cause, ==, "cannot run it | [1] Kernel panic - not syncing: init");
	memset(flood, 'x', 100000);
	last = xen_console_lines(flood, 100000);
	g_assert_cmpuint(strlen(last), ==, HV_CONSOLE_END_MAX);
}

static void test_virt_mode(void)
{
	static const char *const with = "<guest><os_type>xen</os_type></guest>"
					"<guest><os_type>hvm</os_type></guest>";
	static const char *const without = "<guest><os_type>xen</os_type></guest>";

	g_assert_cmpstr(hv_xml_virt_mode(NULL, with), ==, "pvh");
	g_assert_cmpstr(hv_xml_virt_mode("pvh", with), ==, "pvh");
	g_assert_cmpstr(hv_xml_virt_mode("pvh", NULL), ==, "pvh");
	g_assert_cmpstr(hv_xml_virt_mode(NULL, without), ==, "pv");
	g_assert_cmpstr(hv_xml_virt_mode("pvh", without), ==, "pv");
	g_assert_cmpstr(hv_xml_virt_mode("hvm", without), ==, "hvm"); /* fails, and says why */
	g_assert_cmpstr(hv_xml_virt_mode("pv", with), ==, "pv");
}

static void test_override(void)
{
	static const char *const domain =
		"<domain type='xen'><memory unit='KiB'>4096</memory><features><acpi/></features>"
		"<devices><console type='pty'/></devices></domain>";
	g_autofree char *xml = NULL, *other = NULL, *broken = NULL;
	g_autoptr(GError) error = NULL, error2 = NULL;

	xml = hv_xml_override(
		domain,
		"<domain id='x'><memory unit='MiB'>8</memory><features><hap/></features>"
		"<devices><console type='file'/></devices><title>a&amp;b</title></domain>",
		&error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(xml, "<domain type=\"xen\" id=\"x\">"));
	g_assert_nonnull(strstr(xml, "<memory unit=\"MiB\">8</memory>"));
	g_assert_nonnull(strstr(xml, "<acpi/>"));
	g_assert_nonnull(strstr(xml, "<hap/>"));
	g_assert_nonnull(strstr(xml, "<console type=\"pty\"/>"));
	g_assert_nonnull(strstr(xml, "<console type=\"file\"/>"));
	g_assert_nonnull(strstr(xml, "<title>a&amp;b</title>"));
	other = hv_xml_override(domain, "<network/>", &error);
	g_assert_null(other);
	g_assert_nonnull(strstr(error->message, "<domain>"));
	broken = hv_xml_override(domain, "<domain>", &error2);
	g_assert_null(broken);
	g_assert_nonnull(error2);
}

static void test_reading_xml(void)
{
	g_autofree char *tty = hv_xml_console("<domain><devices><console type='pty'>"
					      "<source path='/dev/pts/4'/></console></devices>"
					      "</domain>");

	g_assert_cmpstr(tty, ==, "/dev/pts/4");
	g_assert_null(hv_xml_console("<domain/>"));
	g_assert_null(hv_xml_console("nonsense"));
	g_assert_cmpint(hv_xml_xid("<domain xid=\"12\"/>"), ==, 12);
	g_assert_cmpint(hv_xml_xid("<domain xid=\"0\"/>"), ==, -1);
	g_assert_cmpint(hv_xml_xid("<domain xid=\"32752\"/>"), ==, -1);
	g_assert_cmpint(hv_xml_xid("<domain/>"), ==, -1);
	g_assert_cmpint(hv_xml_xid(NULL), ==, -1);
}

static void put64(guint8 *p, guint64 v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (guint8)(v >> (8 * i));
}

static void test_gpt(void)
{
	g_autofree guint8 *head = g_malloc0(GPT_HEAD_BYTES);
	guint8 *entry = head + 1024 + 2 * 128;
	guint64 offset = 0, size = 0, image = 1 << 24;

	g_assert_cmpint(gpt_partition(head, GPT_HEAD_BYTES, image, 3, &offset, &size), ==, -ENOENT);
	g_assert_cmpint(gpt_partition(head, 0, 0, 3, &offset, &size), ==, -ENOENT);
	memcpy(head + 512, "EFI PART", 8);
	put64(head + 512 + 72, 2);
	head[512 + 80] = 128;
	head[512 + 84] = 128;
	g_assert_cmpint(gpt_partition(head, GPT_HEAD_BYTES, image, 3, &offset, &size), ==, -ENXIO);
	put64(entry, 1);
	put64(entry + 32, 2048);
	put64(entry + 40, 4095);
	g_assert_cmpint(gpt_partition(head, GPT_HEAD_BYTES, image, 3, &offset, &size), ==, 0);
	g_assert_cmpuint(offset, ==, 1 << 20);
	g_assert_cmpuint(size, ==, 1 << 20);
	/* Beyond the image, inside out, out of reach. */
	put64(entry + 40, 32768);
	g_assert_cmpint(gpt_partition(head, GPT_HEAD_BYTES, image, 3, &offset, &size), ==,
			-EBADMSG);
	put64(entry + 40, 2047);
	g_assert_cmpint(gpt_partition(head, GPT_HEAD_BYTES, image, 3, &offset, &size), ==,
			-EBADMSG);
	put64(head + 512 + 72, G_MAXUINT64);
	g_assert_cmpint(gpt_partition(head, GPT_HEAD_BYTES, image, 3, &offset, &size), ==,
			-EBADMSG);
	g_assert_cmpint(gpt_partition(head, 1030, image, 3, &offset, &size), ==, -EBADMSG);
}

static void test_ext4(void)
{
	guint8 super[EXT4_SUPER_BYTES] = {0};
	guint64 blocks = 0;
	unsigned block = 0;

	g_assert_false(ext4_size(super, sizeof(super), &blocks, &block));
	super[4] = 100;
	super[24] = 2;
	super[0x38] = 0x53;
	super[0x39] = 0xef;
	g_assert_true(ext4_size(super, sizeof(super), &blocks, &block));
	g_assert_cmpuint(blocks, ==, 100);
	g_assert_cmpuint(block, ==, 4096);
	g_assert_false(ext4_size(super, 100, &blocks, &block));
	super[0x60] = 0x80;
	super[0x150] = 1;
	g_assert_true(ext4_size(super, sizeof(super), &blocks, &block));
	g_assert_cmpuint(blocks, ==, (1ull << 32) + 100);
	super[24] = 60;
	g_assert_false(ext4_size(super, sizeof(super), &blocks, &block));
}

/* The files by which others see that a domain is gone. */
static void test_xen_present(void)
{
	g_autofree char *root = g_dir_make_tmp("test-present-XXXXXX", NULL);
	g_autofree char *cmd = g_strdup_printf("rm -rf '%s'", root);
	g_autofree char *five = g_strconcat(root, "/run/qubes/xen/5", NULL);
	g_autofree char *six = g_strconcat(root, "/run/qubes/xen/6", NULL);
	Hypervisor hv = {.root = root};

	xen_present_drop(&hv, UUID); /* nothing there yet */
	xen_present_begin(&hv);
	xen_present_add(&hv, 5, UUID);
	xen_present_add(&hv, 6, "00000000-0000-4000-8000-000000000000");
	g_assert_true(g_file_test(five, G_FILE_TEST_EXISTS));
	xen_present_drop(&hv, UUID);
	g_assert_false(g_file_test(five, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(six, G_FILE_TEST_EXISTS));
	g_assert_true(g_spawn_command_line_sync(cmd, NULL, NULL, NULL, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hypervisor/life", test_life);
	g_test_add_func("/hypervisor/errors", test_errors);
	g_test_add_func("/hypervisor/unreachable", test_unreachable);
	g_test_add_func("/hypervisor/xml/container", test_container_xml);
	g_test_add_func("/hypervisor/xml/xen", test_xen_xml);
	g_test_add_func("/hypervisor/xml/hvm", test_hvm_xml);
	g_test_add_func("/hypervisor/console", test_console);
	g_test_add_func("/hypervisor/xen-present", test_xen_present);
	g_test_add_func("/hypervisor/xml/virt-mode", test_virt_mode);
	g_test_add_func("/hypervisor/xml/override", test_override);
	g_test_add_func("/hypervisor/xml/reading", test_reading_xml);
	g_test_add_func("/hypervisor/gpt", test_gpt);
	g_test_add_func("/hypervisor/ext4", test_ext4);
	return g_test_run();
}
