/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vchan: a byte stream between two domains, named by (server, client, port).
 * specs/qrexec.md section 9. One API, two backends, chosen at run time:
 *
 *   xen     libxenvchan (loaded when first needed), shared rings and event channels
 *   socket  AF_UNIX streams, for domains that are containers and for tests
 *
 * The socket backend is taken when VCHAN_SOCKET_DIR is set, when dom0 keeps a
 * directory of per-domain directories ($QUBES_ROOT/run/qubes/vchan), or when this is
 * a container (/run/vchan exists); QUBES_VCHAN=xen|socket overrides.
 *
 * Where the socket backend's rendezvous files are, with NAME =
 * vchan.<server>.<client>.<port>.sock:
 *   VCHAN_SOCKET_DIR set    $VCHAN_SOCKET_DIR/NAME (upstream's flat layout)
 *   in dom0                 $QUBES_ROOT/run/qubes/vchan/<peer domain>/NAME: only that
 *                           domain sees the directory. It is owned by the uid that is the
 *                           domain's root; peers outside its uid range are refused.
 *   in a container          /run/vchan/NAME (the same directory, bound there); the own
 *                           domain number is in /run/vchan/domid.
 *                           Peers must be outside the container's pid namespace.
 * The own domain number is $VCHAN_DOMAIN, else that file (on Xen: xenstore), else 0.
 * The directories have mode 1777 and are never idmapped: dom0's daemons are not root, and
 * in a qube any user's qrexec-client-vm is a server.
 *
 * Nothing here authenticates beyond that: a peer is a domain number. Data is hostile.
 */
#ifndef QUBES_VCHAN_H
#define QUBES_VCHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VCHAN_DOMID_MAX 0x7fef

struct vchan;

enum vchan_state {
	VCHAN_DISCONNECTED = 0,
	VCHAN_CONNECTED = 1,
	VCHAN_WAITING = 2, /* a server whose client has not come yet, or a client connecting */
};

/*
 * For the start of main() of programs that may be linked without the Xen backend
 * (foo_STATIC in the build): where that backend is needed, goes over to the program of the
 * same name with "-xen" at its end. Returns 0 when there is nothing to do, or -errno.
 */
int vchan_hand_over(char **argv);

/*
 * Creates the server end for client domain `domain` and returns at once, in
 * VCHAN_WAITING. read_min and write_min are the least ring sizes in bytes (the
 * socket backend makes them its queue sizes). One client is taken; the rendezvous file
 * is removed when it has come. An older server of the same name is superseded.
 * 0 or -errno.
 */
int vchan_server_new(unsigned domain, unsigned port, size_t read_min, size_t write_min,
		     struct vchan **ret);

/*
 * Starts connecting to the server in `domain`; never blocks. In VCHAN_WAITING until
 * the server exists: poll vchan_fd() and call vchan_wait(). 0 or -errno.
 */
int vchan_client_new(unsigned domain, unsigned port, struct vchan **ret);

/*
 * Waits until connected, at most timeout_ms (-1: for ever). 0, -ETIMEDOUT, or
 * -errno. For both ends.
 */
int vchan_connect_wait(struct vchan *v, int timeout_ms);

/*
 * For streams that are worthless when old: from now on only about this many bytes are under way
 * to the peer; then vchan_write() takes no more until it has read some. Socket backend
 * only: a ring of Xen's has the size that its server chose.
 */
void vchan_set_window(struct vchan *v, size_t bytes);

/* Flushes what can be flushed without blocking for more than 1 s, closes, frees. NULL is fine. */
void vchan_free(struct vchan *v);

/* The same without flushing: never blocks. */
void vchan_abort(struct vchan *v);

/*
 * The descriptor to poll, and the poll(2) events to wait for in the present state. May
 * change with every call below: ask again before each poll. The descriptor can be -1
 * (poll(2) skips it) while so much is ready to be read that nothing more is wanted. Once
 * vchan_state() is VCHAN_DISCONNECTED it may poll ready for ever: do not poll it then,
 * read what is left and free the channel.
 */
int vchan_fd(const struct vchan *v);
short vchan_events(const struct vchan *v);

/*
 * To be called when the descriptor polled ready: takes the event, accepts or
 * finishes connecting, flushes queued output. Never blocks. 0 or -errno (the
 * channel is then disconnected); -ENODEV: while waiting, the directory of the peer domain
 * was removed, the domain is gone.
 */
int vchan_wait(struct vchan *v);

enum vchan_state vchan_state(const struct vchan *v);

/* Bytes that can be read, written, at once. Readable data stays after the peer has gone:
 * look at vchan_data_ready() before giving up on VCHAN_DISCONNECTED. */
size_t vchan_data_ready(struct vchan *v);
size_t vchan_buffer_space(struct vchan *v);

/* Partial, non-blocking: bytes moved (0: would block), -EPIPE when disconnected and (read)
 * nothing is left, or -errno. */
ssize_t vchan_read(struct vchan *v, void *buf, size_t n);
ssize_t vchan_write(struct vchan *v, const void *buf, size_t n);

/* All or nothing, blocking. Any size (more than a ring goes through in pieces). 0 or -errno.
 * Only for programs that have nothing else to do; daemons use the calls above. */
int vchan_read_all(struct vchan *v, void *buf, size_t n);
int vchan_write_all(struct vchan *v, const void *buf, size_t n);

/* This domain's number. */
unsigned vchan_own_domid(void);

/* True when the socket backend is in use. */
bool vchan_is_socket(void);

/*
 * Socket backend, dom0 only: a descriptor of the directory that domain sees, with
 * O_PATH (caller closes), for side channels that live next to a vchan (specs/gui.md
 * section 6.2). -errno; -EOPNOTSUPP on Xen. *ret_uid_base receives the first uid of
 * the domain's range (65536 wide), 0 when peers cannot be told by uid.
 */
int vchan_domain_dir(unsigned domain, unsigned *ret_uid_base);

/*
 * Socket backend, dom0 only: lets `client` reach the server that `server` has made or
 * will make at `port`, once. Asks vchan-broker (its socket:
 * $QUBES_ROOT/run/qubes/vchan-broker.sock). On Xen and in the flat layout there is
 * nothing to do and 0 is returned. Non-blocking towards the qubes. 0 or -errno.
 */
int vchan_permit(unsigned server, unsigned client, unsigned port);

#endif
