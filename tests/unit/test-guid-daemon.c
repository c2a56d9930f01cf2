/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of qubes-guid that need neither X nor a qube. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guid/clipboard/files.h"
#include "guid/daemon/fdchan.h"
#include "guid/daemon/geometry.h"
#include "guid/daemon/grants.h"
#include "guid/daemon/ipc.h"
#include "guid/daemon/keyseq.h"
#include "guid/daemon/options.h"
#include "guid/proto/tint.h"

static const struct gui_box area = {0, 20, 1000, 780};

static void check_force(struct gui_box in, struct gui_box out)
{
	bool changed = !box_equal(&in, &out);

	g_assert_cmpint(box_force_inside(&in, &area, 1000, 800), ==, changed);
	g_assert_true(box_equal(&in, &out));
}

static void test_force_inside(void)
{
	check_force((struct gui_box){10, 30, 50, 50}, (struct gui_box){10, 30, 50, 50});
	check_force((struct gui_box){-10, 0, 50, 50}, (struct gui_box){0, 20, 50, 50});
	check_force((struct gui_box){990, 790, 50, 50}, (struct gui_box){950, 750, 50, 50});
	check_force((struct gui_box){-5, -5, 2000, 2000}, (struct gui_box){0, 20, 1000, 780});
	/* Entirely off the screen: on each side. */
	check_force((struct gui_box){-50, 30, 50, 50}, (struct gui_box){-50, 30, 50, 50});
	check_force((struct gui_box){30, -50, 900, 50}, (struct gui_box){30, -50, 900, 50});
	check_force((struct gui_box){1000, 30, 50, 50}, (struct gui_box){1000, 30, 50, 50});
	check_force((struct gui_box){30, 800, 50, 50}, (struct gui_box){30, 800, 50, 50});
}

static void test_cover(void)
{
	struct gui_box half[] = {{0, 20, 1000, 390}, {0, 410, 1000, 390}, {100, 100, 50, 50}};
	struct gui_box grid[GUID_OR_MAX];

	g_assert_false(box_too_large(&(struct gui_box){0, 0, 1000, 702}, &area));
	g_assert_true(box_too_large(&(struct gui_box){0, 0, 1000, 703}, &area));
	g_assert_false(boxes_cover(half, 1, &area));
	g_assert_true(boxes_cover(half, 2, &area));
	/* The third lies on the first. */
	half[1].height = 311;
	g_assert_false(boxes_cover(half, 3, &area));
	half[1].height = 313;
	g_assert_true(boxes_cover(half, 3, &area));
	/* 8 by 8 tiles are the whole area; doubled ones are no more than once. */
	for (int i = 0; i < GUID_OR_MAX; i++)
		grid[i] = (struct gui_box){i % 8 * 125, 20 + i / 8 * 98, 125, 98};
	g_assert_true(boxes_cover(grid, GUID_OR_MAX, &area));
	g_assert_false(boxes_cover(grid, 56, &area));
	for (int i = 0; i < GUID_OR_MAX; i++)
		grid[i] = (struct gui_box){0, 20, 500, 780};
	g_assert_false(boxes_cover(grid, GUID_OR_MAX, &area));
	/* Outside of the area counts nothing. */
	grid[0] = (struct gui_box){-5000, -5000, 4000, 4000};
	g_assert_false(boxes_cover(grid, 1, &area));
}

static void check_keys(const char *text, int r, uint32_t keysym, uint32_t modifiers)
{
	struct keyseq k = {1, 1};

	g_assert_cmpint(keyseq_parse(text, &k), ==, r);
	if (!r) {
		g_assert_cmphex(k.keysym, ==, keysym);
		g_assert_cmphex(k.modifiers, ==, modifiers);
	}
}

