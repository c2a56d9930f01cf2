/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Menus of applications: what is taken from qubes, icons, texts of files. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dom0/appmenus/categories.h"
#include "dom0/appmenus/decoder.h"
#include "dom0/appmenus/entry.h"
#include "dom0/appmenus/picture.h"
#include "qrexec/base/cleanup.h"
#include "qrexec/base/io.h"

static const struct received_app *only(const GPtrArray *apps)
{
	g_assert_cmpuint(apps->len, ==, 1);
	return apps->pdata[0];
}

static const GPtrArray *feed(struct received *r, const char *text)
{
	g_assert_cmpint(received_feed(r, text, strlen(text)), ==, 0);
	return received_end(r);
}

static void test_received(void)
{
	g_autoptr(Received) r = received_new();
	const struct received_app *a;

	a = only(feed(r, "/usr/share/applications/a-b.desktop:Name=A (b) & c\n"
			 "a-b.desktop:Name[de]=Nein\n"
			 "# comment\n\n:\n=\na-b.desktop:\n"
			 "a-b.desktop:GenericName = Thing \n"
			 "a-b.desktop:Comment=it's no good\n"
			 "a-b.desktop:Categories=System;Applet;X-Qubes-VM;Evil; Utility;\n"
			 "a-b.desktop:Icon=/usr/share/x.png\n"
			 "a-b.desktop:StartupWMClass=A.B\n"
			 "a-b.desktop:Exec=a; rm -rf /\n"
			 "a-b.desktop:Exec=a --b={c} > d\n"
			 "a-b.desktop:Exec=a $(b) `c`"));
	g_assert_cmpstr(a->id, ==, "a-b");
	g_assert_cmpstr(a->values[RECEIVED_NAME], ==, "A (b) & c");
	g_assert_cmpstr(a->values[RECEIVED_GENERIC_NAME], ==, "Thing");
	g_assert_null(a->values[RECEIVED_COMMENT]);
	g_assert_cmpstr(a->values[RECEIVED_CATEGORIES], ==, "System;Utility;");
	g_assert_cmpstr(a->values[RECEIVED_EXEC], ==, "a --b={c} > d");
	g_assert_cmpstr(a->values[RECEIVED_ICON], ==, "/usr/share/x.png");
	g_assert_cmpstr(a->values[RECEIVED_WM_CLASS], ==, "A.B");
}

static void name(const char *sent, const char *wanted)
{
	g_autofree char *line = g_strdup_printf("a.desktop:Exec=a\na.desktop:Name=%s\n", sent);
	g_autoptr(Received) r = received_new();

	g_assert_cmpstr(only(feed(r, line))->values[RECEIVED_NAME], ==, wanted);
}

static void test_names(void)
{
	name("Caf\xc3\xa9", "Caf_");
	name("A\xe2\x80\xae"
	     "B",
	     "A_B"); /* right-to-left override */
	name("A\x1b[31m", "A__31m");
	name("A\xff", "A_");
	name("a%c%VMNAME%;$(x)\"\\n", "a_c_VMNAME___(x)__n");
	name("\xe2\x80\xae", NULL);
	name("", NULL);
	name("...", NULL);
}

static guint count(const char *text)
{
	g_autoptr(Received) r = received_new();

	return feed(r, text)->len;
}

static void test_ids(void)
{
	g_autofree char *fits = g_strnfill(RECEIVED_ID_MAX, 'a'), *line = NULL, *longer = NULL;

	g_assert_cmpuint(count("a/../.desktop:Name=x\n"), ==, 0);
	g_assert_cmpuint(count(".a.desktop:Name=x\n"), ==, 0);
	g_assert_cmpuint(count("..:Name=x\n"), ==, 0);
	g_assert_cmpuint(count("a b.desktop:Name=x\n"), ==, 0);
	g_assert_cmpuint(count("a%n.desktop:Name=x\n"), ==, 0);
	g_assert_cmpuint(count("a\xc3\xa4.desktop:Name=x\n"), ==, 0);
	g_assert_cmpuint(count("a/b.desktop:Name=x\nb.desktop:Exec=y\nb:Comment=z\n"), ==, 1);
	line = g_strdup_printf("%s.desktop:Name=x\n", fits);
	g_assert_cmpuint(count(line), ==, 1);
	longer = g_strdup_printf("a%s", line);
	g_assert_cmpuint(count(longer), ==, 0);
}

