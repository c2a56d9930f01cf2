/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Confinement of a daemon that reads bytes from a qube: one table per daemon, one
 * call. CONVENTIONS 10.
 */
#ifndef QUBES_BASE_SANDBOX_H
#define QUBES_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

struct sandbox {
	const char *name;	     /* for messages */
	const char *const *syscalls; /* NULL-terminated allow list; all else kills the process */
	bool unix_only;		     /* sockets that it makes are of the Unix kind */
	rlim_t max_memory;	     /* RLIMIT_AS in bytes, 0 = leave (ignored under ASan) */
	rlim_t max_files;	     /* RLIMIT_NOFILE, 0 = leave */
	uint64_t keep_caps;	     /* bit n: capability n is kept (if held); usually none */
};

/*
 * Drops all capabilities but keep_caps, sets no_new_privs and the limits, then installs the
 * seccomp filter. Names unknown to this architecture or kernel are skipped; an
 * empty list installs no filter. QUBES_NO_SECCOMP=1 in the environment skips the
 * filter when built with sanitizers only. 0 or -errno; the caller must exit on
 * failure.
 */
int sandbox_enter(const struct sandbox *s);

/*
 * When running as root: gives up root for uid/gid with no supplementary groups but
 * extra_gid (when != 0). No-op for others. 0 or -errno.
 */
int sandbox_become(unsigned uid, unsigned gid, unsigned extra_gid);

/*
 * From now on no file can be opened, made or started (Landlock); what is open stays so, and memory
 * files, which are outside of any hierarchy, can be opened again. Sets no_new_privs. 0, or -errno:
 * the kernel has no Landlock.
 */
int sandbox_deny_files(void);

#endif