static void test_keys(void)
{
	check_keys("Ctrl-Shift-c", 0, 'c', KEYSEQ_CONTROL | KEYSEQ_SHIFT);
	check_keys("mod4-ALT-Insert", 0, 0xff63, KEYSEQ_MOD4 | KEYSEQ_MOD1);
	check_keys("F12", 0, 0xffc9, 0);
	check_keys("Ctrl-0x1008ff57", 0, 0x1008ff57, KEYSEQ_CONTROL);
	check_keys("none", 0, 0, 0);
	check_keys("Disable", 0, 0, 0);
	check_keys("Ctrl-", -EINVAL, 0, 0);
	check_keys("", -EINVAL, 0, 0);
	check_keys("Ctrl-nosuch", -EINVAL, 0, 0);
	check_keys("Super-c", -EINVAL, 0, 0);
	check_keys("F36", -EINVAL, 0, 0);
}

static void test_tint(void)
{
	double h, s;

	/* Lightness stays, grey takes the colour, black and white have none. */
	tint_of(0xcc0000, &h, &s);
	g_assert_cmphex(tint_pixel(0x000000, h, s), ==, 0);
	g_assert_cmphex(tint_pixel(0xffffff, h, s), ==, 0xffffff);
	g_assert_cmphex(tint_pixel(0xcc0000, h, s), ==, 0xcc0000);
	g_assert_cmphex(tint_pixel(0x666666, h, s), ==, 0xcc0000);
	tint_of(0x3465a4, &h, &s);
	g_assert_cmpuint(tint_pixel(0x808080, h, s) & 0xff, >, tint_pixel(0x808080, h, s) >> 16);
	for (uint32_t v = 0; v < 0x1000000; v += 4099)
		g_assert_cmphex(tint_pixel(v, h, s), <=, 0xffffff);
}

static void test_clip_time(void)
{
	g_assert_true(clip_later(5, 4));
	g_assert_false(clip_later(4, 4));
	g_assert_false(clip_later(3, 4));
	g_assert_true(clip_later(5, 0xfffffff0u));
	g_assert_false(clip_later(0xfffffff0u, 5));
}

static void test_clip_metadata(void)
{
	struct clip_metadata m = {.vmname = "work",
				  .xevent_timestamp = 4000000000u,
				  .copy_action = true,
				  .sent_size = 12};
	char text[CLIP_METADATA_MAX];

	g_assert_cmpuint(clip_metadata_format(&m, text, sizeof(text)), ==, strlen(text));
	g_assert_nonnull(strstr(text, "\"vmname\":\"work\",\n\"xevent_timestamp\":4000000000,\n"));
	g_assert_true(g_str_has_suffix(text, "\"protocol_version_vmside\":0\n}\n"));
	g_assert_cmpuint(clip_metadata_time(text), ==, 4000000000u);
	g_assert_cmpuint(clip_metadata_time("{}"), ==, 0);
	g_assert_cmpuint(clip_metadata_time("\"xevent_timestamp\":99999999999"), ==, 0);
	g_assert_cmpuint(clip_metadata_format(&m, text, 20), ==, 0);
}

static void test_clip_files(void)
{
	g_autofree char *root = g_dir_make_tmp("guid-XXXXXX", NULL);
	g_autofree char *dir = g_build_filename(root, "run/qubes", NULL);
	struct clip_metadata m = {.vmname = "work", .xevent_timestamp = 7};
	char source[CLIP_NAME_MAX + 1];
	int lock;

	g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
	g_setenv("QUBES_ROOT", root, TRUE);
	lock = clip_lock();
	g_assert_cmpint(lock, >=, 0);
	g_assert_cmpint(clip_source(source), ==, 0);
	g_assert_cmpstr(source, ==, "");
	g_assert_cmpuint(clip_last_time(), ==, 0);
	g_assert_cmpint(clip_store("abc", 3, &m), ==, 0);
	g_assert_cmpint(clip_source(source), ==, 0);
	g_assert_cmpstr(source, ==, "work");
	g_assert_cmpuint(clip_last_time(), ==, 7);
	m.xevent_timestamp = 9;
	g_assert_cmpint(clip_wipe(&m), ==, 0);
	g_assert_cmpint(clip_source(source), ==, 0);
	g_assert_cmpstr(source, ==, "");
	g_assert_cmpuint(clip_last_time(), ==, 9);
	close(lock);
	g_unsetenv("QUBES_ROOT");
	for (const char *const *s = (const char *const[]){"appviewer.lock", "qubes-clipboard.bin",
							  "qubes-clipboard.bin.source",
							  "qubes-clipboard.bin.xevent",
							  "qubes-clipboard.bin.metadata", NULL};
	     *s; s++) {
		g_autofree char *p = g_build_filename(dir, *s, NULL);

		g_assert_cmpint(g_unlink(p), ==, 0);
	}
	g_rmdir(dir);
	g_autofree char *run = g_build_filename(root, "run", NULL);
	g_rmdir(run);
	g_assert_cmpint(g_rmdir(root), ==, 0);
}

