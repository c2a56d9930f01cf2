/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small wrappers over read, write and clocks. All return negative errno on failure. */
#ifndef QUBES_BASE_IO_H
#define QUBES_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes all n bytes (blocking or polling a non-blocking fd). 0 or -errno. */
int io_write_all(int fd, const void *buf, size_t n);

/* Reads exactly n bytes. 0, -ENODATA at an early end of file, or -errno. */
int io_read_all(int fd, void *buf, size_t n);

/*
 * Reads to the end of file, at most max bytes, into a fresh NUL-terminated
 * buffer (*ret_buf, owned by the caller; the NUL is not counted). A Unix socket whose peer
 * said something and closed before it had heard all of ours ends there as well.
 * 0, -EMSGSIZE when there is more than max, or -errno.
 */
int io_read_to_end(int fd, size_t max, char **ret_buf, size_t *ret_len);

/* The same for a named file. */
int io_read_file(const char *path, size_t max, char **ret_buf, size_t *ret_len);

int io_set_nonblock(int fd, bool on);
int io_set_cloexec(int fd, bool on);

/* CLOCK_MONOTONIC in milliseconds / microseconds. */
int64_t io_now_ms(void);
int64_t io_now_us(void);

/*
 * fork(2) for a process with one thread: without the C library's preparations for others,
 * which dirty a dozen pages on both sides. The pid, 0 in the child, or -1 with errno.
 */
pid_t io_fork(void);

/* mkdir -p with mode for the directories it makes. 0 or -errno. */
int io_mkdir_p(const char *path, mode_t mode);

/* Parses a decimal number in min..max, nothing before or after it. 0 or -EINVAL. */
int io_parse_uint(const char *s, unsigned long min, unsigned long max, unsigned long *ret);

#endif