static void test_limits(void)
{
	g_autofree char *many = g_malloc(RECEIVED_LINE_MAX + 100);
	g_autoptr(Received) r = received_new(), lines = received_new(), apps = received_new();
	const GPtrArray *got;
	int ret = 0;

	/* A line that is too long counts for nothing, also not its end. */
	memset(many, 'x', RECEIVED_LINE_MAX + 100);
	memcpy(many, "a.desktop:Name=", 15);
	g_assert_cmpint(received_feed(r, many, RECEIVED_LINE_MAX + 1), ==, 0);
	g_assert_cmpint(received_feed(r, "b.desktop:Name=b\nc.desktop:Name=c", 33), ==, 0);
	g_assert_cmpint(received_feed(r, "\nd.desktop:Na\0me=c\n", 19), ==, 0);
	g_assert_cmpstr(only(received_end(r))->id, ==, "c");
	for (guint i = 0; i < RECEIVED_LINES_MAX + 1; i++)
		ret = received_feed(lines, "\n", 1);
	g_assert_cmpint(ret, ==, -E2BIG);
	for (guint i = 0; i < RECEIVED_APPS_MAX + 1; i++) {
		g_autofree char *line = g_strdup_printf("a%u.desktop:Name=x\n", i);

		ret = received_feed(apps, line, strlen(line));
	}
	g_assert_cmpint(ret, ==, -E2BIG);
	got = received_end(apps);
	g_assert_cmpuint(got->len, ==, 0);
}

static void test_categories(void)
{
	g_assert_true(category_is_known("2DGraphics") && category_is_known("XFCE") &&
		      category_is_known("Java") && category_is_known("Accessibility"));
	g_assert_false(category_is_known("Screensaver") || category_is_known("") ||
		       category_is_known("X-Qubes-VM"));
}

static struct received_app xterm = {
	.id = (char *)"xterm",
	.values = {(char *)"XTerm", (char *)"Terminal", (char *)"standard terminal emulator", NULL,
		   (char *)"System;TerminalEmulator;", (char *)"xterm -e {a}", (char *)"xterm"}};

static void test_template(void)
{
	g_autofree char *text = entry_template(&xterm, false, true);
	g_autofree char *legacy = entry_template(&xterm, true, false);
	g_autofree char *field = entry_field(text, "Categories");
	struct received_app nameless = {.id = (char *)"x"};

	g_assert_cmpstr(text, ==,
			"[Desktop Entry]\nVersion=1.0\nType=Application\nTerminal=false\n"
			"X-Qubes-VmName=%VMNAME%\nX-Qubes-AppName=xterm\n"
			"Icon=%VMDIR%/apps.icons/xterm.png\nName=%VMNAME%: XTerm\n"
			"GenericName=%VMNAME%: Terminal\nComment=standard terminal emulator\n"
			"Categories=System;TerminalEmulator;X-Qubes-VM;\n"
			"Exec=qvm-run -q -a --service -- %VMNAME% qubes.StartApp+xterm\n"
			"X-Qubes-DispvmExec=qvm-run -q -a --service --dispvm=%VMNAME% -- "
			"qubes.StartApp+xterm\n");
	g_assert_nonnull(strstr(legacy, "\nExec=qvm-run -q -a -- %VMNAME% \"xterm -e {a}\"\n"));
	g_assert_nonnull(strstr(legacy, "\nIcon=%XDGICON%\n"));
	g_assert_cmpstr(field, ==, "System;TerminalEmulator;X-Qubes-VM;");
	g_assert_null(entry_field(text, "Cat"));
	g_assert_null(entry_template(&nameless, false, false));
}

static const struct entry_qube work = {
	.name = "work-a", .klass = "AppVM", .dir = "/h/a\\b/qubes-appmenus/work-a"};

