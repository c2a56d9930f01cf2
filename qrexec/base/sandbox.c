/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Confinement of daemons that read bytes from qubes (sandbox.h). */
#include "qrexec/base/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qrexec/base/filter.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static int set_limit(int which, rlim_t value)
{
	struct rlimit rl = {.rlim_cur = value, .rlim_max = value};

	if (!value)
		return 0;
	return setrlimit(which, &rl) < 0 ? -errno : 0;
}

static int drop_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2] = {0};

	for (int cap = 0; cap <= 63; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
			return -errno;
	if (keep && syscall(SYS_capget, &h, caps) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		caps[i].permitted &= (uint32_t)(keep >> 32 * i);
		caps[i].effective = caps[i].permitted;
		caps[i].inheritable = 0;
	}
	return syscall(SYS_capset, &h, caps) < 0 ? -errno : 0;
}

static bool without_filter(void)
{
	return SANITIZED && getenv("QUBES_NO_SECCOMP");
}

static int install_filter(const char *const *syscalls)
{
	uint16_t calls[FILTER_CALLS_MAX];
	size_t n = 0;

	if (!syscalls || !syscalls[0])
		return 0;
	if (without_filter())
		return 0;
	for (; *syscalls; syscalls++) {
		int number = filter_number(*syscalls);

		if (number < 0)
			continue;
		if (n == FILTER_CALLS_MAX)
			return -E2BIG;
		calls[n++] = (uint16_t)number;
	}
	return filter_enter(calls, n);
}

int sandbox_enter(const struct sandbox *s)
{
	int r = drop_capabilities(s->keep_caps);

	if (!r && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (!r && !SANITIZED)
		r = set_limit(RLIMIT_AS, s->max_memory);
	if (!r)
		r = set_limit(RLIMIT_NOFILE, s->max_files);
	if (!r && s->unix_only && !without_filter())
		r = filter_unix_sockets();
	return r ? r : install_filter(s->syscalls);
}

int sandbox_become(unsigned uid, unsigned gid, unsigned extra_gid)
{
	gid_t groups[1] = {extra_gid};

	if (geteuid() != 0)
		return 0;
	if (setgroups(extra_gid ? 1 : 0, groups) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

int sandbox_deny_files(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
				     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
				     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	int r;

	if (fd < 0)
		return -errno;
	r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, fd, 0) < 0;
	r = r ? -errno : 0;
	close(fd);
	return r;
}