static void test_tray_modes(void)
{
	struct tray_mode m;

	g_assert_cmpint(options_tray_mode("bg", &m), ==, 0);
	g_assert_cmpint(m.style, ==, TRAY_BACKGROUND);
	g_assert_cmpint(options_tray_mode("border2", &m), ==, 0);
	g_assert_true(m.style == TRAY_BORDER && m.border == 2);
	g_assert_cmpint(options_tray_mode("tint+border1+saturation50+whitehack", &m), ==, 0);
	g_assert_true(m.style == TRAY_TINT && m.border == 1 && m.half_saturation && m.white_hack);
	for (const char *const *s = (const char *const[]){"", "tin", "tinted", "border3",
							  "tint+pink", "bg+border1", NULL};
	     *s; s++)
		g_assert_cmpint(options_tray_mode(*s, &m), ==, -EINVAL);
}

static int make_memfd(int seals, off_t size)
{
	int fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	g_assert_cmpint(ftruncate(fd, size), ==, 0);
	if (seals)
		g_assert_cmpint(fcntl(fd, F_ADD_SEALS, seals), ==, 0);
	return fd;
}

static void test_memfd_check(void)
{
	struct gui_window_dump d = {.dump_type = GUI_DUMP_MEMFD,
				    .width = 32,
				    .height = 32,
				    .memfd = {.token = 1, .stride = 128, .offset = 4096}};
	struct gui_memfd_packet p = {1, 8192};
	const char *why;
	int fd = make_memfd(F_SEAL_SHRINK, 8192);
	int ro = memfd_check(fd, &p, &d, &why);

	g_assert_cmpint(ro, >=, 0);
	g_assert_cmpint(fcntl(ro, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
	close(ro);
	d.height = 33;
	g_assert_cmpint(memfd_check(fd, &p, &d, &why), ==, -EPROTO);
	d.height = 32;
	p.size = 8193;
	g_assert_cmpint(memfd_check(fd, &p, &d, &why), ==, -EPROTO);
	close(fd);
	p.size = 8192;
	fd = make_memfd(0, 8192);
	g_assert_cmpint(memfd_check(fd, &p, &d, &why), ==, -EPROTO);
	close(fd);
	fd = make_memfd(F_SEAL_SHRINK, 8192 + (off_t)GUI_MAX_PAGES * GUI_PAGE);
	p.size = 8192 + (uint64_t)GUI_MAX_PAGES * GUI_PAGE;
	g_assert_cmpint(memfd_check(fd, &p, &d, &why), ==, -EPROTO);
	close(fd);
}

static void send_packet(int sock, uint32_t token, const int *fds, size_t n_fds)
{
	uint8_t data[GUI_MEMFD_PACKET_SIZE];
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(16 * sizeof(int))];
	} control = {0};
	struct iovec iov = {data, sizeof(data)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	gui_memfd_packet_encode(data, &(struct gui_memfd_packet){token, 4096});
	if (n_fds) {
		mh.msg_control = control.buf;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		CMSG_FIRSTHDR(&mh)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&mh)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&mh)->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&mh)), fds, n_fds * sizeof(int));
	}
	g_assert_cmpint(sendmsg(sock, &mh, 0), ==, sizeof(data));
}

