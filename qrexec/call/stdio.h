/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that a relay reads or writes without ever blocking, whatever they are
 * and whoever shares them. Inherited ones (0, 1, 2) are shared with the shell that
 * started us: O_NONBLOCK is not left behind on them.
 */
#ifndef QUBES_QREXEC_STDIO_H
#define QUBES_QREXEC_STDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stdio_end {
	int fd;	   /* owned; -1: none */
	int io_fd; /* what to read and write: fd, or an own opening of the same file */
	bool is_sock;
	bool shut;    /* half-closed by shutdown(2), not by closing */
	bool restore; /* O_NONBLOCK was set on a shared description */
};

#define STDIO_NONE ((struct stdio_end){.fd = -1, .io_fd = -1})

#define STDIO_INHERITED 1u /* may be shared with others */
#define STDIO_WRITE 2u
#define STDIO_BOTH_WAYS 4u /* one socket for input and output */

/* Makes sure that descriptors 0, 1 and 2 are open, on /dev/null if need be. 0 or -errno. */
int stdio_sanitize(void);
/* Whether the standard input is a stream socket, that can be used both ways. */
bool stdio_in_is_socket(void);

/* Takes fd over. */
void stdio_open(struct stdio_end *e, int fd, unsigned flags);

/*
 * Closes it. A socket is shut down in the given direction (SHUT_RD, SHUT_WR) first, so
 * that the other end notices even when somebody else holds the socket too; but not one
 * that was inherited as only one of input and output: that may be our caller's terminal
 * connection.
 */
void stdio_close(struct stdio_end *e, int how);

/* Ends one direction: shutdown where that is due (it stays open), else stdio_close(). */
void stdio_half_close(struct stdio_end *e, int how);

/* Non-blocking. Bytes, 0 at end of file (read), -EAGAIN, or -errno. */
ssize_t stdio_read(const struct stdio_end *e, void *buf, size_t n);
ssize_t stdio_write(const struct stdio_end *e, const void *buf, size_t n);

#endif