static void test_desktop(void)
{
	g_autofree char *template = entry_template(&xterm, false, true);
	g_autofree char *own = entry_desktop(template, &work, ENTRY_QUBE);
	g_autofree char *disp = entry_desktop(template, &work, ENTRY_DISPOSABLE);
	g_autofree char *start = entry_desktop(entry_start_template, &work, ENTRY_QUBE);

	g_assert_nonnull(strstr(own, "\nExec=qvm-run -q -a --service -- work-a "
				     "qubes.StartApp+xterm\n"));
	g_assert_nonnull(
		strstr(own, "\nIcon=/h/a\\\\b/qubes-appmenus/work-a/apps.icons/xterm.png\n"));
	g_assert_nonnull(strstr(own, "\nName=work-a: XTerm\n"));
	g_assert_nonnull(strstr(own, "\nCategories=X-Qubes-VM;\n"));
	g_assert_nonnull(strstr(disp, "\nExec=qvm-run -q -a --service --dispvm=work-a -- "
				      "qubes.StartApp+xterm\n"));
	g_assert_nonnull(strstr(disp, "\nName=work-a (dvm): XTerm\n"));
	g_assert_null(entry_desktop(entry_start_template, &work, ENTRY_DISPOSABLE));
	g_assert_nonnull(strstr(start, "\nIcon=/h/a\\\\b/qubes-appmenus/work-a/qube.png\n"));
	g_assert_null(strchr(own, '%'));
}

static void test_files(void)
{
	g_autofree char *file = entry_desktop_file("a-b_c.d", "x.desktop", ENTRY_QUBE);
	g_autofree char *other = entry_desktop_file("a", "b.x.desktop", ENTRY_DISPOSABLE);
	g_autofree char *menu_file = entry_menu_file("a-b", ENTRY_QUBE);
	g_autofree char *directory = entry_directory(&work, ENTRY_QUBE);
	const char *const files[] = {"x.desktop", NULL};
	g_autofree char *menu = entry_menu(&work, ENTRY_QUBE, files);

	g_assert_cmpstr(file, ==, "org.qubes-os.vm._a_db_uc_pd.x.desktop");
	g_assert_cmpstr(other, ==, "org.qubes-os.dispvm._a.b.x.desktop");
	g_assert_cmpstr(menu_file, ==, "user-qubes-vm-directory_a_db.menu");
	g_assert_nonnull(strstr(directory, "\nName=Qube: work-a\n"));
	g_assert_nonnull(
		strstr(menu, "<Directory>qubes-vm-directory_work_da.directory</Directory>"));
	g_assert_nonnull(strstr(menu, "<Filename>x.desktop</Filename>"));
}

static int parse(const char *header, gsize n_pixels, struct picture *ret)
{
	g_autoptr(GByteArray) a = g_byte_array_new();
	g_autofree guint8 *pixels = g_malloc0(n_pixels * 4 + 1);

	g_byte_array_append(a, (const guint8 *)header, (guint)strlen(header));
	g_byte_array_append(a, pixels, (guint)n_pixels * 4);
	return picture_parse(a->data, a->len, ret);
}

static void test_picture(void)
{
	struct picture p;

	g_assert_cmpint(parse("2 3\n", 6, &p), ==, 0);
	g_assert_cmpuint(p.width, ==, 2);
	g_assert_cmpuint(p.height, ==, 3);
	picture_clear(&p);
	g_assert_cmpint(parse("2 3\n", 5, &p), ==, -EINVAL);
	g_assert_cmpint(parse("2 3\n", 7, &p), ==, -EINVAL);
	g_assert_cmpint(parse("0 3\n", 0, &p), ==, -EINVAL);
	g_assert_cmpint(parse("513 1\n", 513, &p), ==, -EINVAL);
	g_assert_cmpint(parse("00001 1\n", 1, &p), ==, -EINVAL);
	g_assert_cmpint(parse("-1 1\n", 1, &p), ==, -EINVAL);
	g_assert_cmpint(parse("1 1", 1, &p), ==, -EINVAL);
	g_assert_cmpint(parse("", 0, &p), ==, -EINVAL);
	g_assert_cmpint(parse("1", 0, &p), ==, -EINVAL);
}

/* The bytes of a pixel, to be compared with red and blue shades. */
/* --- the process that decodes --- */

