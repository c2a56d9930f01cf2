// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /sbin/init of the containers in hypervisor-lxc-check: looks around, tries what it must
 * not be able to do, and writes what came of it to /run/vchan/report. Then it obeys:
 * SIGRTMIN+4 powers off, /run/vchan/cmd holds "reboot", "exit" or "mess". Static.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void list(FILE *f, const char *key, const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	fprintf(f, "%s=", key);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] != '.')
			fprintf(f, "%s ", e->d_name);
	}
	fprintf(f, "\n");
	if (d)
		closedir(d);
}

static void cat(FILE *f, const char *key, const char *path)
{
	char line[256];
	FILE *in = fopen(path, "r");

	fprintf(f, "%s=", key);
	while (in && fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = ' ';
		fputs(line, f);
	}
	fprintf(f, "\n");
	if (in)
		fclose(in);
}

static void result(FILE *f, const char *key, int r)
{
	fprintf(f, "%s=%s\n", key, r == 0 ? "ok" : strerror(errno));
}

static void write_number(const char *path, int n)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fprintf(f, "%d\n", n);
		fclose(f);
	}
}

static int count_boots(void)
{
	int n = 0;
	FILE *f = fopen("/rw/boots", "r");

	if (f) {
		if (fscanf(f, "%d", &n) != 1)
			n = 0;
		fclose(f);
	}
	write_number("/rw/boots", n + 1);
	return n + 1;
}

static int end_me_last(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);
	bool done = fd >= 0 && write(fd, "499", 3) == 3;

	if (fd >= 0)
		close(fd);
	return done ? 0 : -1;
}

static void report(int argc, char **argv)
{
	FILE *f = fopen("/run/vchan/report.new", "w");
	char host[65] = "";

	if (!f)
		return;
	gethostname(host, sizeof(host) - 1);
	fprintf(f, "hostname=%s\npid=%d\nuid=%d\nboots=%d\nargs=", host, getpid(), getuid(),
		count_boots());
	for (int i = 1; i < argc; i++)
		fprintf(f, "%s ", argv[i]);
	fprintf(f, "\n");
	list(f, "root", "/");
	list(f, "run", "/run");
	list(f, "vchan", "/run/vchan");
	list(f, "proc", "/proc");
	list(f, "dev", "/dev");
	list(f, "net", "/sys/class/net");
	cat(f, "domid", "/run/vchan/domid");
	cat(f, "uid_map", "/proc/self/uid_map");
	cat(f, "cgroup", "/proc/self/cgroup");
	result(f, "host_file", argc > 1 ? access(argv[1], F_OK) : -1);
	result(f, "mknod", mknod("/tmp/disk", S_IFBLK | 0600, makedev(7, 0)));
	result(f, "chown_out", chown("/tmp", 70000, 70000));
	result(f, "sysrq", open("/proc/sysrq-trigger", O_WRONLY) < 0 ? -1 : 0);
	result(f, "limit",
	       open("/sys/fs/cgroup/../cgroup/cgroup.max.depth", O_WRONLY) < 0 ? -1 : 0);
	result(f, "oom", end_me_last());
	result(f, "subgroup", mkdir("/sys/fs/cgroup/own", 0755));
	result(f, "debugfs", mount("debugfs", "/tmp", "debugfs", 0, NULL));
	result(f, "suid", chmod("/sbin/init", 04755));
	fclose(f);
	rename("/run/vchan/report.new", "/run/vchan/report");
}

/* Things to make the removal of the folder hard. */
static void mess(void)
{
	char name[200];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	if (chdir("/run/vchan") < 0 || symlink("/", "link") < 0 || symlink("loop", "loop") < 0)
		return;
	for (int i = 0; i < 200; i++) {
		if (mkdir(name, 0) < 0 || chmod(name, 0700) < 0 || chdir(name) < 0)
			break;
		close(open("file", O_CREAT | O_WRONLY, 0));
		mkdir(".up0", 0700);
		mkfifo("pipe", 0600);
	}
	if (chdir("/") == 0)
		write_number("/run/vchan/messed", 1);
}

static void obey(void)
{
	char cmd[16] = "";
	int fd = open("/run/vchan/cmd", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, cmd, sizeof(cmd) - 1) < 0)
		cmd[0] = '\0';
	close(fd);
	unlink("/run/vchan/cmd");
	sync();
	if (!strcmp(cmd, "reboot"))
		reboot(RB_AUTOBOOT);
	if (!strcmp(cmd, "exit"))
		_exit(0);
	if (!strcmp(cmd, "mess"))
		mess();
}

int main(int argc, char **argv)
{
	const struct timespec tick = {.tv_nsec = 10000000};
	sigset_t set;
	int beats = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 4);
	sigprocmask(SIG_BLOCK, &set, NULL);
	report(argc, argv);
	for (;;) {
		if (sigtimedwait(&set, NULL, &tick) > 0) {
			sync();
			reboot(RB_POWER_OFF);
			_exit(0);
		}
		write_number("/run/vchan/beat", ++beats);
		obey();
	}
}
