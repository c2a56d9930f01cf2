/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unix sockets by path, of any length: paths that do not fit sun_path are reached
 * through /proc/self/fd of their directory. All return a descriptor (O_CLOEXEC)
 * or -errno.
 */
#ifndef QUBES_BASE_UNIXSOCK_H
#define QUBES_BASE_UNIXSOCK_H

#include <sys/types.h>

/*
 * Binds and listens. A stale socket (nobody accepts) at path is replaced; one that is
 * live for a second (for which this waits) gives -EADDRINUSE; anything that is not a
 * socket gives -EEXIST. mode is the file mode of the socket whatever the umask. type:
 * SOCK_STREAM or SOCK_SEQPACKET, may carry SOCK_NONBLOCK.
 */
int unix_listen(const char *path, int type, mode_t mode);

/* Connects, following symbolic links: for sockets that dom0 itself created. */
int unix_connect(const char *path, int type);
/*
 * As unix_connect(). A program that was killed has left its socket behind, or a link to it: waits
 * so long, in milliseconds, for the one that is started in its place. One that ended by itself
 * has not: an error at once.
 */
int unix_connect_restarted(const char *path, int type, int ms);

/*
 * Connects to a socket in a directory that an untrusted party can write to: name
 * must be a socket itself, never a link, and the inode that was checked is the one
 * connected to. -ENOTSOCK otherwise.
 */
int unix_connect_untrusted(int dir_fd, const char *name, int type);

/*
 * Sends buf and, with it, a copy of fd; flags as of send(2). 0 or -errno; -EINTR is not returned.
 * For packets, or so little that a stream takes all of it or nothing.
 */
int unix_send_fd(int sock, const void *buf, size_t n, int fd, int flags);

/* Peer credentials of a connected socket. 0 or -errno. Any ret_ may be NULL. */
int unix_peer(int fd, uid_t *ret_uid, pid_t *ret_pid);

#endif