/* A file with these bytes, to be read from its start. */
static int file_of(const void *data, gsize n)
{
	int fd = memfd_create("sent", MFD_CLOEXEC);

	g_assert_cmpint(io_write_all(fd, data, n), ==, 0);
	g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
	return fd;
}

static int64_t later(void)
{
	return io_now_ms() + 150000;
}

static void test_decoder_list(void)
{
	static const char text[] = "b.desktop:Name=B\nb.desktop:Comment=\na.desktop:Name=A\xff\n"
				   "a.desktop:Icon=a/b\nc.desktop:Exec=$(x)\nx\n";
	_cleanup_close_ int in = file_of(text, strlen(text)), none = file_of("", 0);
	g_autoptr(GPtrArray) apps = NULL, empty = NULL;
	const struct received_app *a, *b;

	g_assert_cmpint(decoder_list(in, later(), &apps), ==, 0);
	g_assert_cmpuint(apps->len, ==, 2);
	a = apps->pdata[0];
	b = apps->pdata[1];
	g_assert_cmpstr(a->id, ==, "a");
	g_assert_cmpstr(a->values[RECEIVED_NAME], ==, "A_");
	g_assert_cmpstr(a->values[RECEIVED_ICON], ==, "a/b");
	g_assert_null(a->values[RECEIVED_COMMENT]);
	g_assert_cmpstr(b->id, ==, "b");
	g_assert_cmpstr(b->values[RECEIVED_COMMENT], ==, "");
	g_assert_cmpint(decoder_list(none, later(), &empty), ==, 0);
	g_assert_cmpuint(empty->len, ==, 0);
}

static void test_decoder_icon(void)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	_cleanup_close_ int in = -1, wrong = file_of("9999 1\n", 7), endless = -1;
	struct picture p;

	g_byte_array_append(bytes, (const guint8 *)"512 2\n", 6);
	g_byte_array_set_size(bytes, 6 + 512 * 2 * 4);
	memset(bytes->data + 6, 0x80, 512 * 2 * 4);
	in = file_of(bytes->data, bytes->len);
	g_assert_cmpint(decoder_icon(in, later(), &p), ==, 0);
	g_assert_cmpuint(p.width, ==, PICTURE_SIDE_KEPT);
	g_assert_cmpuint(p.height, ==, 1);
	g_assert_cmpuint(p.rgba[0], ==, 0x80);
	picture_clear(&p);
	g_assert_cmpint(decoder_icon(wrong, later(), &p), ==, -EINVAL);
	endless = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(decoder_icon(endless, later(), &p), ==, -E2BIG);
}

/* What comes back is checked as if it came from the qube. */
static void test_record(void)
{
	struct received_app app = {.id = (char *)"a", .values = {[RECEIVED_NAME] = (char *)"A"}};
	struct received_record good, bad;
	g_autoptr(ReceivedApp) back = NULL;

	received_pack(&app, &good);
	back = received_unpack(&good);
	g_assert_cmpstr(back->values[RECEIVED_NAME], ==, "A");
	bad = good;
	bad.id[0] = '/';
	g_assert_null(received_unpack(&bad));
	bad = good;
	memset(bad.id, 'a', sizeof(bad.id));
	g_assert_null(received_unpack(&bad));
	bad = good;
	memset(bad.values[RECEIVED_NAME], 'a', sizeof(bad.values[RECEIVED_NAME]));
	g_assert_null(received_unpack(&bad));
	bad = good;
	bad.values[RECEIVED_NAME][0] = '\n';
	g_assert_null(received_unpack(&bad));
}

static pid_t child_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", (int)pid, (int)pid);
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? atoi(text) : 0;
}

/* While the qube says nothing it is waited for in a process that is confined. */
static void test_decoder_confined(void)
{
	int64_t limit = later();
	bool confined = false;
	int in[2], status;
	pid_t pid;

	g_assert_cmpint(pipe2(in, O_CLOEXEC), ==, 0);
	pid = fork();
	if (pid == 0) {
		GPtrArray *apps;

		close(in[1]);
		_exit(decoder_list(in[0], later(), &apps) == 0 ? 0 : 1);
	}
	g_assert_cmpint(pid, >, 0);
	while (!confined && io_now_ms() < limit && waitpid(pid, &status, WNOHANG) == 0) {
		pid_t decoder = child_of(pid);
		g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)decoder);
		g_autofree char *text = NULL;

		confined = decoder > 0 && g_file_get_contents(path, &text, NULL, NULL) &&
			   strstr(text, "\nNoNewPrivs:\t1\n") &&
			   (strstr(text, "\nSeccomp:\t2\n") || g_getenv("QUBES_NO_SECCOMP"));
		g_usleep(2000);
	}
	g_assert_true(confined);
	close(in[1]);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
	close(in[0]);
}

