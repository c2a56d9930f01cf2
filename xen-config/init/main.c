// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The init of a qube's initramfs (init.h). Statically linked; the whole of the initramfs
 * but for the modules.
 */
#include "xen-config/init/init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MODULES "/modules"
#define DISK_TIMEOUT_MS 30000
#define OPTION_MAX 256

static void say(const char *format, va_list args)
{
	char line[512];
	int n = vsnprintf(line, sizeof(line), format, args);

	(void)n;
	dprintf(STDERR_FILENO, "qubes-vm-init: %s\n", line);
}

void init_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void init_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	/* The end of process 1 is a panic, and that is how dom0 notices. */
	_exit(1);
}

static void mount_or_die(const char *type, const char *where, const char *data)
{
	mkdir(where, 0755);
	if (mount(type, where, type, MS_NOSUID, data) < 0 && errno != EBUSY)
		init_die("cannot mount %s: %s", where, strerror(errno));
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* --- modules --- */

static char cmdline_text[4096];

/* Whether word begins with "MODULE." of the file "NN-MODULE.ko"; - and _ are the same. */
static const char *after_module(const char *word, const char *file)
{
	const char *name = strchr(file, '-');

	for (name = name ? name + 1 : file; *name && *name != '.'; name++, word++)
		if (*word != *name && !(*name == '-' && *word == '_'))
			return NULL;
	return *word == '.' ? word + 1 : NULL;
}

/* "MODULE.parameter" on the kernel's command line is for whoever loads the module. */
static void add_parameters(const char *file, char *ret, size_t size)
{
	for (const char *p = cmdline_text; *p; p += strspn(p, " \n")) {
		int n = (int)strcspn(p, " \n");
		const char *parameter = after_module(p, file);
		size_t used = strlen(ret);

		if (parameter && parameter < p + n)
			snprintf(ret + used, size - used, "%.*s ", (int)(p + n - parameter),
				 parameter);
		p += n;
	}
}

static void load_module(const char *name)
{
	char path[512], parameters[1024] = "";
	int fd;

	/* Windows are shared with dom0 as grants; the driver's own limit is one small window. */
	if (strstr(name, "xen-gntalloc"))
		strcpy(parameters, "limit=1048576 ");
	add_parameters(name, parameters, sizeof(parameters));
	snprintf(path, sizeof(path), MODULES "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, parameters, 0) < 0 && errno != EEXIST &&
		       errno != ENODEV)) /* for a CPU that is another */
		init_say("cannot load %s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	unlink(path); /* its memory is wanted for other things */
}

/* In the order of their names: that is how they were packed. */
static void load_modules(void)
{
	struct dirent **list;
	int n = scandir(MODULES, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.')
			load_module(list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* --- the kernel's command line --- */

static void read_cmdline(void)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, cmdline_text, sizeof(cmdline_text) - 1);

	cmdline_text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The value of the last "name=value"; "" for a bare "name". False: it is not there. */
static bool option(const char *name, char ret[OPTION_MAX])
{
	size_t len = strlen(name);
	bool found = false;

	for (const char *p = cmdline_text; *p;) {
		size_t n = strcspn(p, " \n");

		if (n >= len && !strncmp(p, name, len) && (n == len || p[len] == '=')) {
			const char *v = n == len ? p + len : p + len + 1;

			snprintf(ret, OPTION_MAX, "%.*s", (int)(p + n - v), v);
			found = true;
		}
		p += n;
		p += strspn(p, " \n");
	}
	return found;
}

/* --- the root file system --- */

/* The kernel makes a disk's node a moment before it can be opened. */
static int open_disk(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (int i = 0; fd < 0 && i < DISK_TIMEOUT_MS / 10; i++) {
		usleep(10000);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

static void root_device(char *ret, size_t size)
{
	int fd, number;

	if (!disk_wait("xvda", DISK_TIMEOUT_MS))
		init_die("no disk xvda appeared in %d s: is the qube's root volume attached?",
			 DISK_TIMEOUT_MS / 1000);
	fd = open_disk("/dev/xvda");
	if (fd < 0)
		init_die("the root disk xvda cannot be opened: %s", strerror(errno));
	number = table_root(fd);
	close(fd);
	if (number < 0)
		init_die("the partitions of the root disk xvda cannot be read: %s",
			 strerror(-number));
	snprintf(ret, size, number ? "xvda%d" : "xvda", number);
	if (number && !disk_wait(ret, DISK_TIMEOUT_MS))
		init_die("the root disk's table names %s, and the kernel did not find it", ret);
}

/* At once: on a busy machine systemd gives up the disk before udev has come to it, and with
 * little memory the X server cannot start without. */
static void use_swap(void)
{
	if (!disk_wait("xvdc1", DISK_TIMEOUT_MS) || swapon("/dev/xvdc1", 0) < 0)
		init_say("no swap: /dev/xvdc1 cannot be used: %s", strerror(errno));
}

static void make_root(void)
{
	char device[16];
	bool volatile_ok = disk_expected("xvdc") && disk_wait("xvdc", DISK_TIMEOUT_MS);
	const char *cow = NULL;
	int r;

	root_device(device, sizeof(device));
	if (volatile_ok && !disk_is_readonly("xvdc")) {
		r = volatile_prepare("xvdc");
		if (r)
			init_say("no swap: the volatile disk cannot be set up: %s", strerror(-r));
		else {
			use_swap();
			cow = "xvdc2";
		}
	}
	if (!disk_is_readonly(device))
		cow = NULL;
	else if (!cow)
		init_say("the root disk is read-only and there is no volatile disk");
	r = dmroot_create(device, cow);
	if (r)
		init_die("cannot make /dev/mapper/dmroot of %s: %s", device, strerror(-r));
}

static void mount_root(void)
{
	static const char *const types[] = {"ext4", "ext3", "ext2", "xfs", "btrfs"};
	char what[OPTION_MAX] = "/dev/mapper/dmroot", wanted[OPTION_MAX] = "", text[OPTION_MAX];
	unsigned long flags = MS_RDONLY;

	option("root", what);
	option("rootfstype", wanted);
	if (option("rw", text))
		flags = 0;
	if (what[0] != '/')
		init_die("root=%s: only paths of devices are understood", what);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (*wanted && strcmp(wanted, types[i]))
			continue;
		if (mount(what, "/sysroot", types[i], flags, NULL) == 0)
			return;
		if (errno != EINVAL && errno != ENODEV)
			break;
	}
	init_die("cannot mount the root file system %s: %s", what, strerror(errno));
}

/* A folder below the new root, wherever its links lead inside of it. */
static int open_in_root(const char *path)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT};
	int root = open("/sysroot", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (root < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	close(root);
	return fd;
}

/* The root image may hold this kernel's modules itself. */
static bool root_has_modules(void)
{
	struct utsname u;
	char path[sizeof(u.release) + 16];
	int fd;

	if (uname(&u) < 0)
		return false;
	snprintf(path, sizeof(path), "lib/modules/%s", u.release);
	fd = open_in_root(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void mount_modules(void)
{
	char where[32];
	int fd;

	if (root_has_modules() || !disk_expected("xvdd") || !disk_wait("xvdd", DISK_TIMEOUT_MS))
		return;
	fd = open_in_root("lib/modules");
	if (fd < 0) {
		init_say("the root file system has no /lib/modules to mount modules on");
		return;
	}
	snprintf(where, sizeof(where), "/proc/self/fd/%d", fd);
	if (mount("/dev/xvdd", where, "ext4", MS_RDONLY | MS_NOATIME, NULL) < 0 &&
	    mount("/dev/xvdd", where, "squashfs", MS_RDONLY | MS_NOATIME, NULL) < 0)
		init_say("the kernel's modules cannot be mounted: %s", strerror(errno));
	close(fd);
}

static void switch_root(char **argv)
{
	static const char *const mounts[] = {"dev", "proc", "sys", "run"};
	char init[OPTION_MAX] = "", to[32], from[32];

	option("init", init);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(from, sizeof(from), "/%s", mounts[i]);
		snprintf(to, sizeof(to), "/sysroot/%s", mounts[i]);
		if (mount(from, to, NULL, MS_MOVE, NULL) < 0)
			init_die("the root file system has no folder /%s", mounts[i]);
	}
	unlink("/init");
	if (chdir("/sysroot") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		init_die("cannot change to the root file system: %s", strerror(errno));
	argv[0] = *init ? init : (char *)"/sbin/init";
	execv(argv[0], argv);
	init_die("cannot run %s of the root file system: %s", argv[0], strerror(errno));
}

int main(int argc, char **argv)
{
	/* Started by hand it would mount over /proc and /run of whoever did that. */
	if (getpid() != 1) {
		init_say("this is the /init of a qube's initramfs: the kernel starts it");
		return 2;
	}
	mount_or_die("devtmpfs", "/dev", "mode=0755");
	open_console();
	mount_or_die("proc", "/proc", NULL);
	mount_or_die("sysfs", "/sys", NULL);
	mount_or_die("tmpfs", "/run", "mode=0755");
	read_cmdline();
	disks_listen();
	load_modules();
	make_root();
	mount_root();
	mount_modules();
	switch_root(argv);
	return 1;
}
