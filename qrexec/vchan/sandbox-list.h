/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls that the socket backend makes after a program has confined itself,
 * for its seccomp list (qrexec/base/sandbox.h): waiting for a peer, reconnecting, data.
 */
#ifndef QUBES_VCHAN_SANDBOX_LIST_H
#define QUBES_VCHAN_SANDBOX_LIST_H

#define VCHAN_DATA_SYSCALLS                                                                        \
	"read", "recvfrom", "sendto", "poll", "ppoll", "close", "clock_gettime", "brk", "mmap",    \
		"munmap", "mremap"

#define VCHAN_CONNECT_SYSCALLS                                                                     \
	VCHAN_DATA_SYSCALLS, "openat", "open", "fstat", "newfstatat", "fstatat64", "access",       \
		"faccessat", "faccessat2", "socket", "connect", "bind", "listen", "accept4",       \
		"getsockopt", "setsockopt", "unlinkat", "umask", "inotify_init1",                  \
		"inotify_add_watch", "epoll_create1", "epoll_ctl", "timerfd_create",               \
		"timerfd_settime"

/*
 * What the Xen backend needs besides: libxenvchan's devices, and libxenstore's thread, which is
 * cancelled when its connection is closed (tgkill, and the library that unwinds it).
 */
#define VCHAN_XEN_SYSCALLS                                                                         \
	"ioctl", "mlock", "munlock", "mprotect", "clone", "clone3", "set_robust_list", "rseq",     \
		"exit", "pipe", "pipe2", "lseek", "dup", "prlimit64", "sched_getaffinity",         \
		"clock_nanosleep", "rt_sigaction", "getpid", "getrandom", "stat", "tgkill",        \
		"pread64"

#endif