static unsigned open_files(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_fdchan(void)
{
	unsigned before = open_files();
	int s[2], fds[10], got;
	struct gui_memfd_packet p;
	struct fdchan f;
	const char *why = NULL;

	for (int round = 0; round < 4; round++) {
		g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, s), ==, 0);
		for (int i = 0; i < 10; i++)
			fds[i] = make_memfd(F_SEAL_SHRINK, 4096);
		fdchan_init(&f);
		f.sock = s[0];
		send_packet(s[1], 1, fds, 1);
		send_packet(s[1], 2, fds + 1, 1);
		got = fdchan_take(&f, 2, &p, &why);
		g_assert_cmpint(got, >=, 0);
		close(got);
		g_assert_cmpint(fdchan_take(&f, 2, &p, &why), ==, -EPROTO);
		if (round == 0)
			send_packet(s[1], 3, fds, 2);
		else if (round == 1)
			send_packet(s[1], 3, fds, 0);
		else if (round == 2)
			send_packet(s[1], 3, fds, 10);
		else
			send_packet(s[1], 1, fds, 1);
		g_assert_cmpint(fdchan_drain(&f, &why), ==, -EPROTO);
		fdchan_clear(&f);
		close(s[1]);
		for (int i = 0; i < 10; i++)
			close(fds[i]);
	}
	g_assert_cmpuint(open_files(), ==, before);
}

static void test_grants_copy(void)
{
	uint32_t from[6 * 5], to[6 * 5] = {0};
	struct grant_image g = {.from = (uint8_t *)from, .to = (uint8_t *)to};

	for (uint32_t i = 0; i < 30; i++)
		from[i] = i + 1;
	grants_copy(&g, 6, &(struct gui_box){2, 1, 3, 2});
	for (uint32_t i = 0; i < 30; i++) {
		bool inside = i % 6 >= 2 && i % 6 < 5 && i / 6 >= 1 && i / 6 < 3;

		g_assert_cmpuint(to[i], ==, inside ? i + 1 : 0);
	}
}

/* What a worker that the qube has taken over says is shown to the user. */
static void test_ipc_text(void)
{
	struct ipc_msg m = {.kind = IPC_ASK}, got;
	int s[2], fd, p[2];

	strcpy(m.text, "one\ntwo\t\033[1m \xff \u202e\u00e4");
	g_assert_cmpint(ipc_pair(s), ==, 0);
	g_assert_cmpint(pipe(p), ==, 0);
	g_assert_cmpint(ipc_send(s[0], &m, -1), ==, 0);
	g_assert_cmpint(ipc_recv(s[1], &got, &fd), ==, 1);
	g_assert_cmpint(fd, ==, -1);
	g_assert_cmpstr(got.text, ==, "one_two__[1m _ ___\u00e4");
	memset(m.text, '\n', sizeof(m.text));
	g_assert_cmpint(ipc_send(s[0], &m, p[0]), ==, 0);
	g_assert_cmpint(ipc_recv(s[1], &got, &fd), ==, 1);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpuint(strspn(got.text, "_"), ==, IPC_TEXT_MAX - 1);
	g_assert_cmpint(ipc_recv(s[1], &got, &fd), ==, 0);
	close(s[0]);
	g_assert_cmpint(ipc_recv(s[1], &got, &fd), ==, -EPIPE);
	close(s[1]);
	close(p[0]);
	close(p[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/guid/force-inside", test_force_inside);
	g_test_add_func("/guid/cover", test_cover);
	g_test_add_func("/guid/keys", test_keys);
	g_test_add_func("/guid/tint", test_tint);
	g_test_add_func("/guid/clip-time", test_clip_time);
	g_test_add_func("/guid/clip-metadata", test_clip_metadata);
	g_test_add_func("/guid/clip-files", test_clip_files);
	g_test_add_func("/guid/tray-modes", test_tray_modes);
	g_test_add_func("/guid/memfd-check", test_memfd_check);
	g_test_add_func("/guid/fdchan", test_fdchan);
	g_test_add_func("/guid/grants-copy", test_grants_copy);
	g_test_add_func("/guid/ipc-text", test_ipc_text);
	return g_test_run();
}