static void test_decoder_slow(void)
{
	GPtrArray *apps;
	int in[2];

	g_assert_cmpint(pipe2(in, O_CLOEXEC), ==, 0);
	g_assert_cmpint(decoder_list(in[0], io_now_ms() + 1, &apps), ==, -ETIMEDOUT);
	close(in[0]);
	close(in[1]);
}

static void test_tint(void)
{
	static const char sent[] = "2 1\n\x80\x80\x80\xff\x20\xe0\x20\x40";
	g_autoptr(GBytes) packed = NULL, png = NULL;
	struct picture p, again;
	gsize n;
	const guint8 *data;

	g_assert_cmpint(picture_parse(sent, sizeof(sent) - 1, &p), ==, 0);
	picture_tint(&p, 0xcc0000);
	for (int i = 0; i < 2; i++)
		g_assert_true(p.rgba[i * 4] > p.rgba[i * 4 + 1] &&
			      p.rgba[i * 4 + 1] == p.rgba[i * 4 + 2]);
	g_assert_cmpuint(p.rgba[7], ==, 0x40);
	packed = picture_pack(&p);
	data = g_bytes_get_data(packed, &n);
	g_assert_cmpint(picture_parse(data, n, &again), ==, 0);
	g_assert_cmpmem(p.rgba, 8, again.rgba, 8);
	png = picture_png(&p);
	data = g_bytes_get_data(png, &n);
	g_assert_cmpmem(data, 8, "\x89PNG\r\n\x1a\n", 8);
	picture_clear(&p);
	picture_clear(&again);
}

static void test_smaller(void)
{
	g_autoptr(GBytes) packed = NULL;
	struct picture p;
	gsize n;

	g_assert_cmpint(parse("512 100\n", 51200, &p), ==, 0);
	packed = picture_pack(&p);
	picture_clear(&p);
	g_bytes_get_data(packed, &n);
	g_assert_cmpuint(n, ==, 6 + 64 * 13 * 4);
}

static void test_signs(void)
{
	for (int sign = PICTURE_LOCK; sign <= PICTURE_NODE; sign++) {
		struct picture p;
		guint opaque = 0;

		picture_draw(sign, 0x3465a4, 48, &p);
		for (guint i = 0; i < 48 * 48; i++)
			opaque += p.rgba[i * 4 + 3] == 255;
		g_assert_cmpuint(opaque, >, 48 * 48 / 6);
		g_assert_cmpuint(p.rgba[3], ==, 0);
		picture_clear(&p);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/appmenus/received", test_received);
	g_test_add_func("/appmenus/names", test_names);
	g_test_add_func("/appmenus/ids", test_ids);
	g_test_add_func("/appmenus/limits", test_limits);
	g_test_add_func("/appmenus/categories", test_categories);
	g_test_add_func("/appmenus/template", test_template);
	g_test_add_func("/appmenus/desktop", test_desktop);
	g_test_add_func("/appmenus/files", test_files);
	g_test_add_func("/appmenus/picture", test_picture);
	g_test_add_func("/appmenus/decoder/list", test_decoder_list);
	g_test_add_func("/appmenus/decoder/icon", test_decoder_icon);
	g_test_add_func("/appmenus/decoder/record", test_record);
	g_test_add_func("/appmenus/decoder/confined", test_decoder_confined);
	g_test_add_func("/appmenus/decoder/slow", test_decoder_slow);
	g_test_add_func("/appmenus/tint", test_tint);
	g_test_add_func("/appmenus/smaller", test_smaller);
	g_test_add_func("/appmenus/signs", test_signs);
	return g_test_run();
}
